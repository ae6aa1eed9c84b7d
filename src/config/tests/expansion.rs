//! `${…}`: what confmap's own end-to-end tests hold it to, and our limits.

use super::*;

fn expanded(text: &str, vars: &[(&str, &str)]) -> Node {
    load(text, vars).unwrap_or_else(|e| panic!("{e}")).root
}

/// What field `a` holds: as text, and typed.
fn field(value: &str, vars: &[(&str, &str)]) -> (Option<String>, Option<Typed>) {
    let root = expanded(&format!("a: {value}"), vars);
    let node = root.get("a").expect("a");
    (node.as_text().map(str::to_owned), node.typed())
}

#[test]
fn a_whole_value_is_typed_and_keeps_its_text() {
    for (text, typed) in [
        ("123", Typed::Int(123)),
        ("0123", Typed::Int(83)),
        ("0xdeadbeef", Typed::Int(0xdead_beef)),
        ("1.10", Typed::Float(1.1)),
        ("true", Typed::Bool(true)),
        ("null", Typed::Null),
        ("", Typed::Null),
        ("\"0123\"", Typed::Text),
        ("!!str 0123", Typed::Text),
        ("localhost:4317", Typed::Text),
        ("a: b: c", Typed::Text),
        ("[unclosed", Typed::Text),
        ("t", Typed::Text),
        ("2023-03-20T03:17:55.432328Z", Typed::Text),
        (" 50 ", Typed::Int(50)),
    ] {
        assert_eq!(field("${env:V}", &[("V", text)]), (Some(text.to_owned()), Some(typed)), "{text:?}");
    }
}

#[test]
fn maps_and_lists_come_out_of_variables() {
    let root = expanded("a: ${env:M}\nb: ${L}\n", &[("M", "{field: 123}"), ("L", "[x, 2]")]);
    assert_eq!(root, tree("a: {field: 123}\nb: [x, 2]\n"));
    assert_eq!(root.get("a").and_then(Node::as_text), Some("{field: 123}"));
}

#[test]
fn inside_a_text_the_original_is_spliced() {
    for (value, vars) in [("0123", "x 0123 y"), ("{\"a\": 1}", "x {\"a\": 1} y"), ("", "x  y")] {
        assert_eq!(field("x ${env:V} y", &[("V", value)]), (Some(vars.to_owned()), Some(Typed::Text)));
    }
    assert_eq!(field("${A}${B}", &[("A", "1"), ("B", "2")]), (Some("12".to_owned()), Some(Typed::Text)));
}

/// The cases of `expand-escaped-env.yaml`.
#[test]
fn dollars_escape_dollars() {
    let vars = [
        ("ENV_VALUE", "env"),
        ("NESTED", "some$$text"),
        ("TWICE", "some$$$text"),
        ("AGAIN", "${env:ENV_VALUE}"),
    ];
    for (value, expected) in [
        ("$$ENV_VALUE", "$ENV_VALUE"),
        ("$$$$ENV_VALUE", "$$ENV_VALUE"),
        ("$$${ENV_VALUE}", "$env"),
        ("some${ENV_VALUE}text", "someenvtext"),
        ("some$${ENV_VALUE}text", "some${ENV_VALUE}text"),
        ("$${ONE}$${TWO}", "${ONE}${TWO}"),
        ("text$$", "text$"),
        ("$$", "$"),
        ("$${1}$${env:2}", "${1}${env:2}"),
        ("$${env:${ENV_VALUE}}", "${env:env}"),
        ("$${env:$${ENV_VALUE}}", "${env:${ENV_VALUE}}"),
        ("env:MAP_VALUE_2}$${ENV_VALUE}{", "env:MAP_VALUE_2}${ENV_VALUE}{"),
        ("$ENV_VALUE", "$ENV_VALUE"),
        ("${env:NESTED}", "some$text"),
        ("${env:TWICE}", "some$$text"),
        ("${env:AGAIN}", "env"),
        ("${env:UNSET:-default_value}", "default_value"),
        ("${env:UNSET:-$${env:UNSET}}", "${env:UNSET}"),
        ("$${ENV_VALUE} ${ENV_VALUE}", "${ENV_VALUE} env"),
    ] {
        assert_eq!(field(&format!("'{value}'"), &vars).0.as_deref(), Some(expected), "{value}");
    }
}

