//! The door through which a receiver hands data to its pipelines.
//!
//! In two steps: [`Ingress::admit`] before the body is read (memory, and the right to be answered),
//! [`Ingress::submit`] when the data is checked. What is refused in between is refused at once; only
//! a request that holds nothing waits, and only a little.

use crate::batch::{Answer, Batch, Budget, Busy, Context, Outcome, Permit, Reason, Retry, Wants, claim};
use crate::otlp::{Data, Signal};
use smallvec::SmallVec;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::AcqRel, Ordering::Acquire};
use std::time::Duration;
use tokio::sync::{Notify, mpsc};
use tokio::time::Instant;

/// How long a request that holds nothing waits for room: long enough to ride out a burst, since some
/// SDKs (the JavaScript one over gRPC) lose whatever is refused, short enough not to pile up.
const PATIENCE: Duration = Duration::from_millis(250);

/// How long a sender waits that names no deadline.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(10);

/// The requests that are admitted and not yet in a pipeline's hands.
#[derive(Debug, Default)]
pub struct Transit {
    count: AtomicUsize,
    none: Notify,
}

impl Transit {
    /// Whether nothing is on its way.
    pub fn is_empty(&self) -> bool {
        self.count.load(Acquire) == 0
    }

    /// Resolves when the last request on its way has arrived or gone.
    pub async fn emptied(&self) {
        self.none.notified().await;
    }
}

/// A request on its way to a pipeline.
#[derive(Debug)]
pub struct OnItsWay(Arc<Transit>);

impl OnItsWay {
    fn to(transit: &Arc<Transit>) -> Self {
        transit.count.fetch_add(1, AcqRel);
        Self(Arc::clone(transit))
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        if self.0.count.fetch_sub(1, AcqRel) == 1 {
            self.0.none.notify_one();
        }
    }
}

/// A batch as it travels to a pipeline.
#[derive(Debug)]
pub struct Arriving {
    /// The batch.
    pub batch: Batch,
    /// Kept until a worker has taken the batch in; none where the batch comes from another pipeline.
    pub on_its_way: Option<OnItsWay>,
}

/// The way into one pipeline.
#[derive(Clone, Debug)]
pub struct Inlet {
    sender: mpsc::Sender<Arriving>,
    transit: Arc<Transit>,
}

impl Inlet {
    /// A way in, and the worker's ends of it. At most `depth` batches wait.
    pub fn new(depth: usize) -> (Self, mpsc::Receiver<Arriving>, Arc<Transit>) {
        let (sender, receiver) = mpsc::channel(depth);
        let transit = Arc::new(Transit::default());
        (Self { sender, transit: Arc::clone(&transit) }, receiver, transit)
    }

    /// Waits for a place.
    pub async fn reserve(&self) -> Option<mpsc::OwnedPermit<Arriving>> {
        self.sender.clone().reserve_owned().await.ok()
    }
}

/// What a receiver's data is counted as.
pub trait Account: Send + Sync {
    /// `items` of `signal` were handed to the pipelines.
    fn handed(&self, signal: Signal, items: u64);
    /// `items` of `signal` were answered with success, `rejected` of them refused one by one.
    fn accepted(&self, signal: Signal, transport: &'static str, items: u64, rejected: u64);
    /// `items` of `signal` were refused as a whole: worth sending again, or not.
    fn refused(&self, signal: Signal, transport: &'static str, items: u64, again: bool);
}

/// A receiver's door to its pipelines.
#[derive(Clone)]
pub struct Ingress {
    routes: [Arc<[Inlet]>; 3],
    budget: Arc<Budget>,
    wants: Wants,
    account: Arc<dyn Account>,
}

impl std::fmt::Debug for Ingress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ingress").field("routes", &self.routes.each_ref().map(|to| to.len())).finish()
    }
}

/// The right of one request to be read and answered.
#[derive(Debug)]
pub struct Admitted {
    /// Memory for it, to be grown as bytes arrive.
    pub permit: Permit,
    on_its_way: SmallVec<[OnItsWay; 1]>,
}

