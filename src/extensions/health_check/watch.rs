//! Since when what is as it is: the gateway's phase, and its failing components.
//!
//! The gateway tells only how it is now, so somebody has to look regularly: whoever asks, and once a second [`Watch::look`]
//! from the extension's own loop.

use crate::batch::Time;
use crate::component::{Clock, Status};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Where the gateway is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Not ready yet.
    Starting,
    /// Takes data.
    Ready,
    /// Not ready any more.
    Stopping,
}

/// A component's failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Failure {
    /// Its last error.
    pub(super) error: String,
    /// When it was first seen failing.
    pub(super) since: Time,
}

/// What was seen.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    pub(super) phase: Phase,
    /// Since when.
    pub(super) since: Time,
    /// By the component's id.
    pub(super) failing: BTreeMap<String, Failure>,
}

/// Looks at the gateway and remembers.
pub(super) struct Watch {
    clock: Arc<dyn Clock>,
    status: Arc<dyn Status>,
    started: Time,
    seen: Mutex<Seen>,
}

impl Watch {
    /// Begins now.
    pub(super) fn new(clock: Arc<dyn Clock>, status: Arc<dyn Status>) -> Self {
        let started = clock.now();
        let seen = Seen { phase: Phase::Starting, since: started, failing: BTreeMap::new() };
        Self { clock, status, started, seen: Mutex::new(seen) }
    }

    /// When it began.
    pub(super) fn started(&self) -> Time {
        self.started
    }

    /// Now.
    pub(super) fn now(&self) -> Time {
        self.clock.now()
    }

    /// The gateway's graph, as it describes itself.
    pub(super) fn describe(&self) -> serde_json::Value {
        self.status.describe()
    }

    /// Whether the gateway takes data.
    pub(super) fn is_ready(&self) -> bool {
        self.status.is_ready()
    }

    /// Looks, and gives what is known then.
    pub(super) fn look(&self) -> Seen {
        let (now, ready) = (self.clock.now(), self.status.is_ready());
        let failing = self.status.failing();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let phase = match (ready, seen.phase) {
            (true, _) => Phase::Ready,
            (false, Phase::Starting) => Phase::Starting,
            (false, _) => Phase::Stopping,
        };
        if phase != seen.phase {
            (seen.phase, seen.since) = (phase, now);
        }
        let known = std::mem::take(&mut seen.failing);
        for (id, error) in failing {
            let since = known.get(&id).map_or(now, |failure| failure.since);
            seen.failing.entry(id).or_insert(Failure { error, since });
        }
        seen.clone()
    }
}
