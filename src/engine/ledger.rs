//! Where losses and deliveries are told: own metrics by name, and log lines for people.
//!
//! [`Counts`](super::counts::Counts) are for the balance; the ledger is for dashboards and eyes. One
//! ledger belongs to one node and signal and is cheap to clone.

use super::outbox::Outbox;
use super::report::Role;
use crate::batch::{Retry, Tenant};
use crate::component::Fault;
use crate::otlp::Signal;
use crate::telemetry::{BySignal, CounterDef, Registry, names};
use metrics::{Counter, Gauge};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A node's book.
#[derive(Clone)]
pub(super) struct Ledger(Arc<Book>);

struct Book {
    id: Arc<str>,
    signal: Signal,
    registry: Registry,
    exporter: Option<Exporting>,
    processor: Option<Processing>,
    /// Counters of losses, made when first needed: by tenant and reason.
    losses: Mutex<BTreeMap<(Tenant, &'static str), Counter>>,
    /// The last error, until an attempt succeeds.
    failing: Mutex<Option<String>>,
}

/// What only exporters count.
struct Exporting {
    sent: Counter,
    not_enqueued: Counter,
    retries: Counter,
    in_flight: Gauge,
}

/// What only processors count.
struct Processing {
    incoming: Counter,
    outgoing: Counter,
}

/// Counts a request in flight until it is dropped.
pub(super) struct InFlight<'a>(Option<&'a Gauge>);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        if let Some(gauge) = self.0 {
            gauge.decrement(1.0);
        }
    }
}

