//! What became of some data: counts that add up over splits, and what the sender should do next.

use std::borrow::Cow;
use std::time::Duration;

/// Why data was lost or refused: a short constant for counters, words for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// A label of few values, for example `queue_full`.
    pub label: &'static str,
    /// A sentence for the sender and the log; holds no payload, path or secret.
    pub text: Cow<'static, str>,
}

impl Reason {
    /// A reason whose words are constant.
    pub const fn new(label: &'static str, text: &'static str) -> Self {
        Self { label, text: Cow::Borrowed(text) }
    }

    /// A reason with words of its own.
    pub fn told(label: &'static str, text: impl Into<String>) -> Self {
        Self { label, text: Cow::Owned(text.into()) }
    }
}

/// Whether and when the same data is worth sending again. Ordered: the later is the more urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Retry {
    /// It will never be taken.
    Never,
    /// After the sender's own pause.
    Backoff,
    /// Not before this long.
    After(Duration),
}

/// What became of the items of one request, added up over all its parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Items that have an owner (or, where asked, arrived).
    pub delivered: u64,
    /// Items dropped on purpose by sampling, filters or limits.
    pub discarded: u64,
    /// Items refused for good: the sender is told, and must not repeat them.
    pub rejected: u64,
    /// Set if the request must be repeated as a whole.
    pub retry: Option<Retry>,
    /// Why, for the first refusal.
    pub reason: Option<Reason>,
}

impl Outcome {
    /// All `items` have an owner.
    pub fn delivered(items: u64) -> Self {
        Self { delivered: items, ..Self::default() }
    }

    /// All `items` were dropped on purpose.
    pub fn discarded(items: u64) -> Self {
        Self { discarded: items, ..Self::default() }
    }

    /// All `items` were refused for good.
    pub fn rejected(items: u64, reason: Reason) -> Self {
        Self { rejected: items, reason: Some(reason), ..Self::default() }
    }

    /// Nothing was taken: the request is to be sent again.
    pub fn retry(when: Retry, reason: Reason) -> Self {
        Self { retry: Some(when), reason: Some(reason), ..Self::default() }
    }

    /// Whether the request must be sent again.
    pub fn is_retry(&self) -> bool {
        self.retry.is_some_and(|retry| retry != Retry::Never)
    }

    /// Adds the outcome of another part of the same request.
    pub fn add(&mut self, other: Outcome) {
        self.delivered += other.delivered;
        self.discarded += other.discarded;
        self.rejected += other.rejected;
        self.retry = self.retry.max(other.retry);
        self.reason = self.reason.take().or(other.reason);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_add_up_and_the_most_urgent_retry_wins() {
        let mut sum = Outcome::delivered(3);
        sum.add(Outcome::rejected(2, Reason::new("too_old", "too old")));
        sum.add(Outcome::retry(Retry::Backoff, Reason::new("busy", "busy")));
        sum.add(Outcome::retry(Retry::After(Duration::from_secs(2)), Reason::new("busy", "busy")));
        assert_eq!((sum.delivered, sum.rejected), (3, 2));
        assert_eq!(sum.retry, Some(Retry::After(Duration::from_secs(2))));
        assert_eq!(sum.reason.as_ref().map(|reason| reason.label), Some("too_old"));
        assert!(sum.is_retry() && !Outcome::delivered(1).is_retry());
    }
}
