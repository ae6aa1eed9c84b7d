//! Tests of the delivery keys: the Collector's defaults, and every check with its place.

use super::{Delivery, Queue};
use crate::batch::Sizer;
use crate::config::{Errors, Section};
use std::time::Duration;

fn take(text: &str) -> Result<(Delivery, Section), Errors> {
    let section = Section::from_yaml("exporters.otlp", "test.yaml", text).unwrap_or_else(|e| panic!("{e}"));
    Delivery::take(&section, Duration::from_secs(5))
}

fn taken(text: &str) -> Delivery {
    take(text).unwrap_or_else(|errors| panic!("{errors}\n{text}")).0
}

/// The paths and problems of what is wrong.
fn wrong(text: &str) -> Vec<(String, String)> {
    let errors = take(text).expect_err(text);
    errors.into_iter().map(|error| (error.path, error.problem)).collect()
}

#[test]
fn without_keys_the_collectors_defaults_hold() {
    let Delivery { queue, retry, timeout } = taken("{}");
    assert_eq!(timeout, Duration::from_secs(5));
    assert_eq!(
        (queue.enabled, queue.num_consumers, queue.queue_size, queue.sizer),
        (true, 10, 1000, Sizer::Requests)
    );
    assert!(
        !queue.block_on_overflow
            && !queue.wait_for_result
            && queue.batch.is_none()
            && queue.storage.is_none()
    );
    let intervals =
        [retry.initial_interval, retry.max_interval, retry.max_elapsed_time].map(|it| it.get().as_secs());
    assert_eq!((retry.enabled, intervals), (true, [5, 30, 300]));
    assert_eq!((retry.multiplier, retry.randomization_factor), (1.5, 0.5));
}

#[test]
fn an_empty_batch_section_gathers_by_its_defaults() {
    for nothing in ["sending_queue: { batch: }", "sending_queue: { batch: null }"] {
        assert!(taken(nothing).queue.batch.is_some(), "{nothing}");
    }
    let batch = taken("sending_queue: { batch: { } }").queue.batch.expect("it is given");
    assert_eq!((batch.min_size, batch.max_size), (8192, 0));
    assert_eq!(batch.flush_timeout.get(), Duration::from_millis(200));
    assert_eq!([Sizer::Requests, Sizer::Bytes].map(|queue| batch.unit(queue)), [Sizer::Items, Sizer::Bytes]);
}

#[test]
fn its_keys_are_taken_out_and_the_rest_is_left() {
    let (delivery, rest) =
        take("endpoint: x\ntimeout: 0\nsending_queue: { sizer: bytes, queue_size: 7 }\n").unwrap();
    assert_eq!((delivery.timeout, delivery.queue.queue_size), (Duration::ZERO, 7));
    assert!(rest.has("endpoint") && !rest.has("timeout") && !rest.has("sending_queue"));
}

#[test]
fn what_cannot_work_is_told_with_its_place() {
    let cases = [
        ("sending_queue: { queue_size: 0 }", "sending_queue.queue_size"),
        ("sending_queue: { num_consumers: 0 }", "sending_queue.num_consumers"),
        ("sending_queue: { wait_for_result: true, storage: file_storage }", "sending_queue.wait_for_result"),
        ("sending_queue: { batch: { min_size: 9, max_size: 8 } }", "sending_queue.batch.max_size"),
        ("sending_queue: { batch: { flush_timeout: 0 } }", "sending_queue.batch.flush_timeout"),
        ("sending_queue: { batch: { sizer: requests } }", "sending_queue.batch.sizer"),
        (
            "sending_queue: { sizer: items, queue_size: 8, batch: { min_size: 9 } }",
            "sending_queue.batch.min_size",
        ),
        (
            "sending_queue: { batch: { partition: { metadata_keys: [X-A, x-a] } } }",
            "sending_queue.batch.partition.metadata_keys[1]",
        ),
        ("retry_on_failure: { randomization_factor: 1.5 }", "retry_on_failure.randomization_factor"),
        ("retry_on_failure: { multiplier: -1 }", "retry_on_failure.multiplier"),
        ("retry_on_failure: { max_elapsed_time: 10s }", "retry_on_failure.max_elapsed_time"),
        ("retry_on_failure: { max_elapsed_time: -1s }", "retry_on_failure.max_elapsed_time"),
        ("retry_on_failure: { initial_interval: -1s }", "retry_on_failure.initial_interval"),
        ("timeout: -1s", "timeout"),
    ];
    for (text, at) in cases {
        let paths: Vec<_> = wrong(text).into_iter().map(|(path, _)| path).collect();
        assert_eq!(paths, [format!("exporters.otlp.{at}")], "{text}");
    }
}

#[test]
fn everything_that_is_wrong_is_told_at_once() {
    let text = "sending_queue: { queue_size: 0, num_consumers: 0 }\nretry_on_failure: { multiplier: -1 }\n";
    assert_eq!(wrong(text).len(), 3);
}

#[test]
fn what_is_switched_off_is_not_checked() {
    let text = "sending_queue: { enabled: false, queue_size: 0, num_consumers: 0 }\n\
                retry_on_failure: { enabled: false, multiplier: -1 }\n";
    assert!(!taken(text).queue.enabled);
    taken("retry_on_failure: { max_elapsed_time: 0 }");
}

#[test]
fn keys_that_nobody_knows_are_errors() {
    let unknown = wrong("sending_queue: { quene_size: 1 }");
    assert_eq!(unknown.len(), 1);
    assert!(unknown[0].1.contains("quene_size"), "{unknown:?}");
}

#[test]
fn partition_keys_are_headers_in_lower_case() {
    let delivery = taken("sending_queue: { batch: { partition: { metadata_keys: [X-Scope-OrgID] } } }");
    assert_eq!(delivery.partition(), ["x-scope-orgid"]);
    assert!(taken("{}").partition().is_empty());
}

#[test]
fn a_sink_inside_has_neither_queue_nor_retry() {
    let Delivery { queue: Queue { enabled, .. }, retry, timeout } = Delivery::direct();
    assert_eq!((enabled, retry.enabled, timeout), (false, false, Duration::ZERO));
}
