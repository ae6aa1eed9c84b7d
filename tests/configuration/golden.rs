//! `tests/golden/plan/NAME.yaml` must give exactly `NAME.stderr`, errors or warnings; `UPDATE_GOLDEN=1` writes what it
//! gives now. A comment `# set: a.b=c` at the top of a file is a `--set`.

use super::{load, samples};
use std::collections::BTreeSet;
use std::path::Path;
use weft::config::{Errors, Severity};

const FOLDER: &str = "tests/golden/plan";

/// The names of the golden files that end so.
fn names(end: &str) -> BTreeSet<String> {
    let entries = std::fs::read_dir(FOLDER).expect(FOLDER);
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter_map(|name| name.strip_suffix(end).map(str::to_owned)).collect()
}

fn outcome(path: &str) -> Errors {
    let text = std::fs::read_to_string(path).expect(path);
    let comments = text.lines().take_while(|line| line.starts_with('#'));
    let sets: Vec<_> = comments.filter_map(|line| line.strip_prefix("# set: ")).collect();
    match load::plan([path], sets, &samples::table()) {
        Ok(plan) => Errors(plan.warnings),
        Err(errors) => errors,
    }
}

#[test]
fn every_mistake_has_its_words() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut differing = Vec::new();
    for name in names(".yaml") {
        let golden = format!("{FOLDER}/{name}.stderr");
        let found = outcome(&format!("{FOLDER}/{name}.yaml")).to_string();
        if found.is_empty() {
            differing.push(format!("{name} has no mistake"));
        } else if update {
            std::fs::write(&golden, &found).expect(&golden);
        } else if std::fs::read_to_string(&golden).ok().as_deref() != Some(found.as_str()) {
            differing.push(format!("{name}:\n{found}"));
        }
    }
    assert!(differing.is_empty(), "UPDATE_GOLDEN=1 accepts:\n{}", differing.join("\n"));
}

#[test]
fn no_golden_file_is_left_behind_and_there_are_many() {
    let (wrong, words) = (names(".yaml"), names(".stderr"));
    if std::env::var_os("UPDATE_GOLDEN").is_none() {
        assert_eq!(wrong, words);
    }
    let others = std::fs::read_dir("tests/golden/config").expect("the mistakes that need no component");
    let others =
        others.filter_map(Result::ok).filter(|entry| entry.path().extension().is_some_and(|e| e == "stderr"));
    assert!(wrong.len() >= 100 && wrong.len() + others.count() >= 150);
    assert!(Path::new(FOLDER).is_dir());
}

/// What holds for every message, whatever it says.
#[test]
fn every_message_has_a_place_and_speaks_of_yaml_alone() {
    // Names of Go's and Rust's types, and of serde's habits, which say nothing to a reader of YAML.
    let foreign = [
        "*",
        "struct",
        "mapstructure",
        "int64",
        "uint",
        "u32",
        "u64",
        "i64",
        "Option",
        "variant",
        "::net::",
        "Some(",
    ];
    let mut wrong = Vec::new();
    for name in names(".yaml") {
        let errors = outcome(&format!("{FOLDER}/{name}.yaml"));
        let mut places = BTreeSet::new();
        for error in errors.iter() {
            let line = error.origin.as_ref().map(|origin| origin.to_string());
            let said = format!("{}: {}", error.problem, error.hint.as_deref().unwrap_or_default());
            let mut tell = |what: &str| wrong.push(format!("{name}: {what}: {said}"));
            if line.is_none() || error.path.is_empty() && error.more.known.is_empty() {
                tell("no place");
            }
            let right = ["expected", "write", "use ", "give", "missing field", "is not between"]
                .iter()
                .any(|word| error.problem.contains(word));
            if error.hint.is_none() && error.more.known.is_empty() && !right {
                tell("no way out");
            }
            if !places.insert((line, error.problem.clone())) {
                tell("twice");
            }
            if foreign.iter().any(|word| error.problem.contains(word)) {
                tell("a foreign word");
            }
            if said.contains("secret-") || said.contains("hunter2") {
                tell("a secret");
            }
            let starts_low = error.problem.chars().next().is_some_and(|c| {
                !c.is_uppercase() || error.problem.starts_with("TLS") || error.problem.starts_with("IPv6")
            });
            if !starts_low || error.problem.ends_with('.') {
                tell("not in lower case or with a dot");
            }
        }
        let severities: BTreeSet<_> = errors.iter().map(|error| error.severity == Severity::Error).collect();
        assert!(severities.len() == 1, "{name} mixes errors and warnings");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