#[test]
fn defaults_and_unset_variables() {
    assert_eq!(field("${env:X:-5}", &[]), (Some("5".into()), Some(Typed::Int(5))));
    assert_eq!(field("${env:X:-}", &[]), (Some(String::new()), Some(Typed::Null)));
    assert_eq!(field("${X:-d}", &[]).0.as_deref(), Some("d"));
    assert_eq!(field("${X:-d}", &[("X", "")]).0.as_deref(), Some(""));
    let loaded = load("a: x${env:NOT_THERE}y", &[]).expect("unset is no error");
    assert_eq!(loaded.warnings.len(), 1);
    assert!(loaded.warnings[0].problem.contains("`NOT_THERE` is not set"));
    assert_eq!(loaded.root.get("a").and_then(Node::as_text), Some("xy"));
}

#[test]
fn names_may_be_computed() {
    let vars = [("WHICH", "REAL"), ("REAL", "7")];
    assert_eq!(field("${env:${env:WHICH}}", &vars), (Some("7".into()), Some(Typed::Int(7))));
}

#[test]
fn names_and_schemes_have_a_grammar() {
    for (value, words) in [
        (
            "${env:1A}",
            "environment variable \"1A\" has invalid name: must match regex ^[a-zA-Z_][a-zA-Z0-9_]*$",
        ),
        ("${}", "has invalid name"),
        ("${env:a-b}", "has invalid name"),
        ("${vault:x}", "scheme \"vault\" is not supported for uri \"vault:x\""),
        ("${https://x/y}", "not read over the network"),
        ("${1:2}", "invalid uri: \"1:2\""),
        ("${file:/does/not/exist}", "no such file"),
    ] {
        let errors = load(&format!("a: '{value}'"), &[]).expect_err(value);
        assert!(errors.0[0].problem.contains(words), "{errors}");
        assert_eq!(errors.0[0].path, "a");
    }
}

#[test]
fn cycles_end() {
    for (value, vars) in [
        ("${env:A}", vec![("A", "${env:A}")]),
        ("${env:A}", vec![("A", "${env:B}"), ("B", "${env:A}")]),
        ("x ${env:A}", vec![("A", "${env:A} ${env:A}")]),
        ("${env:A}", vec![("A", "{b: [\"${env:A}\"]}")]),
    ] {
        let errors = load(&format!("a: '{value}'"), &vars).expect_err(value);
        let words = &errors.0[0].problem;
        assert!(
            words.contains("refers to itself") || words.contains("too many recursive expansions"),
            "{words}"
        );
    }
}

#[test]
fn growth_is_bounded() {
    let long = "z".repeat(60_000);
    let text = format!("a: '{}'", "${V}".repeat(40));
    let errors = load(&text, &[("V", &long)]).expect_err("2.4 MB");
    assert!(errors.0[0].problem.contains("bytes after expansion"), "{errors}");
    let doubling: Vec<(String, String)> =
        (0..40).map(|i| (format!("V{i}"), format!("[\"${{V{n}}}\", \"${{V{n}}}\"]", n = i + 1))).collect();
    let vars: Vec<(&str, &str)> = doubling.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
    assert!(load("a: ${V0}", &vars).is_err());
}

#[test]
fn all_errors_come_at_once_with_their_places() {
    let source = "a: x ${env:1}\nb:\n  - ${nope:1}\n";
    let errors = load(source, &[]).expect_err("two errors");
    let found: Vec<_> =
        errors.iter().map(|e| (e.path.as_str(), e.origin.as_ref().map(|o| (o.line(), o.col())))).collect();
    assert_eq!(found, [("a", Some((1, 6))), ("b[0]", Some((3, 5)))]);
}

#[test]
fn a_value_says_where_it_came_from() {
    let root = expanded("a: ${env:V}\nb: 1\n", &[("V", "5")]);
    let origin = |key: &str| root.get(key).map(|n| n.origin.clone()).expect("value");
    assert_eq!((origin("a").via(), origin("a").line()), (Some("env:V"), 1));
    assert_eq!(origin("b").via(), None);
}

#[test]
fn files_bring_values_with_places_of_their_own() {
    let folder = tempfile::tempdir().expect("folder");
    let (word, map) = (folder.path().join("word"), folder.path().join("map.yaml"));
    std::fs::write(&word, "pa55$$word\n").expect("write");
    std::fs::write(&map, "# ${hello.world}\ndebug:\n  verbosity: detailed\n").expect("write");
    let text = format!("a: ${{file:{}}}\nb:\n  ${{file:{}}}\n", word.display(), map.display());
    let root = expanded(&text, &[]);
    assert_eq!(root.get("a").and_then(Node::as_text), Some("pa55$word"));
    let verbosity = root.at(["b", "debug", "verbosity"]).expect("verbosity");
    assert_eq!((verbosity.origin.line(), verbosity.origin.file()), (3, map.to_str().expect("path")));
}

#[test]
fn keys_are_not_expanded() {
    assert!(expanded("'${env:A}': 1", &[("A", "x")]).get("${env:A}").is_some());
}
