//! Tests of the door: who waits and who is refused, all inlets or none, and who is on the way.

use super::{Account, Admitted, Arriving, Ingress, Inlet, PATIENCE, Transit};
use crate::batch::{Budget, Context, Outcome, Retry, Wants};
use crate::otlp::{Data, Signal};
use crate::testing::Generator;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// What was told to a receiver's account, in words.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Told {
    fn say(&self, line: String) {
        self.0.lock().unwrap().push(line);
    }

    fn lines(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Account for Told {
    fn handed(&self, signal: Signal, items: u64) {
        self.say(format!("handed {items} {signal}"));
    }

    fn accepted(&self, _: Signal, transport: &'static str, items: u64, rejected: u64) {
        self.say(format!("accepted {items}, rejected {rejected} by {transport}"));
    }

    fn refused(&self, _: Signal, _: &'static str, items: u64, again: bool) {
        self.say(format!("refused {items}, again: {again}"));
    }
}

struct Rig {
    ingress: Ingress,
    budget: Arc<Budget>,
    told: Arc<Told>,
    pipelines: Vec<(mpsc::Receiver<Arriving>, Arc<Transit>)>,
}

/// A door to `pipelines` pipelines of logs, each with room for `depth` batches.
fn rig(wants: Wants, pipelines: usize, depth: usize) -> Rig {
    let (mut inlets, mut ends) = (Vec::new(), Vec::new());
    for _ in 0..pipelines {
        let (inlet, receiver, transit) = Inlet::new(depth);
        inlets.push(inlet);
        ends.push((receiver, transit));
    }
    let (budget, told) = (Budget::new(100_000), Arc::new(Told::default()));
    let routes = [Vec::new(), Vec::new(), inlets];
    let ingress = Ingress::new(routes, Arc::clone(&budget), wants, Arc::clone(&told) as Arc<dyn Account>);
    Rig { ingress, budget, told, pipelines: ends }
}

fn logs(items: u64) -> Data {
    Generator::default().data(Signal::Logs, items)
}

impl Rig {
    async fn admit(&self) -> Admitted {
        let mut admitted = self.ingress.admit(Signal::Logs).await.unwrap();
        admitted.permit.grow(1000).unwrap();
        admitted
    }

    async fn submit(&self, within: u64) -> Outcome {
        let (admitted, until) = (self.admit().await, Instant::now() + Duration::from_secs(within));
        self.ingress.submit(admitted, logs(5), Context::default(), until, "http").await
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_enters_every_pipeline_and_its_memory_is_charged_once() {
    let mut rig = rig(Wants::Held, 3, 1);
    let mut pipelines = std::mem::take(&mut rig.pipelines);
    let work = async {
        let mut arrived = Vec::new();
        for (receiver, _) in &mut pipelines {
            arrived.push(receiver.recv().await.unwrap());
        }
        assert_eq!(rig.budget.used(), 1000);
        for Arriving { mut batch, .. } in arrived {
            assert_eq!((batch.items(), batch.permit.bytes()), (5, 1000));
            assert!(batch.claim.hold());
        }
    };
    let (outcome, ()) = tokio::join!(rig.submit(10), work);
    assert_eq!(outcome, Outcome::delivered(5));
    assert_eq!(rig.told.lines(), ["handed 5 logs", "accepted 5, rejected 0 by http"]);
    assert_eq!(rig.budget.used(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_finds_one_pipeline_full_enters_none() {
    let mut rig = rig(Wants::Held, 2, 1);
    let (first, second) = (rig.pipelines.remove(0), rig.pipelines.remove(0));
    let (mut first, mut second) = (first.0, second.0);
    let fill = rig.ingress.routes[2][1].reserve().await.unwrap();
    let start = Instant::now();
    let outcome = rig.submit(4).await;
    assert_eq!((outcome.retry, start.elapsed().as_secs()), (Some(Retry::Backoff), 4));
    assert!(first.try_recv().is_err() && second.try_recv().is_err());
    assert_eq!(rig.told.lines(), ["refused 5, again: true"], "it was not handed over");
    assert_eq!(rig.budget.used(), 0);
    drop(fill);
    let late = tokio::join!(rig.submit(4), async {
        let mut held = [first.recv().await.unwrap(), second.recv().await.unwrap()];
        assert!(held.iter_mut().all(|arriving| arriving.batch.claim.hold()));
    });
    assert_eq!(late.0, Outcome::delivered(5), "the places it had reserved are free again");
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_what_nobody_owns_is_refused_and_stays_so() {
    let mut rig = rig(Wants::Held, 1, 1);
    let outcome = rig.submit(3).await;
    assert_eq!(outcome.reason.map(|reason| reason.label), Some("busy"));
    let mut late = rig.pipelines[0].0.recv().await.unwrap();
    assert!(!late.batch.claim.hold());
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_what_somebody_owns_leaves_its_sender_unsure() {
    let mut rig = rig(Wants::Delivered, 1, 1);
    let mut receiver = rig.pipelines.remove(0).0;
    let (outcome, arrived) = tokio::join!(rig.submit(3), async {
        let mut arrived = receiver.recv().await.unwrap();
        assert!(arrived.batch.claim.hold());
        arrived
    });
    assert_eq!(outcome.reason.map(|reason| reason.label), Some("slow"));
    arrived.batch.claim.settle(&Outcome::delivered(5));
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_dropped_says_retry() {
    let mut rig = rig(Wants::Held, 1, 1);
    let mut receiver = rig.pipelines.remove(0).0;
    let (outcome, ()) = tokio::join!(rig.submit(3), async { drop(receiver.recv().await) });
    assert!(outcome.is_retry());
    drop(receiver);
    assert!(rig.submit(3).await.is_retry(), "and so does a pipeline that is gone");
}

#[tokio::test(start_paused = true)]
async fn what_has_nowhere_to_go_or_holds_nothing_is_taken() {
    let rig = rig(Wants::Delivered, 1, 1);
    assert!(rig.ingress.accepts(Signal::Logs) && !rig.ingress.accepts(Signal::Traces));
    let until = Instant::now() + Duration::from_secs(1);
    let empty = rig.ingress.submit(rig.admit().await, logs(0), Context::default(), until, "http").await;
    assert_eq!(empty, Outcome::delivered(0));
}

#[tokio::test(start_paused = true)]
async fn over_the_budget_a_request_waits_a_little_and_holds_nothing() {
    let rig = rig(Wants::Held, 1, 1);
    let mut all = rig.budget.permit();
    all.charge(rig.budget.admits_up_to());
    let start = Instant::now();
    assert!(rig.ingress.admit(Signal::Logs).await.is_err());
    assert_eq!(start.elapsed(), PATIENCE);
    assert!(rig.pipelines[0].1.is_empty(), "nobody waits for a request that was not let in");
    let (admitted, ()) = tokio::join!(rig.ingress.admit(Signal::Logs), async { all.shrink_to(10) });
    assert!(admitted.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_request_is_on_its_way_until_a_worker_has_taken_it_in_or_it_is_gone() {
    let mut rig = rig(Wants::Held, 1, 4);
    let transit = Arc::clone(&rig.pipelines[0].1);
    let (one, other) = (rig.admit().await, rig.admit().await);
    assert!(!transit.is_empty());
    drop(one);
    assert!(!transit.is_empty());
    drop(other);
    assert!(transit.is_empty());
    transit.emptied().await;
    let mut receiver = rig.pipelines.remove(0).0;
    let (outcome, ()) = tokio::join!(rig.submit(3), async {
        let Arriving { mut batch, on_its_way } = receiver.recv().await.unwrap();
        assert!(!transit.is_empty());
        assert!(batch.claim.hold());
        drop(on_its_way);
        transit.emptied().await;
    });
    assert!(outcome.retry.is_none());
}
