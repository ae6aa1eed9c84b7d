//! Fan-out: a batch enters all branches or none.
//!
//! A place is reserved in every branch before the batch enters any. A batch that somebody holds
//! waits for its places; one that nobody holds is refused as a whole if an exporter's queue that
//! does not block is full, so that its sender repeats it and no branch gets it twice.

use super::counts::Counts;
use super::outbox::{Outbox, Place as QueuePlace};
use crate::batch::{Batch, Outcome, Reason, Retry};
use crate::component::{Arriving, Inlet};
use smallvec::SmallVec;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// Where a branch leads.
#[derive(Clone)]
pub(super) enum Branch {
    /// Into a pipeline or a connector.
    Worker(Inlet),
    /// Into an exporter's queue.
    Outbox(Outbox),
}

/// A reserved place in one branch.
enum Place {
    Worker(mpsc::OwnedPermit<Arriving>),
    Outbox(QueuePlace),
}

/// The branches at the end of a pipeline.
pub(super) struct FanOut {
    branches: Vec<Branch>,
    counts: Arc<Counts>,
}

/// Why a batch is refused at the end of its pipeline.
const FULL: Reason = Reason::new("queue_full", "an exporter's sending queue is full");
/// How long a sender is told to wait for a place in a queue.
const FULL_PAUSE: Duration = Duration::from_secs(1);
/// Why a batch finds nobody.
const CLOSED: Reason = Reason::new("shutdown", "the gateway is shutting down");

impl FanOut {
    pub(super) fn new(branches: Vec<Branch>, counts: Arc<Counts>) -> Self {
        Self { branches, counts }
    }

    /// Sends a batch into every branch, waiting as long as it takes where waiting is right.
    pub(super) async fn send(&self, batch: Batch) {
        self.counts.enter(batch.items());
        let places = self.places(&batch).await;
        self.enter(places, batch);
    }

    /// The same, until `late` comes.
    pub(super) async fn send_unless(&self, batch: Batch, late: impl Future<Output = ()>) {
        self.counts.enter(batch.items());
        let places = tokio::select! {
            biased;
            places = self.places(&batch) => places,
            () = late => Err(Outcome::retry(Retry::Backoff, CLOSED)),
        };
        self.enter(places, batch);
    }

    async fn places(&self, batch: &Batch) -> Result<SmallVec<[Place; 2]>, Outcome> {
        let mut places = SmallVec::new();
        for branch in &self.branches {
            places.push(branch.reserve(batch).await?);
        }
        Ok(places)
    }

    fn enter(&self, places: Result<SmallVec<[Place; 2]>, Outcome>, mut batch: Batch) {
        let items = batch.items();
        let mut places = match places {
            Ok(places) => places,
            Err(outcome) => return self.refuse(batch, &outcome),
        };
        self.counts.leave(items);
        let Some(last) = places.pop() else {
            return batch.claim.settle(&Outcome::delivered(items));
        };
        for place in places {
            place.enter(batch.share());
        }
        last.enter(batch);
    }

    /// Nobody holds the batch: its sender repeats it. Somebody does (only at the end of a shutdown):
    /// it is lost, and counted as such.
    fn refuse(&self, batch: Batch, outcome: &Outcome) {
        if batch.claim.is_held() {
            self.counts.discard(batch.items());
        } else {
            self.counts.refuse(batch.items());
        }
        batch.claim.settle(outcome);
    }
}

impl Branch {
    async fn reserve(&self, batch: &Batch) -> Result<Place, Outcome> {
        match self {
            Branch::Worker(inlet) => {
                let place = inlet.reserve().await.map(Place::Worker);
                place.ok_or_else(|| Outcome::retry(Retry::Backoff, CLOSED))
            }
            Branch::Outbox(outbox) if batch.claim.is_held() || outbox.blocks() => {
                let place = outbox.reserve(batch).await.map(Place::Outbox);
                place.ok_or_else(|| Outcome::retry(Retry::Backoff, CLOSED))
            }
            Branch::Outbox(outbox) => {
                let place = outbox.try_reserve(batch).map(Place::Outbox);
                place.ok_or_else(|| {
                    outbox.not_enqueued(batch);
                    Outcome::retry(Retry::After(FULL_PAUSE), FULL)
                })
            }
        }
    }
}

impl Place {
    fn enter(self, batch: Batch) {
        match self {
            Place::Worker(place) => {
                place.send(Arriving { batch, on_its_way: None });
            }
            Place::Outbox(place) => place.enter(batch),
        }
    }
}
