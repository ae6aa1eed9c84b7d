//! Starts that fail and ends by signals: exit codes and words.

use super::client::post_proto;
use super::delivery::{QUIET, RECEIVERS, Source, service, to_file};
use super::process::{Place, Weft, free_address, timed};
use rustix::process::Signal;
use std::net::TcpListener;
use std::time::Duration;
use weft::otlp;

/// Scenario: the port of each protocol, and of the metrics, belongs to somebody else.
/// Guarantees: exit code 1, and the words name the address and the key that gave it.
#[test]
fn a_port_in_use_is_named_with_its_key() {
    let place = Place::new();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = taken.local_addr().unwrap().to_string();
    let yaml = to_file(&place.at("out.json"));
    let cases = [
        (
            yaml.replace("grpc: {endpoint: '127.0.0.1:0'", &format!("grpc: {{endpoint: '{at}'")),
            "receivers.otlp.protocols.grpc.endpoint",
        ),
        (
            yaml.replace("http: {endpoint: '127.0.0.1:0'", &format!("http: {{endpoint: '{at}'")),
            "receivers.otlp.protocols.http.endpoint",
        ),
        (
            yaml.replace("port: 0", &format!("port: {}", taken.local_addr().unwrap().port())),
            "service.telemetry.metrics.readers",
        ),
    ];
    for (yaml, key) in cases {
        let ended = Weft::launch(&yaml).end();
        assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
        assert!(ended.log.contains(&at) && ended.log.contains("already in use"), "{}", ended.log);
        assert!(ended.log.contains(key), "{}", ended.log);
    }
}

/// Scenario: a configuration with two mistakes.
/// Guarantees: exit code 1 before anything is opened; both are named with their places.
#[test]
fn a_wrong_configuration_ends_with_1() {
    let wrong = to_file(&Place::new().at("out.json")).replace("endpoint:", "endpont:");
    let ended = Weft::launch(&wrong).end();
    assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
    assert!(!ended.log.contains("listening"), "{}", ended.log);
    assert_eq!(ended.log.matches("unknown field `endpont`").count(), 2, "{}", ended.log);
    assert!(ended.log.contains("config.yaml:4:") && ended.log.contains("config.yaml:5:"), "{}", ended.log);
}

/// Scenario: data waits for a backend that is not there; SIGTERM, and another one.
/// Guarantees: the second ends the process at once, with a failure.
#[test]
fn a_second_signal_ends_at_once() {
    let at = free_address();
    let exporters = format!("exporters: {{otlp_grpc: {{endpoint: '{at}', tls: {{insecure: true}}}}}}\n");
    for (first, second) in
        [(Signal::TERM, Signal::TERM), (Signal::INT, Signal::TERM), (Signal::TERM, Signal::INT)]
    {
        let mut weft = Weft::start(&format!("{RECEIVERS}{exporters}{}", service("", "otlp_grpc")));
        let request = Source::new().request(otlp::Signal::Traces, 5);
        assert_eq!(post_proto(weft.http(), otlp::Signal::Traces, &request).status, 200);
        weft.signal(first);
        weft.says("stopping");
        let (ended, time) = timed(|| {
            weft.signal(second);
            weft.end()
        });
        assert_eq!(ended.status.code(), Some(1), "{}", ended.log);
        assert!(ended.log.contains("second signal"), "{}", ended.log);
        assert!(time < Duration::from_secs(5), "{time:?}");
    }
}

/// Scenario: SIGINT with nothing to do.
/// Guarantees: a good end.
#[test]
fn an_interrupt_is_a_good_end() {
    let mut weft = Weft::start(&to_file(&Place::new().at("out.json")));
    weft.signal(Signal::INT);
    let ended = weft.end();
    assert!(ended.status.success(), "{}", ended.log);
    assert!(QUIET.contains("port: 0"), "tests must not share the metrics port");
}
