//! The pauses between attempts: exponential, with jitter, and never shorter than the backend asks.

use crate::batch::Retry;
use crate::component::{Random, RetryOnFailure};
use std::time::Duration;

/// The pauses of one request.
#[derive(Debug)]
pub(super) struct Backoff {
    interval: Duration,
}

impl Backoff {
    pub(super) fn new(settings: &RetryOnFailure) -> Self {
        Self { interval: settings.initial_interval.get() }
    }

    /// The next pause after a failure that came `elapsed` after the first attempt began; none if it
    /// is time to give up.
    pub(super) fn next(
        &mut self,
        settings: &RetryOnFailure,
        retry: Retry,
        elapsed: Duration,
        random: &dyn Random,
    ) -> Option<Duration> {
        if !settings.enabled || retry == Retry::Never {
            return None;
        }
        let pause = jittered(self.interval, settings.randomization_factor, random.fraction());
        let pause = match retry {
            Retry::After(asked) => pause.max(asked),
            Retry::Backoff | Retry::Never => pause,
        };
        self.interval = times(self.interval, settings.multiplier).min(settings.max_interval.get());
        let limit = settings.max_elapsed_time.get();
        (limit.is_zero() || elapsed.saturating_add(pause) <= limit).then_some(pause)
    }
}

/// `interval` ± `factor` of it, where `chance` is from 0 to 1.
fn jittered(interval: Duration, factor: f64, chance: f64) -> Duration {
    let factor = factor.clamp(0.0, 1.0);
    times(interval, 1.0 - factor + 2.0 * factor * chance)
}

/// `interval` times `factor`, where a result that is no duration is the longest one.
fn times(interval: Duration, factor: f64) -> Duration {
    Duration::try_from_secs_f64(interval.as_secs_f64() * factor.max(0.0)).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::component::SplitMix;
    use crate::config::units::GoDuration;

    fn settings() -> RetryOnFailure {
        RetryOnFailure { randomization_factor: 0.0, ..RetryOnFailure::default() }
    }

    fn pauses(settings: &RetryOnFailure, retry: Retry) -> Vec<u64> {
        let (mut backoff, random) = (Backoff::new(settings), SplitMix::new(1));
        let mut elapsed = Duration::ZERO;
        let next = std::iter::from_fn(|| {
            let pause = backoff.next(settings, retry, elapsed, &random)?;
            elapsed += pause;
            Some(pause.as_millis() as u64)
        });
        next.take(50).collect()
    }

    #[test]
    fn pauses_grow_to_the_longest_and_end_at_the_limit() {
        let got = pauses(&settings(), Retry::Backoff);
        assert_eq!(got[..6], [5000, 7500, 11250, 16875, 25312, 30000]);
        assert!(got.iter().sum::<u64>() <= 300_000);
        let forever = RetryOnFailure { max_elapsed_time: GoDuration::ZERO, ..settings() };
        assert_eq!(pauses(&forever, Retry::Backoff).len(), 50);
    }

    #[test]
    fn the_backend_may_ask_for_longer_and_never_for_shorter() {
        assert_eq!(pauses(&settings(), Retry::After(Duration::from_secs(9)))[..2], [9000, 9000]);
        assert_eq!(pauses(&settings(), Retry::After(Duration::from_secs(1)))[0], 5000);
        assert!(pauses(&settings(), Retry::Never).is_empty());
    }

    #[test]
    fn a_factor_beyond_measure_is_cut_to_the_longest_pause() {
        let steep = RetryOnFailure { multiplier: f64::INFINITY, ..settings() };
        assert_eq!(pauses(&steep, Retry::Backoff)[..3], [5000, 30000, 30000]);
        assert!(pauses(&settings(), Retry::After(Duration::MAX)).is_empty());
    }

    #[test]
    fn jitter_stays_within_its_factor() {
        let second = Duration::from_secs(1);
        assert_eq!(jittered(second, 0.5, 0.0), Duration::from_millis(500));
        assert_eq!(jittered(second, 0.5, 1.0), Duration::from_millis(1500));
    }
}
