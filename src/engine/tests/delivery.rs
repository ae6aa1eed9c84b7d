//! One request until its end: the order of attempts, and every way to end.

use super::{LONG, Line, ends, exporter, is_accepted, label, logs, run, secs, stop, times};
use crate::batch::Retry;
use crate::testing::{Backend, Verdict};
use tokio::time::Instant;

const STEADY: &str = "retry_on_failure: { initial_interval: 1s, randomization_factor: 0, multiplier: 2, \
                      max_interval: 4s, max_elapsed_time: 0 }";

#[tokio::test(start_paused = true)]
async fn pauses_grow_and_the_same_request_is_sent_until_it_is_taken() {
    let backend = Backend::scripted([Verdict::Fail(Retry::Backoff); 4]);
    let started = exporter(STEADY, &backend).await;
    let start = Instant::now();
    assert!(is_accepted(&started.door("probe").send(logs(0, 3), LONG).await));
    tokio::time::sleep(secs(60)).await;
    assert_eq!(times(&backend, start), [0, 1, 3, 7, 11]);
    assert!(backend.attempts().iter().all(|attempt| attempt.seqs == [0, 1, 2]));
    assert_eq!(ends(&stop(started, secs(5)).await), (3, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_names_a_pause_gets_it() {
    let nine = Verdict::Fail(Retry::After(secs(9)));
    let backend = Backend::scripted([nine, Verdict::Fail(Retry::Backoff)]);
    let started = exporter(STEADY, &backend).await;
    let start = Instant::now();
    started.door("probe").send(logs(0, 1), LONG).await;
    tokio::time::sleep(secs(60)).await;
    assert_eq!(times(&backend, start), [0, 9, 11], "and the backoff goes on growing meanwhile");
    stop(started, secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn after_its_time_a_request_is_given_up_and_counted() {
    let backend = Backend::always(Verdict::Fail(Retry::Backoff));
    let keys = STEADY.replace("max_elapsed_time: 0", "max_elapsed_time: 10s");
    let started = exporter(&keys, &backend).await;
    let start = Instant::now();
    started.door("probe").send(logs(0, 5), LONG).await;
    tokio::time::sleep(secs(60)).await;
    assert_eq!(times(&backend, start), [0, 1, 3, 7], "the next would be at 11 s");
    assert_eq!(started.gateway.report().imbalances(), Vec::<String>::new());
    assert_eq!(started.gateway.status().failing().len(), 1);
    assert_eq!(ends(&stop(started, secs(5)).await), (0, 5, 0));
}

#[tokio::test(start_paused = true)]
async fn an_attempt_without_an_answer_is_cut_off_and_repeated() {
    let backend = Backend::scripted([Verdict::Hang, Verdict::Slow(secs(3)), Verdict::Slow(secs(1))]);
    let started = exporter(&format!("timeout: 2s, {STEADY}"), &backend).await;
    let start = Instant::now();
    started.door("probe").send(logs(0, 2), LONG).await;
    tokio::time::sleep(secs(60)).await;
    assert_eq!(times(&backend, start), [0, 3, 7]);
    assert_eq!(backend.taken(), [0, 1], "the attempt that was cut off was not taken");
    stop(started, secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn a_lasting_refusal_is_not_repeated() {
    let backend = Backend::always(Verdict::Fail(Retry::Never));
    let started = exporter(STEADY, &backend).await;
    assert!(is_accepted(&started.door("probe").send(logs(0, 2), LONG).await), "the queue has answered");
    tokio::time::sleep(secs(60)).await;
    assert_eq!(backend.attempts().len(), 1);
    assert_eq!(ends(&stop(started, secs(5)).await), (0, 2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_still_waits_learns_of_the_refusal_and_that_it_lasts() {
    let backend = Backend::always(Verdict::Fail(Retry::Never));
    let started = exporter("sending_queue: { wait_for_result: true }", &backend).await;
    let outcome = started.door("probe").send(logs(0, 2), LONG).await;
    assert_eq!((outcome.retry, label(&outcome)), (Some(Retry::Never), "scripted"));
    assert_eq!(ends(&stop(started, secs(5)).await), (0, 0, 2));
}

#[tokio::test(start_paused = true)]
async fn one_bad_item_is_found_by_halves_and_only_it_is_lost() {
    let bad = |seqs: &[u64]| if seqs.contains(&5) { Verdict::Divide } else { Verdict::Take };
    let backend = Backend::new(move |attempt| bad(&attempt.seqs));
    let started = exporter(STEADY, &backend).await;
    started.door("probe").send(logs(0, 16), LONG).await;
    tokio::time::sleep(secs(60)).await;
    assert_eq!(backend.taken(), (0..16).filter(|seq| *seq != 5).collect::<Vec<_>>());
    assert_eq!(backend.attempts().len(), 9, "the whole, and two for each of four halvings");
    assert_eq!(ends(&stop(started, secs(5)).await), (15, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_half_may_be_repeated_and_a_sender_waits_for_both() {
    let mut tries = 0;
    let backend = Backend::new(move |attempt| match attempt.seqs.len() {
        4 => Verdict::Divide,
        _ if attempt.seqs.contains(&2) && {
            tries += 1;
            tries < 3
        } =>
        {
            Verdict::Fail(Retry::Backoff)
        }
        _ => Verdict::Take,
    });
    let line = Line { probe: "answer: delivered", backend: STEADY, ..Line::PLAIN };
    let started = line.start(&backend).await;
    let start = Instant::now();
    let outcome = started.door("probe").send(logs(0, 4), LONG).await;
    assert_eq!((outcome.delivered, outcome.retry), (4, None));
    assert_eq!((start.elapsed().as_secs(), backend.taken()), (3, vec![0, 1, 2, 3]));
    stop(started, secs(5)).await;
}

#[tokio::test(start_paused = true)]
async fn items_refused_one_by_one_are_told_and_counted() {
    let backend = Backend::always(Verdict::Reject(2));
    let started = Line { probe: "answer: delivered", ..Line::PLAIN }.start(&backend).await;
    let outcome = started.door("probe").send(logs(0, 5), LONG).await;
    assert_eq!((outcome.delivered, outcome.rejected, outcome.retry), (3, 2, None));
    assert_eq!(backend.attempts().len(), 1);
    assert_eq!(ends(&stop(started, secs(5)).await), (3, 2, 0));
}

#[tokio::test(start_paused = true)]
async fn a_stop_cuts_pauses_short_and_what_can_still_be_delivered_is() {
    let backend = Backend::scripted([Verdict::Fail(Retry::After(secs(250)))]);
    let started = exporter("", &backend).await;
    let start = Instant::now();
    started.door("probe").send(logs(0, 2), LONG).await;
    run().await;
    assert!(backend.taken().is_empty());
    assert_eq!(ends(&stop(started, secs(5)).await), (2, 0, 0));
    assert!(start.elapsed() < secs(1), "{:?}", start.elapsed());
}

const SMALL: &str = "timeout: 0, sending_queue: { num_consumers: 1, queue_size: 1 }";
const HOLDER: &str = "batch: { send_batch_size: 10, timeout: 1h }";

/// Guarantees: whatever is left at the deadline is counted, wherever it is.
#[tokio::test(start_paused = true)]
async fn at_the_deadline_what_is_in_flight_queued_blocked_and_held_is_abandoned() {
    let backend = Backend::always(Verdict::Hang);
    let line = Line { processors: HOLDER, chain: "batch", backend: SMALL, ..Line::PLAIN };
    let started = line.start(&backend).await;
    let (door, start) = (started.door("probe"), Instant::now());
    for (at, items) in [10, 10, 10].into_iter().enumerate() {
        assert!(is_accepted(&door.send(logs(at as u64 * 10, items), LONG).await));
    }
    run().await;
    let report = stop(started, secs(2)).await;
    assert!((secs(2)..secs(4)).contains(&start.elapsed()), "{:?}", start.elapsed());
    assert_eq!(ends(&report), (0, 20, 0), "one in flight, one queued");
    assert_eq!(report.total(super::Role::FanOut).discarded, 10, "one waited for the queue");
    assert_eq!(report.total(super::Role::Receiver).left, 30);
}

#[tokio::test(start_paused = true)]
async fn what_a_holder_holds_at_the_end_is_delivered_or_abandoned() {
    for (backend, expected) in [(Backend::default(), (3, 0, 0)), (Backend::always(Verdict::Hang), (0, 3, 0))]
    {
        let line = Line { processors: HOLDER, chain: "batch", backend: SMALL, ..Line::PLAIN };
        let started = line.start(&backend).await;
        assert!(is_accepted(&started.door("probe").send(logs(0, 3), LONG).await));
        assert_eq!(backend.attempts().len(), 0, "it is held");
        assert_eq!(ends(&stop(started, secs(2)).await), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn at_the_deadline_both_halves_of_a_request_are_abandoned() {
    let divide = |items: usize| if items == 8 { Verdict::Divide } else { Verdict::Hang };
    let backend = Backend::new(move |attempt| divide(attempt.seqs.len()));
    let started = exporter("timeout: 0", &backend).await;
    started.door("probe").send(logs(0, 8), LONG).await;
    run().await;
    assert_eq!(ends(&stop(started, secs(2)).await), (0, 8, 0));
}

#[tokio::test(start_paused = true)]
async fn a_sender_that_waits_is_told_to_come_again_when_the_gateway_ends() {
    let backend = Backend::always(Verdict::Hang);
    let line = Line { probe: "answer: delivered", backend: "timeout: 0", ..Line::PLAIN };
    let started = line.start(&backend).await;
    let pending = started.door("probe").submit(logs(0, 8), LONG);
    run().await;
    stop(started, secs(2)).await;
    assert!(pending.answer().await.is_retry());
}
