//! A writer that gathers and settles late: the third shape of an exporter, without a file.
//!
//! It keeps what it is given until enough items wait or the time is up, and commits them together. A commit
//! can be made to fail; then everything waits for the next.

use super::generate::seqs_of;
use crate::batch::{Context, Time};
use crate::component::{Clock, Fault, Receipt, Sink, Writer};
use crate::otlp::Data;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// What was committed, and how commits go. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Ledger(Arc<Mutex<Pages>>);

#[derive(Debug, Default)]
struct Pages {
    commits: Vec<Vec<u64>>,
    failures: u32,
}

impl Ledger {
    /// The numbers of the items of each commit.
    pub fn commits(&self) -> Vec<Vec<u64>> {
        self.pages().commits.clone()
    }

    /// Lets the next `times` commits fail.
    pub fn fail(&self, times: u32) {
        self.pages().failures = times;
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gathers until `enough` items wait, or the first has waited for `time`.
pub struct Gatherer {
    ledger: Ledger,
    enough: usize,
    time: Duration,
    clock: Arc<dyn Clock>,
    waiting: Vec<u64>,
    receipts: Vec<Receipt>,
    since: Option<Time>,
}

impl std::fmt::Debug for Gatherer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gatherer").field("waiting", &self.waiting.len()).finish_non_exhaustive()
    }
}

impl Gatherer {
    /// A writer that commits to `ledger`.
    pub fn new(ledger: &Ledger, enough: usize, time: Duration, clock: &Arc<dyn Clock>) -> Self {
        let (ledger, clock) = (ledger.clone(), Arc::clone(clock));
        Self { ledger, enough, time, clock, waiting: Vec::new(), receipts: Vec::new(), since: None }
    }

    /// The writer, for a plan.
    pub fn sink(self) -> Sink {
        Sink::Writer(Box::new(self))
    }

    fn commit(&mut self) -> Result<(), Fault> {
        self.since = None;
        let mut pages = self.ledger.pages();
        if pages.failures > 0 {
            pages.failures -= 1;
            self.since = Some(self.clock.now());
            return Err(Fault::passing("scripted", "failed as scripted"));
        }
        if !self.waiting.is_empty() {
            pages.commits.push(std::mem::take(&mut self.waiting));
        }
        drop(pages);
        self.receipts.drain(..).for_each(Receipt::committed);
        Ok(())
    }
}

impl Writer for Gatherer {
    async fn write(&mut self, data: Data, _ctx: &Context, receipt: Receipt) -> Result<(), Fault> {
        self.waiting.extend(seqs_of(&data));
        self.receipts.push(receipt);
        self.since = self.since.or_else(|| Some(self.clock.now()));
        if self.waiting.len() >= self.enough { self.commit() } else { Ok(()) }
    }

    async fn flush(&mut self) -> Result<(), Fault> {
        self.commit()
    }

    fn next_flush(&self) -> Option<Time> {
        self.since.map(|since| since.after(self.time))
    }
}
