//! From the queue to the backend: gathers, encodes, and sends with a bound on what is in flight.
//!
//! One task for each exporter and signal. A slot is taken before a batch is taken out of the queue,
//! so that a slow backend fills the queue and the queue pushes back. Requests of one lane go out in
//! order, one at a time; the others are free.

use super::attempt::{Attempts, Delivering};
use super::outbox::Queued;
use crate::batch::{Batch, Gather, Gathered};
use crate::component::{Clock, Stop};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;

/// The task that empties one queue.
pub(super) struct Dispatch {
    pub(super) input: mpsc::Receiver<Queued>,
    pub(super) gather: Option<Gather>,
    pub(super) consumers: usize,
    pub(super) attempts: Arc<Attempts>,
    pub(super) clock: Arc<dyn Clock>,
}

/// What is under way.
struct Flight {
    slots: Arc<Semaphore>,
    free: JoinSet<()>,
    lanes: HashMap<u64, Lane>,
    attempts: Arc<Attempts>,
}

/// Requests that wait for the one before them; the lane's task takes them in order.
struct Lane {
    sender: mpsc::Sender<(Delivering, OwnedSemaphorePermit)>,
}

impl Dispatch {
    /// Sends until the queue is closed and empty, or the deadline has come.
    pub(super) async fn run(mut self, mut stop: Stop) {
        let slots = Arc::new(Semaphore::new(self.consumers));
        let attempts = Arc::clone(&self.attempts);
        let mut flight = Flight { slots, free: JoinSet::new(), lanes: HashMap::new(), attempts };
        let mut ready = VecDeque::new();
        let work = async {
            while let Some(slot) = flight.slot().await {
                let Some(batch) = self.next(&mut ready).await else { break };
                flight.send(batch, slot).await;
            }
            flight.landed().await;
        };
        tokio::select! {
            () = work => {}
            () = super::too_late(&mut stop) => {}
        }
        flight.free.shutdown().await;
        self.abandon(ready).await;
    }

    /// The next batch to send; none when all is sent.
    async fn next(&mut self, ready: &mut VecDeque<Batch>) -> Option<Batch> {
        loop {
            if let Some(batch) = ready.pop_front() {
                return Some(batch);
            }
            let Some(gather) = &mut self.gather else {
                let batch = self.input.recv().await?.batch;
                ready.extend(self.attempts.take_on(batch));
                continue;
            };
            let wake = gather.next();
            let mut let_go = |batch: Batch, _: Gathered| ready.push_back(batch);
            tokio::select! {
                biased;
                queued = self.input.recv() => match queued {
                    Some(Queued { batch, .. }) => {
                        if let Some(batch) = self.attempts.take_on(batch) {
                            gather.add(batch, self.clock.now(), &mut let_go);
                        }
                    }
                    None if gather.origins() == 0 => return None,
                    None => gather.flush(&mut let_go),
                },
                () = super::sleep_until(wake, self.clock.as_ref()) => {}
            }
            // Also when more came in: a busy queue must not hold back what has waited long enough.
            gather.due(self.clock.now(), &mut let_go);
        }
    }

    /// Counts what the deadline left behind, and what still comes from those who had reserved a place.
    async fn abandon(&mut self, ready: VecDeque<Batch>) {
        self.input.close();
        ready.into_iter().for_each(|batch| self.attempts.abandon(batch));
        if let Some(gather) = &mut self.gather {
            gather.flush(|batch, _| self.attempts.abandon(batch));
        }
        while let Some(Queued { batch, room }) = self.input.recv().await {
            drop(room);
            self.attempts.abandon(batch);
        }
    }
}

impl Flight {
    async fn slot(&mut self) -> Option<OwnedSemaphorePermit> {
        while self.free.try_join_next().is_some() {}
        Arc::clone(&self.slots).acquire_owned().await.ok()
    }

    async fn send(&mut self, batch: Batch, slot: OwnedSemaphorePermit) {
        let mut slot = Some(slot);
        for (request, lane) in self.attempts.encode(batch) {
            let slot = match slot.take() {
                Some(slot) => Some(slot),
                None => self.slot().await,
            };
            let Some(slot) = slot else { return };
            self.launch(request, lane, slot).await;
        }
    }

    async fn launch(&mut self, delivering: Delivering, lane: Option<u64>, slot: OwnedSemaphorePermit) {
        let Some(lane) = lane else {
            let attempts = Arc::clone(&self.attempts);
            self.free.spawn(async move {
                attempts.deliver(delivering).await;
                drop(slot);
            });
            return;
        };
        // As many lanes as slots: equal lanes share a task, and so keep their order.
        let number = lane % self.attempts.consumers().max(1);
        let sender = self.lane(number);
        // A lane's task ends only with the flight, and then nothing is launched any more.
        let _ = sender.send((delivering, slot)).await;
    }

    fn lane(&mut self, number: u64) -> mpsc::Sender<(Delivering, OwnedSemaphorePermit)> {
        let Self { lanes, free, attempts, .. } = self;
        let lane = lanes.entry(number).or_insert_with(|| {
            let (sender, mut waiting) = mpsc::channel::<(Delivering, OwnedSemaphorePermit)>(1);
            let attempts = Arc::clone(attempts);
            free.spawn(async move {
                while let Some((delivering, slot)) = waiting.recv().await {
                    attempts.deliver(delivering).await;
                    drop(slot);
                }
            });
            Lane { sender }
        });
        lane.sender.clone()
    }

    /// Waits until everything under way has come to its end.
    async fn landed(&mut self) {
        self.lanes.clear();
        while self.free.join_next().await.is_some() {}
    }
}
