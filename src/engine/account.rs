//! What a receiver's data is counted as: the balance, and the Collector's `receiver_*` metrics.

use super::counts::Counts;
use super::ledger::of_signal;
use crate::component::Account;
use crate::otlp::Signal;
use crate::telemetry::{BySignal, Registry, names};
use metrics::Counter;
use std::sync::{Arc, OnceLock};

/// Transports that are told apart.
const TRANSPORTS: [&str; 3] = ["grpc", "http", "file"];

/// One receiver's account.
pub(super) struct Accounts {
    id: Arc<str>,
    registry: Registry,
    counts: [Arc<Counts>; 3],
    lines: [[OnceLock<Line>; TRANSPORTS.len() + 1]; 3],
}

/// One signal over one transport.
struct Line {
    success: Counter,
    refusal: Counter,
    failure: Counter,
    accepted: Counter,
    refused: Counter,
    failed: Counter,
}

impl Accounts {
    pub(super) fn new(id: &Arc<str>, registry: &Registry, counts: [Arc<Counts>; 3]) -> Self {
        Self { id: Arc::clone(id), registry: registry.clone(), counts, lines: Default::default() }
    }

    fn line(&self, signal: Signal, transport: &'static str) -> &Line {
        let at = TRANSPORTS.iter().position(|known| *known == transport).unwrap_or(TRANSPORTS.len());
        self.lines[signal as usize][at].get_or_init(|| {
            let labels = [("receiver", &*self.id), ("transport", transport)];
            let counter = |set: &'static BySignal| self.registry.counter(of_signal(set, signal), &labels);
            let requests = |outcome| {
                let labels = [("outcome", outcome), ("receiver", &*self.id), ("transport", transport)];
                self.registry.counter(&names::RECEIVER_REQUESTS, &labels)
            };
            Line {
                success: requests("success"),
                refusal: requests("refused"),
                failure: requests("failure"),
                accepted: counter(&names::RECEIVER_ACCEPTED),
                refused: counter(&names::RECEIVER_REFUSED),
                failed: counter(&names::RECEIVER_FAILED),
            }
        })
    }
}

impl Account for Accounts {
    fn handed(&self, signal: Signal, items: u64) {
        let counts = &self.counts[signal as usize];
        counts.enter(items);
        counts.leave(items);
    }

    fn accepted(&self, signal: Signal, transport: &'static str, items: u64, rejected: u64) {
        let line = self.line(signal, transport);
        line.success.increment(1);
        line.accepted.increment(items);
        line.refused.increment(rejected);
    }

    fn refused(&self, signal: Signal, transport: &'static str, items: u64, again: bool) {
        let line = self.line(signal, transport);
        if again {
            line.refusal.increment(1);
            line.refused.increment(items);
        } else {
            line.failure.increment(1);
            line.failed.increment(items);
        }
    }
}
