//! The worker around processors: their time, what they drop, and who is told of it.

use super::{LONG, Line, is_accepted, logs, run, secs, stop};
use crate::batch::{Batch, Outcome, Reason, Time};
use crate::component::{Clock, Loss, Out, Processor};
use crate::testing::{Backend, Rig};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

const CHAIN: Line<'static> = Line {
    probe: "",
    processors: "memory_limiter/1: { check_interval: 1s, limit_mib: 100 }, \
                 memory_limiter/2: { check_interval: 1s, limit_mib: 100 }",
    chain: "memory_limiter/1, memory_limiter/2",
    backend: "",
};

/// A rig whose processors are these.
fn chain(
    one: impl Processor + Clone + Sync + 'static,
    other: impl Processor + Clone + Sync + 'static,
) -> Rig {
    let mut rig = CHAIN.rig();
    let processors = &mut rig.plan.pipelines[0].processors;
    processors[0].make = Arc::new(move |_| Ok(Box::new(one.clone())));
    processors[1].make = Arc::new(move |_| Ok(Box::new(other.clone())));
    rig
}

/// Passes everything on.
#[derive(Clone)]
struct Passing;

impl Processor for Passing {
    fn process(&mut self, batch: Batch, out: &mut Out<'_>) {
        out.emit(batch);
    }
}

/// Drops the first items of every batch.
#[derive(Clone)]
struct Dropping(u64, Loss);

impl Processor for Dropping {
    fn process(&mut self, mut batch: Batch, out: &mut Out<'_>) {
        let Dropping(items, loss) = *self;
        batch.data = batch.data.split_off(items);
        out.discarded(&mut batch, items, loss, &Reason::new("scripted", "dropped as scripted"));
        out.emit(batch);
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_limit_drops_is_told_and_what_is_meant_to_go_is_only_counted() {
    for (loss, rejected) in [(Loss::Limit, 2), (Loss::Intended, 0)] {
        let backend = Backend::default();
        let started = chain(Dropping(2, loss), Passing).backend("backend", &backend).start().await.unwrap();
        let outcome = started.door("probe").send(logs(0, 5), LONG).await;
        assert_eq!((outcome.rejected, outcome.discarded, outcome.delivered), (rejected, 2 - rejected, 3));
        run().await;
        let report = stop(started, secs(1)).await;
        assert_eq!(
            (backend.taken(), report.nodes.iter().map(|line| line.sums.discarded).sum::<u64>()),
            (vec![2, 3, 4], 2)
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_batch_of_which_nothing_is_left_goes_no_further() {
    let backend = Backend::default();
    let started =
        chain(Dropping(5, Loss::Intended), Passing).backend("backend", &backend).start().await.unwrap();
    assert_eq!(started.door("probe").send(logs(0, 5), LONG).await, Outcome::discarded(5));
    stop(started, secs(1)).await;
    assert!(backend.attempts().is_empty());
}

/// Passes the first batch on, absorbs the others, and counts them.
#[derive(Clone)]
struct First(Arc<AtomicU64>);

impl Processor for First {
    fn process(&mut self, batch: Batch, out: &mut Out<'_>) {
        if self.0.fetch_add(1, Relaxed) == 0 {
            out.emit(batch);
        } else {
            out.absorb(batch.items());
            batch.claim.settle(&Outcome::discarded(0));
        }
    }
}

/// Holds everything for 20 ms and notes how many batches had come by then.
#[derive(Clone, Default)]
struct Holding {
    come: Arc<AtomicU64>,
    noted: Arc<AtomicU64>,
    until: Option<Time>,
}

impl Processor for Holding {
    fn process(&mut self, batch: Batch, out: &mut Out<'_>) {
        self.until = Some(out.now().after(Duration::from_millis(20)));
        out.emit(batch);
    }

    fn tick(&mut self, out: &mut Out<'_>) -> Option<Time> {
        if self.until.is_some_and(|until| out.now().reached(until)) {
            self.noted.store(self.come.load(Relaxed), Relaxed);
            self.until = None;
        }
        self.until
    }
}

/// A millisecond passes whenever somebody looks.
#[derive(Default)]
struct Looked(AtomicU64);

impl Clock for Looked {
    fn now(&self) -> Time {
        Time::default().after(Duration::from_millis(self.0.fetch_add(1, Relaxed)))
    }
}

/// Guarantees: a node whose time has come is called although input goes on without a pause.
#[tokio::test(start_paused = true)]
async fn steady_input_keeps_no_processor_from_its_time() {
    let holding = Holding::default();
    let mut rig = chain(First(Arc::clone(&holding.come)), holding.clone());
    rig.options.clock = Arc::new(Looked::default());
    let started = rig.start().await.unwrap();
    let door = started.door("probe");
    let pending: Vec<_> = (0..30).map(|at| door.submit(logs(at, 1), LONG)).collect();
    for pending in pending {
        assert!(is_accepted(&pending.answer().await));
    }
    let noted = holding.noted.load(Relaxed);
    assert!((2..30).contains(&noted), "called after {noted} of 30 batches");
    stop(started, secs(1)).await;
}