/// The counter of a set that counts this signal's items.
pub(super) fn of_signal(set: &'static BySignal, signal: Signal) -> &'static CounterDef {
    match signal {
        Signal::Traces => &set.spans,
        Signal::Metrics => &set.metric_points,
        Signal::Logs => &set.log_records,
    }
}

impl Ledger {
    /// The book of the node `id` for `signal`.
    pub(super) fn new(registry: &Registry, role: Role, id: &Arc<str>, signal: Signal) -> Self {
        let exporter = (role == Role::Exporter).then(|| Exporting {
            sent: registry.counter(of_signal(&names::EXPORTER_SENT, signal), &[("exporter", id)]),
            not_enqueued: registry
                .counter(of_signal(&names::EXPORTER_ENQUEUE_FAILED, signal), &[("exporter", id)]),
            retries: registry.counter(&names::SEND_RETRIES, &[("exporter", id)]),
            in_flight: registry
                .gauge(&names::EXPORTER_IN_FLIGHT, &[("data_type", signal.name()), ("exporter", id)]),
        });
        let labels = [("otel.signal", signal.name()), ("processor", &**id)];
        let processor = (role == Role::Processor).then(|| Processing {
            incoming: registry.counter(&names::PROCESSOR_INCOMING_ITEMS, &labels),
            outgoing: registry.counter(&names::PROCESSOR_OUTGOING_ITEMS, &labels),
        });
        Self(Arc::new(Book {
            processor,
            id: Arc::clone(id),
            signal,
            registry: registry.clone(),
            exporter,
            losses: Mutex::default(),
            failing: Mutex::default(),
        }))
    }

    /// Shows a queue's size and capacity whenever somebody looks.
    pub(super) fn watch(&self, outbox: &Outbox) {
        let Book { id, signal, registry, .. } = &*self.0;
        let labels = [("data_type", signal.name()), ("exporter", &**id)];
        let (size, capacity) = (
            registry.gauge(&names::EXPORTER_QUEUE_SIZE, &labels),
            registry.gauge(&names::EXPORTER_QUEUE_CAPACITY, &labels),
        );
        let level = outbox.level();
        registry.on_snapshot(move || {
            size.set(level.size() as f64);
            capacity.set(level.capacity() as f64);
        });
    }

    /// `items` came into a processor.
    pub(super) fn came_in(&self, items: u64) {
        if let Some(processor) = &self.0.processor {
            processor.incoming.increment(items);
        }
    }

    /// `items` went out of a processor.
    pub(super) fn went_out(&self, items: u64) {
        if let Some(processor) = &self.0.processor {
            processor.outgoing.increment(items);
        }
    }

    /// `items` were dropped on purpose or by a limit.
    pub(super) fn discarded(&self, tenant: &Tenant, reason: &'static str, items: u64) {
        let Book { id, signal, registry, losses, .. } = &*self.0;
        let mut losses = lock(losses);
        let counter = losses.entry((tenant.clone(), reason)).or_insert_with(|| {
            let labels = [
                ("component", &**id),
                ("reason", reason),
                ("signal", signal.name()),
                ("tenant", tenant.name()),
            ];
            registry.counter(&names::DISCARDED_ITEMS, &labels)
        });
        counter.increment(items);
    }

    /// A request was delivered, but for `rejected` items.
    pub(super) fn sent(&self, items: u64, rejected: u64, words: &str) {
        if let Some(exporter) = &self.0.exporter {
            exporter.sent.increment(items);
        }
        *lock(&self.0.failing) = None;
        if rejected > 0 {
            self.discarded(&Tenant::default(), "backend", rejected);
            tracing::warn!(exporter = %self.0.id, signal = %self.0.signal, rejected, message = words,
                "the backend refused some items and took the rest");
        }
    }

    /// An attempt failed and will be repeated.
    pub(super) fn will_retry(&self, fault: &Fault, pause: Duration) {
        if let Some(exporter) = &self.0.exporter {
            exporter.retries.increment(1);
        }
        *lock(&self.0.failing) = Some(fault.to_string());
        tracing::info!(exporter = %self.0.id, signal = %self.0.signal, error = %fault, interval = ?pause,
            "exporting failed, will retry the request after the interval");
    }

    /// A request ended undelivered.
    pub(super) fn dropped(&self, fault: &Fault, items: u64) {
        self.failed(fault.label, fault.retry == Retry::Never, items);
        *lock(&self.0.failing) = Some(fault.to_string());
        tracing::error!(exporter = %self.0.id, signal = %self.0.signal, error = %fault, dropped_items = items,
            "exporting failed, dropping data");
    }

    /// Items were still on their way when the gateway had to end.
    pub(super) fn abandoned(&self, reason: &'static str, items: u64) {
        self.failed(reason, false, items);
        tracing::error!(exporter = %self.0.id, signal = %self.0.signal, reason, dropped_items = items,
            "stopped before the data was delivered");
    }

    /// The backend has no way to take these items.
    pub(super) fn left_out(&self, tenant: &Tenant, reason: &'static str, items: u64) {
        self.discarded(tenant, reason, items);
    }

    /// Items found no place in the queue; their sender was told.
    pub(super) fn not_enqueued(&self, items: u64) {
        if let Some(exporter) = &self.0.exporter {
            exporter.not_enqueued.increment(items);
        }
    }

    fn failed(&self, reason: &'static str, permanent: bool, items: u64) {
        let Book { id, signal, registry, .. } = &*self.0;
        let permanent = if permanent { "true" } else { "false" };
        let labels = [("error.permanent", permanent), ("error.type", reason), ("exporter", &**id)];
        registry.counter(of_signal(&names::EXPORTER_SEND_FAILED, *signal), &labels).increment(items);
        self.discarded(&Tenant::default(), reason, items);
    }

    /// Something failed that costs no data by itself.
    pub(super) fn failing(&self, fault: &Fault) {
        *lock(&self.0.failing) = Some(fault.to_string());
        tracing::error!(exporter = %self.0.id, error = %fault, "exporting failed");
    }

    /// The node's id and its last error, if it fails now.
    pub(super) fn failure(&self) -> Option<(String, String)> {
        lock(&self.0.failing).clone().map(|error| (self.0.id.to_string(), error))
    }

    /// Counts a request in flight.
    pub(super) fn in_flight(&self) -> InFlight<'_> {
        let gauge = self.0.exporter.as_ref().map(|exporter| &exporter.in_flight);
        if let Some(gauge) = gauge {
            gauge.increment(1.0);
        }
        InFlight(gauge)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
