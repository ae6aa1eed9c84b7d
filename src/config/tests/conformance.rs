//! The Collector's own test data for confmap: what its file names and contents say must hold here too.
//!
//! It stands outside the project (`WEFT_TESTDATA`, else `../shared/testdata`); where it is absent the tests say so
//! aloud and pass.

use std::path::PathBuf;

use super::*;

#[allow(clippy::disallowed_methods)] // tests are told by the environment where the data stands
fn folder() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/testdata");
    let root = std::env::var_os("WEFT_TESTDATA").map_or_else(beside, PathBuf::from);
    let folder = root.join("opentelemetry-collector");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no test data of the Collector at {} (set WEFT_TESTDATA)", folder.display());
        return None;
    }
    Some(folder)
}

fn read(file: &str, vars: &[(&str, &str)]) -> Option<Result<Node, Errors>> {
    let path = folder()?.join(file);
    assert!(path.is_file(), "{} is missing", path.display());
    let path = path.to_str().expect("a path").to_owned();
    Some(Loader::new(&env(vars)).config(path).load().map(|loaded| loaded.root))
}

fn field(file: &str, vars: &[(&str, &str)], at: &[&str]) -> Option<(Option<String>, Option<Typed>)> {
    let root = read(file, vars)?.unwrap_or_else(|e| panic!("{e}"));
    let node = root.at(at.iter().copied()).unwrap_or_else(|| panic!("{file}: nothing at {at:?}"));
    Some((node.as_text().map(str::to_owned), node.typed()))
}

/// Scenario: each case of the merge file holds its sources and what they must become.
///
/// The other file of that name tests appending lists, an option that is off in the Collector and not offered here.
#[test]
fn merge_scenarios() {
    let Some(folder) = folder() else { return };
    let file = folder.join("confmap/testdata/merge-append-scenarios-featuregate-disabled.yaml");
    let text = std::fs::read_to_string(file).expect("the scenarios");
    let cases = tree(&text);
    assert!(!cases.elements().is_empty(), "no case");
    for case in cases.elements() {
        let configs = case.get("configs").expect("configs").elements().iter().cloned();
        let merged = configs.reduce(merge).expect("at least one");
        let name = case.get("name").and_then(Node::as_text);
        assert_eq!(Some(&merged), case.get("expected"), "{name:?}");
    }
}

#[test]
fn expansions_all_give_the_same_tree() {
    let all = [
        ("EXTRA", "some string"),
        ("EXTRA_MAP_VALUE_1", "some map value_1"),
        ("EXTRA_MAP_VALUE_2", "some map value_2"),
        ("EXTRA_LIST_MAP_VALUE_1", "some list map value_1"),
        ("EXTRA_LIST_MAP_VALUE_2", "some list map value_2"),
        ("EXTRA_LIST_VALUE_1", "some list value_1"),
        ("EXTRA_LIST_VALUE_2", "some list value_2"),
    ];
    let Some(plain) = read("confmap/testdata/expand-with-no-env.yaml", &[]) else { return };
    let plain = plain.expect("loaded");
    for file in ["expand-with-partial-env.yaml", "expand-with-all-env.yaml"] {
        let expanded = read(&format!("confmap/testdata/{file}"), &all).expect("there").expect("loaded");
        assert_eq!(expanded, plain, "{file}");
    }
}

#[test]
fn types_by_field() {
    let file = |name: &str| format!("confmap/internal/e2e/testdata/{name}.yaml");
    for (text, typed) in [
        ("123", Typed::Int(123)),
        ("0123", Typed::Int(83)),
        ("0xdeadbeef", Typed::Int(0xdead_beef)),
        ("true", Typed::Bool(true)),
        ("\"0123\"", Typed::Text),
        ("t", Typed::Text),
        ("123.456", Typed::Float(123.456)),
    ] {
        let Some(found) = field(&file("types_expand"), &[("ENV", text)], &["field"]) else { return };
        assert_eq!(found, (Some(text.to_owned()), Some(typed.clone())));
        let inline = field(&file("types_expand_inline"), &[("ENV", text)], &["field"]).expect("there");
        assert_eq!(inline, (Some(format!("inline field with {text} expansion")), Some(Typed::Text)));
        for (name, at) in [
            ("types_map", &["field", "key"][..]),
            ("types_slice", &["field", "0"]),
            ("types_complex", &["field", "0", "key", "0"]),
        ] {
            assert_eq!(
                field(&file(name), &[("VALUE", text)], at),
                Some((Some(text.to_owned()), Some(typed.clone()))),
                "{name}"
            );
        }
    }
}

