//! Batching as a state machine: what comes in small goes out large, alike with alike.
//!
//! The `batch` processor and an exporter's queue both gather by this; it knows no clock and no
//! channel. Data waits per signal and [`Origin`], so two tenants never meet in one batch.

use super::{Batch, Origin, Time};
use crate::otlp::Signal;
use hashbrown::HashMap;
use std::sync::Arc;
use std::time::Duration;

/// The unit in which sizes are given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sizer {
    /// One for each batch.
    Requests,
    /// Spans, data points or log records.
    #[default]
    Items,
    /// Encoded bytes.
    Bytes,
}

impl Sizer {
    /// The size of a batch in this unit.
    pub fn size(self, batch: &Batch) -> u64 {
        match self {
            Sizer::Requests => 1,
            Sizer::Items => batch.items(),
            Sizer::Bytes => batch.data.wire_len() as u64,
        }
    }
}

/// When a gathered batch is let go.
#[derive(Clone, Copy, Debug)]
pub struct Thresholds {
    /// Let go at this size; 0 at once.
    pub min: u64,
    /// Never larger than this; 0 is no limit.
    pub max: u64,
    /// The unit of `min` and `max`.
    pub sizer: Sizer,
    /// Let go after this long, whatever the size; zero is at once.
    pub timeout: Duration,
}

/// Why a batch was let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gathered {
    /// It reached the size.
    Size,
    /// It waited long enough.
    Timeout,
}

#[derive(Debug)]
struct Group {
    batch: Batch,
    since: Time,
}

/// What waits to be large enough.
#[derive(Debug)]
pub struct Gather {
    thresholds: Thresholds,
    groups: HashMap<(Signal, Arc<Origin>), Group>,
}

impl Gather {
    /// Nothing waits yet.
    pub fn new(thresholds: Thresholds) -> Self {
        Self { thresholds, groups: HashMap::new() }
    }

    /// How many origins wait.
    pub fn origins(&self) -> usize {
        self.groups.len()
    }

    /// Whether data of this kind waits already.
    pub fn knows(&self, batch: &Batch) -> bool {
        self.groups.contains_key(&key(batch))
    }

    /// Items that wait.
    pub fn items(&self) -> u64 {
        self.groups.values().map(|group| group.batch.items()).sum()
    }

    /// Adds a batch and lets go what is large enough.
    pub fn add(&mut self, batch: Batch, now: Time, mut ready: impl FnMut(Batch, Gathered)) {
        if batch.data.is_empty() {
            batch.claim.settle(&super::Outcome::default());
            return;
        }
        let key = key(&batch);
        let mut group = match self.groups.remove(&key) {
            Some(mut group) => {
                group.batch.append(batch);
                group
            }
            None => Group { batch, since: now },
        };
        while self.is_full(&group.batch) {
            let Some(rest) = self.cut(&mut group.batch) else {
                ready(group.batch, Gathered::Size);
                return;
            };
            ready(std::mem::replace(&mut group.batch, rest), Gathered::Size);
            group.since = now;
        }
        self.groups.insert(key, group);
    }

    fn is_full(&self, batch: &Batch) -> bool {
        let Thresholds { min, max, sizer, timeout } = self.thresholds;
        let size = sizer.size(batch);
        timeout.is_zero() || size >= min || (max > 0 && size >= max)
    }

    /// What exceeds the largest size, if anything does.
    fn cut(&self, batch: &mut Batch) -> Option<Batch> {
        let Thresholds { max, sizer, .. } = self.thresholds;
        let size = sizer.size(batch);
        if max == 0 || size <= max {
            return None;
        }
        let items = batch.items();
        let keep = match sizer {
            Sizer::Requests => return None,
            Sizer::Items => max,
            Sizer::Bytes => (u128::from(items) * u128::from(max) / u128::from(size)) as u64,
        };
        let keep = keep.clamp(1, items);
        if keep == items {
            return None;
        }
        let mut rest = batch.split_off(keep);
        // Items differ in their bytes: a first part that is still too large gives up more of them.
        while batch.items() > 1 && sizer.size(batch) > max {
            let mut more = batch.split_off(batch.items() / 2);
            more.append(rest);
            rest = more;
        }
        Some(rest)
    }

    /// Lets go what has waited long enough.
    pub fn due(&mut self, now: Time, mut ready: impl FnMut(Batch, Gathered)) {
        let timeout = self.thresholds.timeout;
        let due = self.groups.extract_if(|_, group| now.reached(group.since.after(timeout)));
        due.for_each(|(_, group)| ready(group.batch, Gathered::Timeout));
    }

    /// When [`due`](Self::due) is to be called next.
    pub fn next(&self) -> Option<Time> {
        let ends = self.groups.values().map(|group| group.since.after(self.thresholds.timeout));
        ends.reduce(Time::earlier)
    }

    /// Lets everything go.
    pub fn flush(&mut self, mut ready: impl FnMut(Batch, Gathered)) {
        self.groups.drain().for_each(|(_, group)| ready(group.batch, Gathered::Timeout));
    }
}

fn key(batch: &Batch) -> (Signal, Arc<Origin>) {
    (batch.data.signal(), Arc::clone(&batch.ctx.origin))
}

#[cfg(test)]
mod tests;
