//! Tests of `file`.

use super::config::{Format, Settings};
use super::run::Replay;
use super::{COMPONENT, MALFORMED, detect};
use crate::batch::{Budget, Outcome, Permit, Reason, Retry, Wants};
use crate::component::{Account, Arriving, Ingress, Inlet, Receiver, SplitMix, SystemClock, stopper};
use crate::config::Section;
use crate::otlp::{Data, Limits, Signal, json};
use crate::telemetry::Registry;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use proptest::prelude::*;
use prost::Message;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::mpsc;

const LOGS: &str = r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"BODY"}}]}]}]}"#;

fn log_line(body: &str) -> String {
    LOGS.replace("BODY", body)
}

fn wire(signal: Signal, text: &str) -> Vec<u8> {
    json::decode(signal, text.as_bytes(), &Limits::default()).unwrap()
}

fn prefixed(record: &[u8]) -> Vec<u8> {
    [&u32::try_from(record.len()).unwrap().to_be_bytes(), record].concat()
}

#[derive(Default)]
struct Counted(Mutex<Vec<(Signal, u64, u64, bool)>>);

impl Account for Counted {
    fn handed(&self, _: Signal, _: u64) {}
    fn accepted(&self, signal: Signal, transport: &'static str, items: u64, rejected: u64) {
        assert_eq!(transport, "file");
        self.0.lock().unwrap().push((signal, items, rejected, true));
    }
    fn refused(&self, signal: Signal, _: &'static str, items: u64, again: bool) {
        self.0.lock().unwrap().push((signal, items, u64::from(again), false));
    }
}

/// A receiver that reads a folder, and pipelines of all signals behind it.
struct Rig {
    folder: tempfile::TempDir,
    registry: Registry,
    budget: Arc<Budget>,
}

impl Rig {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { folder, registry: Registry::default(), budget: Budget::new(64 << 20) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn replay(&self, settings: Settings) -> Box<Replay> {
        Box::new(Replay {
            id: "otlp_json_file".into(),
            settings: Arc::new(settings),
            clock: Arc::new(SystemClock::new()),
            random: Arc::new(SplitMix::new(1)),
            malformed: self.registry.counter(&MALFORMED, &[("receiver", "otlp_json_file")]),
        })
    }

    fn malformed(&self) -> String {
        let samples = self.registry.snapshot(0).samples;
        samples.iter().map(|sample| format!("{:?}", sample.value)).collect()
    }

    /// Runs the receiver beside `behind`, which is given what arrives, and stops it when that is done.
    async fn run<F: Future<Output = ()>>(
        &self,
        keys: &str,
        behind: impl FnOnce(Arrivals) -> F,
    ) -> Vec<(Signal, u64, u64, bool)> {
        let include = self.path("*").display().to_string();
        let text = format!("include: ['{include}']\n{keys}");
        let settings =
            Settings::read(&Section::from_yaml("receivers.file", "test.yaml", &text).unwrap()).unwrap();
        let (inlet, arrivals, _transit) = Inlet::new(1);
        let account = Arc::new(Counted::default());
        let routes = Signal::ALL.map(|_| vec![inlet.clone()]);
        let ingress = Ingress::new(routes, Arc::clone(&self.budget), Wants::Held, Arc::clone(&account) as _);
        let (stopper, stop) = stopper();
        let running = self.replay(settings).start(ingress, stop).await.unwrap();
        let behind = async {
            behind(Arrivals(arrivals)).await;
            stopper.stop(tokio::time::Instant::now());
        };
        let (ended, ()) = tokio::join!(running, behind);
        ended.unwrap();
        let counted = account.0.lock().unwrap();
        counted.clone()
    }
}

struct Arrivals(mpsc::Receiver<Arriving>);

impl Arrivals {
    async fn next(&mut self) -> Arriving {
        self.0.recv().await.unwrap()
    }

    /// Takes one batch and gives it as JSON.
    async fn take(&mut self) -> String {
        let mut batch = self.next().await.batch;
        assert!(batch.claim.hold());
        let mut text = Vec::new();
        json::encode(batch.data.signal(), &batch.data.encode(), &mut text).unwrap();
        String::from_utf8(text).unwrap()
    }