#[test]
fn escapes() {
    let vars = [
        ("ENV_VALUE", "env_value"),
        ("ENV_LIST", "['$$ESCAPE_ME','$${ESCAPE_ME}','$${env:ESCAPE_ME}']"),
        ("ENV_MAP", "{'key1':'$$ESCAPE_ME','key2':'$${ESCAPE_ME}','key3':'$${env:ESCAPE_ME}'}"),
        ("ENV_NESTED_DOLLARSIGN", "some$$text"),
        ("ENV_NESTED_DOLLARSIGN_ESCAPED", "some$$$$text"),
        ("ENV_EXPAND_NESTED", "${env:ENV_VALUE}"),
    ];
    let Some(root) = read("confmap/internal/e2e/testdata/expand-escaped-env.yaml", &vars) else { return };
    let root = root.expect("loaded");
    let expected = tree(
        "key1: $ENV_VALUE\nkey2: $$ENV_VALUE\nkey3: $env_value\nkey4: someenv_valuetext\nkey5: some${ENV_VALUE}text\n\
         key6: ${ONE}${TWO}\nkey7: text$\nkey8: $\nkey9: ${1}${env:2}\nkey10: some${env:ENV_VALUE}text\n\
         key11: ${env:env_value}\nkey12: \"${env:${ENV_VALUE}}\"\nkey13: 'env:MAP_VALUE_2}${ENV_VALUE}{'\nkey14: $env_value\n\
         key15: $ENV_VALUE\nkey16: [$ESCAPE_ME, '${ESCAPE_ME}', '${env:ESCAPE_ME}']\n\
         key17: {key1: $ESCAPE_ME, key2: '${ESCAPE_ME}', key3: '${env:ESCAPE_ME}'}\nkey18: some$text\nkey19: some$$text\n\
         key20: env_value\nkey21: default_value\n",
    );
    for (key, value) in expected.entries() {
        assert_eq!(root.at(["test_map", &*key.text]), Some(value), "{}", key.text);
    }
}

#[test]
fn keys_with_double_colons() {
    let Some(root) = read("confmap/internal/testdata/embedded_keys.yaml", &[]) else { return };
    let expected = "typed: {options: {floating: {point: {example: 3.14}}, integer: {example: 1234}, bool: {example: false}, string: {example: this is a string}, nil: {example: }}}";
    assert_eq!(root.expect("loaded"), tree(expected));
    let basic = read("confmap/internal/testdata/basic_types.yaml", &[]).expect("there").expect("loaded");
    assert_eq!(basic.at(["typed.options", "integer.example"]).and_then(Node::typed), Some(Typed::Int(1234)));
}

#[test]
fn subsections() {
    let file = |name: &str| read(&format!("confmap/internal/e2e/testdata/{name}.yaml"), &[]);
    for (name, expected) in [
        ("subsection_null", "field: {key: null}"),
        ("subsection_set_but_empty", "field: {key: null}"),
        ("subsection_empty_map", "field: {key: {}}"),
        ("subsection_unset_empty_map", "field: {}"),
        ("subsection_unset", "field: null"),
    ] {
        let Some(root) = file(name) else { return };
        assert_eq!(root.expect("loaded"), tree(expected), "{name}");
    }
}

#[test]
fn lists_and_files_through_variables() {
    let Some(data) = folder() else { return };
    let base = data.join("confmap/internal/e2e/testdata");
    let vars = [
        ("BASE_FOLDER", base.to_str().expect("a path")),
        ("OTEL_LOGS_RECEIVER", "[nop, otlp]"),
        ("OTEL_LOGS_EXPORTER", "[otlp_grpc, nop]"),
    ];
    let root = read("confmap/internal/e2e/testdata/indirect-slice-env-var-main.yaml", &vars).expect("there");
    let loaded = Loaded { root: root.expect("loaded"), warnings: Vec::new() };
    let settings = Settings::from_loaded(loaded).unwrap_or_else(|e| panic!("{e}"));
    let names = |list: &[Reference]| list.iter().map(|r| r.id.to_string()).collect::<Vec<_>>();
    assert_eq!(names(&settings.service.pipelines[0].receivers), ["nop", "otlp"]);
    assert_eq!(names(&settings.service.pipelines[0].exporters), ["otlp_grpc", "nop"]);
}

/// Scenario: files that must load, and whether their top level is sound.
#[test]
fn whole_files_are_accepted_and_rejected() {
    for (file, sound) in [
        ("confmap/testdata/config.yaml", true),
        ("confmap/internal/testdata/config.yaml", true),
        ("confmap/internal/testdata/config2.yaml", false),
        ("confmap/provider/internal/configurablehttpprovider/testdata/otel-config.yaml", true),
        ("otelcol/testdata/otelcol-nop.yaml", true),
        ("otelcol/testdata/otelcol-valid-connector-use.yaml", true),
        ("otelcol/testdata/otelcol-invalid.yaml", false),
        ("otelcol/testdata/otelcol-invalid-receiver-type.yaml", true),
        ("otelcol/testdata/otelcol-statuswatcher.yaml", true),
    ] {
        let Some(root) = read(file, &[]) else { return };
        let loaded = Loaded { root: root.unwrap_or_else(|e| panic!("{e}")), warnings: Vec::new() };
        let settings = Settings::from_loaded(loaded);
        assert_eq!(settings.is_ok(), sound, "{file}: {}", settings.err().unwrap_or_default());
    }
    for file in [
        "confmap/confmaptest/testdata/invalid.yaml",
        "confmap/provider/fileprovider/testdata/invalid-yaml.yaml",
    ] {
        assert!(read(file, &[]).is_none_or(|root| root.is_err()), "{file}");
    }
}
