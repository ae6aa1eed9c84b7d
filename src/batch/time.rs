//! Time as a value: what a `Clock` answers, what processors are given, what can be stored.
//!
//! It holds both the wall clock (for timestamps and files) and a monotonic clock (for waiting and
//! measuring), so that nobody downstream has to choose a clock or to call one.

use std::time::Duration;

/// A moment, in unix and in monotonic nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Time {
    /// Nanoseconds since 1970-01-01 UTC. May jump when the machine's clock is set.
    pub unix: u64,
    /// Nanoseconds since the process's clock began. Never goes back.
    pub mono: u64,
}

impl Time {
    /// How long before `self` the moment `earlier` was; zero if it was not.
    pub fn since(self, earlier: Time) -> Duration {
        Duration::from_nanos(self.mono.saturating_sub(earlier.mono))
    }

    /// The moment `by` after `self`, on both clocks.
    #[must_use]
    pub fn after(self, by: Duration) -> Time {
        let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        Time { unix: self.unix.saturating_add(nanos), mono: self.mono.saturating_add(nanos) }
    }

    /// Whether `self` is at or past `moment` on the monotonic clock.
    pub fn reached(self, moment: Time) -> bool {
        self.mono >= moment.mono
    }

    /// The earlier of two moments on the monotonic clock.
    #[must_use]
    pub fn earlier(self, other: Time) -> Time {
        if other.mono < self.mono { other } else { self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_compared_on_the_monotonic_clock() {
        let start = Time { unix: 1_000, mono: 10 };
        let later = Time { unix: 5, mono: 30 };
        assert_eq!(later.since(start), Duration::from_nanos(20));
        assert_eq!(start.since(later), Duration::ZERO);
        assert!(later.reached(start) && !start.reached(later));
        assert_eq!(later.earlier(start), start);
        assert_eq!(start.after(Duration::from_nanos(7)), Time { unix: 1_007, mono: 17 });
        assert_eq!(start.after(Duration::MAX).mono, u64::MAX);
    }
}
