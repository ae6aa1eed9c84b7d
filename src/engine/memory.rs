//! How many bytes the gateway may hold: what a `memory_limiter` says, else a part of what there is.

use crate::batch::Budget;
use crate::component::MemoryLimit;
use std::sync::Arc;

/// The part of the cgroup's or machine's memory that data may fill if nobody sets a limit.
const DEFAULT_PERCENT: usize = 60;

/// The budget for a machine (or cgroup) of `total` bytes.
pub(super) fn budget(limit: Option<MemoryLimit>, total: usize) -> Arc<Budget> {
    let percent = |percent: usize| total / 100 * percent;
    match limit {
        None => Budget::new(percent(DEFAULT_PERCENT)),
        Some(MemoryLimit::Bytes(hard, spike)) => Budget::with_soft(hard, hard.saturating_sub(spike)),
        Some(MemoryLimit::Percent(hard, spike)) => {
            let soft = percent(usize::from(hard.saturating_sub(spike)));
            Budget::with_soft(percent(usize::from(hard)), soft)
        }
    }
}

/// The stricter of two limits, on a machine of `total` bytes.
pub(super) fn stricter(one: MemoryLimit, other: MemoryLimit, total: usize) -> MemoryLimit {
    let soft = |limit| budget(Some(limit), total).admits_up_to();
    if soft(other) < soft(one) { other } else { one }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: usize = 1 << 30;

    #[test]
    fn without_a_limiter_most_of_the_memory_is_the_limit() {
        let budget = budget(None, 100 * GIB);
        assert!(budget.limit().abs_diff(60 * GIB) < GIB && budget.admits_up_to().abs_diff(48 * GIB) < GIB);
    }

    #[test]
    fn a_limiter_sets_both_lines() {
        let bytes = budget(Some(MemoryLimit::Bytes(1000, 200)), GIB);
        assert_eq!((bytes.limit(), bytes.admits_up_to()), (1000, 800));
        let percent = budget(Some(MemoryLimit::Percent(50, 20)), 1000);
        assert_eq!((percent.limit(), percent.admits_up_to()), (500, 300));
    }

    #[test]
    fn of_two_limiters_the_stricter_counts() {
        let (bytes, percent) = (MemoryLimit::Bytes(1000, 0), MemoryLimit::Percent(50, 0));
        assert_eq!(stricter(bytes, percent, 10_000), bytes);
        assert_eq!(stricter(bytes, percent, 1_000), percent);
    }
}
