//! The queue in front of an exporter: its bound in each unit, and what a full one does.

use super::{LONG, Line, ends, exporter, is_accepted, label, logs, run, secs, stop, times};
use crate::batch::{Outcome, Retry};
use crate::testing::{Backend, Started, Verdict};
use tokio::time::Instant;

/// Submits batches of these sizes one after the other; which of them were accepted.
async fn fill(started: &Started, sizes: &[u64]) -> Vec<bool> {
    let (door, mut first, mut accepted) = (started.door("probe"), 0, Vec::new());
    for &items in sizes {
        let outcome = door.send(logs(first, items), LONG).await;
        run().await;
        assert!(is_accepted(&outcome) || outcome.retry == Some(Retry::After(secs(1))), "{outcome:?}");
        assert!(is_accepted(&outcome) || label(&outcome) == "queue_full", "{outcome:?}");
        accepted.push(is_accepted(&outcome));
        first += items;
    }
    accepted
}

async fn hanging(queue: &str) -> Started {
    let keys = format!("timeout: 0, sending_queue: {{ num_consumers: 1, {queue} }}");
    exporter(&keys, &Backend::always(Verdict::Hang)).await
}

#[tokio::test(start_paused = true)]
async fn requests_bound_a_queue() {
    let started = hanging("queue_size: 2").await;
    assert_eq!(fill(&started, &[5, 5, 500, 1]).await, [true, true, true, false], "one is in flight");
    let report = stop(started, secs(1)).await;
    assert_eq!(ends(&report), (0, 510, 0));
    assert_eq!(report.total(super::Role::FanOut).refused, 1);
}

