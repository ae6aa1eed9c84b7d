//! The generator against prost, the sink against the sender, over every protocol and compression.

use super::*;
use crate::net::encoding::Encoding;
use crate::otlp::{Data, Limits, Signal};
use bytes::Bytes;
use http::HeaderName;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::oneshot;

const NOW: u64 = 1_800_000_000_000_000_000;

fn shape(signal: Signal) -> Shape {
    Shape { signal, items: 100, ..Shape::default() }
}

fn numbers_of(signal: Signal, request: &[u8]) -> Vec<u64> {
    let mut found = Vec::new();
    numbers(signal, request, |number| found.push(number.unwrap())).unwrap();
    found
}

#[test]
fn requests_are_valid_and_numbered_without_a_gap() {
    // So many that a resource has a metric of every kind.
    for signal in Signal::ALL {
        let pool = Pool::new(Shape { items: 512, ..shape(signal) });
        for index in [0, 5, 77] {
            let request = pool.request(index, NOW);
            assert_eq!(numbers_of(signal, &request), (index * 512..(index + 1) * 512).collect::<Vec<_>>());
            let checked = Data::check(signal, Bytes::from(request), &Limits::default()).unwrap();
            assert_eq!((checked.data.items(), checked.repaired), (512, 0));
        }
    }
}

#[test]
fn traces_are_whole_fresh_and_fail_as_often_as_asked() {
    let pool = Pool::new(Shape { items: 512, error_percent: 50.0, ..Shape::default() });
    let (mut ids, mut traces, mut failed) = (HashSet::new(), HashSet::new(), 0);
    for index in 0..32 {
        let request = ExportTraceServiceRequest::decode(&*pool.request(index, NOW)).unwrap();
        assert_eq!(request.resource_spans.len(), 4);
        let scopes = request.resource_spans.iter().flat_map(|it| &it.scope_spans);
        for span in scopes.flat_map(|it| &it.spans) {
            assert!(ids.insert(span.span_id.clone()), "a span id came twice");
            assert_eq!((span.attributes.len(), span.end_time_unix_nano), (13, NOW));
            assert!(span.start_time_unix_nano < NOW);
            if span.parent_span_id.is_empty() {
                assert!(traces.insert(span.trace_id.clone()), "a trace id came twice");
            } else {
                assert!(ids.contains(&span.parent_span_id) && traces.contains(&span.trace_id));
            }
            failed += u64::from(span.status.as_ref().is_some_and(|status| status.code == 2));
        }
    }
    assert_eq!((ids.len(), traces.len()), (32 * 512, 32 * 64));
    assert!((800..1250).contains(&failed), "{failed} of 2048 traces failed");
}

#[test]
fn a_shape_out_of_range_is_brought_into_it() {
    let pool =
        Pool::new(Shape { items: 0, resources: 9, cardinality: 0, attributes: 40, ..Shape::default() });
    assert_eq!((pool.shape().items, pool.shape().resources), (1, 1));
    let request = ExportTraceServiceRequest::decode(&*pool.request(3, NOW)).unwrap();
    assert_eq!(request.resource_spans[0].scope_spans[0].spans[0].attributes.len(), 41);
    assert!(pool.bytes_per_item() > 500.0);
}

#[test]
fn what_is_no_request_is_malformed() {
    for bad in [&b"\x0a\xff"[..], b"\x0f", b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", b"\x09\x01"] {
        assert_eq!(numbers(Signal::Traces, bad, |_| {}), Err(Malformed), "{bad:?}");
    }
    let mut found = Vec::new();
    numbers(Signal::Logs, b"\x0a\x04\x12\x02\x12\x00", |number| found.push(number)).unwrap();
    assert_eq!(found, [None]);
}

#[test]
fn what_came_twice_and_what_is_missing_are_counted() {
    let mut seen = Seen::default();
    [3, 4, 4, 200, 3, 4].into_iter().for_each(|number| seen.note(number));
    assert_eq!((seen.duplicates(), seen.missing(0..6), seen.missing(199..202)), (3, 4, 2));
    seen.note(u64::MAX);
    assert_eq!((seen.missing(u64::MAX - 1..u64::MAX), seen.duplicates()), (0, 3));
}

