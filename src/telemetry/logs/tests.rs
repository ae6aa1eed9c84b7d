//! Tests of the layer through `tracing` itself, writing to a buffer.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tracing::{debug, error, info, warn};
use tracing_subscriber::layer::SubscriberExt;

use super::sample::{Sampler, Verdict};
use super::*;
use crate::telemetry::registry::Value;
use crate::telemetry::resource;
use crate::telemetry::settings::{Encoding, ResourceSettings, Sampling};

struct Fixture {
    buffer: SharedBuffer,
    handle: Handle,
    registry: Registry,
    tap: Option<tokio::sync::mpsc::Receiver<LogEvent>>,
    dispatch: tracing::Dispatch,
}

fn fixture(settings: &LogSettings) -> Fixture {
    let buffer = SharedBuffer::default();
    let registry = Registry::default();
    let resource = Resource::new(&ResourceSettings::default(), "weft", "0.1.0", "id");
    let logs = build(settings, &resource, &registry, Outputs::buffer(&buffer)).unwrap();
    let dispatch = tracing::Dispatch::new(tracing_subscriber::registry().with(logs.layer));
    Fixture { buffer, handle: logs.handle, registry, tap: logs.tap, dispatch }
}

fn quiet() -> LogSettings {
    LogSettings { disable_caller: true, disable_zap_resource: true, ..LogSettings::default() }
}

fn json() -> LogSettings {
    LogSettings { encoding: Encoding::Json, ..quiet() }
}

/// What `tracing` remembers of a callsite is global: while one test speaks, no other may.
static FLOOR: std::sync::Mutex<()> = std::sync::Mutex::new(());

impl Fixture {
    fn lines(&self, speak: impl FnOnce()) -> Vec<String> {
        let _floor = FLOOR.lock().unwrap_or_else(PoisonError::into_inner);
        tracing::dispatcher::with_default(&self.dispatch, || {
            tracing::callsite::rebuild_interest_cache();
            speak();
        });
        let bytes = std::mem::take(&mut *self.buffer.lock().unwrap_or_else(PoisonError::into_inner));
        String::from_utf8(bytes).unwrap().lines().map(str::to_owned).collect()
    }
}

#[test]
fn a_line_has_its_fields() {
    let fixture = fixture(&json());
    let lines =
        fixture.lines(|| info!(port = 4317, name = "a\nb", ok = true, ratio = 0.5, what = ?Some(1), "ready"));
    let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert_eq!(line["level"], "info");
    assert_eq!(line["msg"], "ready");
    assert_eq!(line["port"], 4317);
    assert_eq!(line["name"], "a\nb");
    assert_eq!(line["ok"], true);
    assert_eq!(line["ratio"], 0.5);
    assert_eq!(line["what"], "Some(1)");
    assert!(line["ts"].as_str().unwrap().ends_with('Z'));
    assert!(line.get("caller").is_none() && line.get("resource").is_none());
}

#[test]
fn caller_resource_and_initial_fields_stand_on_every_line() {
    let initial_fields = [("zone".to_owned(), serde_json::json!({"a": 1}))].into();
    let settings =
        LogSettings { initial_fields, disable_caller: false, disable_zap_resource: false, ..json() };
    let lines = fixture(&settings).lines(|| info!("x"));
    let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    assert!(line["caller"].as_str().unwrap().starts_with("telemetry/logs/tests.rs:"));
    assert_eq!(line["resource"]["service.name"], "weft");
    assert_eq!(line["zone"]["a"], 1);
}

#[test]
fn the_level_can_be_changed_while_running() {
    let fixture = fixture(&quiet());
    let speak = || {
        debug!("d");
        info!("i");
        warn!("w");
        error!("e");
    };
    assert_eq!(fixture.lines(speak).len(), 3);
    fixture.handle.set_level(Severity::Error);
    assert_eq!(fixture.lines(speak).len(), 1);
    fixture.handle.set_level(Severity::Debug);
    assert_eq!(fixture.lines(speak).len(), 4);
    fixture.handle.set_level(Severity::Off);
    assert_eq!(fixture.lines(speak).len(), 0);
    assert_eq!(fixture.handle.level(), Severity::Off);
}

