//! `tests/golden/config/NAME.yaml` must give exactly `NAME.stderr`; `UPDATE_GOLDEN=1` writes what it gives now.
//!
//! Comments at the top of a file drive it: `# set: a.b=c` is a `--set`, `# config: other.part` another `--config`. A
//! component of type `sample` is read as [`Sample`], which stands for a component's settings.

use std::path::Path;

use serde::Deserialize;

use super::*;

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[allow(dead_code)]
struct Sample {
    num_traces: u64,
    decision_wait: GoDuration,
    enabled: bool,
    policies: Vec<Rule>,
    endpoint: String,
    sampling: Option<f64>,
    mode: Verbosity,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Rule {
    name: String,
    share: f64,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Verbosity {
    #[default]
    Basic,
    Normal,
    Detailed,
}

const FOLDER: &str = "tests/golden/config";

fn directives<'t>(text: &'t str, name: &'t str) -> impl Iterator<Item = &'t str> {
    let own = move |line: &'t str| line.strip_prefix("# ")?.strip_prefix(name)?.strip_prefix(": ");
    text.lines().take_while(|line| line.starts_with('#')).filter_map(own)
}

fn outcome(path: &str, text: &str) -> String {
    let variables = env(&[("PORT", "4317"), ("EMPTY", ""), ("WORD", "secret-word"), ("LOOP", "${env:LOOP}")]);
    let mut loader = Loader::new(&variables).config(path);
    for other in directives(text, "config") {
        loader = loader.config(format!("{FOLDER}/{other}"));
    }
    for set in directives(text, "set") {
        loader = loader.set(set);
    }
    match loader.load().and_then(Settings::from_loaded) {
        Err(errors) => errors.to_string(),
        Ok(settings) => {
            let mut errors = Errors::new();
            let all = settings.receivers.iter().chain(&settings.processors).chain(&settings.exporters);
            for component in all.filter(|c| c.id.kind() == "sample") {
                errors.keep(component.section.parse::<Sample>());
            }
            let warnings = Errors(settings.warnings.take());
            format!("{warnings}{errors}")
        }
    }
}

#[test]
fn every_mistake_has_its_words() {
    let update = std::env::var_os("UPDATE_GOLDEN").is_some();
    let mut names: Vec<_> = std::fs::read_dir(FOLDER)
        .expect(FOLDER)
        .filter_map(|entry| {
            entry.ok()?.file_name().into_string().ok()?.strip_suffix(".yaml").map(str::to_owned)
        })
        .collect();
    names.sort();
    assert!(names.len() >= 25, "only {} golden files", names.len());
    let mut differing = Vec::new();
    for name in names {
        let path = format!("{FOLDER}/{name}.yaml");
        let (found, golden) = (
            outcome(&path, &std::fs::read_to_string(&path).expect(&path)),
            format!("{FOLDER}/{name}.stderr"),
        );
        assert!(!found.is_empty(), "{path} has no mistake");
        if update {
            std::fs::write(&golden, &found).expect(&golden);
        } else if std::fs::read_to_string(&golden).ok().as_deref() != Some(found.as_str()) {
            differing.push(format!("{name}:\n{found}"));
        }
    }
    assert!(differing.is_empty(), "UPDATE_GOLDEN=1 accepts:\n{}", differing.join("\n"));
    assert!(Path::new(FOLDER).is_dir());
}

#[test]
fn the_other_styles() {
    let text = "receivers:\n  sample: {polices: []}\n";
    let error = Section::from_yaml("receivers.sample", "c.yaml", "polices: []").expect("section");
    let errors = error.parse::<Sample>().expect_err(text);
    assert_eq!(
        errors.render(render::Style::Github),
        "::error file=c.yaml,line=1,col=1::unknown field `polices` (at receivers.sample): did you mean `policies`?; known: num_traces, decision_wait, enabled, policies, endpoint, sampling, mode\n"
    );
    let object: serde_json::Value = serde_json::from_str(&errors.render(render::Style::Json)).expect("JSON");
    assert_eq!(
        (object["line"].as_u64(), object["file"].as_str(), object["path"].as_str()),
        (Some(1), Some("c.yaml"), Some("receivers.sample"))
    );
    let coloured = errors.render(render::Style::Ansi);
    assert!(coloured.starts_with("\x1b[1;31merror\x1b[0m: "), "{coloured:?}");
}
