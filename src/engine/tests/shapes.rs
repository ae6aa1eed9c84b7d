//! The three shapes of exporters: one request for each batch, several in lanes, and writers that gather.

use super::{LONG, Line, ends, is_accepted, logs, plan, run, secs, stop};
use crate::batch::Retry;
use crate::component::{Random, SplitMix};
use crate::otlp::Signal;
use crate::testing::{Backend, Gatherer, Generator, Ledger, Started, Verdict};
use std::time::Duration;
use tokio::time::Instant;

const QUICK: &str =
    "timeout: 0, retry_on_failure: { initial_interval: 10ms, max_interval: 50ms, max_elapsed_time: 0 }";

/// Fails by chance, is slow by chance, and refuses whole any request with item 13 or 40.
fn moody(seed: u64) -> Backend {
    let random = SplitMix::new(seed);
    Backend::new(move |attempt| match random.next() % 6 {
        _ if attempt.seqs.iter().any(|seq| [13, 40].contains(seq)) => Verdict::Divide,
        0 | 1 => Verdict::Fail(Retry::Backoff),
        2 => Verdict::Slow(Duration::from_millis(7)),
        3 => Verdict::Slow(Duration::from_millis(70)),
        _ => Verdict::Take,
    })
}

fn all_but_the_bad() -> Vec<u64> {
    (0..100).filter(|seq| ![13, 40].contains(seq)).collect()
}

#[tokio::test(start_paused = true)]
async fn one_to_one_every_item_arrives_once() {
    let backend = moody(1);
    let started = Line { backend: QUICK, ..Line::PLAIN }.start(&backend).await;
    for at in 0..20 {
        assert!(is_accepted(&started.door("probe").send(logs(at * 5, 5), LONG).await));
    }
    tokio::time::sleep(secs(600)).await;
    assert_eq!(backend.taken_sorted(), all_but_the_bad());
    assert_eq!(ends(&stop(started, secs(1)).await), (98, 2, 0));
}

/// Guarantees: within a lane items arrive in order, whatever fails in between.
#[tokio::test(start_paused = true)]
async fn in_lanes_every_item_arrives_once_and_in_the_order_of_its_lane() {
    for seed in 0..20 {
        let backend = moody(seed).in_lanes(4);
        let started =
            Line { probe: "answer: delivered", backend: QUICK, ..Line::PLAIN }.start(&backend).await;
        let door = started.door("probe");
        let answers: Vec<_> = (0..20).map(|at| door.submit(logs(at * 5, 5), LONG)).collect();
        let mut refused = 0;
        for answer in answers {
            refused += u64::from(!is_accepted(&answer.answer().await));
        }
        assert_eq!(refused, 2, "those with a bad item");
        assert_eq!(backend.taken_sorted(), all_but_the_bad());
        for lane in 0..4 {
            let taken: Vec<_> = backend.taken().into_iter().filter(|seq| seq % 4 == lane).collect();
            assert!(taken.is_sorted(), "seed {seed}, lane {lane}: {taken:?}");
        }
        assert!(!backend.was_crowded() && backend.most_under_way() > 1);
        let report = stop(started, secs(1)).await;
        assert_eq!(report.total(super::Role::Exporter).left, 98);
    }
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_requests_that_wait_in_a_lane_are_abandoned() {
    let backend = Backend::always(Verdict::Hang).in_lanes(2);
    let started = Line { backend: "timeout: 0", ..Line::PLAIN }.start(&backend).await;
    for at in 0..10 {
        assert!(is_accepted(&started.door("probe").send(logs(at * 4, 4), LONG).await));
    }
    run().await;
    assert_eq!(ends(&stop(started, secs(1)).await), (0, 40, 0));
}

async fn gathering(probe: &str, enough: usize, time: Duration, ledger: &Ledger) -> Started {
    let yaml = format!(
        "receivers: {{ probe: {{ {probe} }} }}\n\
         exporters: {{ backend: }}\n\
         service:\n  pipelines:\n    \
         logs: {{ receivers: [probe], exporters: [backend] }}\n    \
         traces: {{ receivers: [probe], exporters: [backend] }}\n"
    );
    let ledger = ledger.clone();
    let writer = move |env: &crate::component::Env| Gatherer::new(&ledger, enough, time, &env.clock).sink();
    plan(&yaml).sink("backend", writer).start().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_writer_settles_when_it_commits() {
    let ledger = Ledger::default();
    let started = gathering("answer: delivered", 5, secs(10), &ledger).await;
    let (door, start) = (started.door("probe"), Instant::now());
    let first = door.submit(logs(0, 3), LONG);
    let second = door.submit(Generator::new(3).data(Signal::Traces, 2), LONG);
    assert!(is_accepted(&first.answer().await) && is_accepted(&second.answer().await));
    assert_eq!((start.elapsed(), ledger.commits()), (Duration::ZERO, vec![vec![0, 1, 2, 3, 4]]));
    assert!(is_accepted(&door.send(logs(5, 1), LONG).await));
    assert_eq!((start.elapsed().as_secs(), ledger.commits().len()), (10, 2), "by its timer");
    assert_eq!(ends(&stop(started, secs(1)).await), (6, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_commit_that_fails_is_made_again_and_nobody_is_answered_before() {
    let ledger = Ledger::default();
    ledger.fail(2);
    let started = gathering("answer: delivered", 100, secs(10), &ledger).await;
    let start = Instant::now();
    assert!(is_accepted(&started.door("probe").send(logs(0, 3), LONG).await));
    assert_eq!((start.elapsed().as_secs(), ledger.commits()), (30, vec![vec![0, 1, 2]]));
    stop(started, secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_writer_commits_at_the_end_what_it_holds_or_it_is_abandoned() {
    for (failures, expected) in [(0, (3, 0, 0)), (9, (0, 3, 0))] {
        let ledger = Ledger::default();
        ledger.fail(failures);
        let started = gathering("", 100, secs(1000), &ledger).await;
        assert!(is_accepted(&started.door("probe").send(logs(0, 3), LONG).await), "its queue has answered");
        run().await;
        assert_eq!(ends(&stop(started, secs(1)).await), expected);
    }
}