    async fn bodies<const N: usize>(&mut self) -> [String; N] {
        let mut bodies = Vec::new();
        for _ in 0..N {
            let text: serde_json::Value = serde_json::from_str(&self.take().await).unwrap();
            let body = &text["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["body"]["stringValue"];
            bodies.push(body.as_str().unwrap_or("?").to_owned());
        }
        bodies.try_into().unwrap()
    }
}

/// Time is paused and passes only when nobody works: the receiver has polled several times then.
async fn virtual_second() {
    tokio::time::sleep_until(tokio::time::Instant::now() + Duration::from_secs(1)).await;
}

fn append(path: &Path, bytes: impl AsRef<[u8]>) {
    OpenOptions::new().append(true).create(true).open(path).unwrap().write_all(bytes.as_ref()).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_file_is_read_line_by_line_and_followed_as_it_grows() {
    let rig = Rig::new();
    let path = rig.path("a.json");
    append(&path, log_line("1") + "\n\n" + &log_line("2") + "\n");
    let counted = rig.run("start_at: beginning\n", async |mut arrivals: Arrivals| {
        assert_eq!(arrivals.bodies().await, ["1", "2"]);
        let line = log_line("3") + "\n";
        append(&path, &line[..20]);
        append(&rig.path("b.json"), log_line("new") + "\n");
        assert_eq!(arrivals.bodies().await, ["new"]);
        append(&path, &line[20..]);
        assert_eq!(arrivals.bodies().await, ["3"]);
        append(&path, log_line("without an end"));
        assert_eq!(arrivals.bodies().await, ["without an end"]);
        append(&path, "\n".to_owned() + &log_line("4") + "\n");
        assert_eq!(arrivals.bodies().await, ["4"]);
    });
    assert_eq!(counted.await, [(Signal::Logs, 1, 0, true); 6]);
    assert_eq!(rig.malformed(), "Count(0)");
    assert_eq!(rig.budget.used(), 0);
}

#[tokio::test(start_paused = true)]
async fn from_the_end_only_what_comes_later_is_read_and_new_files_whole() {
    let rig = Rig::new();
    append(&rig.path("old"), log_line("old") + "\n");
    rig.run("", async |mut arrivals: Arrivals| {
        virtual_second().await;
        append(&rig.path("old"), log_line("later") + "\n");
        append(&rig.path("p-new"), log_line("new") + "\n");
        assert_eq!(arrivals.bodies().await, ["later", "new"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn what_the_pipelines_refuse_comes_again_and_nothing_is_passed_over() {
    let rig = Rig::new();
    append(&rig.path("a"), log_line("1") + "\n" + &log_line("2") + "\n");
    let counted = rig.run("start_at: beginning\n", async |mut arrivals: Arrivals| {
        let busy = Outcome::retry(Retry::Backoff, Reason::new("busy", "busy"));
        arrivals.next().await.batch.claim.settle(&busy);
        drop(arrivals.next().await);
        let later = Outcome::retry(Retry::After(Duration::from_secs(3)), Reason::new("busy", "busy"));
        let before = tokio::time::Instant::now();
        arrivals.next().await.batch.claim.settle(&later);
        assert_eq!(arrivals.bodies().await, ["1"]);
        assert!(before.elapsed() >= Duration::from_secs(3));
        assert_eq!(arrivals.bodies().await, ["2"]);
    });
    let refused = (Signal::Logs, 1, 1, false);
    let taken = (Signal::Logs, 1, 0, true);
    assert_eq!(counted.await, [refused, refused, refused, taken, taken]);
}

#[tokio::test(start_paused = true)]
async fn what_is_refused_for_good_is_not_repeated() {
    let rig = Rig::new();
    append(&rig.path("a"), log_line("1") + "\n" + &log_line("2") + "\n");
    rig.run("start_at: beginning\n", async |mut arrivals: Arrivals| {
        let never = Outcome::retry(Retry::Never, Reason::new("bad", "bad"));
        arrivals.next().await.batch.claim.settle(&never);
        assert_eq!(arrivals.bodies().await, ["2"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_full_budget_is_waited_for() {
    let rig = Rig::new();
    append(&rig.path("a"), log_line("1") + "\n");
    let mut others = rig.budget.permit();
    others.charge(64 << 20);
    rig.run("start_at: beginning\n", async |mut arrivals: Arrivals| {
        virtual_second().await;
        assert!(arrivals.0.try_recv().is_err());
        drop(others);
        assert_eq!(arrivals.bodies().await, ["1"]);
    })
    .await;
    assert_eq!(rig.budget.used(), 0);
}

#[tokio::test(start_paused = true)]
async fn malformed_and_overlong_lines_are_counted_and_do_not_stop_the_rest() {
    let rig = Rig::new();
    let lines = [
        "{".to_owned(),
        "[]".into(),
        "hello".into(),
        "{}".into(),
        log_line("1"),
        log_line(&"x".repeat(200)),
        r#"{"resourceLogs":7}"#.into(),
        log_line("2"),
    ];
    append(&rig.path("a"), lines.join("\n") + "\n");
    rig.run("start_at: beginning\nmax_log_size: 200b\n", async |mut arrivals: Arrivals| {
        assert_eq!(arrivals.bodies().await, ["1", "2"]);
    })
    .await;
    assert_eq!(rig.malformed(), "Count(5)");
}

#[tokio::test(start_paused = true)]
async fn a_file_that_was_set_aside_is_read_on_and_one_written_anew_from_its_beginning() {
    let rig = Rig::new();
    let path = rig.path("b.json");
    append(&path, log_line("1") + "\n");
    rig.run("start_at: beginning\n", async |mut arrivals: Arrivals| {
        assert_eq!(arrivals.bodies().await, ["1"]);
        append(&path, log_line("2") + "\n");
        fs::rename(&path, rig.path("a.json")).unwrap();
        append(&path, log_line("3") + "\n");
        assert_eq!(arrivals.bodies().await, ["2", "3"]);
        virtual_second().await;
        fs::write(&path, log_line("emptied") + "\n" + &log_line("and written anew") + "\n").unwrap();
        assert_eq!(arrivals.bodies().await, ["emptied", "and written anew"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn replaying_reads_everything_again_and_excluded_files_never() {
    let rig = Rig::new();
    append(&rig.path("a"), log_line("a") + "\n");
    append(&rig.path("b"), log_line("b") + "\n");
    let keys = format!("start_at: beginning\nreplay_file: true\nexclude: ['{}']\n", rig.path("?b").display());
    append(&rig.path("xb"), log_line("never") + "\n");
    rig.run(&keys, async |mut arrivals: Arrivals| {
        assert_eq!(arrivals.bodies().await, ["a", "b", "a", "b", "a"]);
    })
    .await;
}

/// Compressed as a stream, in frames that do not end with records, and grown in the midst of a frame.
#[tokio::test(start_paused = true)]
async fn a_compressed_file_is_followed() {
    let rig = Rig::new();
    let text = ["1", "2", "3"].map(|body| log_line(body) + "\n").concat();
    let (first, second) = text.split_at(text.len() / 2);
    let frames =
        [zstd::encode_all(first.as_bytes(), 0).unwrap(), zstd::encode_all(second.as_bytes(), 0).unwrap()]
            .concat();
    let (now, later) = frames.split_at(frames.len() - 5);
    append(&rig.path("a.zst"), now);
    rig.run("start_at: beginning\n", async |mut arrivals: Arrivals| {
        assert_eq!(arrivals.bodies().await, ["1"]);
        append(&rig.path("a.zst"), later);
        assert_eq!(arrivals.bodies().await, ["2", "3"]);
        append(&rig.path("a.zst"), zstd::encode_all((log_line("4") + "\n").as_bytes(), 0).unwrap());
        let refusal = arrivals.next().await;
        drop(refusal);
        assert_eq!(arrivals.bodies().await, ["4"]);
    })
    .await;
    assert_eq!(rig.malformed(), "Count(0)");
}

#[tokio::test(start_paused = true)]
async fn a_damaged_file_is_told_and_the_others_are_read() {
    let rig = Rig::new();
    let mut packed = zstd::encode_all((log_line("1") + "\n").repeat(1000).as_bytes(), 0).unwrap();
    packed[8..].fill(0xff);
    append(&rig.path("a"), packed);
    append(&rig.path("b"), log_line("b") + "\n");
    rig.run("start_at: beginning\n", async |mut arrivals: Arrivals| {
        assert_eq!(arrivals.bodies().await, ["b"]);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn the_collectors_records_are_read_plain_and_compressed_one_by_one() {
    let rig = Rig::new();
    let proto = |body: &str| wire(Signal::Logs, &log_line(body));
    let pack = |record: &[u8]| zstd::encode_all(record, 0).unwrap();
    append(&rig.path("a"), [prefixed(&proto("1")), prefixed(b"\x0a\xff"), prefixed(&proto("2"))].concat());
    append(
        &rig.path("b"),
        [prefixed(&pack(&proto("3"))), prefixed(&pack(log_line("4").as_bytes()))].concat(),
    );
    rig.run("start_at: beginning\n", async |mut arrivals: Arrivals| {
        assert_eq!(arrivals.bodies().await, ["1", "2", "3", "4"]);
    })
    .await;
    assert_eq!(rig.malformed(), "Count(1)");
}

#[test]
fn a_compressed_record_may_not_grow_without_end() {
    let settings =
        Settings::read(&Section::from_yaml("r", "t", "include: [a]\nmax_log_size: 1KiB\n").unwrap()).unwrap();
    let bomb = zstd::encode_all(&vec![b' '; 10 << 20][..], 0).unwrap();
    assert!(matches!(
        detect::read(bomb, Format::Proto, &settings, &mut Permit::none()),
        Err(detect::Bad::Malformed(_))
    ));
}

fn settings() -> Settings {
    Settings::read(&Section::from_yaml("r", "t", COMPONENT.example).unwrap()).unwrap()
}

fn signal_of(format: Format, record: Vec<u8>) -> Option<Signal> {
    detect::read(record, format, &settings(), &mut Permit::none()).unwrap().map(|data: Data| data.signal())
}

#[test]
fn json_names_its_signal_even_behind_other_keys() {
    assert_eq!(signal_of(Format::Json, log_line("x").into_bytes()), Some(Signal::Logs));
    assert_eq!(
        signal_of(Format::Json, br#" { "resource_spans": [{"scope_spans":[{"spans":[{}]}]}]}"#.to_vec()),
        Some(Signal::Traces)
    );
    let text =
        r#"{"note":1,"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"gauge":{"dataPoints":[{}]}}]}]}]}"#;
    assert_eq!(signal_of(Format::Json, text.as_bytes().to_vec()), Some(Signal::Metrics));
    assert_eq!(signal_of(Format::Json, br#"{"resourceLogs":[]}"#.to_vec()), None);
}

prop_compose! {
    fn name()(text in "[a-z]{1,20}") -> String { text }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    /// Whatever a sensible record holds, its signal is found: ids have their length, metrics a name and points.
    #[test]
    fn protobuf_records_are_told_apart(
        name in name(), text in name(), time in any::<u64>(), kind in 0..6, ids in any::<([u8; 16], [u8; 8])>(),
    ) {
        use opentelemetry_proto::tonic::{common::v1::*, logs::v1::*, metrics::v1::*, trace::v1::*};
        let attributes = vec![KeyValue { key: name.clone(), ..KeyValue::default() }];
        let span = Span {
            trace_id: ids.0.to_vec(), span_id: ids.1.to_vec(), name: text.clone(), kind,
            start_time_unix_nano: time, attributes: attributes.clone(), ..Span::default()
        };
        let scope = ScopeSpans { spans: vec![span], ..ScopeSpans::default() };
        let resource_spans = vec![ResourceSpans { scope_spans: vec![scope], ..ResourceSpans::default() }];
        prop_assert_eq!(signal_of(Format::Proto, ExportTraceServiceRequest { resource_spans }.encode_to_vec()), Some(Signal::Traces));

        let body = Some(AnyValue { value: Some(any_value::Value::StringValue(text.clone())) });
        let record = LogRecord { time_unix_nano: time, body, attributes: attributes.clone(), trace_id: ids.0.to_vec(), ..LogRecord::default() };
        let scope = ScopeLogs { log_records: vec![record], ..ScopeLogs::default() };
        let resource_logs = vec![ResourceLogs { scope_logs: vec![scope], ..ResourceLogs::default() }];
        prop_assert_eq!(signal_of(Format::Proto, ExportLogsServiceRequest { resource_logs }.encode_to_vec()), Some(Signal::Logs));

        let point = NumberDataPoint { time_unix_nano: time, attributes, ..NumberDataPoint::default() };
        let sum = Sum { data_points: vec![point.clone()], ..Sum::default() };
        for data in [metric::Data::Gauge(Gauge { data_points: vec![point] }), metric::Data::Sum(sum)] {
            let metric = Metric { name: name.clone(), description: text.clone(), data: Some(data), ..Metric::default() };
            let scope = ScopeMetrics { metrics: vec![metric], ..ScopeMetrics::default() };
            let resource_metrics = vec![ResourceMetrics { scope_metrics: vec![scope], ..ResourceMetrics::default() }];
            let found = signal_of(Format::Proto, ExportMetricsServiceRequest { resource_metrics }.encode_to_vec());
            prop_assert_eq!(found, Some(Signal::Metrics));
        }
    }

    #[test]
    fn any_bytes_give_data_or_words(bytes: Vec<u8>) {
        for format in [Format::Json, Format::Proto] {
            let _ = detect::read(bytes.clone(), format, &settings(), &mut Permit::none());
        }
    }
}

#[test]
fn the_example_is_a_section() {
    let section = Section::from_yaml("receivers.file", "test.yaml", COMPONENT.example).unwrap();
    assert!(super::prepare(&section).is_ok());
}
