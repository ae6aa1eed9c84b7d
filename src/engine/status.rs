//! How the gateway fares: what health checks and pages ask.

use super::ledger::Ledger;
use super::report::{Counted, Report};
use crate::batch::Budget;
use crate::component::Status;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};

/// The state that outlives the start: filled in as the parts come up.
#[derive(Default)]
pub(super) struct Condition {
    ready: AtomicBool,
    parts: OnceLock<Parts>,
}

pub(super) struct Parts {
    pub(super) nodes: Vec<Counted>,
    pub(super) ledgers: Vec<Ledger>,
    pub(super) budget: Arc<Budget>,
}

impl Condition {
    pub(super) fn ready(&self, ready: bool) {
        self.ready.store(ready, Relaxed);
    }

    /// Called once, when the graph stands.
    pub(super) fn stands(&self, parts: Parts) {
        let _ = self.parts.set(parts);
    }

    /// The counters as they are now.
    pub(super) fn report(&self) -> Report {
        self.parts.get().map(|parts| Report::of(&parts.nodes)).unwrap_or_default()
    }
}

impl Status for Condition {
    fn is_ready(&self) -> bool {
        self.ready.load(Relaxed)
    }

    fn describe(&self) -> Value {
        let Some(parts) = self.parts.get() else { return Value::Null };
        let Parts { budget, .. } = parts;
        json!({
            "ready": self.is_ready(),
            "memory": { "used_bytes": budget.used(), "peak_bytes": budget.peak(),
                "admits_up_to_bytes": budget.admits_up_to(), "limit_bytes": budget.limit() },
            "nodes": self.report().nodes,
            "failing": self.failing().into_iter().map(|(id, error)| json!({ "id": id, "error": error }))
                .collect::<Vec<_>>(),
        })
    }

    fn failing(&self) -> Vec<(String, String)> {
        let ledgers = self.parts.get().map(|parts| parts.ledgers.as_slice()).unwrap_or_default();
        ledgers.iter().filter_map(Ledger::failure).collect()
    }
}
