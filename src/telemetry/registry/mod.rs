//! The registry: an instance, never a global, that hands out counters and tells what they counted.
//!
//! A component asks for its handles once, when it is built, and afterwards counts with one atomic addition; nothing
//! is looked up on the way of a batch. Handles are those of the `metrics` crate. Its own registries and its
//! Prometheus recorder are not used: they know neither units and levels nor a choice of suffixes per reader, and
//! a recorder is found through a global.
//!
//! The registry bounds what clients can make it hold: values of a definition's open label beyond a cap become
//! `__other__`. All other labels come from the configuration.

mod cells;
mod labels;
mod snapshot;
#[cfg(test)]
mod tests;
mod views;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use metrics::{Counter, Gauge, Histogram};

pub use labels::{Labels, MAX_VALUE, OTHER, cut};
pub use snapshot::{Sample, Snapshot, Value};
pub use views::View;

use super::def::{CounterDef, Def, GaugeDef, HistogramDef, Level};
use cells::{Cell, CounterCell, GaugeCell, HistogramCell};
use labels::OpenValues;

/// What a registry is made with.
#[derive(Clone, Debug)]
pub struct Options {
    /// `service.telemetry.metrics.level`: metrics above it are not counted, their handles do nothing.
    pub level: Level,
    /// `service.telemetry.metrics.views`.
    pub views: Vec<View>,
    /// How many values of one open label are told apart.
    pub open_values: usize,
    /// Since when the counts run, in unix nanoseconds.
    pub start_unix_nanos: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { level: Level::Normal, views: Vec::new(), open_values: 1000, start_unix_nanos: 0 }
    }
}

/// Where all metrics of one gateway are. Clones share it.
#[derive(Clone)]
pub struct Registry(Arc<Inner>);

struct Inner {
    options: Options,
    families: Mutex<Families>,
    hooks: Mutex<Vec<Arc<dyn Fn() + Send + Sync>>>,
}

struct Families {
    open: OpenValues,
    by_name: BTreeMap<&'static str, Family>,
}

struct Family {
    def: &'static Def,
    series: BTreeMap<Labels, Cell>,
}

impl std::fmt::Debug for Registry {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Registry").field("level", &self.0.options.level).finish_non_exhaustive()
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self::new(Options::default())
    }
}

impl Registry {
    /// An empty registry.
    pub fn new(options: Options) -> Self {
        let families = Families { open: OpenValues::new(options.open_values), by_name: BTreeMap::new() };
        Self(Arc::new(Inner { options, families: Mutex::new(families), hooks: Mutex::default() }))
    }

    /// The level that is counted, for those who would go to expense to count more.
    pub fn level(&self) -> Level {
        self.0.options.level
    }

    /// The counter of `def` with these labels; the same for every call with the same labels.
    pub fn counter(&self, def: &'static CounterDef, labels: &[(&str, &str)]) -> Counter {
        match self.cell(&def.0, labels, || Cell::Counter(Arc::new(CounterCell::default()))) {
            Some(Cell::Counter(cell)) => Counter::from_arc(cell),
            _ => Counter::noop(),
        }
    }

    /// The gauge of `def` with these labels.
    pub fn gauge(&self, def: &'static GaugeDef, labels: &[(&str, &str)]) -> Gauge {
        match self.cell(&def.0, labels, || Cell::Gauge(Arc::new(GaugeCell::default()))) {
            Some(Cell::Gauge(cell)) => Gauge::from_arc(cell),
            _ => Gauge::noop(),
        }
    }

    /// The histogram of `def` with these labels.
    pub fn histogram(&self, def: &'static HistogramDef, labels: &[(&str, &str)]) -> Histogram {
        match self.cell(&def.0, labels, || Cell::Histogram(Arc::new(HistogramCell::new(def.0.bounds)))) {
            Some(Cell::Histogram(cell)) => Histogram::from_arc(cell),
            _ => Histogram::noop(),
        }
    }

    /// Has `hook` called before every snapshot: for values that are read when somebody looks (memory in use) and
    /// set into handles there. It must not take a snapshot itself.
    pub fn on_snapshot(&self, hook: impl Fn() + Send + Sync + 'static) {
        lock(&self.0.hooks).push(Arc::new(hook));
    }

    /// Forgets every series that has this label: those of a component that a reload removed. Handles that are
    /// still held count on, unseen.
    pub fn forget(&self, key: &str, value: &str) {
        let gone = |labels: &Labels| labels.iter().any(|(k, v)| **k == *key && **v == *value);
        for family in lock(&self.0.families).by_name.values_mut() {
            family.series.retain(|labels, _| !gone(labels));
        }
    }

    /// What all metrics are now. Values are read one by one while others count, so two of them may differ by what
    /// was counted in between; each by itself never goes back.
    pub fn snapshot(&self, now_unix_nanos: u64) -> Snapshot {
        let hooks: Vec<_> = lock(&self.0.hooks).clone();
        hooks.iter().for_each(|hook| hook());
        let families = lock(&self.0.families);
        Snapshot {
            start_unix_nanos: self.0.options.start_unix_nanos,
            time_unix_nanos: now_unix_nanos,
            samples: families.by_name.values().flat_map(Family::samples).collect(),
        }
    }

    /// The cell of a series, made if there is none; none if the level or a view drops it. A second definition of
    /// the same name and another kind gets a cell of the first kind, which its handle cannot use: it counts nothing.
    fn cell(&self, def: &'static Def, given: &[(&str, &str)], make: impl FnOnce() -> Cell) -> Option<Cell> {
        let options = &self.0.options;
        if options.level == Level::None || def.level > options.level {
            return None;
        }
        let given = views::apply(&options.views, def, given)?;
        let mut families = lock(&self.0.families);
        let labels = families.open.labels(def, options.level, &given);
        let family = families.by_name.entry(def.name).or_insert(Family { def, series: BTreeMap::new() });
        Some(family.series.entry(labels).or_insert_with(make).clone())
    }
}

impl Family {
    fn samples(&self) -> impl Iterator<Item = Sample> {
        self.series.iter().map(|(labels, cell)| Sample {
            def: self.def,
            labels: Arc::clone(labels),
            value: match cell {
                Cell::Counter(cell) => Value::Count(cell.get()),
                Cell::Gauge(cell) => Value::Number(cell.get()),
                Cell::Histogram(cell) => {
                    let (counts, sum) = cell.get();
                    Value::Buckets { counts: counts.into(), sum }
                }
            },
        })
    }
}

/// A panic elsewhere while counting leaves no half-written state, so poison is of no interest.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
