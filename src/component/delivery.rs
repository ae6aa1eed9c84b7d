//! The settings that every exporter shares: `sending_queue`, `retry_on_failure`, `timeout`.
//!
//! They mirror the Collector's blocks key by key. What they do stands in the engine's delivery.

use crate::batch::Sizer;
use crate::config::units::GoDuration;
use crate::config::{Errors, Optional, Section};
use serde::{Deserialize, Deserializer};
use std::time::Duration;

/// How batches reach a backend.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The queue in front of it.
    pub queue: Queue,
    /// What happens when an attempt fails.
    pub retry: RetryOnFailure,
    /// The time of one attempt; zero is none.
    pub timeout: Duration,
}

/// `sending_queue`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Queue {
    /// Without a queue the sender waits until its data is delivered.
    pub enabled: bool,
    /// Requests sent at the same time.
    pub num_consumers: u32,
    /// What the queue holds at the most, in the unit of `sizer`.
    pub queue_size: u64,
    /// The unit of `queue_size`: `requests`, `items` or `bytes`.
    pub sizer: Sizer,
    /// Wait for room instead of refusing.
    pub block_on_overflow: bool,
    /// Answer the sender only when its data is delivered.
    pub wait_for_result: bool,
    /// The storage extension that keeps the queue.
    pub storage: Option<String>,
    /// Batching in the queue: on when the key is given, even with nothing behind it.
    #[serde(deserialize_with = "given")]
    pub batch: Option<QueueBatch>,
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            enabled: true,
            num_consumers: 10,
            queue_size: 1000,
            sizer: Sizer::Requests,
            block_on_overflow: false,
            wait_for_result: false,
            storage: None,
            batch: None,
        }
    }
}

/// An `Option` alone would take an empty `batch:` for none.
fn given<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<QueueBatch>, D::Error> {
    Optional::deserialize(deserializer).map(Optional::into_inner)
}

/// `sending_queue.batch`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct QueueBatch {
    /// Send after this long, whatever the size.
    pub flush_timeout: GoDuration,
    /// Send at this size.
    pub min_size: u64,
    /// Never send more than this at once; 0 is no limit.
    pub max_size: u64,
    /// The unit of the sizes: `items` or `bytes`; without it the queue's, if that is set.
    pub sizer: Option<Sizer>,
    /// What is kept apart.
    pub partition: Partition,
}

impl Default for QueueBatch {
    fn default() -> Self {
        Self {
            flush_timeout: GoDuration::from_millis(200),
            min_size: 8192,
            max_size: 0,
            sizer: None,
            partition: Partition::default(),
        }
    }
}

/// `sending_queue.batch.partition`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Partition {
    /// Request headers by whose values batches are kept apart.
    pub metadata_keys: Vec<String>,
}

/// `retry_on_failure`.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RetryOnFailure {
    /// Without it every failure is final.
    pub enabled: bool,
    /// The first pause.
    pub initial_interval: GoDuration,
    /// The part of a pause that chance decides, 0 to 1.
    pub randomization_factor: f64,
    /// What each pause is multiplied by to give the next.
    pub multiplier: f64,
    /// The longest pause.
    pub max_interval: GoDuration,
    /// Given up after this long; 0 is never.
    pub max_elapsed_time: GoDuration,
}

impl Default for RetryOnFailure {
    fn default() -> Self {
        Self {
            enabled: true,
            initial_interval: GoDuration::from_secs(5),
            randomization_factor: 0.5,
            multiplier: 1.5,
            max_interval: GoDuration::from_secs(30),
            max_elapsed_time: GoDuration::from_secs(300),
        }
    }
}

/// The keys of an exporter's section that belong to delivery.
pub const KEYS: [&str; 3] = ["sending_queue", "retry_on_failure", "timeout"];

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Keys {
    sending_queue: Queue,
    retry_on_failure: RetryOnFailure,
    timeout: Option<GoDuration>,
}

impl Delivery {
    /// Takes delivery's keys out of an exporter's section: the settings, and what is left of the
    /// section. `timeout` is the exporter's default for one attempt.
    pub fn take(section: &Section, timeout: Duration) -> Result<(Self, Section), Errors> {
        let (shared, rest) = section.take(&KEYS);
        let keys: Keys = shared.parse()?;
        if keys.timeout.is_some_and(GoDuration::is_negative) {
            let error = shared.error("timeout", "`timeout` must be non-negative");
            return Err(error.hint("0 is no limit for an attempt").into());
        }
        let timeout = keys.timeout.map_or(timeout, GoDuration::get);
        let delivery = Delivery { queue: keys.sending_queue, retry: keys.retry_on_failure, timeout };
        delivery.check(&shared)?;
        Ok((delivery, rest))
    }

    /// Headers by which batches are kept apart in the queue, in lower case.
    pub fn partition(&self) -> Vec<String> {
        let keys = self.queue.batch.iter().flat_map(|batch| &batch.partition.metadata_keys);
        keys.map(|key| key.to_ascii_lowercase()).collect()
    }

