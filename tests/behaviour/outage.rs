//! Backends that are not there, kills, and answers that wait for the backends.

use super::client::{Channel, Reply, post_proto, request, try_request};
use super::delivery::{RECEIVERS, Source, service, to_file, to_gateway};
use super::process::{PATIENCE, Place, Weft, free_address, timed, until};
use super::sink::{Items, as_json, assert_same, items_in, items_of};
use rustix::process::Signal as Kill;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::mpsc::sync_channel;
use std::time::Duration;
use weft::otlp::Signal;
use weft::testing::Generator;

const RESOURCE_EXHAUSTED: i32 = 8;
const UNAVAILABLE: i32 = 14;

/// A gateway behind a fixed address.
fn file_at(at: SocketAddr, path: &Path) -> String {
    to_file(path).replacen("127.0.0.1:0", &at.to_string(), 1)
}

/// An exporter to this address that comes again quickly; `more` are further keys.
fn exporter(at: SocketAddr, more: &str) -> String {
    let retry = "retry_on_failure: {initial_interval: 20ms, max_interval: 100ms, max_elapsed_time: 0s}";
    format!("exporters: {{otlp_grpc: {{endpoint: '{at}', tls: {{insecure: true}}, {retry}, {more}}}}}\n")
}

fn add(to: &mut Items, signal: Signal, request: &[u8]) {
    to.extend(items_in(&as_json(signal, request)));
}

/// Scenario: the backend is down while requests come until the queue is full; then it starts.
/// Guarantees: what finds no room is refused with words that allow to come again, over both protocols; what was
/// accepted arrives once, what was refused never does, and senders are taken again.
#[test]
fn a_full_queue_refuses_and_loses_nothing() {
    let (place, at) = (Place::new(), free_address());
    let queue = "sending_queue: {queue_size: 4, num_consumers: 1}";
    let mut weft = Weft::start(&format!("{RECEIVERS}{}{}", exporter(at, queue), service("", "otlp_grpc")));
    let (mut generator, mut accepted) = (Generator::new(1), Items::new());
    let mut channel = Channel::connect(weft.grpc());
    for signal in Signal::ALL {
        let refused = (0..64).find_map(|_| {
            let request = generator.request(signal, 10);
            let reply = channel.export(signal, "", &request);
            if reply.code != 0 {
                return Some(reply);
            }
            add(&mut accepted, signal, &request);
            None
        });
        assert_comes_again(&refused.expect("a queue of four requests has no end"));
        let answer = post_proto(weft.http(), signal, &generator.request(signal, 10));
        assert!([429, 503].contains(&answer.status), "{} {}", answer.head, answer.text());
    }
    assert!(accepted.len() >= 3 * 4 * 10);
    let mut backend = Weft::start(&file_at(at, &place.at("out.json")));
    until("a sender that is taken again", || {
        let request = generator.request(Signal::Logs, 10);
        let taken = channel.export(Signal::Logs, "", &request).code == 0;
        taken.then(|| add(&mut accepted, Signal::Logs, &request))
    });
    let report = weft.stop();
    assert_eq!((report.delivered(), report.lost()), (accepted.len() as u64, 0));
    backend.stop();
    assert_same(&accepted, &items_of(&place.at("out.json")), 1);
}

fn assert_comes_again(reply: &Reply) {
    let passing =
        reply.code == UNAVAILABLE || reply.code == RESOURCE_EXHAUSTED && reply.retry_info().is_some();
    assert!(passing, "{reply:?}");
}

/// Scenario: the backend is killed under traffic and comes back at the same address.
/// Guarantees: everything accepted before, while and after it was gone arrives; the end is clean.
#[test]
fn a_backend_that_comes_back_gets_everything() {
    let (place, at) = (Place::new(), free_address());
    let mut backend = Weft::start(&file_at(at, &place.at("first.json")));
    let mut weft = Weft::start(&format!("{RECEIVERS}{}{}", exporter(at, ""), service("", "otlp_grpc")));
    let mut channel = Channel::connect(weft.grpc());
    let mut source = Source::new();
    let mut send = |source: &mut Source| {
        for signal in Signal::ALL {
            assert_eq!(channel.export(signal, "gzip", &source.request(signal, 20)).code, 0);
        }
    };
    send(&mut source);
    let first = until("the first requests", || {
        let items = items_of(&place.at("first.json"));
        (items.len() as u64 == source.items()).then_some(items)
    });
    assert_same(&source.sent, &first, 1);
    backend.signal(Kill::KILL);
    backend.end();
    let mut source_after = Source::after(&source);
    send(&mut source_after);
    let mut backend = Weft::start(&file_at(at, &place.at("second.json")));
    send(&mut source_after);
    let report = weft.stop();
    assert_eq!((report.received(), report.delivered(), report.lost()), (180, 180, 0));
    backend.stop();
    assert_same(&source_after.sent, &items_of(&place.at("second.json")), 1);
}

