//! One number for memory: the budget, and the permits that are taken from it.
//!
//! Two kinds of growth exist. *Admission* ([`Budget::admit`], [`Permit::grow`]) stands before the
//! soft line and is refused beyond it: only a request that holds nothing waits, and briefly. Growth
//! *inside* ([`Permit::charge`]) never waits and never fails: it overdraws the reserve between the
//! soft and the hard line, and admission stays closed until the debt is paid. So what was admitted
//! can always be worked off. A permit gives back what it holds when it is dropped.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::Notify;

/// The part of the limit kept for growth inside, in percent.
const RESERVE_PERCENT: usize = 20;

/// The bytes that may be held at once, and how many are.
#[derive(Debug)]
pub struct Budget {
    soft: usize,
    hard: usize,
    used: AtomicUsize,
    peak: AtomicUsize,
    freed: Notify,
}

/// The budget has no room: try again after this long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("over the memory budget, try again in {} s", retry_after.as_secs().max(1))]
pub struct Busy {
    /// When it is worth trying again.
    pub retry_after: Duration,
}

/// What a refused sender is told to wait.
const RETRY_AFTER: Duration = Duration::from_secs(1);

impl Budget {
    /// A budget of `hard` bytes with the usual reserve.
    pub fn new(hard: usize) -> Arc<Self> {
        Self::with_soft(hard, hard - hard / 100 * RESERVE_PERCENT)
    }

    /// A budget of `hard` bytes that admits up to `soft` of them.
    pub fn with_soft(hard: usize, soft: usize) -> Arc<Self> {
        let soft = soft.min(hard);
        Arc::new(Self {
            soft,
            hard,
            used: AtomicUsize::new(0),
            peak: AtomicUsize::new(0),
            freed: Notify::new(),
        })
    }

    /// Bytes held now. May exceed the soft line by what growth inside overdrew.
    pub fn used(&self) -> usize {
        self.used.load(Relaxed)
    }

    /// The most bytes ever held.
    pub fn peak(&self) -> usize {
        self.peak.load(Relaxed)
    }

    /// All bytes that may be held.
    pub fn limit(&self) -> usize {
        self.hard
    }

    /// The line beyond which nothing is admitted.
    pub fn admits_up_to(&self) -> usize {
        self.soft
    }

    /// A permit for nothing yet, once there is room; refused if there is none within `patience`.
    pub async fn admit(self: &Arc<Self>, patience: Duration) -> Result<Permit, Busy> {
        if !self.has_room() {
            let room = tokio::time::timeout(patience, self.room());
            room.await.map_err(|_| Busy { retry_after: RETRY_AFTER })?;
        }
        Ok(self.permit())
    }

    /// A permit for nothing yet, without asking: for what grows inside (connections, caches).
    pub fn permit(self: &Arc<Self>) -> Permit {
        Permit { budget: Some(Arc::clone(self)), bytes: 0, shared: Vec::new() }
    }

    fn has_room(&self) -> bool {
        self.used() < self.soft
    }

    async fn room(&self) {
        loop {
            let freed = self.freed.notified();
            if self.has_room() {
                return;
            }
            freed.await;
        }
    }

    fn take(&self, bytes: usize) {
        let now = self.used.fetch_add(bytes, Relaxed) + bytes;
        self.peak.fetch_max(now, Relaxed);
    }

    fn try_take(&self, bytes: usize) -> bool {
        let fits = |used: usize| used.checked_add(bytes).filter(|&sum| sum <= self.soft);
        let taken = self.used.fetch_update(Relaxed, Relaxed, fits);
        if let Ok(before) = taken {
            self.peak.fetch_max(before + bytes, Relaxed);
        }
        taken.is_ok()
    }

    fn give_back(&self, bytes: usize) {
        let before = self.used.fetch_sub(bytes, Relaxed);
        if before >= self.soft && before - bytes < self.soft {
            self.freed.notify_waiters();
        }
    }
}

/// Bytes that several permits hold together: given back when the last of them goes.
#[derive(Debug)]
struct Lump {
    budget: Arc<Budget>,
    bytes: usize,
}

impl Drop for Lump {
    fn drop(&mut self) {
        self.budget.give_back(self.bytes);
    }
}

/// A share of the budget, given back when dropped.
#[derive(Debug, Default)]
pub struct Permit {
    budget: Option<Arc<Budget>>,
    bytes: usize,
    shared: Vec<Arc<Lump>>,
}

