//! What the telemetry looks like.

use crate::otlp::Signal;

/// The most items of one request.
pub(super) const MOST_ITEMS: u32 = 1 << 20;
/// Spans of one trace.
pub(super) const SPANS_PER_TRACE: u32 = 8;

/// What is in a request.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Spans, metrics or log records.
    pub signal: Signal,
    /// Items (spans, data points, log records) in a request.
    pub items: u32,
    /// Attributes of an item, besides the one with its number.
    pub attributes: u32,
    /// Distinct values of an attribute that varies.
    pub cardinality: u32,
    /// Resources in a request.
    pub resources: u32,
    /// Traces with a failed span, and log records of severity ERROR, in per cent.
    pub error_percent: f64,
    /// Traces that take longer than half a second, in per cent.
    pub slow_percent: f64,
    /// Another seed gives other values and other ids.
    pub seed: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Self {
            signal: Signal::Traces,
            items: 512,
            attributes: 12,
            cardinality: 1000,
            resources: 4,
            error_percent: 2.0,
            slow_percent: 3.0,
            seed: 1,
        }
    }
}

impl Shape {
    /// The same with every number in its range.
    pub(super) fn in_range(mut self) -> Self {
        self.items = self.items.clamp(1, MOST_ITEMS);
        self.attributes = self.attributes.min(1000);
        self.cardinality = self.cardinality.max(1);
        self.resources = self.resources.clamp(1, self.items);
        self
    }
}

/// Numbers that look random and are the same in every run.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(mix(seed))
    }

    pub(super) fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(1);
        mix(self.0) % most.max(1)
    }

    pub(super) fn of<T: Copy>(&mut self, choices: &[T], otherwise: T) -> T {
        let index = self.below(choices.len() as u64);
        usize::try_from(index).ok().and_then(|index| choices.get(index).copied()).unwrap_or(otherwise)
    }

    pub(super) fn falls_within(&mut self, percent: f64) -> bool {
        (self.below(1_000_000) as f64) < percent * 10_000.0
    }
}

/// Splitmix64's step: neighbours become strangers, and no two inputs give the same.
pub(super) fn mix(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
