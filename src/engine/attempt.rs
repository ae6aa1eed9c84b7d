//! One request until its end: attempts, pauses, division, and the verdict.
//!
//! A request ends delivered, in part or as a whole; refused for good; given up after its time; or
//! abandoned at shutdown. Each end is counted and settles the claim; a request that is dropped on
//! its way counts itself as abandoned, so none can vanish.

use super::backoff::Backoff;
use super::counts::Counts;
use super::ledger::Ledger;
use crate::batch::{Batch, Claim, Outcome, Permit, Reason, Retry};
use crate::component::{AnyExporter, AnyRequest, Delivery, Fault, Random, Request, Requests, Sent, Stop};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// What all requests of one exporter and signal share.
pub(super) struct Attempts {
    pub(super) exporter: Arc<dyn AnyExporter>,
    pub(super) settings: Delivery,
    pub(super) counts: Arc<Counts>,
    pub(super) ledger: Ledger,
    pub(super) random: Arc<dyn Random>,
    pub(super) stop: Stop,
}

/// A request under way.
pub(super) struct Delivering {
    body: AnyRequest,
    items: u64,
    claim: Option<Claim>,
    _permit: Permit,
    counts: Arc<Counts>,
    ledger: Ledger,
}

/// Why what was under way at the deadline is lost.
const SHUTDOWN: Reason = Reason::new("shutdown", "the gateway was stopped before the data was delivered");

impl Delivering {
    fn end(&mut self, outcome: &Outcome) {
        if let Some(claim) = self.claim.take() {
            claim.settle(outcome);
        }
    }
}

impl Drop for Delivering {
    fn drop(&mut self) {
        if let Some(claim) = self.claim.take() {
            self.counts.discard(self.items);
            self.ledger.abandoned(SHUTDOWN.label, self.items);
            claim.settle(&Outcome::retry(Retry::Backoff, SHUTDOWN));
        }
    }
}

/// How an attempt went.
enum Verdict {
    Done(Sent),
    Failed(Fault),
}

impl Attempts {
    /// How many requests are sent at once.
    pub(super) fn consumers(&self) -> u64 {
        u64::from(self.settings.queue.num_consumers)
    }

    /// Turns a batch into requests that count themselves, each with its lane. What this backend
    /// cannot take ends here.
    pub(super) fn encode(&self, batch: Batch) -> Vec<(Delivering, Option<u64>)> {
        let Batch { data, ctx, mut claim, mut permit } = batch;
        let (mut left, mut encoded) = (data.items(), Requests::default());
        if let Err(fault) = self.exporter.encode(data, &ctx, &mut encoded) {
            self.counts.discard(left);
            self.ledger.dropped(&fault, left);
            claim.settle(&Outcome::retry(fault.retry, fault.reason()));
            return Vec::new();
        }
        for (reason, items) in encoded.left_out {
            left = left.saturating_sub(items);
            self.counts.discard(items);
            self.ledger.left_out(&ctx.origin.tenant, reason, items);
            claim.lose(items, |items| {
                Outcome::rejected(items, Reason::new(reason, "this backend cannot take the items"))
            });
        }
        if encoded.requests.iter().any(|request| request.lane.is_some()) {
            claim.blur();
        }
        let requests = encoded.requests.into_iter().map(|Request { body, items, lane }| {
            let rest = claim.split_off(items);
            let share = std::mem::replace(&mut claim, rest);
            (self.part(body, items, share, permit.share()), lane)
        });
        let requests = requests.collect();
        claim.settle(&Outcome::default());
        requests
    }

    fn part(&self, body: AnyRequest, items: u64, claim: Claim, permit: Permit) -> Delivering {
        let (counts, ledger) = (Arc::clone(&self.counts), self.ledger.clone());
        Delivering { body, items, claim: Some(claim), _permit: permit, counts, ledger }
    }

    /// Takes on a batch that comes out of the queue. One whose sender has given up while nobody owned
    /// it ends here: it was refused and must not be delivered.
    pub(super) fn take_on(&self, mut batch: Batch) -> Option<Batch> {
        if batch.claim.own() {
            return Some(batch);
        }
        self.counts.refuse(batch.items());
        None
    }

