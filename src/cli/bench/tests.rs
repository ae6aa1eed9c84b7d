//! The command against sinks and configurations, without a gateway: that one is a process of its own.

use super::child::config;
use super::*;
use crate::cli::args::{Cli, Verb};
use crate::cli::{args::Source, load};
use crate::engine::Table;
use crate::net::encoding::Encoding;
use crate::testing::load::Protocol;
use clap::Parser;

fn args(more: &[&str]) -> Bench {
    let line = ["weft", "bench"].iter().chain(more);
    match Cli::try_parse_from(line).unwrap().verb {
        Some(Verb::Bench(args)) => *args,
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_what_would() {
    for (flags, hint) in [
        (["--compression", "lz4"], "use none, gzip, zstd or snappy"),
        (["--signal", "spans"], "expected \"traces\", \"metrics\" or \"logs\""),
        (["--rate", "0"], "1 or more"),
        (["--error-percent", "101"], "from 0 to 100"),
        (["--seconds", "soon"], "seconds"),
        (["--items", "0"], "1..="),
    ] {
        let wrong = Cli::try_parse_from(["weft", "bench"].iter().chain(&flags)).unwrap_err().to_string();
        assert!(wrong.contains(hint), "{flags:?}: {wrong}");
    }
}

#[test]
fn the_gateway_that_is_started_has_a_valid_configuration() {
    let at = |port: u16| SocketAddr::from(([127, 0, 0, 1], port));
    let table = Table::new(crate::components::all());
    for protocol in [Protocol::Grpc, Protocol::Http] {
        for encoding in [Encoding::Identity, Encoding::Gzip, Encoding::Zstd, Encoding::Snappy] {
            let text = format!("yaml:{}", config(at(4317), at(4318), at(5317), protocol, encoding));
            let checked = load::check_locations(vec![text], &Source::default(), &table);
            assert!(checked.is_ok_and(|it| it.warnings.is_empty()), "{protocol:?} {encoding}");
        }
    }
}

/// Scenario: the load goes straight into a sink, which is target and backend in one.
/// Guarantees: everything counts once on both sides, and nothing is told of a process that was not named.
#[tokio::test]
async fn a_sink_as_target_loses_nothing() {
    for protocol in ["grpc", "http"] {
        let backend = Backend::start("127.0.0.1:0".into()).await.unwrap();
        let target = backend.address.to_string();
        let args = args(&["--protocol", protocol, "--seconds", "0.2", "--warmup", "0.1", "--items", "50"]);
        let sender = Sender::new(args.load(&target), args.shape()).unwrap();
        let run = Run { args: &args, sender, meter: None, backend: Some(&backend) };
        let report = run.measure().await.unwrap();
        let delivery = report.delivery.unwrap();
        assert_eq!((delivery.lost, delivery.duplicated, delivery.malformed_requests), (0, 0, 0));
        assert!(report.tally.accepted > 0 && delivery.items >= report.tally.accepted);
        assert!(report.process.is_none());
    }
}

#[tokio::test]
async fn a_target_that_is_not_there_is_told_at_once() {
    let gone = Backend::start("127.0.0.1:0".into()).await.unwrap().address.to_string();
    let wrong = measure(&args(&["--target", &gone])).await.unwrap_err();
    assert!(wrong.contains(&gone) && wrong.contains("leave --target out"), "{wrong}");
}

#[tokio::test]
async fn a_sink_address_that_is_taken_is_told() {
    let first = Backend::start("127.0.0.1:0".into()).await.unwrap();
    let wrong = Backend::start(first.address.to_string()).await.map(|_| ()).unwrap_err();
    assert!(wrong.contains("already in use"), "{wrong}");
}

#[test]
fn what_was_taken_and_never_came_is_lost() {
    let received = Received::default();
    let address = "127.0.0.1:1".parse().unwrap();
    let backend = Backend { address, received: Arc::new(Mutex::new(received)), stop: None, thread: None };
    (0..15).for_each(|number| backend.received.lock().unwrap().seen.note(number));
    let tally = Tally { taken: vec![0, 1, 2], ..Tally::default() };
    let delivery = backend.delivery([&Tally::default(), &tally], 10);
    assert_eq!((delivery.lost, delivery.duplicated), (15, 0));
}
