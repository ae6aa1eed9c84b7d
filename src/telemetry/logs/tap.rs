//! The tap: log events for those who push them as OTLP.
//!
//! Bounded, and never waited for: a log statement must not block on a backend. What does not fit is counted.
//! Events of weft's own telemetry are left out, or a failing push would feed itself.

use metrics::Counter;
use tokio::sync::mpsc::{Receiver, Sender, channel as bounded};

use super::event::LogEvent;
use crate::telemetry::names;
use crate::telemetry::registry::Registry;

/// How many events wait for the pushing side.
pub const TAP_CAPACITY: usize = 1024;

/// Modules whose events are not pushed.
const OWN: &str = "weft::telemetry";

#[derive(Debug)]
pub(super) struct Tap {
    sender: Sender<LogEvent>,
    lost: Counter,
}

impl Tap {
    pub(super) fn offer(&self, event: impl FnOnce() -> LogEvent, target: &str) {
        if target.starts_with(OWN) {
            return;
        }
        match self.sender.try_reserve() {
            Ok(place) => place.send(event()),
            Err(_) => self.lost.increment(1),
        }
    }
}

pub(super) fn channel(registry: &Registry) -> (Tap, Receiver<LogEvent>) {
    let (sender, receiver) = bounded(TAP_CAPACITY);
    (Tap { sender, lost: registry.counter(&names::LOG_EVENTS_LOST, &[]) }, receiver)
}
