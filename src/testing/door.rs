//! A receiver without a socket: what is submitted at its [`Door`] goes the way of a request.
//!
//! Each submission is admitted, charged and handed over like one that came by the network, and its sender's
//! answer can be awaited or looked at. When the gateway stops, the receiver takes no more and waits for the answers.

use crate::batch::{Context, Origin, Outcome, Reason, Retry};
use crate::component::{BoxFuture, Fault, Ingress, Receiver, Running, Stop};
use crate::otlp::Data;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

/// Submissions that may wait for the receiver to look.
const WAITING: usize = 4096;

/// Where data is submitted.
#[derive(Clone, Debug)]
pub struct Door(mpsc::Sender<Submission>);

/// An answer that may not be there yet.
#[derive(Debug)]
pub struct Pending(oneshot::Receiver<Outcome>);

#[derive(Debug)]
struct Submission {
    data: Data,
    origin: Origin,
    within: Duration,
    answer: oneshot::Sender<Outcome>,
}

/// Why a submission ends that nobody took.
const GONE: Reason = Reason::new("gone", "the receiver has stopped");
/// Why a submission is refused for which there is no memory.
const BUSY: Reason = Reason::new("memory", "over the memory budget");

impl Door {
    /// Submits data whose sender waits for so long. The receiver begins with it when it runs next.
    pub fn submit(&self, data: Data, within: Duration) -> Pending {
        self.submit_from(Origin::default(), data, within)
    }

    /// The same, from an origin.
    pub fn submit_from(&self, origin: Origin, data: Data, within: Duration) -> Pending {
        let (answer, given) = oneshot::channel();
        // If nobody takes it, the answer is dropped with it, and that is an answer too.
        let _ = self.0.try_send(Submission { data, origin, within, answer });
        Pending(given)
    }

    /// Submits data and waits for the answer.
    pub async fn send(&self, data: Data, within: Duration) -> Outcome {
        self.submit(data, within).answer().await
    }
}

impl Pending {
    /// Waits for the answer.
    pub async fn answer(self) -> Outcome {
        self.0.await.unwrap_or_else(|_| Outcome::retry(Retry::Backoff, GONE))
    }

    /// The answer, if it is there. It is given once.
    pub fn now(&mut self) -> Option<Outcome> {
        match self.0.try_recv() {
            Ok(outcome) => Some(outcome),
            Err(oneshot::error::TryRecvError::Empty) => None,
            Err(oneshot::error::TryRecvError::Closed) => Some(Outcome::retry(Retry::Backoff, GONE)),
        }
    }
}

/// The receiver behind a [`Door`].
#[derive(Clone, Debug)]
pub struct Probe(Arc<Mutex<Option<mpsc::Receiver<Submission>>>>);

impl Probe {
    /// A receiver and its door.
    pub fn new() -> (Self, Door) {
        let (sender, receiver) = mpsc::channel(WAITING);
        (Self(Arc::new(Mutex::new(Some(receiver)))), Door(sender))
    }

    /// The receiver, for a plan: the first one has the door, any other has none.
    pub fn receiver(&self) -> Box<dyn Receiver> {
        Box::new(self.clone())
    }
}

impl Receiver for Probe {
    fn start(self: Box<Self>, ingress: Ingress, stop: Stop) -> BoxFuture<'static, Result<Running, Fault>> {
        let submissions = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        Box::pin(async move { Ok(Box::pin(serve(submissions, ingress, stop)) as Running) })
    }
}

async fn serve(
    submissions: Option<mpsc::Receiver<Submission>>,
    ingress: Ingress,
    mut stop: Stop,
) -> Result<(), Fault> {
    let mut requests = JoinSet::new();
    if let Some(mut submissions) = submissions {
        loop {
            tokio::select! {
                biased;
                _ = stop.requested() => break,
                submission = submissions.recv() => match submission {
                    Some(submission) => requests.spawn(take(ingress.clone(), submission)),
                    None => break,
                },
            };
            while requests.try_join_next().is_some() {}
        }
    }
    stop.requested().await;
    while requests.join_next().await.is_some() {}
    Ok(())
}

async fn take(ingress: Ingress, Submission { data, origin, within, answer }: Submission) {
    let until = Instant::now() + within;
    let outcome = match ingress.admit(data.signal()).await {
        Err(busy) => Outcome::retry(Retry::After(busy.retry_after), BUSY),
        Ok(mut admitted) => match admitted.permit.grow(data.wire_len()) {
            Err(busy) => Outcome::retry(Retry::After(busy.retry_after), BUSY),
            Ok(()) => {
                let ctx = Context { origin: Arc::new(origin), ..Context::default() };
                ingress.submit(admitted, data, ctx, until, "test").await
            }
        },
    };
    // The sender may have left.
    let _ = answer.send(outcome);
}
