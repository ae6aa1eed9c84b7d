//! Tests of `file`.

use super::config::Settings;
use super::write::FileWriter;
use super::{COMPONENT, prepare};
use crate::batch::{Budget, Context, Outcome, Permit, Retry, Wants, claim};
use crate::component::{Book, Clock, Receipt, SystemClock, Writer};
use crate::config::Section;
use crate::otlp::{Data, Limits, Signal, json};
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

fn data(signal: Signal, text: &str) -> Data {
    let wire = json::decode(signal, text.as_bytes(), &Limits::default()).unwrap();
    Data::check(signal, wire.into(), &Limits::default()).unwrap().data
}

fn logs(resource: &str, body: &str) -> Data {
    let attribute = format!(r#"{{"key":"team","value":{{"stringValue":{resource:?}}}}}"#);
    let text = format!(
        r#"{{"resourceLogs":[{{"resource":{{"attributes":[{attribute}]}},"scopeLogs":[{{"logRecords":[{{"body":{{"stringValue":{body:?}}}}}]}}]}}]}}"#
    );
    data(Signal::Logs, &text)
}

#[derive(Default)]
struct Ends(Mutex<Vec<(u64, Outcome)>>);

impl Book for Ends {
    fn end(&self, items: u64, outcome: &Outcome) {
        self.0.lock().unwrap().push((items, outcome.clone()));
    }
}

/// A writer in a folder of its own.
struct Rig {
    folder: tempfile::TempDir,
    ends: Arc<Ends>,
    clock: Arc<dyn Clock>,
}

impl Rig {
    fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            ends: Arc::default(),
            clock: Arc::new(SystemClock::new()),
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn writer(&self, name: &str, keys: &str) -> FileWriter {
        let text = format!("path: '{}'\n{keys}", self.path(name).display());
        let section = Section::from_yaml("exporters.file", "test.yaml", &text).unwrap();
        FileWriter::new(Settings::read(&section).unwrap(), Arc::clone(&self.clock))
    }

    async fn give(&self, writer: &mut FileWriter, data: Data) {
        let receipt = Receipt::new(
            data.items(),
            claim(Wants::Held, data.items()).0,
            Permit::none(),
            Arc::clone(&self.ends) as _,
        );
        writer.write(data, &Context::default(), receipt).await.unwrap();
    }

    async fn commit(&self, writer: &mut FileWriter, data: Data) {
        self.give(writer, data).await;
        writer.flush().await.unwrap();
    }

    fn ends(&self) -> Vec<(u64, Outcome)> {
        std::mem::take(&mut self.ends.0.lock().unwrap())
    }

    fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// The bodies in a file of JSON lines.
fn bodies(path: &Path) -> Vec<String> {
    let text = fs::read(path).unwrap();
    let text = if text.starts_with(&[0x28, 0xb5]) { zstd::decode_all(&text[..]).unwrap() } else { text };
    let lines = std::str::from_utf8(&text).unwrap().lines();
    let body = |line: &str| -> Option<String> {
        let line: serde_json::Value = serde_json::from_str(line).ok()?;
        let body = &line["resourceLogs"][0]["scopeLogs"][0]["logRecords"][0]["body"]["stringValue"];
        body.as_str().map(str::to_owned)
    };
    lines.map(|line| body(line).unwrap_or_else(|| "?".to_owned())).collect()
}

#[tokio::test(start_paused = true)]
async fn batches_gather_until_the_flush_and_are_settled_by_it() {
    let rig = Rig::new();
    let mut writer = rig.writer("a", "flush_interval: 2s\n");
    assert_eq!(writer.next_flush(), None);
    let due = rig.clock.now().after(Duration::from_secs(2));
    rig.give(&mut writer, logs("x", "1")).await;
    tokio::time::advance(Duration::from_secs(1)).await;
    rig.give(&mut writer, logs("x", "2")).await;
    assert_eq!(writer.next_flush().map(|time| time.mono), Some(due.mono));
    assert_eq!((rig.ends().len(), rig.names().len()), (0, 0));
    writer.flush().await.unwrap();
    assert_eq!(rig.ends(), [(1, Outcome::delivered(1)), (1, Outcome::delivered(1))]);
    assert_eq!((writer.next_flush(), bodies(&rig.path("a"))), (None, vec!["1".to_owned(), "2".to_owned()]));
}

#[tokio::test]
async fn much_data_is_written_before_its_time() {
    let rig = Rig::new();
    let mut writer = rig.writer("a", "");
    rig.give(&mut writer, logs("x", &"y".repeat(2 << 20))).await;
    assert_eq!((rig.ends().len(), writer.next_flush()), (1, None));
}

#[tokio::test]
async fn json_is_a_line_and_protobuf_has_its_length_before_it() {
    let rig = Rig::new();
    let text = r#"{"resourceSpans":[{"resource":{},"scopeSpans":[{"scope":{},"spans":[{"name":"s","status":{}}]}]}]}"#;
    rig.commit(&mut rig.writer("a", ""), data(Signal::Traces, text)).await;
    assert_eq!(fs::read_to_string(rig.path("a")).unwrap(), format!("{text}\n"));
    let mut both = data(Signal::Traces, text);
    both.append(both.clone());
    let wire = both.clone().encode().concat();
    rig.commit(&mut rig.writer("b", "format: proto\n"), both).await;
    let expected = [&u32::try_from(wire.len()).unwrap().to_be_bytes()[..], &wire].concat();
    assert_eq!(fs::read(rig.path("b")).unwrap(), expected);
}

#[tokio::test]
async fn a_full_disk_says_again_and_is_told() {
    let rig = Rig::new();
    let section = Section::from_yaml("exporters.file", "test.yaml", "path: /dev/full\n").unwrap();
    let mut writer = FileWriter::new(Settings::read(&section).unwrap(), Arc::clone(&rig.clock));
    rig.give(&mut writer, logs("x", "1")).await;
    let fault = writer.flush().await.unwrap_err();
    assert_eq!((fault.label, fault.retry), ("io", Retry::Backoff));
    let ends = rig.ends();
    assert!(ends.iter().all(|(_, outcome)| outcome.is_retry() && outcome.delivered == 0), "{ends:?}");
}

#[tokio::test]
async fn memory_of_the_encoded_copy_is_charged_and_given_back() {
    let (rig, budget) = (Rig::new(), Budget::new(1 << 20));
    let mut writer = rig.writer("a", "");
    let one = logs("x", "1");
    let receipt = Receipt::new(1, claim(Wants::Held, 1).0, budget.permit(), Arc::clone(&rig.ends) as _);
    writer.write(one, &Context::default(), receipt).await.unwrap();
    writer.flush().await.unwrap();
    assert!(budget.peak() > 0 && budget.used() == 0);
}

#[tokio::test]
async fn a_file_is_emptied_or_continued_as_append_says() {
    let rig = Rig::new();
    for (keys, expected) in [("", vec!["2", "3"]), ("append: true\n", vec!["1", "2", "3"])] {
        fs::write(
            rig.path("a"),
            r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"1"}}]}]}]}"#,
        )
        .unwrap();
        let mut writer = rig.writer("a", keys);
        rig.commit(&mut writer, logs("x", "2")).await;
        rig.commit(&mut writer, logs("x", "3")).await;
        assert_eq!(bodies(&rig.path("a")), expected);
    }
}

