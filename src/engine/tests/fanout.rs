//! Fan-out: a batch enters all branches or none.

use super::{LONG, is_accepted, label, logs, plan, run, secs, stop};
use crate::batch::Retry;
use crate::testing::{Backend, Started, Verdict};
use std::time::Duration;

const NAMES: [&str; 4] = ["backend/a", "backend/b", "backend/c", "backend/d"];

/// Four exporters, the third of which hangs; `chain` stands before them.
async fn four(chain: &str) -> (Started, [Backend; 4]) {
    let keys = "timeout: 5s, sending_queue: { num_consumers: 1, queue_size: 1 }, \
                retry_on_failure: { initial_interval: 1s, max_interval: 1s, max_elapsed_time: 0 }";
    let yaml = format!(
        "receivers: {{ probe: }}\n\
         processors: {{ batch: {{ send_batch_size: 1, timeout: 1h }} }}\n\
         exporters:\n  backend/a:\n  backend/b:\n  backend/c: {{ {keys} }}\n  backend/d:\n\
         service: {{ pipelines: {{ logs: {{ receivers: [probe], processors: [{chain}], exporters: [{}] }} }} }}\n",
        NAMES.join(", ")
    );
    let backends = [Verdict::Take, Verdict::Take, Verdict::Hang, Verdict::Take].map(Backend::always);
    let rig =
        NAMES.iter().zip(&backends).fold(plan(&yaml), |rig, (name, backend)| rig.backend(name, backend));
    (rig.start().await.unwrap(), backends)
}

/// Guarantees: while one exporter is down and its queue full, the others get nothing twice, however often the
/// sender repeats.
#[tokio::test(start_paused = true)]
async fn a_dead_exporter_makes_no_duplicates_at_the_others() {
    let (started, backends) = four("").await;
    let (door, mut refusals) = (started.door("probe"), 0);
    for at in 0..10 {
        loop {
            let outcome = door.send(logs(at, 1), secs(10)).await;
            run().await;
            if is_accepted(&outcome) {
                break;
            }
            assert_eq!((outcome.retry, label(&outcome)), (Some(Retry::After(secs(1))), "queue_full"));
            refusals += 1;
            if refusals == 30 {
                backends[2].recover();
            }
            tokio::time::sleep(secs(1)).await;
        }
    }
    assert!(refusals >= 30);
    tokio::time::sleep(secs(60)).await;
    for backend in &backends {
        assert_eq!(backend.taken(), (0..10).collect::<Vec<_>>());
    }
    stop(started, secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn behind_a_holder_a_full_queue_blocks_and_nothing_is_lost_when_it_comes_back() {
    let (started, backends) = four("batch").await;
    let door = started.door("probe");
    let pending: Vec<_> = (0..40).map(|at| door.submit(logs(at, 1), LONG)).collect();
    tokio::time::sleep(secs(100)).await;
    assert_eq!(backends[0].taken(), [0, 1], "all or nothing: the others wait too");
    backends[2].recover();
    for pending in pending {
        assert!(is_accepted(&pending.answer().await));
    }
    tokio::time::sleep(secs(60)).await;
    for backend in &backends {
        assert_eq!(backend.taken(), (0..40).collect::<Vec<_>>());
    }
    stop(started, secs(1)).await;
}

/// Guarantees: pipelines that end in the same small queues do not wait for each other for ever.
#[tokio::test(start_paused = true)]
async fn pipelines_that_share_full_queues_in_other_orders_all_go_on() {
    let keys = "timeout: 0, sending_queue: { num_consumers: 1, queue_size: 1, block_on_overflow: true }";
    let yaml = format!(
        "receivers: {{ probe/1: , probe/2: , probe/3: }}\n\
         connectors: {{ forward: }}\n\
         exporters: {{ backend/a: {{ {keys} }}, backend/b: {{ {keys} }} }}\n\
         service:\n  pipelines:\n    \
         logs/1: {{ receivers: [probe/1], exporters: [backend/a, backend/b] }}\n    \
         logs/2: {{ receivers: [probe/2], exporters: [backend/b, backend/a] }}\n    \
         logs/3: {{ receivers: [probe/3], exporters: [backend/b, forward] }}\n    \
         logs/4: {{ receivers: [forward], exporters: [backend/b] }}\n"
    );
    let backends = [3, 5].map(|millis| Backend::always(Verdict::Slow(Duration::from_millis(millis))));
    let rig = plan(&yaml).backend("backend/a", &backends[0]).backend("backend/b", &backends[1]);
    let started = rig.start().await.unwrap();
    let doors = [started.door("probe/1"), started.door("probe/2"), started.door("probe/3")];
    let submit = |at: u64| doors[at as usize % 3].submit(logs(at, 1), secs(600));
    let pending: Vec<_> = (0..300).map(submit).collect();
    for pending in pending {
        let outcome = pending.answer().await;
        assert!(is_accepted(&outcome), "{outcome:?}");
    }
    tokio::time::sleep(secs(60)).await;
    let [a, b] = backends.map(|backend| backend.taken_sorted());
    assert_eq!(a, (0..300).filter(|seq| seq % 3 < 2).collect::<Vec<_>>());
    let (twice, once): (Vec<u64>, Vec<u64>) = (0..300).partition(|seq| seq % 3 == 2);
    let mut expected = [once, twice.clone(), twice].concat();
    expected.sort_unstable();
    assert_eq!(b, expected, "the third pipeline reaches it on two ways");
    stop(started, secs(1)).await;
}

#[tokio::test(start_paused = true)]
async fn what_failed_at_one_branch_after_it_was_queued_changes_no_answer() {
    let (started, backends) = four("").await;
    backends[2].behave(|_| Verdict::Fail(Retry::Never));
    assert!(is_accepted(&started.door("probe").send(logs(0, 3), LONG).await));
    run().await;
    let report = stop(started, secs(1)).await;
    assert_eq!((backends[0].taken().len(), backends[2].taken().len()), (3, 0));
    assert_eq!(report.total(super::Role::Exporter).discarded, 3);
}

/// Guarantees: a batch that has a place in one queue and waits for another at the deadline is not lost in between.
#[tokio::test(start_paused = true)]
async fn at_the_deadline_a_batch_between_two_queues_is_counted() {
    let yaml = "
receivers: { probe: }
processors: { batch: { send_batch_size: 3, timeout: 1h } }
exporters: { backend/a: , backend/b: { timeout: 0, sending_queue: { num_consumers: 1, queue_size: 1 } } }
service: { pipelines: { logs: { receivers: [probe], processors: [batch], exporters: [backend/a, backend/b] } } }
";
    // One in flight, one queued, one between the queues, all of them answered. Room is made in one queue at the very moment at which all are closed, and either may come first.
    for _ in 0..50 {
        let slow = Backend::always(Verdict::Slow(secs(2)));
        let started = plan(yaml).backend("backend/b", &slow).start().await.unwrap();
        for at in 0..3 {
            assert!(is_accepted(&started.door("probe").send(logs(at * 3, 3), LONG).await));
        }
        stop(started, secs(2)).await;
    }
}
