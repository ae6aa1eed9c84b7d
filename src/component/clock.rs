//! Time and chance as arguments: whoever needs them is given a [`Clock`] or a [`Random`].

use crate::batch::Time;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::time::Instant;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, on both clocks.
    fn now(&self) -> Time;
}

/// The machine's clock. Its monotonic side is the runtime's, so that it stands still where a test
/// has paused the runtime's time.
#[derive(Debug)]
pub struct SystemClock {
    start: Instant,
}

impl SystemClock {
    /// A clock that begins now.
    #[allow(clippy::new_without_default, reason = "a clock has a beginning, which is not a default")]
    pub fn new() -> Self {
        Self { start: Instant::now() }
    }
}

impl Clock for SystemClock {
    #[allow(clippy::disallowed_methods, reason = "this is the clock that everybody else is given")]
    fn now(&self) -> Time {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Time { unix: nanos(unix), mono: nanos(self.start.elapsed()) }
    }
}

fn nanos(duration: Duration) -> u64 {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Gives random numbers: for jitter and sampling, never for secrets.
pub trait Random: Send + Sync {
    /// The next number, each of 64 bits equally likely.
    fn next(&self) -> u64;

    /// The next number from 0 (inclusive) to 1 (exclusive).
    fn fraction(&self) -> f64 {
        (self.next() >> 11) as f64 / (1u64 << 53) as f64
    }
}

/// SplitMix64: one addition and a few multiplications, good enough for jitter, exact to replay.
#[derive(Debug)]
pub struct SplitMix(AtomicU64);

impl SplitMix {
    /// The sequence that `seed` begins.
    pub fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// A sequence that differs from process to process.
    pub fn of_process() -> Self {
        use std::hash::{BuildHasher, RandomState};
        Self::new(RandomState::new().hash_one(std::process::id()))
    }
}

impl Random for SplitMix {
    fn next(&self) -> u64 {
        const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
        let mut z = self.0.fetch_add(STEP, Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_its_sequence_again() {
        let draw =
            |seed| std::iter::repeat_with(|| ()).take(3).scan(SplitMix::new(seed), |r, ()| Some(r.next()));
        assert_eq!(draw(7).collect::<Vec<_>>(), draw(7).collect::<Vec<_>>());
        assert_ne!(draw(7).collect::<Vec<_>>(), draw(8).collect::<Vec<_>>());
        let random = SplitMix::new(1);
        assert!((0..1000).all(|_| (0.0..1.0).contains(&random.fraction())));
    }

    #[tokio::test(start_paused = true)]
    async fn the_monotonic_side_follows_the_runtime() {
        let clock = SystemClock::new();
        let before = clock.now();
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(clock.now().since(before), Duration::from_secs(3));
        assert!(before.unix > 1_600_000_000_000_000_000);
    }
}