impl Permit {
    /// A permit that charges nobody: for tests and for data that is accounted elsewhere.
    pub fn none() -> Self {
        Self::default()
    }

    /// Bytes held, alone or together with others.
    pub fn bytes(&self) -> usize {
        self.bytes + self.shared.iter().map(|lump| lump.bytes).sum::<usize>()
    }

    /// Another permit on the same bytes, for data that is shared and not copied.
    #[must_use]
    pub fn share(&mut self) -> Permit {
        if let Some(budget) = &self.budget
            && self.bytes > 0
        {
            let bytes = std::mem::take(&mut self.bytes);
            self.shared.push(Arc::new(Lump { budget: Arc::clone(budget), bytes }));
        }
        Permit { budget: self.budget.clone(), bytes: 0, shared: self.shared.clone() }
    }

    /// Takes `more` bytes, or refuses at once: used while a request is being read.
    pub fn grow(&mut self, more: usize) -> Result<(), Busy> {
        if let Some(budget) = &self.budget {
            if !budget.try_take(more) {
                return Err(Busy { retry_after: RETRY_AFTER });
            }
            self.bytes += more;
        }
        Ok(())
    }

    /// Takes `more` bytes whatever the budget says: used for growth inside.
    pub fn charge(&mut self, more: usize) {
        if let Some(budget) = &self.budget {
            budget.take(more);
            self.bytes += more;
        }
    }

    /// Gives back all but `keep` of the bytes held alone.
    pub fn shrink_to(&mut self, keep: usize) {
        let less = self.bytes.saturating_sub(keep);
        if let Some(budget) = &self.budget {
            budget.give_back(less);
        }
        self.bytes -= less;
    }

    /// Splits off a permit for `bytes` of what is held alone (at most all of it); what is shared
    /// with others stays shared with both.
    #[must_use]
    pub fn split(&mut self, bytes: usize) -> Permit {
        let part = bytes.min(self.bytes);
        self.bytes -= part;
        Permit { budget: self.budget.clone(), bytes: part, shared: self.shared.clone() }
    }

    /// Takes over what `other` holds.
    pub fn merge(&mut self, mut other: Permit) {
        self.shared.append(&mut other.shared);
        self.bytes += std::mem::take(&mut other.bytes);
        self.budget = self.budget.take().or_else(|| other.budget.take());
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_is_refused_at_the_soft_line_and_charges_are_not() {
        let budget = Budget::new(1000);
        let mut permit = budget.permit();
        assert_eq!(permit.grow(800), Ok(()));
        assert!(permit.grow(1).is_err());
        permit.charge(300);
        assert_eq!((budget.used(), permit.bytes()), (1100, 1100));
        permit.shrink_to(10);
        assert_eq!(budget.used(), 10);
        drop(permit);
        assert_eq!((budget.used(), budget.peak()), (0, 1100));
    }

    #[test]
    fn split_and_merge_keep_the_sum() {
        let budget = Budget::new(1000);
        let mut whole = budget.permit();
        whole.charge(100);
        let part = whole.split(30);
        assert_eq!((whole.bytes(), part.bytes(), budget.used()), (70, 30, 100));
        let mut none = Permit::none();
        none.merge(part);
        none.merge(whole);
        assert_eq!((none.bytes(), budget.used()), (100, 100));
        drop(none);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn shared_bytes_are_charged_once_and_until_the_last_holder_goes() {
        let budget = Budget::new(1000);
        let mut one = budget.permit();
        one.charge(100);
        let other = one.share();
        assert_eq!((one.bytes(), other.bytes(), budget.used()), (100, 100, 100));
        one.charge(5);
        drop(other);
        assert_eq!(budget.used(), 105);
        drop(one);
        assert_eq!(budget.used(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn only_who_holds_nothing_waits_and_not_for_long() {
        let budget = Budget::new(1000);
        let mut full = budget.admit(Duration::ZERO).await.unwrap();
        full.grow(800).unwrap();
        assert!(budget.admit(Duration::from_millis(50)).await.is_err());
        let waiting = budget.admit(Duration::from_secs(5));
        tokio::pin!(waiting);
        assert!(futures_util::poll!(&mut waiting).is_pending());
        full.shrink_to(100);
        assert!(waiting.await.is_ok());
    }
}
