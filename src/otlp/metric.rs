//! Metrics and their data points.

use super::points::{self, EXPONENTIAL_HISTOGRAM, GAUGE, HISTOGRAM, SUM, SUMMARY, attributes_number};
use super::record::{bits, find, last, text};
use super::text::Text;
use super::value::{AnyValueView, Attribute, repeated};
use super::wire::{Fields, Value};

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric<'a> {
    body: &'a [u8],
}

/// What a metric measures by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MetricKind {
    /// A value now.
    Gauge,
    /// A sum over time.
    Sum,
    /// Counts in buckets of given bounds.
    Histogram,
    /// Counts in buckets of exponential bounds.
    ExponentialHistogram,
    /// Quantiles.
    Summary,
}

/// What a point's values count from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Temporality {
    /// Not said, or not applicable.
    Unspecified,
    /// Since the point before.
    Delta,
    /// Since the start.
    Cumulative,
}

impl<'a> Metric<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self { body }
    }

    /// The metric's name.
    #[must_use]
    pub fn name(&self) -> Text<'a> {
        text(self.body, 1)
    }

    /// What it is about.
    #[must_use]
    pub fn description(&self) -> Text<'a> {
        text(self.body, 2)
    }

    /// The unit, as UCUM writes it.
    #[must_use]
    pub fn unit(&self) -> Text<'a> {
        text(self.body, 3)
    }

    /// Its kind; none if it holds no data.
    #[must_use]
    pub fn kind(&self) -> Option<MetricKind> {
        match points::data_field(self.body)?.number {
            GAUGE => Some(MetricKind::Gauge),
            SUM => Some(MetricKind::Sum),
            HISTOGRAM => Some(MetricKind::Histogram),
            EXPONENTIAL_HISTOGRAM => Some(MetricKind::ExponentialHistogram),
            SUMMARY => Some(MetricKind::Summary),
            _ => None,
        }
    }

    /// Delta or cumulative.
    #[must_use]
    pub fn temporality(&self) -> Temporality {
        match points::data_field(self.body).map_or(0, |data| bits(data.bytes(), 2)) {
            1 => Temporality::Delta,
            2 => Temporality::Cumulative,
            _ => Temporality::Unspecified,
        }
    }

    /// Whether a sum only grows.
    #[must_use]
    pub fn is_monotonic(&self) -> bool {
        points::data_field(self.body).is_some_and(|data| data.number == SUM && bits(data.bytes(), 3) != 0)
    }

    /// Its data points.
    pub fn points(&self) -> impl Iterator<Item = Point<'a>> + Clone + use<'a> {
        let data = points::data_field(self.body);
        let kind = data.map_or(0, |data| data.number);
        points::bodies(data.map_or(&[], |data| data.bytes())).map(move |body| Point { body, kind })
    }
}

/// A data point of any kind.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a> {
    body: &'a [u8],
    kind: u32,
}

/// The value of a point of a gauge or sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A floating point number.
    Double(f64),
    /// An integer.
    Int(i64),
}

impl<'a> Point<'a> {
    pub(crate) fn new(body: &'a [u8], kind: u32) -> Self {
        Self { body, kind }
    }

    /// Its message as it stands on the wire.
    #[must_use]
    pub fn wire(&self) -> &'a [u8] {
        self.body
    }

    /// What tells it from other points of the metric.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'a>> + Clone + use<'a> {
        repeated(Fields::new(self.body), attributes_number(self.kind)).map(Attribute::read)
    }

    /// The first attribute of this key.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<AnyValueView<'a>> {
        find(self.attributes(), key)
    }

    /// Nanoseconds since 1970; 0 if not said.
    #[must_use]
    pub fn start(&self) -> u64 {
        bits(self.body, 2)
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub fn time(&self) -> u64 {
        bits(self.body, 3)
    }

    /// Whether the point says that there is no value.
    #[must_use]
    pub fn no_recorded_value(&self) -> bool {
        let number = if matches!(self.kind, HISTOGRAM | EXPONENTIAL_HISTOGRAM) { 10 } else { 8 };
        bits(self.body, number) & 1 == 1
    }

    /// The value, if it is a point of a gauge or sum and has one.
    #[must_use]
    pub fn number(&self) -> Option<Number> {
        if !matches!(self.kind, GAUGE | SUM) {
            return None;
        }
        let field = Fields::new(self.body).filter(|field| matches!(field.number, 4 | 6)).last()?;
        Some(if field.number == 4 {
            Number::Double(f64::from_bits(field.bits()))
        } else {
            Number::Int(field.bits().cast_signed())
        })
    }

    /// How many observations, in histograms and summaries.
    #[must_use]
    pub fn count(&self) -> Option<u64> {
        self.is_distribution().then(|| bits(self.body, 4))
    }

    /// The sum of the observations, in histograms (if given) and summaries.
    #[must_use]
    pub fn sum(&self) -> Option<f64> {
        if !self.is_distribution() {
            return None;
        }
        let given = last(self.body, 5).map(|field| f64::from_bits(field.bits()));
        given.or((self.kind == SUMMARY).then_some(0.0))
    }

    /// The counts of a histogram's buckets.
    pub fn bucket_counts(&self) -> impl Iterator<Item = u64> + use<'a> {
        fixed64s(self.body, 6, self.kind == HISTOGRAM)
    }

    /// The upper bounds of a histogram's buckets, without the last one, which is infinite.
    pub fn explicit_bounds(&self) -> impl Iterator<Item = f64> + use<'a> {
        fixed64s(self.body, 7, self.kind == HISTOGRAM).map(f64::from_bits)
    }

    fn is_distribution(&self) -> bool {
        matches!(self.kind, HISTOGRAM | EXPONENTIAL_HISTOGRAM | SUMMARY)
    }
}

/// Repeated numbers of eight bytes, packed or one by one.
fn fixed64s(body: &[u8], number: u32, wanted: bool) -> impl Iterator<Item = u64> + use<'_> {
    let fields = Fields::new(body).filter(move |field| wanted && field.number == number);
    fields.flat_map(|field| {
        let one = if let Value::Fixed64(bits) = field.value { Some(bits) } else { None };
        one.into_iter().chain(field.bytes().as_chunks::<8>().0.iter().map(|bits| u64::from_le_bytes(*bits)))
    })
}
