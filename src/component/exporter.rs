//! The end of a pipeline: what turns batches into requests and sends them, or gathers and commits.
//!
//! An [`Exporter`] encodes (pure) and sends (one attempt). Queue, batching, retry, time-out and
//! split stand once in the engine, around any exporter. A [`Writer`] gathers over many batches and
//! owns their receipts until its commit.

use super::{Blame, BoxFuture, Fault};
use crate::batch::{Claim, Context, Outcome, Permit, Reason, Retry, Time};
use crate::otlp::Data;
use std::any::Any;
use std::sync::Arc;

/// What a successful attempt says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sent {
    /// Items that the backend refused for good although it answered with success.
    pub rejected: u64,
    /// Its words about that, cut short.
    pub message: String,
}

/// One request to be sent.
#[derive(Debug)]
pub struct Request<R> {
    /// What is sent, kept over all attempts.
    pub body: R,
    /// Items in it.
    pub items: u64,
    /// Requests of one lane are sent in order, one at a time; without one it is free.
    pub lane: Option<u64>,
}

/// What a batch was encoded to. Every item of the batch is in a request or was left out. Requests without
/// a lane hold the items in the batch's order; lanes may change it.
#[derive(Debug)]
pub struct Requests<R> {
    /// What is to be sent, in order.
    pub requests: Vec<Request<R>>,
    /// Items that this backend cannot take, by reason.
    pub left_out: Vec<(&'static str, u64)>,
}

impl<R> Default for Requests<R> {
    fn default() -> Self {
        Self { requests: Vec::with_capacity(1), left_out: Vec::new() }
    }
}

impl<R> Requests<R> {
    /// A request of `items` items that needs no order.
    pub fn push(&mut self, body: R, items: u64) {
        self.requests.push(Request { body, items, lane: None });
    }

    /// A request that goes out after all earlier ones of its lane.
    pub fn push_to(&mut self, lane: u64, body: R, items: u64) {
        self.requests.push(Request { body, items, lane: Some(lane) });
    }

    /// Leaves out `items` items that this backend cannot take.
    pub fn leave_out(&mut self, items: u64, reason: &'static str) {
        self.left_out.push((reason, items));
    }
}

/// Sends batches, one attempt at a time.
pub trait Exporter: Send + Sync + 'static {
    /// An encoded request.
    type Request: Send + Sync + 'static;

    /// Turns a batch into requests: none, one, or several.
    fn encode(&self, data: Data, ctx: &Context, out: &mut Requests<Self::Request>) -> Result<(), Fault>;

    /// Divides a request that is too large, or holds one bad item: two parts with their items, in order.
    fn split(&self, request: &Self::Request) -> Option<[(Self::Request, u64); 2]> {
        let _ = request;
        None
    }

    /// Sends it once.
    fn send(&self, request: &Self::Request) -> impl Future<Output = Result<Sent, Fault>> + Send;
}

/// Where the end of a batch is counted.
pub trait Book: Send + Sync {
    /// `items` items ended like this.
    fn end(&self, items: u64, outcome: &Outcome);
}

/// What a writer owes for a batch: the claim, the memory and the count. Dropped unsettled, its items
/// count as abandoned and a sender that still waits is told to send again.
pub struct Receipt {
    items: u64,
    claim: Option<Claim>,
    permit: Permit,
    book: Arc<dyn Book>,
}

impl std::fmt::Debug for Receipt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Receipt").field("items", &self.items).finish_non_exhaustive()
    }
}

/// Why what a writer held is lost.
const ABANDONED: Reason = Reason::new("shutdown", "the data was not committed before the gateway stopped");

impl Receipt {
    /// For a batch of `items` items, to be counted in `book`.
    pub fn new(items: u64, claim: Claim, permit: Permit, book: Arc<dyn Book>) -> Self {
        Self { items, claim: Some(claim), permit, book }
    }

    /// The memory that the batch holds; a writer that has copied its data may give it back.
    pub fn permit(&mut self) -> &mut Permit {
        &mut self.permit
    }

    /// Everything is committed.
    pub fn committed(self) {
        let delivered = Outcome::delivered(self.items);
        self.settle(&delivered);
    }

    /// Ends it with what became of the batch.
    pub fn settle(mut self, outcome: &Outcome) {
        self.end(outcome);
    }

