//! What every node counts, so that a report can balance.
//!
//! At a processor: entered + created = left + absorbed + discarded + refused + held. At an exporter
//! "left" is what was delivered and "discarded" what was given up. Each is counted where it happens
//! and none is derived from the others, so that the balance can fail.

use serde::Serialize;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The counters of one node and signal, in items.
#[derive(Debug, Default)]
pub struct Counts {
    entered: AtomicU64,
    created: AtomicU64,
    left: AtomicU64,
    absorbed: AtomicU64,
    discarded: AtomicU64,
    refused: AtomicU64,
    held: AtomicU64,
}

/// One moment of [`Counts`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sums {
    /// Came in.
    pub entered: u64,
    /// Made here.
    pub created: u64,
    /// Went out; at an exporter: delivered.
    pub left: u64,
    /// Merged into others.
    pub absorbed: u64,
    /// Dropped, with a reason; at an exporter: abandoned.
    pub discarded: u64,
    /// Refused: the sender was told to send again.
    pub refused: u64,
    /// Still here.
    pub held: u64,
}

impl Counts {
    /// `items` came in.
    pub fn enter(&self, items: u64) {
        self.entered.fetch_add(items, Relaxed);
    }

    /// `items` were made here.
    pub fn create(&self, items: u64) {
        self.created.fetch_add(items, Relaxed);
    }

    /// `items` went out.
    pub fn leave(&self, items: u64) {
        self.left.fetch_add(items, Relaxed);
    }

    /// `items` were merged into others.
    pub fn absorb(&self, items: u64) {
        self.absorbed.fetch_add(items, Relaxed);
    }

    /// `items` were dropped.
    pub fn discard(&self, items: u64) {
        self.discarded.fetch_add(items, Relaxed);
    }

    /// `items` were refused.
    pub fn refuse(&self, items: u64) {
        self.refused.fetch_add(items, Relaxed);
    }

    /// `items` are held now.
    pub fn hold(&self, items: u64) {
        self.held.store(items, Relaxed);
    }

    /// The sums now.
    pub fn sums(&self) -> Sums {
        Sums {
            entered: self.entered.load(Relaxed),
            created: self.created.load(Relaxed),
            left: self.left.load(Relaxed),
            absorbed: self.absorbed.load(Relaxed),
            discarded: self.discarded.load(Relaxed),
            refused: self.refused.load(Relaxed),
            held: self.held.load(Relaxed),
        }
    }
}

impl Sums {
    /// Whether what came in is all accounted for.
    pub fn balances(&self) -> bool {
        self.entered + self.created == self.left + self.absorbed + self.discarded + self.refused + self.held
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_balances_when_everything_is_accounted_for() {
        let counts = Counts::default();
        counts.enter(10);
        counts.create(1);
        counts.leave(4);
        counts.discard(3);
        counts.absorb(1);
        counts.refuse(1);
        assert!(!counts.sums().balances());
        counts.hold(2);
        assert!(counts.sums().balances());
    }
}
