//! A writer's task: gives it batches, and lets it flush when it asks for it and at the end.

use super::counts::Counts;
use super::ledger::Ledger;
use super::outbox::Queued;
use crate::batch::{Batch, Outcome};
use crate::component::{AnyWriter, Book, Clock, Receipt, Stop};
use crate::otlp::Signal;
use std::sync::Arc;
use tokio::sync::mpsc;

/// The task of one writer, over all signals.
pub(super) struct Writing {
    pub(super) input: mpsc::Receiver<Queued>,
    pub(super) writer: Box<dyn AnyWriter>,
    /// By signal, in the order of [`Signal::ALL`].
    pub(super) books: [Arc<SignalBook>; 3],
    pub(super) clock: Arc<dyn Clock>,
}

/// Where one signal's items are counted.
pub(super) struct SignalBook {
    pub(super) counts: Arc<Counts>,
    pub(super) ledger: Ledger,
}

impl Book for SignalBook {
    fn end(&self, items: u64, outcome: &Outcome) {
        let delivered = outcome.delivered.min(items);
        self.counts.leave(delivered);
        if delivered == items {
            self.ledger.sent(delivered, 0, "");
        } else {
            let reason = outcome.reason.as_ref().map_or("backend", |reason| reason.label);
            self.counts.discard(items - delivered);
            self.ledger.abandoned(reason, items - delivered);
        }
    }
}

impl Writing {
    /// Writes until the queue is closed and empty, or the deadline has come.
    pub(super) async fn run(mut self, mut stop: Stop) {
        tokio::select! {
            () = self.write_all() => return,
            () = super::too_late(&mut stop) => {}
        }
        self.input.close();
        // Until those who had reserved a place have used it or given it up.
        while let Some(Queued { batch, .. }) = self.input.recv().await {
            drop(self.receipt(batch));
        }
    }

    async fn write_all(&mut self) {
        loop {
            let wake = self.writer.next_flush();
            tokio::select! {
                biased;
                queued = self.input.recv() => match queued {
                    Some(Queued { batch, room }) => {
                        self.write(batch).await;
                        drop(room);
                    }
                    None => return self.flush().await,
                },
                () = super::sleep_until(wake, self.clock.as_ref()) => self.flush().await,
            }
        }
    }

    async fn write(&mut self, mut batch: Batch) {
        if !batch.claim.own() {
            // Refused while nobody owned it: its sender was told so.
            return self.book(batch.data.signal()).counts.refuse(batch.items());
        }
        let ctx = batch.ctx.clone();
        let (data, receipt, signal) = self.receipt(batch);
        if let Err(fault) = self.writer.write(data, &ctx, receipt).await {
            self.book(signal).ledger.failing(&fault);
        }
    }

    fn receipt(&self, batch: Batch) -> (crate::otlp::Data, Receipt, Signal) {
        let (signal, items) = (batch.data.signal(), batch.items());
        let book = Arc::clone(self.book(signal)) as Arc<dyn Book>;
        (batch.data, Receipt::new(items, batch.claim, batch.permit, book), signal)
    }

    fn book(&self, signal: Signal) -> &Arc<SignalBook> {
        &self.books[signal as usize]
    }

    async fn flush(&mut self) {
        if let Err(fault) = self.writer.flush().await {
            self.books[0].ledger.failing(&fault);
        }
    }
}