#[tokio::test]
async fn half_a_record_from_a_crash_spoils_nothing_that_follows() {
    let rig = Rig::new();
    fs::write(rig.path("a"), "{\"resourceLogs\":[{").unwrap();
    rig.commit(&mut rig.writer("a", "append: true\n"), logs("x", "1")).await;
    assert_eq!(bodies(&rig.path("a")), ["?", "1"]);

    fs::write(rig.path("b"), [0, 0, 0, 1, 7, 0, 0, 0, 9, 1, 2]).unwrap();
    let one = logs("x", "1");
    let wire = one.clone().encode().concat();
    rig.commit(&mut rig.writer("b", "append: true\nformat: proto\n"), one).await;
    let expected = [&[0, 0, 0, 1, 7, 0, 0, 0, wire.len() as u8][..], &wire].concat();
    assert_eq!(fs::read(rig.path("b")).unwrap(), expected);
}

#[tokio::test]
async fn full_files_are_set_aside_and_a_record_is_never_cut() {
    let rig = Rig::new();
    let mut writer = rig.writer("a.json", "rotation: {max_megabytes: 1, max_backups: 2}\n");
    for number in 0..5 {
        rig.commit(&mut writer, logs("x", &format!("{number}").repeat(700 << 10))).await;
    }
    rig.commit(&mut writer, logs("x", "last")).await;
    let names = rig.names();
    assert_eq!(names.len(), 3, "{names:?}");
    let first =
        |name: &String| bodies(&rig.path(name)).iter().map(|body| body[..1].to_owned()).collect::<String>();
    assert_eq!(names.iter().map(first).collect::<Vec<_>>(), ["2", "3", "4l"]);
    drop(writer);
    rig.commit(&mut rig.writer("a.json", "rotation: {max_megabytes: 1}\n"), logs("x", "more")).await;
    assert_eq!(bodies(&rig.path("a.json")).len(), 3, "a rotated file is continued");
}

