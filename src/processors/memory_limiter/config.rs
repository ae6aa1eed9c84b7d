//! The keys of `memory_limiter`.

use crate::component::MemoryLimit;
use crate::config::units::GoDuration;
use crate::config::{Errors, Section};
use serde::Deserialize;

/// The section, key by key.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Config {
    /// How often the Collector measures; weft counts every byte instead, and only checks the value.
    pub(super) check_interval: GoDuration,
    /// All that may be held, in MiB.
    pub(super) limit_mib: u32,
    /// The part of it that newcomers may not use, in MiB; 0 is a fifth.
    pub(super) spike_limit_mib: u32,
    /// All that may be held, in percent of the memory there is.
    pub(super) limit_percentage: u32,
    /// The part of it that newcomers may not use, in percent of the memory there is; 0 is a fifth of
    /// the limit.
    pub(super) spike_limit_percentage: u32,
    /// How long the Collector waits between collections of garbage; weft has none.
    pub(super) min_gc_interval_when_soft_limited: GoDuration,
    /// See above.
    pub(super) min_gc_interval_when_hard_limited: GoDuration,
    /// See above.
    pub(super) max_gc_interval_when_soft_limited: GoDuration,
    /// See above.
    pub(super) max_gc_interval_when_hard_limited: GoDuration,
}

impl Config {
    pub(super) fn check(&self, section: &Section) -> Result<(), Errors> {
        let mut errors = Errors::new();
        let mut wrong =
            |at: &str, problem: &str, hint: &str| errors.push(section.error(at, problem).hint(hint));
        if self.check_interval.get().is_zero() {
            wrong(
                "check_interval",
                "'check_interval' must be greater than zero",
                "write `check_interval: 1s`",
            );
        }
        if self.limit_mib == 0 && self.limit_percentage == 0 {
            wrong(
                "",
                "'limit_mib' or 'limit_percentage' must be greater than zero",
                "write `limit_percentage: 80`",
            );
        }
        if self.limit_percentage > 100 || self.spike_limit_percentage > 100 {
            let at = if self.limit_percentage > 100 { "limit_percentage" } else { "spike_limit_percentage" };
            let problem = "'limit_percentage' and 'spike_limit_percentage' must be greater than zero and less than or equal to hundred";
            wrong(at, problem, "100 is all memory there is");
        }
        if self.limit_mib > 0 && self.limit_mib <= self.spike_limit_mib {
            wrong(
                "spike_limit_mib",
                "'spike_limit_mib' must be smaller than 'limit_mib'",
                "a fifth of the limit is usual",
            );
        }
        if self.limit_mib == 0
            && self.limit_percentage > 0
            && self.limit_percentage <= self.spike_limit_percentage
        {
            wrong(
                "spike_limit_percentage",
                "'spike_limit_percentage' must be smaller than 'limit_percentage'",
                "a fifth of the limit is usual",
            );
        }
        errors.finish(())
    }

    /// The limit; MiB count before percent, as in the Collector.
    pub(super) fn limit(&self) -> MemoryLimit {
        let or_a_fifth = |spike: u32, limit: u32| if spike == 0 { limit / 5 } else { spike };
        if self.limit_mib > 0 {
            let spike = or_a_fifth(self.spike_limit_mib, self.limit_mib);
            return MemoryLimit::Bytes((self.limit_mib as usize) << 20, (spike as usize) << 20);
        }
        let spike = or_a_fifth(self.spike_limit_percentage, self.limit_percentage);
        let percent = |percent: u32| u8::try_from(percent.min(100)).unwrap_or(100);
        MemoryLimit::Percent(percent(self.limit_percentage), percent(spike))
    }
}
