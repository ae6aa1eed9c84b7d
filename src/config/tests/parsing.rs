//! YAML → tree: places, styles, aliases, merge keys, and what is refused.

use super::*;

#[test]
fn keys_and_values_know_their_place() {
    let root = tree("receivers:\n  otlp:\n    endpoint: \"0.0.0.0:4317\"\n    tags: [a, bc]\n");
    let (key, value) = root.get("receivers").and_then(|r| r.entry("otlp")).expect("otlp");
    assert_eq!((key.origin.line(), key.origin.col(), key.origin.width()), (2, 3, 4));
    let (key, endpoint) = value.entry("endpoint").expect("endpoint");
    assert_eq!(key.origin.to_string(), "test.yaml:3:5");
    assert_eq!(
        (endpoint.origin.col(), endpoint.origin.width(), endpoint.as_text()),
        (15, 14, Some("0.0.0.0:4317"))
    );
    let second = root.at(["receivers", "otlp", "tags", "1"]).expect("element");
    assert_eq!((second.origin.line(), second.origin.col(), second.as_text()), (4, 15, Some("bc")));
}

#[test]
fn scalars_stay_text() {
    let root = tree("a: 1.10\nb: 12e3\nc: 0o17\nd: '007'\ne: |\n  two\n  lines\nf: ~\ng:\n");
    let text = |key: &str| root.get(key).and_then(Node::as_text);
    assert_eq!(
        (text("a"), text("b"), text("c"), text("d")),
        (Some("1.10"), Some("12e3"), Some("0o17"), Some("007"))
    );
    assert_eq!(root.get("d").and_then(Node::typed), Some(Typed::Text));
    assert_eq!(text("e"), Some("two\nlines\n"));
    assert!(root.get("f").is_some_and(Node::is_null) && root.get("g").is_some_and(Node::is_null));
}

#[test]
fn tags_of_the_core_schema_count() {
    let root = tree("a: !!str 12\nb: !!int \"12\"\nc: !!map {x: 1}\nd: ! 12\n");
    assert_eq!(root, tree("a: \"12\"\nb: 12\nc: {x: 1}\nd: '12'\n"));
    assert!(refused("a: !vault x").problem.contains("unknown tag `!vault`"));
    assert!(refused("a: !!set {x: }").problem.contains("unknown tag"));
}

#[test]
fn aliases_and_merge_keys() {
    let text = "base: &b {x: 1, y: 2}\nlist: [*b, *b]\none: {y: 3, <<: *b}\nmany: {<<: [{y: 9}, *b], z: 0}\n";
    let plain = "base: {x: 1, y: 2}\nlist: [{x: 1, y: 2}, {x: 1, y: 2}]\none: {y: 3, x: 1}\nmany: {y: 9, x: 1, z: 0}\n";
    assert_eq!(tree(text), tree(plain));
    assert_eq!(
        tree("a: {'<<': 1}").at(["a", "<<"]).and_then(Node::typed),
        Some(Typed::Text).or(None).and(Some(Typed::Int(1)))
    );
    assert!(refused("a: {<<: 1}").problem.contains("`<<` merges a map"));
    assert!(refused("a: &a [*a]").problem.contains("alias inside"));
    assert!(refused("a: *none").problem.contains("invalid YAML"));
}

#[test]
fn an_alias_bomb_is_refused_by_its_budget() {
    let mut text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..9 {
        let before = level - 1;
        let items = vec![format!("*a{before}"); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{items}]\n"));
    }
    assert!(refused(&text).problem.contains("aliases counted each time"));
    let long = "y".repeat(100_000);
    let many = vec!["*s"; 200].join(", ");
    assert!(refused(&format!("s: &s {long}\nl: [{many}]")).problem.contains("aliases counted each time"));
}

#[test]
fn depth_counts_through_aliases() {
    let flow = |n: usize| format!("a: {}1{}", "[".repeat(n), "]".repeat(n));
    assert!(parse(&Source::file("t", ""), &flow(63), &Limits::default()).is_ok());
    assert!(refused(&flow(64)).problem.contains("nested deeper than 64"));
    let aliased =
        format!("a: &a {}1{}\nb: {}*a{}", "[".repeat(40), "]".repeat(40), "[".repeat(40), "]".repeat(40));
    assert!(refused(&aliased).problem.contains("nested deeper than 64"));
}

#[test]
fn the_size_is_bounded() {
    let limits = Limits { bytes: 10, ..Limits::default() };
    let text = "a: 12345678";
    let errors = parse(&Source::file("t", text), text, &limits).expect_err("too long");
    assert_eq!(errors.0[0].problem, "11 bytes of YAML, at most 10 are read");
}

#[test]
fn all_duplicate_keys_show_both_places() {
    let text = "a: 1\nb: {c: 1, c: 2}\na: 2\n";
    let errors = parse(&Source::file("t", text), text, &Limits::default()).expect_err("duplicates");
    let places: Vec<_> =
        errors.iter().map(|e| (e.origin.clone().expect("place").line(), e.more.also[0].0.line())).collect();
    assert_eq!(places, [(2, 2), (3, 1)]);
}

#[test]
fn what_is_no_single_map_of_keys() {
    assert!(refused("a: 1\n---\nb: 2\n").problem.contains("second YAML document"));
    assert!(refused("a:\n\tb: 1\n").problem.contains("tab"));
    assert!(refused("? [x]\n: 1\n").problem.contains("expected a key, found a list"));
    assert!(refused("a: b: c\n").hint.is_some_and(|h| h.contains("quoted")));
    let unclosed = refused("a: 1\nb: [invalid,\n\n");
    let place = unclosed.origin.expect("place");
    assert_eq!((unclosed.problem.contains("invalid YAML"), place.line(), place.col()), (true, 2, 12));
    assert!(unclosed.hint.is_some_and(|h| h.contains("not closed")));
}

#[test]
fn an_empty_text_is_null() {
    for text in ["", "\n\n", "# only words\n", "---\n", "---\n...\n"] {
        assert!(tree(text).is_null(), "{text:?}");
    }
    assert_eq!(tree("\u{feff}a: 1\r\nb: 2\r\n"), tree("a: 1\nb: 2\n"));
}