/// A gateway whose answers wait for the backend, behind a batch that alone would wait for 10 s.
fn delivered_through_batch(backend: &Weft) -> String {
    to_gateway(backend).replacen("    protocols:", "    answer: delivered\n    protocols:", 1).replacen(
        "batch: {timeout: 50ms}",
        "batch: {timeout: 10s, send_batch_size: 10000}",
        1,
    )
}

/// Scenario: `answer: delivered` and `batch: {timeout: 10s, send_batch_size: 10000}`; one client over gRPC and one over
/// HTTP, each of which waits for its answer before it sends again.
/// Guarantees: no export takes 2 s, and what is answered is at the backend.
#[test]
fn delivered_answers_never_wait_for_a_timer() {
    let place = Place::new();
    let mut backend = Weft::start(&to_file(&place.at("out.json")));
    let mut weft = Weft::start(&delivered_through_batch(&backend));
    let mut channel = Channel::connect(weft.grpc());
    let http = weft.http();
    let mut longest = Duration::ZERO;
    let mut source = Source::new();
    let requests: Vec<_> = (0..10).map(|_| source.request(Signal::Logs, 5)).collect();
    let other = std::thread::spawn(move || {
        let sent = requests
            .iter()
            .map(|request| timed(|| assert_eq!(post_proto(http, Signal::Logs, request).status, 200)));
        sent.map(|(_, time)| time).max().unwrap()
    });
    let mut mine = Source::after(&source);
    for signal in [Signal::Traces, Signal::Logs, Signal::Metrics].into_iter().cycle().take(12) {
        let request = mine.request(signal, 5);
        let (reply, time) = timed(|| channel.export(signal, "", &request));
        assert_eq!(reply.code, 0, "{reply:?}");
        longest = longest.max(time);
    }
    longest = longest.max(other.join().unwrap());
    assert!(longest < Duration::from_secs(2), "{longest:?}");
    source.sent.extend(mine.sent);
    until("what was answered", || (items_of(&place.at("out.json")).len() == source.sent.len()).then_some(()));
    weft.stop();
    backend.stop();
    assert_same(&source.sent, &items_of(&place.at("out.json")), 1);
}

/// Scenario: the same gateway under two clients, killed with SIGKILL.
/// Guarantees: every request that was answered with success is at the backend.
#[test]
fn a_kill_loses_nothing_that_was_answered_as_delivered() {
    let place = Place::new();
    let mut backend = Weft::start(&to_file(&place.at("out.json")));
    let mut weft = Weft::start(&delivered_through_batch(&backend));
    let http = weft.http();
    let (answered, answers) = sync_channel(1 << 16);
    let clients: Vec<_> = [Signal::Traces, Signal::Logs]
        .into_iter()
        .enumerate()
        .map(|(at, signal)| {
            let answered = answered.clone();
            std::thread::spawn(move || {
                let mut generator = Generator::new(1 + at as u64 * 1_000_000);
                loop {
                    let request = generator.request(signal, 10);
                    let headers = [("Content-Type", "application/x-protobuf")];
                    match try_request(http, "POST", &format!("/v1/{signal}"), &headers, &request) {
                        Ok(answer) if answer.status == 200 => answered.send((signal, request)).unwrap(),
                        _ => break,
                    }
                }
            })
        })
        .collect();
    drop(answered);
    let mut sent = Items::new();
    for _ in 0..40 {
        let (signal, request) = answers.recv_timeout(PATIENCE).expect("answers before the kill");
        add(&mut sent, signal, &request);
    }
    weft.signal(Kill::KILL);
    assert!(!weft.end().status.success());
    clients.into_iter().for_each(|client| client.join().unwrap());
    answers.iter().for_each(|(signal, request)| add(&mut sent, signal, &request));
    backend.stop();
    let came = items_of(&place.at("out.json"));
    let lost: Vec<_> = sent.keys().filter(|number| !came.contains_key(number)).collect();
    assert!(lost.is_empty(), "answered and lost: {lost:?}");
}

/// Scenario: `answer: delivered` without a queue, and no backend.
/// Guarantees: the sender is told that it was not delivered and may come again, within its own deadline.
#[test]
fn what_cannot_be_delivered_in_time_is_not_answered_as_delivered() {
    let at = free_address();
    let receivers = RECEIVERS.replacen("    protocols:", "    answer: delivered\n    protocols:", 1);
    let mut weft = Weft::start(&format!("{receivers}{}{}", exporter(at, ""), service("", "otlp_grpc")));
    let mut channel = Channel::connect(weft.grpc());
    let body = super::encode::grpc("", &Source::new().request(Signal::Traces, 5));
    let path = super::client::export_path(Signal::Traces);
    let (reply, time) = timed(|| channel.call(path, "", &[("grpc-timeout", "300m")], body));
    assert!([4, UNAVAILABLE].contains(&reply.code), "{reply:?}");
    assert!(time < Duration::from_secs(3), "{time:?}");
    assert_eq!(request(weft.http(), "GET", "/v1/traces", &[], b"").status, 405);
    weft.signal(Kill::TERM);
    weft.says("stopping");
    weft.signal(Kill::TERM);
    weft.end();
}
