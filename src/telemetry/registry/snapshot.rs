//! What all metrics were at one moment.

use std::sync::Arc;

use super::labels::Labels;
use crate::telemetry::def::Def;

/// Every series with its value. Samples of one metric stand together, ordered by name, then labels.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Since when the counts run, in unix nanoseconds.
    pub start_unix_nanos: u64,
    /// When this was taken, in unix nanoseconds.
    pub time_unix_nanos: u64,
    /// The series.
    pub samples: Vec<Sample>,
}

impl Snapshot {
    /// The sample of `name` whose labels contain all of `labels`, if there is exactly one.
    pub fn find(&self, name: &str, labels: &[(&str, &str)]) -> Option<&Sample> {
        let mut found = self.samples.iter().filter(|sample| sample.def.name == name && sample.has(labels));
        found.next().filter(|_| found.next().is_none())
    }

    /// The samples of one metric after the other.
    pub fn families(&self) -> impl Iterator<Item = &[Sample]> {
        self.samples.chunk_by(|a, b| std::ptr::eq(a.def, b.def))
    }
}

/// One series at one moment.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The metric: name, unit, kind, description.
    pub def: &'static Def,
    /// Sorted by key.
    pub labels: Labels,
    /// The value.
    pub value: Value,
}

impl Sample {
    /// Whether the series has all these labels.
    pub fn has(&self, labels: &[(&str, &str)]) -> bool {
        labels.iter().all(|(key, value)| self.labels.iter().any(|(k, v)| **k == **key && **v == **value))
    }
}

/// A series' value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// Of a counter.
    Count(u64),
    /// Of a gauge, an up-down counter, or seconds.
    Number(f64),
    /// Of a histogram.
    Buckets {
        /// Per bucket, not cumulative; one more than the definition has bounds.
        counts: Arc<[u64]>,
        /// Of all recorded values.
        sum: f64,
    },
}
