//! The commands as a person runs them, by the built binary: exit codes, and the texts as golden files in
//! `tests/golden/command` (`UPDATE_GOLDEN=1` writes them).

use super::shipped;
use std::process::{Command, Output};

const FOLDER: &str = "tests/golden/command";
const GATEWAY: &str = "configs/gateway.yaml";
const WRONG: &str = "tests/golden/plan/everything_at_once.yaml";
const DOUBTFUL: &str = "tests/golden/plan/headers_not_kept.yaml";

/// Runs `weft` with nothing of the machine's environment.
fn weft(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_weft"));
    command.args(arguments).env_clear().env("SECRET_HOST", "http://user:hunter2@backend:4318");
    command.output().expect("weft runs")
}

fn text(bytes: &[u8]) -> String {
    let text = String::from_utf8(bytes.to_vec()).expect("UTF-8");
    assert!(!text.contains('\x1b'), "colours where nobody sees them: {text:?}");
    text
}

/// What a command prints, both streams, and its exit code.
fn told(arguments: &[&str]) -> (i32, String) {
    let output = weft(arguments);
    let shown = format!(
        "$ weft {}\n# exit code {}\n{}{}",
        arguments.join(" "),
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    );
    (output.status.code().unwrap_or(-1), shown)
}

fn golden(name: &str, code: i32, arguments: &[&str]) {
    let (found_code, found) = told(arguments);
    assert_eq!(found_code, code, "{found}");
    let path = format!("{FOLDER}/{name}.txt");
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(FOLDER).expect(FOLDER);
        std::fs::write(&path, &found).expect(&path);
        return;
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{path}; UPDATE_GOLDEN=1 accepts");
}

#[test]
fn every_shipped_configuration_validates() {
    for path in shipped::configs() {
        let (code, shown) = told(&["validate", "--strict", "--config", &path]);
        assert_eq!(code, 0, "{shown}");
    }
}

#[test]
fn validate_says_what_a_kill_can_cost() {
    golden("validate", 0, &["validate", "--config", GATEWAY]);
}

#[test]
fn validate_shows_warnings_and_succeeds() {
    golden("validate_warning", 0, &["validate", "--config", DOUBTFUL]);
}

#[test]
fn strict_refuses_what_is_only_doubtful() {
    golden("validate_strict", 1, &["validate", "--strict", "--config", DOUBTFUL]);
}

#[test]
fn validate_tells_all_errors_of_all_stages() {
    golden("validate_wrong", 1, &["validate", "--config", WRONG]);
}

#[test]
fn validate_writes_a_json_object_a_line_on_standard_output() {
    golden("validate_json", 1, &["validate", "--format", "json", "--config", WRONG]);
    let output = weft(&["validate", "--format", "json", "--config", WRONG]);
    assert!(output.stderr.is_empty(), "{}", text(&output.stderr));
    for line in text(&output.stdout).lines() {
        let object: serde_json::Value = serde_json::from_str(line).expect(line);
        assert_eq!(object["severity"], "error");
        assert!(
            object["line"].is_u64() && object["file"] == WRONG && object["problem"].is_string(),
            "{line}"
        );
    }
    let output = weft(&["validate", "--format", "json", "--config", DOUBTFUL]);
    let object: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one warning");
    assert_eq!((output.status.code(), &object["severity"]), (Some(0), &"warning".into()));
}

#[test]
fn validate_annotates_for_github() {
    golden("validate_github", 1, &["validate", "--format", "github", "--config", WRONG]);
    golden("validate_github_warning", 0, &["validate", "--format", "github", "--config", DOUBTFUL]);
}

#[test]
fn a_value_can_be_set_and_a_gate_is_named() {
    golden("validate_set", 1, &["validate", "--config", GATEWAY, "--set", "processors.batch.timout=1s"]);
    golden(
        "validate_gates",
        0,
        &["validate", "--config", GATEWAY, "--feature-gates", "service.partialReload"],
    );
}

#[test]
fn a_missing_file_is_named() {
    golden("validate_missing", 1, &["validate", "--config", "configs/nowhere.yaml"]);
}

#[test]
fn wrong_usage_has_an_exit_code_of_its_own() {
    for arguments in [&["validate", "--fromat", "json"][..], &["frobnicate"], &["graph", "--format", "svg"]] {
        let (code, shown) = told(arguments);
        assert_eq!(code, 2, "{shown}");
    }
}

#[test]
fn graphs_are_drawn() {
    golden("graph", 0, &["graph", "--config", GATEWAY]);
    golden("graph_mermaid", 0, &["graph", "--format", "mermaid", "--config", GATEWAY]);
    golden("graph_wrong", 1, &["graph", "--config", "tests/golden/plan/connector_cycle.yaml"]);
}

#[test]
fn a_graph_shows_connectors_and_branches() {
    let configuration = "tests/golden/command/branches.yaml";
    golden("graph_branches", 0, &["graph", "--config", configuration]);
    golden("graph_branches_mermaid", 0, &["graph", "--format", "mermaid", "--config", configuration]);
}

#[test]
fn explain_shows_origins_and_no_secret() {
    let arguments =
        &["explain", "--config", "tests/golden/command/secrets.yaml", "--set", "processors.batch.timeout=2s"];
    golden("explain", 0, arguments);
    let (_, shown) = told(arguments);
    for secret in ["hunter2", "tenant-1", "Bearer", "BEGIN PRIVATE"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    for origin in ["secrets.yaml:", "env:SECRET_HOST", "--set processors.batch.timeout=2s"] {
        assert!(shown.contains(origin), "no {origin} in {shown}");
    }
    assert_eq!(told(&["print-config", "--config", GATEWAY]).0, 0);
}

#[test]
fn components_are_listed() {
    golden("components", 0, &["components"]);
}

#[test]
fn a_component_is_told_about_by_any_of_its_names() {
    let (code, shown) = told(&["components", "batch"]);
    let readme = include_str!("../../src/processors/batch/README.md");
    assert!(
        code == 0 && shown.contains(readme.trim_end()) && shown.contains("## Minimal section"),
        "{shown}"
    );
    // A receiver and an exporter of one name: both.
    let (_, both) = told(&["components", "otlp"]);
    assert!(both.contains("receivers:\n  otlp:") && both.contains("exporters:\n  otlp_grpc:"), "{both}");
}

#[test]
fn a_component_that_is_not_there_is_told_with_what_is_meant_or_written_instead() {
    golden("components_unknown", 1, &["components", "otlphtpp"]);
    golden("components_absent", 1, &["components", "tail_sampling"]);
}
