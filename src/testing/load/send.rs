//! The load itself: requests in flight, closed loop or on a schedule, and what became of them.

use super::pool::Pool;
use super::shape::Shape;
use super::wire::{Load, Wire};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Pause after a request that was not taken: a target that is down is asked, not flooded.
const AFTER_FAILURE: Duration = Duration::from_millis(5);
/// Different reasons that are told.
const REASONS: usize = 16;

/// What became of a run's requests.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Requests sent.
    pub requests: u64,
    /// Items that the target took.
    pub accepted: u64,
    /// Items that it rejected within requests that it took.
    pub rejected: u64,
    /// Items of requests that were not taken.
    pub failed: u64,
    /// Why, and how often.
    pub reasons: BTreeMap<String, u64>,
    /// Numbers of the requests that were taken whole.
    pub taken: Vec<u64>,
    /// Microseconds from when a request was due to its answer; in a closed loop it is due when it is sent.
    pub micros: Vec<u32>,
    /// How long the run took.
    pub took: Duration,
}

/// Sends requests of one shape to one target; numbers go on from run to run.
pub struct Sender {
    load: Load,
    pool: Pool,
    wire: Wire,
    next: AtomicU64,
    accepted: AtomicU64,
}

impl Sender {
    /// Encodes the requests; no packet is sent yet.
    pub fn new(load: Load, shape: Shape) -> Result<Arc<Self>, String> {
        let (wire, pool) = (Wire::new(&load, shape.signal)?, Pool::new(shape));
        Ok(Arc::new(Self { load, pool, wire, next: AtomicU64::new(0), accepted: AtomicU64::new(0) }))
    }

    /// The requests.
    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Items taken so far, in all runs.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Relaxed)
    }

    /// Sends for this long, or this many requests if that is sooner, and waits for the last answers.
    pub async fn run(self: &Arc<Self>, length: Duration, requests: u64) -> Tally {
        let start = Instant::now();
        let first = self.next.load(Relaxed);
        let plan = Plan { start, end: start + length, first, last: first.saturating_add(requests) };
        let mut workers: JoinSet<Tally> = JoinSet::new();
        for _ in 0..self.load.concurrency.max(1) {
            workers.spawn(Arc::clone(self).work(plan));
        }
        let mut sum = Tally::default();
        while let Some(ended) = workers.join_next().await {
            sum.add(ended.unwrap_or_default());
        }
        sum.took = start.elapsed();
        sum.micros.sort_unstable();
        sum
    }

    async fn work(self: Arc<Self>, plan: Plan) -> Tally {
        let mut tally = Tally::default();
        loop {
            let index = self.next.fetch_add(1, Relaxed);
            let due = self.due(&plan, index);
            if index >= plan.last || due.unwrap_or_else(Instant::now) >= plan.end {
                return tally;
            }
            let due = due.unwrap_or_else(Instant::now);
            tokio::time::sleep_until(due).await;
            self.exchange(index, due, &mut tally).await;
        }
    }

    /// When a request is due, if there is a schedule.
    fn due(&self, plan: &Plan, index: u64) -> Option<Instant> {
        let rate = self.load.rate?;
        let items = index.saturating_sub(plan.first) * u64::from(self.pool.shape().items);
        plan.start.checked_add(Duration::try_from_secs_f64(items as f64 / rate).ok()?)
    }

    async fn exchange(&self, index: u64, due: Instant, tally: &mut Tally) {
        let items = u64::from(self.pool.shape().items);
        tally.requests += 1;
        match self.wire.send(&self.load, &self.pool, index, unix_nanos()).await {
            Ok(rejected) => {
                tally.micros.push(u32::try_from(due.elapsed().as_micros()).unwrap_or(u32::MAX));
                tally.rejected += rejected;
                tally.accepted += items.saturating_sub(rejected);
                self.accepted.fetch_add(items.saturating_sub(rejected), Relaxed);
                if rejected == 0 {
                    tally.taken.push(index);
                }
            }
            Err(why) => {
                tally.failed += items;
                tally.because(why, 1);
                tokio::time::sleep(AFTER_FAILURE).await;
            }
        }
    }
}

/// One run.
#[derive(Clone, Copy)]
struct Plan {
    start: Instant,
    end: Instant,
    first: u64,
    last: u64,
}

impl Tally {
    /// Adds another worker's or run's share.
    pub fn add(&mut self, other: Self) {
        self.requests += other.requests;
        self.accepted += other.accepted;
        self.rejected += other.rejected;
        self.failed += other.failed;
        self.taken.extend(other.taken);
        self.micros.extend(other.micros);
        other.reasons.into_iter().for_each(|(why, times)| self.because(why, times));
    }

    fn because(&mut self, why: String, times: u64) {
        let known = self.reasons.len() < REASONS || self.reasons.contains_key(&why);
        *self.reasons.entry(if known { why } else { "other reasons".into() }).or_default() += times;
    }
}

/// The value that `share` (0 to 1) of the sorted values do not exceed, in milliseconds.
pub fn percentile(sorted_micros: &[u32], share: f64) -> f64 {
    let rank = (sorted_micros.len() as f64 * share).ceil() as usize;
    let value = sorted_micros.get(rank.max(1) - 1).or(sorted_micros.last());
    value.map_or(0.0, |micros| f64::from(*micros) / 1000.0)
}

#[expect(clippy::disallowed_methods, reason = "telemetry is stamped with the real time")]
fn unix_nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}