    /// Counts a batch that was still queued at the deadline.
    pub(super) fn abandon(&self, batch: Batch) {
        let items = batch.items();
        self.counts.discard(items);
        self.ledger.abandoned(SHUTDOWN.label, items);
        batch.claim.settle(&Outcome::retry(Retry::Backoff, SHUTDOWN));
    }

    /// Sends a request until it comes to an end.
    pub(super) async fn deliver(&self, mut request: Delivering) {
        let (mut backoff, began) = (Backoff::new(&self.settings.retry), Instant::now());
        loop {
            let fault = match self.attempt(&request.body).await {
                Verdict::Done(sent) => return self.delivered(request, &sent),
                Verdict::Failed(fault) => fault,
            };
            if fault.divide
                && let Some(halves) = self.exporter.split(&request.body)
            {
                return self.deliver_halves(request, halves).await;
            }
            let next = backoff.next(&self.settings.retry, fault.retry, began.elapsed(), self.random.as_ref());
            let Some(pause) = next else { return self.given_up(request, &fault) };
            self.ledger.will_retry(&fault, pause);
            if !self.pause(pause).await {
                request.end(&Outcome::retry(Retry::Backoff, SHUTDOWN));
                self.counts.discard(request.items);
                return self.ledger.abandoned(SHUTDOWN.label, request.items);
            }
        }
    }

    async fn attempt(&self, body: &AnyRequest) -> Verdict {
        let _in_flight = self.ledger.in_flight();
        let sending = self.exporter.send(body);
        let result = if self.settings.timeout.is_zero() {
            sending.await
        } else {
            let late = || Fault::passing("timeout", format!("no answer within {:?}", self.settings.timeout));
            tokio::time::timeout(self.settings.timeout, sending).await.unwrap_or_else(|_| Err(late()))
        };
        result.map_or_else(Verdict::Failed, Verdict::Done)
    }

    /// Waits before the next attempt. A stop cuts the pause short, since there may be no later; at
    /// its deadline there is no next attempt.
    async fn pause(&self, pause: Duration) -> bool {
        let mut stop = self.stop.clone();
        let pause = match stop.deadline() {
            Some(by) if Instant::now() >= by => return false,
            Some(_) => pause.min(LAST_PAUSE),
            None => pause,
        };
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            _ = stop.requested(), if stop.deadline().is_none() => {}
        }
        true
    }

    fn delivered(&self, mut request: Delivering, sent: &Sent) {
        let rejected = sent.rejected.min(request.items);
        let delivered = request.items - rejected;
        self.counts.leave(delivered);
        self.counts.discard(rejected);
        self.ledger.sent(delivered, rejected, &sent.message);
        let reason = (rejected > 0).then(|| Reason::new("backend", "the backend refused some items"));
        request.end(&Outcome { delivered, rejected, reason, ..Outcome::default() });
    }

    /// The end of a request that will not be sent again. A sender that still waits may try itself,
    /// if it is worth trying.
    fn given_up(&self, mut request: Delivering, fault: &Fault) {
        let waits = request.claim.as_ref().is_some_and(|claim| !claim.is_held());
        if waits {
            self.counts.refuse(request.items);
        } else {
            self.counts.discard(request.items);
        }
        self.ledger.dropped(fault, request.items);
        request.end(&Outcome::retry(fault.retry, fault.reason()));
    }

    async fn deliver_halves(&self, mut request: Delivering, halves: [(AnyRequest, u64); 2]) {
        let Some(mut claim) = request.claim.take() else { return };
        let [(first, items), (second, rest)] = halves;
        let second_claim = claim.split_off(items);
        // Both count themselves from here on, whatever ends first; one after the other, so that a lane
        // keeps its order. Their memory is charged by the whole.
        let first = self.part(first, items, claim, Permit::none());
        let second = self.part(second, rest, second_claim, Permit::none());
        Box::pin(self.deliver(first)).await;
        Box::pin(self.deliver(second)).await;
    }
}

/// The longest pause once the gateway is about to stop.
const LAST_PAUSE: Duration = Duration::from_millis(500);
