//! Tests of the gRPC exporter: its keys, its requests, and what it makes of a status.

use super::config::Config;
use super::prepare;
use super::send::{Otlp, fault};
use crate::batch::{Context, Retry};
use crate::component::{Blame, Exporter, Requests};
use crate::config::Section;
use crate::net::encoding::Encoding;
use crate::net::grpc::{Code, Status};
use crate::otlp::Signal;
use crate::otlp::rpc::RpcStatus;
use crate::testing::{Generator, env};
use std::time::Duration;

fn section(yaml: &str) -> Section {
    Section::from_yaml("exporters.otlp_grpc", "test.yaml", yaml).unwrap()
}

fn config(yaml: &str) -> Config {
    Config::of(&section(yaml)).unwrap_or_else(|errors| panic!("{errors}"))
}

fn wrong(yaml: &str) -> String {
    prepare(&section(yaml)).expect_err(yaml).to_string()
}

const PLAIN: &str = "endpoint: 127.0.0.1:1\ntls: {insecure: true}\n";

#[test]
fn the_defaults_are_the_collectors() {
    let config = config(PLAIN);
    assert_eq!(config.encoding(), Encoding::Gzip);
    let delivery = &config.delivery;
    assert_eq!(delivery.timeout, Duration::from_secs(5));
    assert!(delivery.queue.enabled && delivery.retry.enabled);
    assert_eq!((delivery.queue.queue_size, delivery.queue.num_consumers), (1000, 10));
}

#[test]
fn compression_can_be_chosen_or_switched_off() {
    for (name, encoding) in [
        ("none", Encoding::Identity),
        ("zstd", Encoding::Zstd),
        ("snappy", Encoding::Snappy),
        ("gzip", Encoding::Gzip),
    ] {
        assert_eq!(config(&format!("{PLAIN}compression: {name}\n")).encoding(), encoding);
    }
    assert!(wrong(&format!("{PLAIN}compression: lz4\n")).contains("lz4"));
}

#[test]
fn old_keys_are_unknown_each_at_its_place() {
    let told = wrong("endpoint: x:1\ninsecure: true\nca_file: ca.crt\n");
    assert!(told.contains("unknown field `insecure`") && told.contains("unknown field `ca_file`"), "{told}");
}

#[test]
fn mistakes_of_both_halves_are_told_together() {
    let told = wrong("endpoint: x:1\nendpont: y\nsending_queue: {queue_sise: 3}\n");
    assert!(told.contains("endpont") && told.contains("queue_sise"), "{told}");
}

#[tokio::test]
async fn a_batch_is_one_request_that_halves() {
    let exporter = Otlp::new(&config(PLAIN), &env("otlp_grpc")).unwrap();
    for signal in Signal::ALL {
        let mut requests = Requests::default();
        let message = Generator::new(0).data(signal, 7);
        exporter.encode(message, &Context::default(), &mut requests).unwrap();
        let [request] = &requests.requests[..] else { panic!("{} requests", requests.requests.len()) };
        assert_eq!(request.items, 7);
        let [first, second] = exporter.split(&request.body).unwrap();
        assert_eq!((first.1, second.1), (3, 4));
        let [first, second] = exporter.split(&first.0).unwrap();
        assert_eq!((first.1, second.1), (1, 2));
        assert!(exporter.split(&first.0).is_none());
    }
}

#[test]
fn only_what_may_pass_is_repeated() {
    use Code::*;
    let passing = [Unavailable, DeadlineExceeded, Cancelled, Aborted, OutOfRange, DataLoss];
    let lasting = [
        (ResourceExhausted, Blame::Sender),
        (InvalidArgument, Blame::Sender),
        (Unauthenticated, Blame::Config),
        (PermissionDenied, Blame::Config),
        (Unimplemented, Blame::Backend),
        (Internal, Blame::Backend),
        (Unknown, Blame::Backend),
        (NotFound, Blame::Backend),
        (AlreadyExists, Blame::Backend),
        (FailedPrecondition, Blame::Backend),
    ];
    for code in passing {
        assert_eq!(fault(&Status::new(code, "x"), Signal::Logs).retry, Retry::Backoff, "{code:?}");
    }
    for (code, blame) in lasting {
        let found = fault(&Status::new(code, "x"), Signal::Logs);
        assert_eq!((found.retry, found.blame), (Retry::Never, blame), "{code:?}");
        assert_eq!(found.divide, code == ResourceExhausted, "{code:?}");
    }
}

#[test]
fn retry_info_says_when() {
    let details = |code: Code| {
        let told = RpcStatus::new(code as i32, "busy").retry_after(Duration::from_millis(1500)).encode();
        Status::with_details(code, "busy", told.into())
    };
    for code in [Code::ResourceExhausted, Code::Unavailable] {
        let found = fault(&details(code), Signal::Traces);
        assert_eq!(
            (found.retry, found.divide),
            (Retry::After(Duration::from_millis(1500)), false),
            "{code:?}"
        );
    }
    assert_eq!(fault(&details(Code::InvalidArgument), Signal::Traces).retry, Retry::Never);
}

#[test]
fn a_backends_words_are_cut_short() {
    let found = fault(&Status::new(Code::Internal, "ß".repeat(10_000)), Signal::Metrics);
    let words = found.source.to_string();
    assert!(words.starts_with("export of metrics: ") && words.chars().count() < 400, "{words}");
}