#[tokio::test(start_paused = true)]
async fn items_bound_a_queue_and_a_smaller_batch_may_still_fit() {
    let started = hanging("queue_size: 10, sizer: items").await;
    assert_eq!(fill(&started, &[4, 4, 4, 4, 2, 1]).await, [true, true, true, false, true, false]);
    stop(started, secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn bytes_bound_a_queue() {
    let each = logs(0, 4).wire_len();
    let started = hanging(&format!("queue_size: {}, sizer: bytes", 2 * each + each / 2)).await;
    assert_eq!(fill(&started, &[4, 4, 4, 4]).await, [true, true, true, false]);
    stop(started, secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_batch_larger_than_the_whole_queue_goes_through_it_when_it_is_empty() {
    let started = hanging("queue_size: 10, sizer: items").await;
    assert_eq!(fill(&started, &[1, 100, 1]).await, [true, true, false]);
    stop(started, secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_full_queue_shows_in_the_metrics() {
    let started = hanging("queue_size: 2").await;
    fill(&started, &[5, 5, 5, 7]).await;
    let value = |name: &str| {
        let samples = started.registry.snapshot(0).samples;
        let sample = samples.iter().find(|sample| sample.def.name == name);
        sample.map_or_else(|| panic!("no {name}"), |sample| format!("{:?}", sample.value))
    };
    assert!(value("otelcol_exporter_queue_size").contains('2'), "{}", value("otelcol_exporter_queue_size"));
    assert!(value("otelcol_exporter_enqueue_failed_log_records").contains('7'));
    stop(started, secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn with_block_on_overflow_senders_wait_for_room() {
    let backend = Backend::always(Verdict::Slow(secs(30)));
    let keys = "timeout: 0, sending_queue: { num_consumers: 1, queue_size: 1, block_on_overflow: true }";
    let started = exporter(keys, &backend).await;
    let (door, start) = (started.door("probe"), Instant::now());
    let mut answered = Vec::new();
    for at in 0..4 {
        assert!(is_accepted(&door.send(logs(at, 1), LONG).await));
        run().await;
        answered.push(start.elapsed().as_secs());
    }
    assert_eq!(answered, [0, 0, 30, 60]);
    tokio::time::sleep(secs(200)).await;
    assert_eq!((backend.taken(), times(&backend, start)), (vec![0, 1, 2, 3], vec![0, 30, 60, 90]));
    stop(started, secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn with_wait_for_result_the_answer_comes_from_the_backend() {
    let backend = Backend::scripted([Verdict::Slow(secs(3)), Verdict::Reject(1)]);
    let started = exporter("sending_queue: { wait_for_result: true }", &backend).await;
    let (door, start) = (started.door("probe"), Instant::now());
    assert_eq!(door.send(logs(0, 2), LONG).await, Outcome::delivered(2));
    assert_eq!(start.elapsed().as_secs(), 3);
    let partial = door.send(logs(2, 2), LONG).await;
    assert_eq!((partial.delivered, partial.rejected), (1, 1));
    stop(started, secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn without_a_queue_the_sender_waits_through_all_retries() {
    let backend = Backend::scripted([Verdict::Fail(Retry::After(secs(7))), Verdict::Slow(secs(2))]);
    let started = exporter("sending_queue: { enabled: false }", &backend).await;
    let start = Instant::now();
    assert!(is_accepted(&started.door("probe").send(logs(0, 1), LONG).await));
    assert_eq!(start.elapsed().as_secs(), 9);
    stop(started, secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn without_queue_and_retry_a_failure_goes_straight_back_to_the_sender() {
    let backend = Backend::scripted([Verdict::Fail(Retry::After(secs(7)))]);
    let keys = "sending_queue: { enabled: false }, retry_on_failure: { enabled: false }";
    let started = exporter(keys, &backend).await;
    let door = started.door("probe");
    let outcome = door.send(logs(0, 1), LONG).await;
    assert_eq!((outcome.retry, backend.attempts().len()), (Some(Retry::After(secs(7))), 1));
    assert!(is_accepted(&door.send(logs(0, 1), LONG).await), "the sender comes again");
    assert_eq!(ends(&stop(started, secs(1)).await), (1, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn no_more_requests_are_in_flight_than_consumers() {
    let backend = Backend::always(Verdict::Slow(secs(1)));
    let started = exporter("sending_queue: { num_consumers: 3 }", &backend).await;
    let (door, start) = (started.door("probe"), Instant::now());
    for at in 0..10 {
        door.send(logs(at, 1), LONG).await;
    }
    tokio::time::sleep(secs(60)).await;
    assert_eq!(backend.most_under_way(), 3);
    assert_eq!(times(&backend, start), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3]);
    stop(started, secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_queue_can_gather_and_cut() {
    let backend = Backend::default();
    let keys = "sending_queue: { batch: { min_size: 10, max_size: 10, flush_timeout: 5s } }";
    let started = exporter(keys, &backend).await;
    let (door, start) = (started.door("probe"), Instant::now());
    for at in 0..6 {
        assert!(is_accepted(&door.send(logs(at * 4, 4), LONG).await));
    }
    tokio::time::sleep(secs(60)).await;
    let sizes: Vec<_> = backend.attempts().iter().map(|attempt| attempt.seqs.len()).collect();
    assert_eq!((sizes, times(&backend, start)), (vec![10, 10, 4], vec![0, 0, 5]));
    assert_eq!(backend.taken_sorted(), (0..24).collect::<Vec<_>>());
    stop(started, secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn a_gathering_queue_gives_up_what_it_gathers_at_the_end() {
    for (verdict, expected) in [(Verdict::Take, (3, 0, 0)), (Verdict::Hang, (0, 3, 0))] {
        let backend = Backend::always(verdict);
        let started = exporter("timeout: 0, sending_queue: { batch: { flush_timeout: 1h } }", &backend).await;
        started.door("probe").send(logs(0, 3), LONG).await;
        run().await;
        assert_eq!(backend.attempts().len(), 0);
        assert_eq!(ends(&stop(started, secs(1)).await), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn each_of_several_senders_in_one_request_is_answered_by_its_own_part() {
    let bad = |seqs: &[u64]| if seqs.contains(&0) { Verdict::Divide } else { Verdict::Take };
    let backend = Backend::new(move |attempt| bad(&attempt.seqs));
    let queue = "sending_queue: { wait_for_result: true, batch: { min_size: 4, flush_timeout: 1h } }";
    let started = Line { backend: queue, ..Line::PLAIN }.start(&backend).await;
    let door = started.door("probe");
    let (first, second) = (door.submit(logs(0, 2), LONG), door.submit(logs(2, 2), LONG));
    assert_eq!(first.answer().await.retry, Some(Retry::Never));
    assert_eq!(second.answer().await, Outcome::delivered(2));
    assert_eq!(ends(&stop(started, secs(1)).await), (3, 0, 1));
}