#[tokio::test]
async fn a_compressed_file_is_a_plain_stream_of_frames() {
    let rig = Rig::new();
    let mut writer = rig.writer("a", "compression: zstd\ncompression_params: {level: 6}\n");
    rig.commit(&mut writer, logs("x", "1")).await;
    rig.commit(&mut writer, logs("x", "2")).await;
    assert_eq!(bodies(&rig.path("a")), ["1", "2"]);
    drop(writer);
    rig.commit(&mut rig.writer("a", "compression: zstd\nrotation:\n"), logs("x", "3")).await;
    assert_eq!(rig.names().len(), 2, "one that exists is set aside, since its end may be half a frame");
    assert_eq!(bodies(&rig.path("a")), ["3"]);
}

#[tokio::test]
async fn every_value_has_its_file_and_none_leaves_the_folder() {
    let rig = Rig::new();
    let keys = "group_by: {enabled: true, resource_attribute: team, max_open_files: 1}\n";
    let mut writer = rig.writer("teams/*.json", keys);
    let mut batch = logs("red", "1");
    for (team, body) in [("blue", "2"), ("../../red", "3"), ("red", "4")] {
        batch.append(logs(team, body));
    }
    batch.append(data(Signal::Logs, r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{}]}]}]}"#));
    rig.commit(&mut writer, batch).await;
    rig.commit(&mut writer, logs("red", "5")).await;
    let ends = rig.ends();
    assert_eq!((ends[0].0, ends[0].1.delivered, ends[0].1.rejected), (6, 4, 2));
    assert_eq!(ends[0].1.reason.as_ref().map(|reason| reason.label), Some("no_path_segment"));
    assert_eq!((ends[1].1.delivered, rig.names()), (1, vec!["teams".to_owned()]));
    let red = fs::read_to_string(rig.path("teams/red.json")).unwrap();
    assert_eq!(red.lines().count(), 2, "closed for another and continued, not emptied");
    assert!(red.contains("\"1\"") && red.contains("\"4\"") && red.contains("\"5\""));
    assert_eq!(bodies(&rig.path("teams/blue.json")), ["2"]);
    assert_eq!(bodies(&rig.path("teams/%2E.%2F..%2Fred.json")), ["3"]);
}

#[tokio::test]
async fn directories_are_created_only_if_asked_for() {
    let rig = Rig::new();
    let mut writer = rig.writer("no/such/a", "");
    rig.give(&mut writer, logs("x", "1")).await;
    assert!(writer.flush().await.is_err());
    assert!(rig.ends().iter().all(|(_, outcome)| outcome.is_retry()));
    let keys = "create_directory: true\ndirectory_permissions: \"0700\"\n";
    rig.commit(&mut rig.writer("no/such/a", keys), logs("x", "2")).await;
    let mode =
        std::os::unix::fs::PermissionsExt::mode(&fs::metadata(rig.path("no/such")).unwrap().permissions());
    assert_eq!((bodies(&rig.path("no/such/a")), mode & 0o777), (vec!["2".to_owned()], 0o700));
}

#[tokio::test]
async fn a_file_that_was_moved_away_is_begun_anew() {
    let rig = Rig::new();
    let mut writer = rig.writer("a", "");
    rig.commit(&mut writer, logs("x", "1")).await;
    fs::rename(rig.path("a"), rig.path("moved")).unwrap();
    rig.commit(&mut writer, logs("x", "2")).await;
    assert_eq!(
        (bodies(&rig.path("moved")), bodies(&rig.path("a"))),
        (vec!["1".to_owned()], vec!["2".to_owned()])
    );
}

#[tokio::test]
async fn what_was_not_flushed_says_again() {
    let rig = Rig::new();
    let mut writer = rig.writer("a", "");
    rig.give(&mut writer, logs("x", "1")).await;
    drop(writer);
    assert!(rig.ends().iter().all(|(_, outcome)| outcome.is_retry()));
}

#[test]
fn the_example_is_a_section() {
    let section = Section::from_yaml("exporters.file", "test.yaml", COMPONENT.example).unwrap();
    let facts = prepare(&section).unwrap().facts;
    assert!(facts.delivery.is_some_and(|delivery| !delivery.queue.enabled));
}