#[test]
fn other_crates_are_not_debugged() {
    let fixture = fixture(&LogSettings { level: Severity::Debug, ..quiet() });
    let lines = fixture.lines(|| {
        debug!(target: "h2::codec", "frame");
        info!(target: "h2::codec", "told");
        debug!(target: "weft::engine", "ours");
    });
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[test]
fn a_repeated_line_is_held_back_and_counted() {
    let sampling =
        Sampling { tick: Duration::from_secs(3600), initial: 2, thereafter: 5, ..Sampling::default() };
    let fixture = fixture(&LogSettings { sampling, ..json() });
    let lines = fixture.lines(|| (0..12).for_each(|n| warn!(n, "again")));
    let field =
        |line: &String, key: &str| serde_json::from_str::<serde_json::Value>(line).unwrap()[key].clone();
    assert_eq!(lines.iter().map(|line| field(line, "n")).collect::<Vec<_>>(), [0, 1, 6, 11]);
    assert_eq!(field(&lines[1], "suppressed"), serde_json::Value::Null);
    assert_eq!(field(&lines[2], "suppressed"), 4);
    let snapshot = fixture.registry.snapshot(1);
    assert_eq!(snapshot.find("weft_log_lines_suppressed", &[]).unwrap().value, Value::Count(8));
    assert_eq!(fixture.lines(|| warn!("another place")).len(), 1);
}

#[test]
fn each_tick_begins_anew() {
    let settings = Sampling { tick: Duration::from_secs(1), initial: 1, thereafter: 0, enabled: true };
    let place = tracing::callsite::Identifier(&CALLSITE);
    let mut sampler = Sampler::default();
    let mut at = |millis| sampler.judge(&settings, place.clone(), Duration::from_millis(millis));
    assert_eq!(at(0), Verdict::Write { suppressed: 0 });
    assert_eq!(at(1), Verdict::Suppress);
    assert_eq!(at(999), Verdict::Suppress);
    assert_eq!(at(1000), Verdict::Write { suppressed: 2 });
    let off = Sampling { enabled: false, ..settings };
    assert_eq!(sampler.judge(&off, place, Duration::from_millis(1001)), Verdict::Write { suppressed: 0 });
}

struct Site;

static CALLSITE: Site = Site;

impl tracing::Callsite for Site {
    fn set_interest(&self, _: tracing::subscriber::Interest) {}

    fn metadata(&self) -> &tracing::Metadata<'_> {
        panic!("only its identity is used")
    }
}

#[test]
fn long_values_are_cut() {
    let fixture = fixture(&json());
    let long = "é".repeat(10_000);
    let lines = fixture.lines(|| info!(text = long, debug = ?long, "{long}"));
    let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
    let expected = format!("{}…", "é".repeat(MAX_VALUE / 2));
    assert_eq!(line["text"].as_str(), Some(expected.as_str()));
    assert!(line["debug"].as_str().unwrap().len() <= MAX_VALUE + 3);
    assert!(line["msg"].as_str().unwrap().len() <= 1027);
}

#[test]
fn a_hostile_value_makes_no_line_and_no_escape() {
    let fixture = fixture(&quiet());
    let lines = fixture.lines(|| warn!(header = "x\r\n2023\terror\tfake\u{1b}[2J\u{9b}", "refused\nFAKE"));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(!lines[0].contains(['\u{1b}', '\u{9b}', '\r']));
}

#[test]
fn stack_traces_only_in_development() {
    let development = LogSettings { development: true, ..json() };
    let lines = fixture(&development).lines(|| {
        error!("e");
        warn!("w");
    });
    assert!(lines[0].contains("\"stacktrace\":") && !lines[1].contains("stacktrace"));
    let disabled = LogSettings { disable_stacktrace: true, ..development };
    assert!(!fixture(&disabled).lines(|| error!("e"))[0].contains("stacktrace"));
}

#[test]
fn events_go_to_the_tap_if_a_processor_wants_them() {
    assert!(fixture(&quiet()).tap.is_none());
    let settings =
        LogSettings { processors: vec![crate::telemetry::settings::Processor::console()], ..quiet() };
    let mut fixture = fixture(&settings);
    fixture.lines(|| {
        warn!(target: "weft::engine", n = 1, "one");
        warn!(target: "weft::telemetry::push", "own");
        info!(target: "weft::engine", "two");
    });
    let tap = fixture.tap.as_mut().unwrap();
    let first = tap.try_recv().unwrap();
    assert_eq!(
        (first.severity, first.target, first.message.as_str()),
        (Severity::Warn, "weft::engine", "one")
    );
    assert_eq!(first.fields, [("n".to_owned(), resource::Value::Int(1))]);
    assert_eq!(tap.try_recv().unwrap().message, "two");
    assert!(tap.try_recv().is_err());
}

#[test]
fn a_full_tap_loses_events_and_counts_them() {
    let settings = LogSettings {
        processors: vec![crate::telemetry::settings::Processor::console()],
        sampling: Sampling { enabled: false, ..Sampling::default() },
        ..quiet()
    };
    let fixture = fixture(&settings);
    fixture.lines(|| (0..TAP_CAPACITY + 7).for_each(|_| info!(target: "weft::engine", "x")));
    let snapshot = fixture.registry.snapshot(1);
    assert_eq!(snapshot.find("weft_log_events_lost", &[]).unwrap().value, Value::Count(7));
}

#[test]
fn settings_can_be_replaced_while_running() {
    let fixture = fixture(&quiet());
    let other = SharedBuffer::default();
    fixture.handle.replace(&json(), &Resource::default(), Outputs::buffer(&other));
    assert!(fixture.lines(|| info!("moved")).is_empty());
    let text = String::from_utf8(Arc::clone(&other).lock().unwrap().clone()).unwrap();
    assert!(text.starts_with("{\"level\":\"info\"") && text.contains("moved"));
}
