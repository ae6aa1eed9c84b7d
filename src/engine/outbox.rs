//! The queue in front of an exporter: bounded by requests, items or bytes.
//!
//! The bound is a semaphore in the queue's own unit; a place is a share of it that travels with the
//! batch until the batch is taken out. Entering is the moment at which the sender is answered
//! (unless it waits for the result), so whoever enters has first to become the owner.

use super::counts::Counts;
use super::ledger::Ledger;
use crate::batch::{Batch, Sizer};
use crate::component::Queue;
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// The way into one exporter's queue for one signal. Cheap to clone; the queue is closed when the
/// last is gone.
#[derive(Clone)]
pub(super) struct Outbox {
    sender: mpsc::Sender<Queued>,
    shared: Arc<Shared>,
    counts: Arc<Counts>,
    ledger: Ledger,
}

struct Shared {
    room: Arc<Semaphore>,
    capacity: u64,
    sizer: Sizer,
    /// Requests, items or bytes for each unit of the semaphore.
    scale: u64,
    blocks: bool,
    holds: bool,
}

/// What the exporter's side takes out.
pub(super) struct Queued {
    pub(super) batch: Batch,
    /// Kept until the batch leaves the queue.
    pub(super) room: OwnedSemaphorePermit,
}

/// A place in the queue.
pub(super) struct Place {
    slot: mpsc::OwnedPermit<Queued>,
    room: OwnedSemaphorePermit,
    holds: bool,
    counts: Arc<Counts>,
}

/// How many wait in front of an exporter without a queue: as many as are sent at once.
const DIRECT: u64 = 64;

impl Outbox {
    /// A queue by its settings, and the end that is emptied.
    pub(super) fn new(queue: &Queue, counts: Arc<Counts>, ledger: Ledger) -> (Self, mpsc::Receiver<Queued>) {
        let (capacity, sizer) =
            if queue.enabled { (queue.queue_size, queue.sizer) } else { (DIRECT, Sizer::Requests) };
        let scale = capacity.div_ceil(u64::from(u32::MAX)).max(1);
        let units = capacity.div_ceil(scale).max(1) as usize;
        let (sender, receiver) = mpsc::channel(units.min(Semaphore::MAX_PERMITS));
        let shared = Shared {
            room: Arc::new(Semaphore::new(units)),
            capacity,
            sizer,
            scale,
            blocks: queue.block_on_overflow || !queue.enabled,
            holds: queue.enabled && !queue.wait_for_result,
        };
        (Self { sender, shared: Arc::new(shared), counts, ledger }, receiver)
    }

    /// A way into the same queue that counts elsewhere: for another signal.
    pub(super) fn counted_by(&self, counts: Arc<Counts>, ledger: Ledger) -> Self {
        Self { counts, ledger, ..self.clone() }
    }

    /// Whether a full queue makes everybody wait.
    pub(super) fn blocks(&self) -> bool {
        self.shared.blocks
    }

    /// Counts a batch that found no place.
    pub(super) fn not_enqueued(&self, batch: &Batch) {
        self.ledger.not_enqueued(batch.items());
    }

    /// The queue's level, without keeping it open.
    pub(super) fn level(&self) -> Level {
        Level(Arc::clone(&self.shared))
    }

    fn units(&self, batch: &Batch) -> u32 {
        let Shared { sizer, scale, capacity, .. } = &*self.shared;
        let size = sizer.size(batch).min(*capacity).div_ceil(*scale).max(1);
        u32::try_from(size).unwrap_or(u32::MAX)
    }

    /// Waits for a place; none if the queue is closed.
    pub(super) async fn reserve(&self, batch: &Batch) -> Option<Place> {
        let room = Arc::clone(&self.shared.room).acquire_many_owned(self.units(batch)).await.ok()?;
        let slot = self.sender.clone().reserve_owned().await.ok()?;
        Some(Place { slot, room, holds: self.shared.holds, counts: Arc::clone(&self.counts) })
    }

    /// A place, if there is one now.
    pub(super) fn try_reserve(&self, batch: &Batch) -> Option<Place> {
        let room = Arc::clone(&self.shared.room).try_acquire_many_owned(self.units(batch)).ok()?;
        let slot = self.sender.clone().try_reserve_owned().ok()?;
        Some(Place { slot, room, holds: self.shared.holds, counts: Arc::clone(&self.counts) })
    }
}

/// How full a queue is.
pub(super) struct Level(Arc<Shared>);

impl Level {
    /// What the queue holds at the most, in its unit.
    pub(super) fn capacity(&self) -> u64 {
        self.0.capacity
    }

    /// What it holds now, in its unit.
    pub(super) fn size(&self) -> u64 {
        let free = self.0.room.available_permits() as u64 * self.0.scale;
        self.0.capacity.saturating_sub(free)
    }
}

impl Place {
    /// Enters, as the new owner of the batch; a batch whose sender has given up is left behind.
    pub(super) fn enter(self, mut batch: Batch) {
        let items = batch.items();
        self.counts.enter(items);
        if self.holds && !batch.claim.hold() {
            // Dropped unsettled: that never acknowledges.
            return self.counts.refuse(items);
        }
        self.slot.send(Queued { batch, room: self.room });
    }
}
