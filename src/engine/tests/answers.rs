//! The sender's answer: who gives it and when, and what a deadline does before and after somebody owns the data.

use super::{LONG, Line, ends, exporter, is_accepted, label, logs, plan, run, secs, stop};
use crate::batch::{Outcome, Retry};
use crate::testing::{Backend, Verdict};
use std::time::Duration;
use tokio::time::Instant;

const HOLDER: &str = "batch: { send_batch_size: 10000, timeout: 10s }";

#[tokio::test(start_paused = true)]
async fn the_first_holder_answers() {
    let backend = Backend::default();
    let line = Line {
        processors: HOLDER,
        chain: "batch",
        backend: "sending_queue: { enabled: false }",
        ..Line::PLAIN
    };
    let started = line.start(&backend).await;
    let start = Instant::now();
    assert_eq!(started.door("probe").send(logs(0, 3), LONG).await, Outcome::delivered(3));
    assert_eq!((start.elapsed(), backend.attempts().len()), (Duration::ZERO, 0), "the batch has it");
    tokio::time::sleep(secs(11)).await;
    assert_eq!(backend.taken(), [0, 1, 2]);
    stop(started, secs(1)).await;
}

const TWO: &str = "
receivers: { probe: { answer: delivered } }
exporters: { backend/a: { timeout: 0 }, backend/b: { timeout: 0 } }
service: { pipelines: { logs: { receivers: [probe], exporters: [backend/a, backend/b] } } }
";