    fn end(&mut self, outcome: &Outcome) {
        if let Some(claim) = self.claim.take() {
            self.book.end(self.items, outcome);
            claim.settle(outcome);
        }
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        self.end(&Outcome::retry(Retry::Backoff, ABANDONED));
    }
}

/// A sink that gathers: it owns the receipts of what it was given until its commit.
pub trait Writer: Send + 'static {
    /// Takes data in. A fault is told to people; the receipt tells the rest.
    fn write(
        &mut self,
        data: Data,
        ctx: &Context,
        receipt: Receipt,
    ) -> impl Future<Output = Result<(), Fault>> + Send;

    /// Commits what was taken in and settles its receipts.
    fn flush(&mut self) -> impl Future<Output = Result<(), Fault>> + Send;

    /// When to flush next, if nothing else is written until then.
    fn next_flush(&self) -> Option<Time> {
        None
    }
}

/// An encoded request of an exporter that is not named.
pub type AnyRequest = Box<dyn Any + Send + Sync>;

/// An [`Exporter`] without its type, as the engine keeps it.
pub trait AnyExporter: Send + Sync {
    /// See [`Exporter::encode`].
    fn encode(&self, data: Data, ctx: &Context, out: &mut Requests<AnyRequest>) -> Result<(), Fault>;
    /// See [`Exporter::split`].
    fn split(&self, request: &AnyRequest) -> Option<[(AnyRequest, u64); 2]>;
    /// See [`Exporter::send`].
    fn send<'a>(&'a self, request: &'a AnyRequest) -> BoxFuture<'a, Result<Sent, Fault>>;
}

impl<E: Exporter> AnyExporter for E {
    fn encode(&self, data: Data, ctx: &Context, out: &mut Requests<AnyRequest>) -> Result<(), Fault> {
        let mut typed = Requests::default();
        Exporter::encode(self, data, ctx, &mut typed)?;
        out.left_out.append(&mut typed.left_out);
        out.requests.extend(typed.requests.into_iter().map(|request| {
            let Request { body, items, lane } = request;
            Request { body: Box::new(body) as AnyRequest, items, lane }
        }));
        Ok(())
    }

    fn split(&self, request: &AnyRequest) -> Option<[(AnyRequest, u64); 2]> {
        let halves = Exporter::split(self, request.downcast_ref()?)?;
        Some(halves.map(|(half, items)| (Box::new(half) as AnyRequest, items)))
    }

    fn send<'a>(&'a self, request: &'a AnyRequest) -> BoxFuture<'a, Result<Sent, Fault>> {
        match request.downcast_ref::<E::Request>() {
            Some(request) => Box::pin(Exporter::send(self, request)),
            None => Box::pin(async {
                Err(Fault::lasting(Blame::Weft, "internal", "a request reached a foreign exporter"))
            }),
        }
    }
}

/// A [`Writer`] without its type, as the engine keeps it.
pub trait AnyWriter: Send {
    /// See [`Writer::write`].
    fn write<'a>(
        &'a mut self,
        data: Data,
        ctx: &'a Context,
        receipt: Receipt,
    ) -> BoxFuture<'a, Result<(), Fault>>;
    /// See [`Writer::flush`].
    fn flush(&mut self) -> BoxFuture<'_, Result<(), Fault>>;
    /// See [`Writer::next_flush`].
    fn next_flush(&self) -> Option<Time>;
}

impl<W: Writer> AnyWriter for W {
    fn write<'a>(
        &'a mut self,
        data: Data,
        ctx: &'a Context,
        receipt: Receipt,
    ) -> BoxFuture<'a, Result<(), Fault>> {
        Box::pin(Writer::write(self, data, ctx, receipt))
    }

    fn flush(&mut self) -> BoxFuture<'_, Result<(), Fault>> {
        Box::pin(Writer::flush(self))
    }

    fn next_flush(&self) -> Option<Time> {
        Writer::next_flush(self)
    }
}

/// What an exporter's entry in the table makes.
pub enum Sink {
    /// Sends request by request.
    Exporter(Arc<dyn AnyExporter>),
    /// Gathers and commits.
    Writer(Box<dyn AnyWriter>),
}

impl std::fmt::Debug for Sink {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Sink::Exporter(_) => "Exporter",
            Sink::Writer(_) => "Writer",
        })
    }
}
