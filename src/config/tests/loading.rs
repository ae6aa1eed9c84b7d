//! Sources, merging and `--set`.

use super::*;

fn loader(configs: &[&str], sets: &[&str]) -> Result<Node, Errors> {
    let nothing = env(&[]);
    let loader = configs.iter().fold(Loader::new(&nothing), |l, text| l.config(*text));
    sets.iter().fold(loader, |l, text| l.set(*text)).load().map(|loaded| loaded.root)
}

#[test]
fn maps_merge_lists_are_replaced_nulls_remove() {
    let root = loader(
        &["yaml:{a: {x: 1, y: [1, 2]}, b: {c: 1}, k: 1}", "yaml:{a: {y: [3], z: 2}, b: , k: {d: 1}}"],
        &[],
    );
    assert_eq!(root.expect("merged"), tree("{a: {x: 1, y: [3], z: 2}, b: null, k: {d: 1}}"));
}

#[test]
fn an_empty_source_changes_nothing() {
    assert_eq!(loader(&["yaml:a: 1", "yaml:", "env:UNSET"], &[]).expect("merged"), tree("a: 1"));
}

#[test]
fn set_comes_last_and_knows_both_separators() {
    let root = loader(
        &["yaml:processors::batch::timeout: 2s"],
        &[
            "processors.batch/2.timeout=5s",
            "processors::batch::timeout = 3s",
            "x.list=[a, b]",
            "x.none=",
            "x.eq=a=b",
        ],
    );
    let expected = "{processors: {batch: {timeout: 3s}, batch/2: {timeout: 5s}}, x: {list: [a, b], none: null, eq: a=b}}";
    let root = root.expect("merged");
    assert_eq!(root, tree(expected));
    let origin = &root.at(["processors", "batch/2", "timeout"]).expect("timeout").origin;
    assert_eq!((origin.to_string().as_str(), origin.col()), ("--set processors.batch/2.timeout=5s", 28));
}

#[test]
fn a_wrong_set_says_what_is_wrong() {
    for (set, words) in [
        ("a.b", "missing equal sign"),
        ("a..b=1", "an empty key"),
        ("=1", "an empty key"),
        ("a=[", "invalid YAML"),
    ] {
        let errors = loader(&["yaml:a: 1"], &[set]).expect_err(set);
        assert!(errors.0[0].problem.contains(words), "{errors}");
    }
}

#[test]
fn all_sources_are_read_even_if_one_is_wrong() {
    let errors = loader(
        &["/no/such/file.yaml", "http://example.com/c.yaml", "yaml:[", "yaml:just words", "s3:x"],
        &["bad"],
    );
    let errors = errors.expect_err("six errors");
    let words = [
        "no such file or directory",
        "not read over the network",
        "invalid YAML",
        "is a map, found a string",
        "scheme \"s3\"",
        "missing equal sign",
    ];
    assert_eq!(errors.len(), words.len(), "{errors}");
    errors.iter().zip(words).for_each(|(e, words)| assert!(e.problem.contains(words), "{e}"));
    assert!(
        loader(&[], &[]).expect_err("nothing").0[0]
            .problem
            .contains("at least one config flag must be provided")
    );
}

#[test]
fn sources_are_bounded_in_number_and_size() {
    let many = vec!["yaml:a: 1"; 101];
    assert!(loader(&many, &[]).expect_err("too many").0[0].problem.contains("more than 100"));
    let file = tempfile::NamedTempFile::new().expect("file");
    std::fs::write(file.path(), "a: 123456789").expect("write");
    let limits = Limits { bytes: 8, ..Limits::default() };
    let path = file.path().to_str().expect("path");
    let errors = Loader::new(&env(&[])).limits(limits).config(path).load().expect_err("too long");
    assert!(errors.0[0].problem.contains("more than 8 bytes"), "{errors}");
    std::fs::write(file.path(), b"a: \xff").expect("write");
    let errors = loader(&[path], &[]).expect_err("not text");
    assert!(errors.0[0].problem.contains("not UTF-8 at byte 3"), "{errors}");
}

#[test]
fn a_variable_may_hold_the_configuration_and_is_never_quoted() {
    let vars = [("CONF", "a: {b: 1}"), ("BAD", "password: [hunter2")];
    let variables = env(&vars);
    let root = Loader::new(&variables).config("env:CONF").load().expect("loaded").root;
    assert_eq!(root, tree("a: {b: 1}"));
    let errors = Loader::new(&variables).config("env:BAD").load().expect_err("no YAML");
    assert!(!errors.to_string().contains("hunter2"), "{errors}");
}

#[test]
fn keys_with_double_colons_are_paths() {
    let root = loader(&["yaml:{'a::b': 1, a: {c: 2}, '::1': x, l: [{'x::y': 1}]}"], &[]).expect("merged");
    assert_eq!(root, tree("{a: {b: 1, c: 2}, '::1': x, l: [{x: {y: 1}}]}"));
    let errors = loader(&["yaml:{'a::b': 1, a: {b: 2}}"], &[]).expect_err("twice");
    assert!(errors.0[0].problem.contains("key `b` is given twice"), "{errors}");
}

#[test]
fn joined_keys_are_bounded_in_depth() {
    let joined = vec!["a"; 65].join("::");
    let errors = loader(&[&format!("yaml:{{'{joined}': 1}}")], &[]).expect_err("too deep");
    assert!(errors.0[0].problem.contains("nest deeper than 64"), "{errors}");
    let half = vec!["a"; 33].join("::");
    assert!(loader(&[&format!("yaml:{{'{half}': [{{'{half}': 1}}]}}")], &[]).is_err());
    let million = "a.".repeat(500_000) + "a=1";
    assert!(
        loader(&["yaml:a: 1"], &[&million]).expect_err("too long").0[0].problem.contains("too many keys")
    );
}

#[test]
fn an_expression_that_a_later_source_replaces_is_never_read() {
    assert_eq!(loader(&["yaml:a: ${file:/no/such}", "yaml:a: 1"], &[]).expect("merged"), tree("a: 1"));
}