#[test]
fn percentiles_are_ranks() {
    let micros: Vec<u32> = (1..=1000).map(|n| n * 1000).collect();
    assert_eq!([0.5, 0.99, 1.0].map(|share| percentile(&micros, share)), [500.0, 990.0, 1000.0]);
    assert_eq!(percentile(&[], 0.5), 0.0);
}

fn load(target: String, protocol: Protocol, encoding: Encoding) -> Load {
    Load {
        target,
        protocol,
        encoding,
        concurrency: 4,
        connections: 2,
        rate: None,
        tenants: 3,
        tenant_header: HeaderName::from_static("x-scope-orgid"),
        timeout: Duration::from_secs(10),
    }
}

/// Scenario: requests go straight into the sink, by every way there is.
/// Guarantees: what the sender counts as taken, the sink has counted once.
#[tokio::test]
async fn the_sink_counts_what_the_sender_sends() {
    let ways = [Protocol::Grpc, Protocol::Http].into_iter().flat_map(|protocol| {
        [Encoding::Identity, Encoding::Gzip, Encoding::Zstd, Encoding::Snappy].map(|it| (protocol, it))
    });
    for ((protocol, encoding), signal) in ways.zip(Signal::ALL.into_iter().cycle()) {
        let sink = Sink::bind("127.0.0.1:0").await.unwrap();
        let (received, address) = (sink.received(), sink.address().unwrap().to_string());
        let (stop, stopped) = oneshot::channel::<()>();
        let sender = Sender::new(load(address, protocol, encoding), shape(signal)).unwrap();
        let run = async {
            let tally = sender.run(Duration::from_secs(60), 20).await;
            stop.send(()).unwrap();
            tally
        };
        let ((), tally) = tokio::join!(sink.serve(async { drop(stopped.await) }), run);
        let received = received.lock().unwrap();
        assert_eq!((tally.accepted, tally.failed), (2000, 0), "{protocol:?} {encoding}: {:?}", tally.reasons);
        assert_eq!((received.items, received.requests, received.malformed), (2000, 20, 0));
        assert_eq!((received.seen.missing(0..2000), received.seen.duplicates()), (0, 0));
        assert_eq!((tally.micros.len(), sender.accepted()), (20, 2000));
    }
}

/// Scenario: nobody listens where the load should go.
/// Guarantees: every request counts as failed, with the reason.
#[tokio::test]
async fn a_target_that_is_not_there_is_told() {
    let gone = Sink::bind("127.0.0.1:0").await.unwrap().address().unwrap().to_string();
    for protocol in [Protocol::Grpc, Protocol::Http] {
        let load = load(gone.clone(), protocol, Encoding::Identity);
        let tally = Sender::new(load, shape(Signal::Logs)).unwrap().run(Duration::from_secs(60), 3).await;
        assert_eq!((tally.accepted, tally.failed, tally.taken.len()), (0, 300, 0));
        assert!(tally.reasons.keys().all(|why| why.contains(&gone)), "{:?}", tally.reasons);
    }
}

/// Scenario: an open loop of 10,000 items a second; the clock moves when all wait.
/// Guarantees: requests go out when they are due, not when the last was answered.
#[tokio::test(start_paused = true)]
async fn an_open_loop_keeps_its_schedule() {
    let sink = Sink::bind("127.0.0.1:0").await.unwrap();
    let address = sink.address().unwrap().to_string();
    let load = Load { rate: Some(10_000.0), ..load(address, Protocol::Grpc, Encoding::Identity) };
    let sender = Sender::new(load, shape(Signal::Traces)).unwrap();
    let tally = tokio::select! {
        tally = sender.run(Duration::from_secs(1), u64::MAX) => tally,
        () = sink.serve(std::future::pending()) => Tally::default(),
    };
    assert_eq!(tally.requests, 100, "{:?}", tally.reasons);
}
