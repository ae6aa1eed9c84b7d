//! What a metric's definition consists of. The definitions themselves stand in [`super::names`].
//!
//! Three types stand around one [`Def`], so that a counter cannot be asked for as a gauge.

/// What kind of number a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A whole number that only grows.
    Counter,
    /// A fraction that only grows (seconds of CPU).
    Seconds,
    /// A number that goes up and down by steps (requests in flight); in OTLP a non-monotonic sum.
    UpDown,
    /// A value as it is now.
    Gauge,
    /// A distribution over fixed buckets.
    Histogram,
}

/// How much is wanted of `service.telemetry.metrics.level`; a metric above it is not counted at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// No metrics.
    None,
    /// The essentials.
    Basic,
    /// The default.
    #[default]
    Normal,
    /// Everything, with distributions.
    Detailed,
}

/// One metric's definition.
#[derive(Debug)]
pub struct Def {
    /// Name without type and unit suffix.
    pub name: &'static str,
    /// UCUM unit as in OTLP: `By`, `s`, `{span}`.
    pub unit: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// Kind of number.
    pub kind: Kind,
    /// The instrumentation scope: shown as `otel_scope_name`.
    pub scope: &'static str,
    /// From which level on it is counted.
    pub level: Level,
    /// The label keys that may occur, sorted.
    pub labels: &'static [&'static str],
    /// The label whose values clients choose; beyond a cap they become `__other__`.
    pub open_label: Option<&'static str>,
    /// Upper bounds of a histogram's buckets, ascending.
    pub bounds: &'static [f64],
}

macro_rules! typed {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub struct $name(pub Def);

        impl $name {
            /// The same, counted only from `level` on.
            #[must_use]
            pub const fn at(mut self, level: Level) -> Self {
                self.0.level = level;
                self
            }

            /// The same, in the instrumentation scope `scope`.
            #[must_use]
            pub const fn scope(mut self, scope: &'static str) -> Self {
                self.0.scope = scope;
                self
            }

            /// The same, with `label` marked as one whose values clients choose.
            #[must_use]
            pub const fn open(mut self, label: &'static str) -> Self {
                self.0.open_label = Some(label);
                self
            }
        }
    };
}

typed!(
    /// A metric that is counted up, handed out as `metrics::Counter`.
    CounterDef
);
typed!(
    /// A metric that is set, handed out as `metrics::Gauge`.
    GaugeDef
);
typed!(
    /// A distribution, handed out as `metrics::Histogram`.
    HistogramDef
);

const fn def(
    kind: Kind,
    name: &'static str,
    unit: &'static str,
    labels: &'static [&'static str],
    description: &'static str,
) -> Def {
    let (scope, level, open_label, bounds) = ("weft", Level::Basic, None, &[]);
    Def { name, unit, description, kind, scope, level, labels, open_label, bounds }
}

impl CounterDef {
    /// A count of things that only grows.
    pub const fn new(
        name: &'static str,
        unit: &'static str,
        labels: &'static [&'static str],
        description: &'static str,
    ) -> Self {
        Self(def(Kind::Counter, name, unit, labels, description))
    }
}

impl GaugeDef {
    /// A value as it is now.
    pub const fn new(
        name: &'static str,
        unit: &'static str,
        labels: &'static [&'static str],
        description: &'static str,
    ) -> Self {
        Self(def(Kind::Gauge, name, unit, labels, description))
    }

    /// The same number of another kind: [`Kind::UpDown`] or [`Kind::Seconds`].
    #[must_use]
    pub const fn kind(mut self, kind: Kind) -> Self {
        self.0.kind = kind;
        self
    }
}

impl HistogramDef {
    /// A distribution over buckets with the upper bounds `bounds`, ascending.
    pub const fn new(
        name: &'static str,
        unit: &'static str,
        labels: &'static [&'static str],
        bounds: &'static [f64],
        description: &'static str,
    ) -> Self {
        let mut definition = def(Kind::Histogram, name, unit, labels, description);
        definition.bounds = bounds;
        Self(definition)
    }
}

/// One counter per signal, named after what it counts.
#[derive(Debug)]
pub struct BySignal {
    /// For traces.
    pub spans: CounterDef,
    /// For metrics.
    pub metric_points: CounterDef,
    /// For logs.
    pub log_records: CounterDef,
}

impl BySignal {
    /// The counter for `items`: `spans`, `metric_points` or `log_records` (as the signal's items are called).
    pub fn of(&self, items: &str) -> Option<&CounterDef> {
        match items {
            "spans" => Some(&self.spans),
            "metric_points" => Some(&self.metric_points),
            "log_records" => Some(&self.log_records),
            _ => None,
        }
    }

    /// The three definitions.
    pub const fn all(&self) -> [&Def; 3] {
        [&self.spans.0, &self.metric_points.0, &self.log_records.0]
    }
}

/// Bucket bounds for a number of items.
pub const ITEM_BOUNDS: &[f64] = &[
    10.0, 25.0, 50.0, 75.0, 100.0, 250.0, 500.0, 750.0, 1000.0, 2000.0, 3000.0, 4000.0, 5000.0, 6000.0,
    7000.0, 8000.0, 9000.0, 10000.0, 20000.0, 30000.0, 50000.0, 100_000.0,
];

/// Bucket bounds for a number of bytes: powers of two from 128 to 16 MiB.
pub const BYTE_BOUNDS: &[f64] = &[
    128.0,
    256.0,
    512.0,
    1024.0,
    2048.0,
    4096.0,
    8192.0,
    16384.0,
    32768.0,
    65536.0,
    131_072.0,
    262_144.0,
    524_288.0,
    1_048_576.0,
    2_097_152.0,
    4_194_304.0,
    8_388_608.0,
    16_777_216.0,
];

/// Bucket bounds for seconds, from 100 µs to a minute.
pub const SECOND_BOUNDS: &[f64] =
    &[0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
