//! A worker: one task that owns a chain of processors and feeds it batch by batch.
//!
//! The processors are synchronous; only the worker awaits: for input, for the time a processor asked
//! for, and for places downstream. It takes no new input before its output is gone, so that
//! back-pressure needs no other mechanism. The worker ends when its input is closed and drained.

use super::counts::Counts;
use super::fanout::FanOut;
use super::ledger::Ledger;
use crate::batch::{Batch, Outcome, Time};
use crate::component::{Arriving, Clock, Drain, Out, Processor, Stop, Tally, Transit};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::mpsc;

/// A processor in its place.
pub(super) struct Node {
    pub(super) processor: Box<dyn Processor>,
    pub(super) counts: Arc<Counts>,
    pub(super) ledger: Ledger,
}

/// One pipeline's (or connector's) task.
pub(super) struct Worker {
    pub(super) input: mpsc::Receiver<Arriving>,
    pub(super) transit: Arc<Transit>,
    pub(super) chain: Vec<Node>,
    /// One for each port of the last node; a pipeline has one.
    pub(super) outlets: Vec<FanOut>,
    pub(super) clock: Arc<dyn Clock>,
}

/// A worker at work.
struct Shift {
    chain: Vec<Node>,
    tallies: Vec<Tally>,
    /// When each node wants to be called.
    wakes: Vec<Option<Time>>,
    ready: VecDeque<(usize, Batch)>,
    outlets: Vec<FanOut>,
    clock: Arc<dyn Clock>,
}

#[allow(
    clippy::large_enum_variant,
    reason = "one lives at a time, and a box would be an allocation per batch"
)]
enum Event {
    Batch(Arriving),
    Closed,
    Tick,
    Idle,
}

impl Worker {
    /// Works until the input is closed, then lets go of everything held.
    pub(super) async fn run(self, stop: Stop) {
        let Worker { mut input, transit, chain, outlets, clock } = self;
        let tallies = chain.iter().map(|_| Tally::default()).collect();
        let wakes = vec![None; chain.len()];
        let ready = VecDeque::new();
        let mut shift = Shift { chain, tallies, wakes, ready, outlets, clock: Arc::clone(&clock) };
        loop {
            match next(&mut input, &transit, shift.wake(), &clock).await {
                Event::Batch(Arriving { batch, on_its_way }) => {
                    shift.feed(0, batch);
                    drop(on_its_way);
                    // Steady input must not keep a node from its time.
                    shift.tick();
                    if transit.is_empty() && input.is_empty() {
                        shift.idle();
                    }
                }
                Event::Tick => shift.tick(),
                // Somebody may have set out since.
                Event::Idle if transit.is_empty() => shift.idle(),
                Event::Idle => {}
                Event::Closed => break,
            }
            shift.hand_on().await;
        }
        shift.drain();
        shift.hand_on_by(stop).await;
    }
}

impl Shift {
    /// The earliest time for which a node asked.
    fn wake(&self) -> Option<Time> {
        self.wakes.iter().flatten().copied().reduce(Time::earlier)
    }

    /// Calls node `at` and all that follows from what it emits.
    fn call(&mut self, at: usize, work: impl FnOnce(&mut dyn Processor, &mut Out<'_>)) {
        let mut tally = std::mem::take(&mut self.tallies[at]);
        let now = self.clock.now();
        let node = &mut self.chain[at];
        work(node.processor.as_mut(), &mut Out::new(now, &mut tally));
        self.wakes[at] = node.processor.tick(&mut Out::new(now, &mut tally));
        node.book(&mut tally);
        let mut emitted = std::mem::take(&mut tally.emitted);
        for (port, batch) in emitted.drain(..) {
            self.pass_on(at, port, batch);
        }
        tally.emitted = emitted;
        self.tallies[at] = tally;
    }

    fn pass_on(&mut self, at: usize, port: usize, batch: Batch) {
        if batch.data.is_empty() {
            batch.claim.settle(&Outcome::default());
        } else if at + 1 < self.chain.len() {
            self.feed(at + 1, batch);
        } else {
            self.ready.push_back((port, batch));
        }
    }

    /// Gives a batch to node `at`, or on, if there is none.
    fn feed(&mut self, at: usize, batch: Batch) {
        if at >= self.chain.len() {
            self.ready.push_back((0, batch));
            return;
        }
        self.chain[at].counts.enter(batch.items());
        self.chain[at].ledger.came_in(batch.items());
        self.call(at, |processor, out| processor.process(batch, out));
    }

    fn tick(&mut self) {
        let now = self.clock.now();
        for at in 0..self.chain.len() {
            if self.wakes[at].is_some_and(|wake| now.reached(wake)) {
                self.call(at, |_, _| {});
            }
        }
    }

    fn idle(&mut self) {
        for at in 0..self.chain.len() {
            self.call(at, |processor, out| processor.idle(out));
        }
    }

    fn drain(&mut self) {
        for at in 0..self.chain.len() {
            self.call(at, |processor, out| processor.drain(Drain::Shutdown, out));
        }
    }

    async fn hand_on(&mut self) {
        let Self { ready, outlets, .. } = self;
        while let Some((port, batch)) = ready.pop_front() {
            if let Some(outlet) = outlets.get(port) {
                outlet.send(batch).await;
            }
        }
    }

    /// Hands on what is left until the deadline; what misses it is given up and counted.
    async fn hand_on_by(&mut self, mut stop: Stop) {
        let Self { ready, outlets, .. } = self;
        while let Some((port, batch)) = ready.pop_front() {
            if let Some(outlet) = outlets.get(port) {
                outlet.send_unless(batch, super::too_late(&mut stop)).await;
            }
        }
    }
}

impl Node {
    fn book(&self, tally: &mut Tally) {
        let out: u64 = tally.emitted.iter().map(|(_, batch)| batch.items()).sum();
        self.counts.leave(out);
        self.ledger.went_out(out);
        self.counts.absorb(std::mem::take(&mut tally.absorbed));
        self.counts.create(std::mem::take(&mut tally.created));
        self.counts.refuse(std::mem::take(&mut tally.refused));
        self.counts.hold(self.processor.held());
        for (tenant, reason, items) in tally.discarded.drain(..) {
            self.counts.discard(items);
            self.ledger.discarded(&tenant, reason, items);
        }
    }
}

/// What happens next: input first, then the clock.
async fn next(
    input: &mut mpsc::Receiver<Arriving>,
    transit: &Transit,
    wake: Option<Time>,
    clock: &Arc<dyn Clock>,
) -> Event {
    if let Ok(arriving) = input.try_recv() {
        return Event::Batch(arriving);
    }
    tokio::select! {
        biased;
        arriving = input.recv() => arriving.map_or(Event::Closed, Event::Batch),
        () = super::sleep_until(wake, clock.as_ref()) => Event::Tick,
        () = transit.emptied() => Event::Idle,
    }
}
