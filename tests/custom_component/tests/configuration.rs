//! What the command line says of components that weft does not know.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use custom_component::COMPONENTS;
use std::path::Path;
use std::process::{Command, Output};
use weft::component::Prepare;
use weft::config::Section;

fn gateway(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_line-gateway")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn validate(folder: &Path, yaml: &str) -> Output {
    let file = folder.join("gateway.yaml");
    std::fs::write(&file, yaml).unwrap();
    gateway(&["validate", "--config", file.to_str().unwrap()])
}

const PIPELINE: &str = "\
service:
  pipelines:
    logs: {receivers: [line_socket], processors: [tag, batch], exporters: [line_file, debug]}
";

const SECTIONS: &str = "\
receivers:
  line_socket: {endpoint: ./lines.sock}
processors:
  tag: {key: team, value: unknown, drop: [test]}
  batch:
exporters:
  line_file: {path: ./lines.log, sending_queue: {queue_size: 10}}
  debug:
";

/// Guarantees: our components stand beside weft's in one pipeline.
#[test]
fn a_configuration_of_both_can_run() {
    let folder = tempfile::tempdir().unwrap();
    let output = validate(folder.path(), &format!("{SECTIONS}{PIPELINE}"));
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert!(text(&output.stdout).contains("the configuration can run"));
}

/// Guarantees: an outside component's mistakes are told with their places, all at once, and with what would be right.
#[test]
fn mistakes_are_told_with_place_and_hint() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = SECTIONS
        .replace("endpoint:", "endpiont:")
        .replace("key: team, value", "key: team, drop: 7, valeu")
        .replace("queue_size", "queue_syze");
    let yaml = yaml.replace(", drop: [test]", "");
    let output = validate(folder.path(), &format!("{yaml}{PIPELINE}"));
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    for wanted in [
        "gateway.yaml:2:17",
        "did you mean `endpoint`?",
        "gateway.yaml:4:26",
        "gateway.yaml:4:29",
        "did you mean `value`?",
        "gateway.yaml:7:50",
        "did you mean `queue_size`?",
    ] {
        assert!(errors.contains(wanted), "{wanted} is not in:\n{errors}");
    }
}

/// Guarantees: a component's own checks are errors like all others.
#[test]
fn own_checks_have_places_too() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = SECTIONS.replace("endpoint: ./lines.sock", "max_line_bytes: 0").replace("./lines.log", "''");
    let errors = text(&validate(folder.path(), &format!("{yaml}{PIPELINE}")).stderr);
    for wanted in [
        "`endpoint` is required  ",
        "`max_line_bytes` must be positive  ",
        "gateway.yaml:2:33",
        "`path` is required  ",
        "receivers.line_socket.endpoint",
    ] {
        assert!(errors.contains(wanted), "{wanted} is not in:\n{errors}");
    }
}

/// Guarantees: a signal that a component does not take is refused where it stands in a pipeline.
#[test]
fn a_component_in_a_pipeline_of_another_signal_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let yaml = format!("{SECTIONS}{}", PIPELINE.replace("logs:", "metrics:"));
    let output = validate(folder.path(), &yaml);
    assert_eq!(output.status.code(), Some(1));
    let errors = text(&output.stderr);
    for id in ["line_socket", "tag", "line_file"] {
        assert!(
            errors.contains(&format!("`{id}`")) || errors.contains(&format!("\"{id}\"")),
            "{id}: {errors}"
        );
    }
}

#[test]
fn ours_are_in_the_list_beside_wefts() {
    let list = text(&gateway(&["components"]).stdout);
    for wanted in
        ["otlp ", "line_socket ", "takes lines of text at a unix socket", "(also: label)", "line_file "]
    {
        assert!(list.contains(wanted), "{wanted} is not in:\n{list}");
    }
}

#[test]
fn the_manual_of_ours_is_printed_and_a_near_name_is_offered() {
    for component in COMPONENTS {
        let manual = text(&gateway(&["components", component.name]).stdout);
        assert!(manual.starts_with(&format!("# {}\n", component.name)), "{manual}");
        assert!(manual.contains("## Minimal section"), "{manual}");
    }
    assert!(text(&gateway(&["components", "line_fiel"]).stderr).contains("did you mean `line_file`?"));
}

#[test]
fn the_examples_are_sections() {
    for component in COMPONENTS {
        let path = format!("{}.{}", component.kind().key(), component.name);
        let section = Section::from_yaml(&path, "example", component.example).unwrap();
        let errors = match component.prepare {
            Prepare::Receiver(prepare) => prepare(&section).err(),
            Prepare::Processor(prepare) => prepare(&section).err(),
            Prepare::Exporter(prepare) => prepare(&section).err(),
            Prepare::Connector(..) | Prepare::Extension(_) => None,
        };
        assert!(errors.is_none(), "{path}: {errors:?}");
    }
}
