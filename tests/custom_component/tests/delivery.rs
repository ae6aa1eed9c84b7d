//! What flows through components that weft does not know: queue, retries, answers, counts, and the report that adds up.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::path::Path;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use weft::config::{Loader, Settings};
use weft::engine::{Gateway, Options, Plan, Report, Role, Table};
use weft::telemetry::Registry;
use weft::telemetry::registry::Value;

/// Long enough for anything that happens at all.
const PATIENCE: Duration = Duration::from_secs(20);

struct Rig {
    folder: TempDir,
    gateway: Gateway,
    registry: Registry,
}

impl Rig {
    /// A gateway from our socket to our file, whose folder does not exist yet.
    async fn start(exporter: &str, receiver: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path().display();
        let yaml = format!(
            "receivers: {{line_socket: {{endpoint: {at}/sock{receiver}}}}}\n\
             processors: {{tag: {{key: team, value: none, drop: [test]}}}}\n\
             exporters: {{line_file: {{path: {at}/out/lines{exporter}}}}}\n\
             service: {{pipelines: {{logs: {{receivers: [line_socket], processors: [tag], exporters: [line_file]}}}}}}\n"
        );
        let nothing = |_: &str| None;
        let loaded = Loader::new(&nothing).config(format!("yaml:{yaml}")).load().unwrap();
        let settings = Settings::from_loaded(loaded).unwrap();
        let plan = Plan::of(&settings, &Table::new(custom_component::all())).unwrap();
        let registry = Registry::default();
        let gateway = Gateway::start(&plan, Options::of_machine(registry.clone(), 1 << 30, 1)).await.unwrap();
        Self { folder, gateway, registry }
    }

    fn out(&self) -> std::path::PathBuf {
        self.folder.path().join("out")
    }

    async fn connect(&self) -> Client {
        Client::connect(&self.folder.path().join("sock")).await
    }

    fn count(&self, name: &str) -> u64 {
        match self.registry.snapshot(0).find(name, &[]).map(|sample| sample.value.clone()) {
            Some(Value::Count(count)) => count,
            other => panic!("{name} is {other:?}"),
        }
    }

    /// Waits until the exporter has failed so often.
    async fn failures(&self, wanted: u64) {
        let failed = async {
            while self.count("lines_failed_writes") < wanted {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, failed).await.expect("the exporter is tried again");
    }

    async fn stop(self) -> (Report, TempDir) {
        (self.gateway.stop(PATIENCE).await, self.folder)
    }
}

struct Client(BufReader<UnixStream>);

impl Client {
    async fn connect(path: &Path) -> Self {
        Self(BufReader::new(UnixStream::connect(path).await.unwrap()))
    }

    /// Sends a line and waits for its answer.
    async fn send(&mut self, line: &str) -> String {
        self.0.write_all(line.as_bytes()).await.unwrap();
        let mut answer = String::new();
        tokio::time::timeout(PATIENCE, self.0.read_line(&mut answer)).await.expect("an answer").unwrap();
        answer.trim_end().to_owned()
    }
}

/// Scenario: the backend fails at first. Guarantees: what was answered with success is kept in the queue, tried again
/// until it is delivered, counted at every node, and the report adds up.
#[tokio::test]
async fn what_was_taken_is_tried_again_until_it_is_delivered() {
    let retry = ", retry_on_failure: {initial_interval: 1ms, max_interval: 2ms, max_elapsed_time: 0s}";
    let rig = Rig::start(retry, "").await;
    let mut client = rig.connect().await;
    for line in ["level=info first\n", "team=red second\n", "team=test dropped\n"] {
        assert_eq!(client.send(line).await, "ok");
    }
    rig.failures(3).await;
    std::fs::create_dir(rig.out()).unwrap();
    let out = rig.out().join("lines");
    let registry = rig.registry.clone();
    let (report, _folder) = rig.stop().await;

    let mut lines: Vec<_> = std::fs::read_to_string(out).unwrap().lines().map(str::to_owned).collect();
    lines.sort();
    assert_eq!(lines, ["level=info team=none first", "team=red second"]);
    assert_eq!(report.imbalances(), [""; 0]);
    let came = report.total(Role::Processor);
    assert_eq!((came.entered, came.left, came.discarded), (3, 2, 1));
    assert_eq!(report.total(Role::Exporter).left, 2);
    let sample = registry.snapshot(0);
    let tagged = sample.find("lines_tagged_records", &[("processor", "tag"), ("pipeline", "logs")]);
    assert_eq!(tagged.map(|sample| sample.value.clone()), Some(Value::Count(1)));
}

/// Scenario: no queue, no retries. Guarantees: the sender learns that its line was not delivered, and when it was.
#[tokio::test]
async fn without_a_queue_the_sender_learns_the_fate_of_its_line() {
    let rig = Rig::start(", sending_queue: {enabled: false}, retry_on_failure: {enabled: false}", "").await;
    let mut client = rig.connect().await;
    assert_eq!(client.send("lost\n").await, "again");
    std::fs::create_dir(rig.out()).unwrap();
    assert_eq!(client.send("found\n").await, "ok");
    assert_eq!(std::fs::read_to_string(rig.out().join("lines")).unwrap(), "team=none found\n");
    let (report, _folder) = rig.stop().await;
    assert_eq!(report.imbalances(), [""; 0]);
    assert_eq!(report.total(Role::Exporter).left, 1);
}

/// Scenario: the gateway stops while the backend is away. Guarantees: what could not be delivered is counted as given
/// up, nothing vanishes.
#[tokio::test]
async fn what_is_given_up_at_the_end_is_counted() {
    let rig = Rig::start(", retry_on_failure: {initial_interval: 1ms, max_interval: 1ms}", "").await;
    let mut client = rig.connect().await;
    assert_eq!(client.send("lost\n").await, "ok");
    rig.failures(1).await;
    let Rig { folder: _folder, gateway, .. } = rig;
    let report = gateway.stop(Duration::from_millis(50)).await;
    assert_eq!(report.imbalances(), [""; 0]);
    let end = report.total(Role::Exporter);
    assert_eq!((end.entered, end.left, end.discarded), (1, 0, 1));
}

/// Guarantees: the receiver's own bound holds, and a line at the bound is taken.
#[tokio::test]
async fn a_line_that_is_too_long_is_refused() {
    let rig = Rig::start("", ", max_line_bytes: 10").await;
    std::fs::create_dir(rig.out()).unwrap();
    let mut client = rig.connect().await;
    assert_eq!(client.send("123456789\n").await, "ok");
    assert_eq!(client.send("1234567890\n").await, "refused: the line is too long");
    let mut rest = String::new();
    assert!(matches!(client.0.read_line(&mut rest).await, Ok(0) | Err(_)), "the connection is closed");
    let (report, _folder) = rig.stop().await;
    assert_eq!(report.total(Role::Exporter).left, 1);
}