    /// Settings for a sink inside: no queue, no retry.
    pub fn direct() -> Self {
        let queue = Queue { enabled: false, ..Queue::default() };
        let retry = RetryOnFailure { enabled: false, ..RetryOnFailure::default() };
        Self { queue, retry, timeout: Duration::ZERO }
    }

    fn check(&self, section: &Section) -> Result<(), Errors> {
        let mut errors = Errors::default();
        let mut wrong = |at: &str, problem: &str, hint: &str| {
            errors.push(section.error(at, problem).hint(hint));
        };
        let Queue { enabled, queue_size, num_consumers, wait_for_result, storage, batch, .. } = &self.queue;
        if *enabled && *queue_size == 0 {
            wrong(
                "sending_queue.queue_size",
                "`queue_size` must be positive",
                "to send without a queue write `enabled: false`",
            );
        }
        if *enabled && *num_consumers == 0 {
            wrong("sending_queue.num_consumers", "`num_consumers` must be positive", "the default is 10");
        }
        if *wait_for_result && storage.is_some() {
            wrong(
                "sending_queue.wait_for_result",
                "`wait_for_result` is not supported with a persistent queue",
                "remove one of `wait_for_result` and `storage`",
            );
        }
        if let Some(batch) = batch {
            check_batch(batch, &self.queue, &mut wrong);
        }
        check_retry(&self.retry, &mut wrong);
        errors.finish(())
    }
}

fn check_batch(batch: &QueueBatch, queue: &Queue, wrong: &mut impl FnMut(&str, &str, &str)) {
    if batch.max_size > 0 && batch.max_size < batch.min_size {
        wrong(
            "sending_queue.batch.max_size",
            "`max_size` must be greater than or equal to `min_size`",
            "0 is no limit",
        );
    }
    if batch.flush_timeout.get().is_zero() {
        wrong(
            "sending_queue.batch.flush_timeout",
            "`flush_timeout` must be positive",
            "the default is 200ms",
        );
    }
    if batch.sizer == Some(Sizer::Requests) {
        wrong(
            "sending_queue.batch.sizer",
            "`batch` supports only `items` or `bytes` sizer",
            "write `sizer: items`",
        );
    }
    let same_unit = batch.sizer.is_none_or(|sizer| sizer == queue.sizer) && queue.sizer != Sizer::Requests;
    if same_unit && queue.queue_size < batch.min_size {
        wrong(
            "sending_queue.batch.min_size",
            "`min_size` must be less than or equal to `queue_size`",
            "a batch waits in the queue",
        );
    }
    let keys: Vec<_> = batch.partition.metadata_keys.iter().map(|key| key.to_ascii_lowercase()).collect();
    for at in (0..keys.len()).filter(|&at| keys[..at].contains(&keys[at])) {
        let place = format!("sending_queue.batch.partition.metadata_keys[{at}]");
        let problem = format!("duplicate entry in metadata_keys: \"{}\" (case-insensitive)", keys[at]);
        wrong(&place, &problem, "names of headers are compared in lower case: remove one");
    }
}

fn check_retry(retry: &RetryOnFailure, wrong: &mut impl FnMut(&str, &str, &str)) {
    if !retry.enabled {
        return;
    }
    if !(0.0..=1.0).contains(&retry.randomization_factor) {
        wrong(
            "retry_on_failure.randomization_factor",
            "`randomization_factor` must be within [0, 1]",
            "the default is 0.5",
        );
    }
    if retry.multiplier.is_nan() || retry.multiplier < 0.0 {
        wrong("retry_on_failure.multiplier", "`multiplier` must be non-negative", "the default is 1.5");
    }
    for (key, interval, default) in [
        ("initial_interval", retry.initial_interval, "the default is 5s"),
        ("max_interval", retry.max_interval, "the default is 30s"),
        ("max_elapsed_time", retry.max_elapsed_time, "0 is for ever; the default is 5m"),
    ] {
        if interval.is_negative() {
            wrong(&format!("retry_on_failure.{key}"), &format!("`{key}` must be non-negative"), default);
        }
    }
    let elapsed = retry.max_elapsed_time.get();
    if !elapsed.is_zero() && (elapsed < retry.initial_interval.get() || elapsed < retry.max_interval.get()) {
        wrong(
            "retry_on_failure.max_elapsed_time",
            "`max_elapsed_time` must not be less than `initial_interval` or `max_interval`",
            "0 is for ever",
        );
    }
}

impl QueueBatch {
    /// The unit that counts: its own, else the queue's where that is one, else items.
    pub fn unit(&self, queue: Sizer) -> Sizer {
        self.sizer.unwrap_or(if queue == Sizer::Requests { Sizer::Items } else { queue })
    }
}

#[cfg(test)]
mod tests;
