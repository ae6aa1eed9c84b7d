//! The numbers themselves: what stands behind the handles of the `metrics` crate.
//!
//! A count is one relaxed atomic addition. Each cell has a cache line of its own, so that two workers counting
//! different things do not slow each other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use metrics::{CounterFn, GaugeFn, HistogramFn};

/// A count.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct CounterCell(AtomicU64);

impl CounterCell {
    pub(super) fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

impl CounterFn for CounterCell {
    fn increment(&self, value: u64) {
        self.0.fetch_add(value, Relaxed);
    }

    fn absolute(&self, value: u64) {
        self.0.fetch_max(value, Relaxed);
    }
}

/// A value, as the bits of an `f64`.
#[derive(Debug, Default)]
#[repr(align(64))]
pub(super) struct GaugeCell(AtomicU64);

impl GaugeCell {
    pub(super) fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Relaxed))
    }

    fn add(&self, by: f64) {
        let sum = |bits| Some((f64::from_bits(bits) + by).to_bits());
        // The closure never refuses, so neither does the update.
        let _ = self.0.fetch_update(Relaxed, Relaxed, sum);
    }
}

impl GaugeFn for GaugeCell {
    fn increment(&self, value: f64) {
        self.add(value);
    }

    fn decrement(&self, value: f64) {
        self.add(-value);
    }

    fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Relaxed);
    }
}

/// A distribution over fixed buckets; the last one has no upper bound.
#[derive(Debug)]
pub(super) struct HistogramCell {
    bounds: &'static [f64],
    counts: Box<[AtomicU64]>,
    sum: GaugeCell,
}

impl HistogramCell {
    pub(super) fn new(bounds: &'static [f64]) -> Self {
        Self {
            bounds,
            counts: (0..=bounds.len()).map(|_| AtomicU64::new(0)).collect(),
            sum: GaugeCell::default(),
        }
    }

    /// Counts per bucket (not cumulative, one more than there are bounds) and the sum of what was recorded.
    pub(super) fn get(&self) -> (Vec<u64>, f64) {
        (self.counts.iter().map(|count| count.load(Relaxed)).collect(), self.sum.get())
    }
}

impl HistogramFn for HistogramCell {
    fn record(&self, value: f64) {
        self.record_many(value, 1);
    }

    /// A value that is no number is not recorded: it would spoil the sum for ever.
    fn record_many(&self, value: f64, count: usize) {
        if value.is_nan() {
            return;
        }
        let bucket = self.bounds.partition_point(|bound| *bound < value);
        if let Some(cell) = self.counts.get(bucket) {
            cell.fetch_add(count as u64, Relaxed);
            self.sum.add(value * count as f64);
        }
    }
}

/// Any of the three, as a family keeps it.
#[derive(Clone, Debug)]
pub(super) enum Cell {
    Counter(Arc<CounterCell>),
    Gauge(Arc<GaugeCell>),
    Histogram(Arc<HistogramCell>),
}