#[tokio::test(start_paused = true)]
async fn delivered_waits_for_every_backend() {
    let (fast, slow) = (Backend::always(Verdict::Slow(secs(2))), Backend::always(Verdict::Slow(secs(5))));
    let started = plan(TWO).backend("backend/a", &fast).backend("backend/b", &slow).start().await.unwrap();
    let start = Instant::now();
    assert!(is_accepted(&started.door("probe").send(logs(0, 3), LONG).await));
    assert_eq!((start.elapsed().as_secs(), fast.taken(), slow.taken()), (5, vec![0, 1, 2], vec![0, 1, 2]));
    stop(started, secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn delivered_is_a_refusal_if_one_backend_refuses() {
    let refusing = Backend::always(Verdict::Fail(Retry::Never));
    let started = plan(TWO).backend("backend/b", &refusing).start().await.unwrap();
    let outcome = started.door("probe").send(logs(0, 3), LONG).await;
    assert_eq!(outcome.retry, Some(Retry::Never));
    stop(started, secs(1)).await;
}

/// Guarantees: a sender that was told to come again before anybody owned its data does not find it delivered too.
#[tokio::test(start_paused = true)]
async fn what_expires_before_a_full_queue_is_refused_and_never_delivered() {
    let backend = Backend::always(Verdict::Slow(secs(60)));
    let keys = "timeout: 0, sending_queue: { num_consumers: 1, queue_size: 1, block_on_overflow: true }";
    let started = exporter(keys, &backend).await;
    let (door, start) = (started.door("probe"), Instant::now());
    door.send(logs(0, 1), LONG).await;
    run().await;
    door.send(logs(1, 1), LONG).await;
    let late = door.send(logs(2, 1), secs(5)).await;
    assert!(late.is_retry() && label(&late) == "busy", "{late:?}");
    assert_eq!(start.elapsed().as_secs(), 5);
    assert!(is_accepted(&door.send(logs(3, 1), LONG).await), "the next one is not harmed");
    tokio::time::sleep(secs(600)).await;
    assert_eq!(backend.taken(), [0, 1, 3]);
    assert_eq!(ends(&stop(started, secs(1)).await), (3, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn what_expires_in_a_queue_that_does_not_answer_is_never_delivered() {
    for keys in [
        "wait_for_result: true, num_consumers: 1",
        "wait_for_result: true, num_consumers: 1, batch: { min_size: 1 }",
    ] {
        let backend = Backend::always(Verdict::Slow(secs(60)));
        let started = exporter(&format!("timeout: 0, sending_queue: {{ {keys} }}"), &backend).await;
        let door = started.door("probe");
        let first = door.submit(logs(0, 1), LONG);
        run().await;
        let late = door.send(logs(1, 1), secs(5)).await;
        assert_eq!((late.is_retry(), label(&late)), (true, "busy"));
        assert!(is_accepted(&first.answer().await));
        tokio::time::sleep(secs(600)).await;
        assert_eq!(backend.taken(), [0]);
        assert_eq!(ends(&stop(started, secs(1)).await), (1, 0, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn what_somebody_owns_does_not_expire() {
    let backend = Backend::always(Verdict::Slow(secs(60)));
    let started = exporter("timeout: 0, sending_queue: { wait_for_result: true }", &backend).await;
    let unsure = started.door("probe").send(logs(0, 1), secs(5)).await;
    assert_eq!((unsure.is_retry(), label(&unsure)), (true, "slow"), "it may arrive, and it does");
    tokio::time::sleep(secs(600)).await;
    assert_eq!(backend.taken(), [0]);
    assert_eq!(ends(&stop(started, secs(1)).await), (1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn what_expires_before_a_blocked_pipeline_is_never_delivered() {
    let backend = Backend::always(Verdict::Hang);
    let keys = "timeout: 30s, sending_queue: { num_consumers: 1, queue_size: 1, block_on_overflow: true }";
    let line = Line { processors: HOLDER, chain: "batch", backend: keys, ..Line::PLAIN };
    let started = plan_small_batches(&line).backend("backend", &backend).start().await.unwrap();
    let door = started.door("probe");
    // One in flight, one queued, one in the worker's hands; more than fit in front of the pipeline wait outside.
    let pending: Vec<_> = (0..100).map(|at| door.submit(logs(at, 1), secs(5))).collect();
    tokio::time::sleep(secs(6)).await;
    let mut accepted = Vec::new();
    for (seq, mut pending) in (0..).zip(pending) {
        let outcome = pending.now().expect("answered by its deadline");
        assert!(is_accepted(&outcome) || label(&outcome) == "busy", "{outcome:?}");
        accepted.extend(is_accepted(&outcome).then_some(seq));
    }
    assert_eq!(accepted, [0, 1, 2]);
    backend.recover();
    tokio::time::sleep(secs(600)).await;
    assert_eq!(backend.taken_sorted(), accepted);
    stop(started, secs(1)).await;
}

fn plan_small_batches(line: &Line<'_>) -> crate::testing::Rig {
    Line { processors: "batch: { send_batch_size: 1, timeout: 1h }", ..*line }.rig()
}

/// Guarantees: a client that waits for each answer before it sends again is never slowed down by a timer.
#[tokio::test(start_paused = true)]
async fn a_closed_loop_waits_for_no_timer() {
    let backend = Backend::default();
    let line = Line { probe: "answer: delivered", processors: HOLDER, chain: "batch", ..Line::PLAIN };
    let started = line.start(&backend).await;
    let (door, start) = (started.door("probe"), Instant::now());
    for at in 0..50 {
        assert_eq!(door.send(logs(at * 3, 3), LONG).await, Outcome::delivered(3));
    }
    assert_eq!((start.elapsed(), backend.attempts().len()), (Duration::ZERO, 50));
    let several: Vec<_> = (50..60).map(|at| door.submit(logs(at * 3, 3), LONG)).collect();
    for pending in several {
        assert!(is_accepted(&pending.answer().await));
    }
    assert_eq!((start.elapsed(), backend.attempts().len()), (Duration::ZERO, 51), "together in one request");
    assert_eq!(backend.taken(), (0..180).collect::<Vec<_>>());
    stop(started, secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn senders_of_both_kinds_in_one_batch_are_each_answered_in_time() {
    let yaml = "
receivers: { probe/held: , probe/delivered: { answer: delivered } }
processors: { batch: { send_batch_size: 6, send_batch_max_size: 6, timeout: 1h } }
exporters: { backend: { timeout: 0, sending_queue: { num_consumers: 1 } } }
service: { pipelines: { logs: { receivers: [probe/held, probe/delivered], processors: [batch], exporters: [backend] } } }
";
    let backend = Backend::always(Verdict::Slow(secs(10)));
    let started = plan(yaml).backend("backend", &backend).start().await.unwrap();
    let (held, delivered) = (started.door("probe/held"), started.door("probe/delivered"));
    let start = Instant::now();
    assert!(is_accepted(&held.send(logs(0, 5), LONG).await));
    // Its first item goes out with the five before it, the others in the second request, ten seconds later.
    assert!(is_accepted(&delivered.send(logs(5, 6), LONG).await));
    assert_eq!((start.elapsed().as_secs(), backend.taken().len()), (20, 11));
    stop(started, secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn over_the_budget_a_sender_is_refused_and_nothing_is_kept() {
    let yaml = "
receivers: { probe: }
processors: { memory_limiter: { check_interval: 1s, limit_mib: 1 } }
exporters: { backend: { timeout: 0 } }
service: { pipelines: { logs: { receivers: [probe], processors: [memory_limiter], exporters: [backend] } } }
";
    let backend = Backend::always(Verdict::Slow(secs(60)));
    let started = plan(yaml).backend("backend", &backend).start().await.unwrap();
    assert_eq!(started.gateway.budget().limit(), 1 << 20);
    let door = started.door("probe");
    let mut outcomes = Vec::new();
    for at in 0..10 {
        outcomes.push(door.send(logs(at * 1000, 1000), LONG).await);
    }
    let accepted = outcomes.iter().filter(|outcome| is_accepted(outcome)).count();
    assert!((2..8).contains(&accepted), "{accepted}");
    assert!(outcomes.iter().all(|outcome| is_accepted(outcome) || label(outcome) == "memory"));
    assert!(started.used() <= 1 << 20);
    tokio::time::sleep(secs(61)).await;
    assert_eq!((started.used(), backend.taken().len()), (0, accepted * 1000));
    assert!(is_accepted(&door.send(logs(90_000, 1000), LONG).await), "and there is room again");
    stop(started, secs(100)).await;
}
