//! The middle of a pipeline: a synchronous state machine with one owner.
//!
//! No clock, no I/O, no lock: time is [`Out::now`], output is [`Out::emit`], and losing data has one
//! door, [`Out::discard`]. A connector is a processor whose ports are other pipelines.

use crate::batch::{Batch, Outcome, Reason, Time};

/// Why a processor is asked to let go of what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Drain {
    /// The process ends.
    Shutdown,
    /// This node is removed by a reload.
    Removed,
    /// Its state moves to a successor.
    HandOver,
}

/// What a processor saves: named sections of bytes, as its own version of it.
#[derive(Debug, Default)]
pub struct State {
    /// What is held, oldest first.
    pub batches: Vec<Batch>,
    /// Anything else, encoded by the processor.
    pub bytes: Vec<u8>,
}

/// A question for the live page, asked between batches.
#[derive(Clone, Debug)]
pub struct Question {
    /// What is asked for, for example a trace id.
    pub topic: String,
}

/// A synchronous state machine over batches.
pub trait Processor: Send {
    /// Takes a batch.
    fn process(&mut self, batch: Batch, out: &mut Out<'_>);

    /// Called at the time it last named; names the next.
    fn tick(&mut self, out: &mut Out<'_>) -> Option<Time> {
        let _ = out;
        None
    }

    /// Called when no admitted request is on its way here, so that waiting for more is in vain.
    fn idle(&mut self, out: &mut Out<'_>) {
        let _ = out;
    }

    /// Lets go of what is held.
    fn drain(&mut self, why: Drain, out: &mut Out<'_>) {
        let _ = (why, out);
    }

    /// Items held now, for the balance.
    fn held(&self) -> u64 {
        0
    }

    /// Moves the state out: reload, re-sharding and restart are one mechanism.
    fn save(&mut self, to: &mut State) {
        let _ = to;
    }

    /// Takes over a state that was saved.
    fn restore(&mut self, from: State) -> Result<(), super::Fault> {
        let _ = from;
        Ok(())
    }

    /// Answers for the live page.
    fn inspect(&self, question: &Question) -> serde_json::Value {
        let _ = question;
        serde_json::Value::Null
    }
}

/// Why items were dropped: on purpose, or because a limit refused them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// Sampling and filters: counted, and the sender is not told.
    Intended,
    /// A limit: the sender is told by a partial success, if it still waits.
    Limit,
}

/// What one call did.
#[derive(Debug, Default)]
pub struct Tally {
    /// Batches to pass on, each with its port.
    pub emitted: Vec<(usize, Batch)>,
    /// Items dropped, by tenant and reason.
    pub discarded: Vec<(crate::batch::Tenant, &'static str, u64)>,
    /// Items that no longer exist although nothing was lost (merged, aggregated).
    pub absorbed: u64,
    /// Items made here.
    pub created: u64,
    /// Items whose sender had given up before anybody held them.
    pub refused: u64,
}

/// Where a processor's output goes.
#[derive(Debug)]
pub struct Out<'a> {
    now: Time,
    tally: &'a mut Tally,
}

impl<'a> Out<'a> {
    /// Collects into `tally`.
    pub fn new(now: Time, tally: &'a mut Tally) -> Self {
        Self { now, tally }
    }

    /// The only clock that a processor sees.
    pub fn now(&self) -> Time {
        self.now
    }

    /// Passes a batch on.
    pub fn emit(&mut self, batch: Batch) {
        self.emit_to(0, batch);
    }

    /// Passes a batch on by one of several ports.
    pub fn emit_to(&mut self, port: usize, batch: Batch) {
        self.tally.emitted.push((port, batch));
    }

    /// Drops a whole batch: the only way to lose data, always counted.
    pub fn discard(&mut self, batch: Batch, loss: Loss, reason: Reason) {
        let items = batch.items();
        self.tally.discarded.push((batch.ctx.origin.tenant.clone(), reason.label, items));
        batch.claim.settle(&outcome(loss, items, reason));
    }

    /// Counts `items` of `batch` as dropped, which the caller has removed from its data.
    pub fn discarded(&mut self, batch: &mut Batch, items: u64, loss: Loss, reason: &Reason) {
        if items > 0 {
            self.tally.discarded.push((batch.ctx.origin.tenant.clone(), reason.label, items));
            batch.claim.lose(items, |items| outcome(loss, items, reason.clone()));
        }
    }

    /// Gives up a batch whose sender was told that it was refused.
    pub fn expired(&mut self, batch: Batch) {
        self.tally.refused += batch.items();
        drop(batch);
    }

    /// Counts items that were merged into others.
    pub fn absorb(&mut self, items: u64) {
        self.tally.absorbed += items;
    }

    /// Counts items that were made here.
    pub fn create(&mut self, items: u64) {
        self.tally.created += items;
    }
}

fn outcome(loss: Loss, items: u64, reason: Reason) -> Outcome {
    match loss {
        Loss::Intended => Outcome::discarded(items),
        Loss::Limit => Outcome::rejected(items, reason),
    }
}