impl Ingress {
    /// A door to the pipelines of each signal, in the order of [`Signal::ALL`].
    pub fn new(
        routes: [Vec<Inlet>; 3],
        budget: Arc<Budget>,
        wants: Wants,
        account: Arc<dyn Account>,
    ) -> Self {
        Self { routes: routes.map(Into::into), budget, wants, account }
    }

    /// Whether any pipeline takes this signal.
    pub fn accepts(&self, signal: Signal) -> bool {
        !self.inlets(signal).is_empty()
    }

    fn inlets(&self, signal: Signal) -> &Arc<[Inlet]> {
        &self.routes[signal as usize]
    }

    /// The budget, for what a receiver holds besides requests: its connections.
    pub fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// Lets a request in before its body is read, or says when to come again.
    pub async fn admit(&self, signal: Signal) -> Result<Admitted, Busy> {
        let permit = self.budget.admit(PATIENCE).await?;
        let on_its_way = self.inlets(signal).iter().map(|inlet| OnItsWay::to(&inlet.transit)).collect();
        Ok(Admitted { permit, on_its_way })
    }

    /// Counts a request that was refused before it became data (malformed, too large, over budget).
    pub fn refused(&self, signal: Signal, transport: &'static str, again: bool) {
        self.account.refused(signal, transport, 0, again);
    }

    /// Hands data over and waits for the answer, until `ctx.deadline`.
    pub async fn submit(
        &self,
        admitted: Admitted,
        data: Data,
        ctx: Context,
        until: Instant,
        transport: &'static str,
    ) -> Outcome {
        let (signal, items) = (data.signal(), data.items());
        let outcome = self.hand_over(admitted, data, ctx, until).await;
        if outcome.retry.is_none() {
            self.account.accepted(signal, transport, items - outcome.rejected.min(items), outcome.rejected);
        } else {
            self.account.refused(signal, transport, items, outcome.is_retry());
        }
        outcome
    }

    async fn hand_over(&self, admitted: Admitted, data: Data, ctx: Context, until: Instant) -> Outcome {
        let inlets = self.inlets(data.signal());
        if data.is_empty() || inlets.is_empty() {
            return Outcome::delivered(data.items());
        }
        let Admitted { permit, on_its_way } = admitted;
        let Ok(Some(places)) = tokio::time::timeout_at(until, places(inlets)).await else {
            return Outcome::retry(Retry::Backoff, LATE);
        };
        self.account.handed(data.signal(), data.items());
        let (claim, answer) = claim(self.wants, data.items());
        enter(places, on_its_way, Batch { data, ctx, claim, permit });
        wait(answer, until).await
    }
}

/// Why a request was refused that no pipeline took in time.
const LATE: Reason = Reason::new("busy", "no pipeline could take the data within its deadline");
/// Why a sender is told to repeat what has an owner already.
const UNSURE: Reason = Reason::new("slow", "the data was not delivered within its deadline");

/// A place in every inlet: reserved in all before the batch enters any.
async fn places(inlets: &[Inlet]) -> Option<Places> {
    let mut places = SmallVec::new();
    for inlet in inlets {
        places.push(inlet.reserve().await?);
    }
    Some(places)
}

type Places = SmallVec<[mpsc::OwnedPermit<Arriving>; 1]>;

fn enter(mut places: Places, mut on_its_way: SmallVec<[OnItsWay; 1]>, mut batch: Batch) {
    let Some(last) = places.pop() else { return };
    let on_its_way_last = on_its_way.pop();
    for (place, on_its_way) in places.into_iter().zip(on_its_way) {
        place.send(Arriving { batch: batch.share(), on_its_way: Some(on_its_way) });
    }
    last.send(Arriving { batch, on_its_way: on_its_way_last });
}

async fn wait(mut answer: Answer, until: Instant) -> Outcome {
    match tokio::time::timeout_at(until, answer.given()).await {
        Ok(outcome) => outcome,
        Err(_) if answer.expire() => Outcome::retry(Retry::Backoff, LATE),
        Err(_) if answer.is_given() => answer.given().await,
        Err(_) => Outcome::retry(Retry::Backoff, UNSURE),
    }
}

#[cfg(test)]
mod tests;
