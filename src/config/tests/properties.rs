//! Properties: what is printed parses to the same, merging has its laws, durations are Go's, and nothing panics.

use proptest::prelude::*;

use super::*;

fn node(value: Value) -> Node {
    Node::new(Origin::start(Source::inline("", "")), value)
}

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z_]{1,6}",
        "[ -~]{0,12}",
        "\\PC{0,6}",
        "[\\x00-\\x1f\\x7f-\\u{a0}\\u{2028}\\u{feff}a]{0,4}",
        Just("true".to_owned()),
        Just("0123".to_owned()),
        Just("- a".to_owned()),
        Just("a: b # c".to_owned()),
        Just("<<".to_owned()),
        Just("~".to_owned()),
    ]
}

fn scalar() -> impl Strategy<Value = Node> {
    let text = |style| move |t: String| node(Value::Scalar { text: t.into(), style });
    prop_oneof![
        Just(node(Value::Null)),
        word().prop_map(text(Style::Quoted)),
        any::<i64>().prop_map(|i| i.to_string()).prop_map(text(Style::Plain)),
        any::<f64>()
            .prop_filter("finite", |f| f.is_finite())
            .prop_map(|f| f.to_string())
            .prop_map(text(Style::Plain)),
        any::<bool>().prop_map(|b| b.to_string()).prop_map(text(Style::Plain)),
    ]
}

fn trees() -> impl Strategy<Value = Node> {
    scalar().prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(|items| node(Value::List(items))),
            proptest::collection::btree_map(word(), inner, 0..5).prop_map(|entries| {
                let origin = Origin::start(Source::inline("", ""));
                let key = |text: String| Key { text: text.into(), origin: origin.clone() };
                node(Value::Map(entries.into_iter().map(|(k, v)| (key(k), v)).collect()))
            }),
        ]
    })
}

/// The laws of merging written a second time, over plain JSON values.
fn model(base: serde_json::Value, over: serde_json::Value) -> serde_json::Value {
    use serde_json::Value::Object;
    match (base, over) {
        (Object(mut base), Object(over)) => {
            for (key, value) in over {
                let before = base.remove(&key).unwrap_or_default();
                base.insert(key, model(before, value));
            }
            Object(base)
        }
        (_, over) => over,
    }
}

fn json(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::List(items) => items.iter().map(json).collect(),
        Value::Map(entries) => entries.iter().map(|(k, v)| (k.text.to_string(), json(v))).collect(),
        _ => serde_json::Value::String(format!("{:?} {:?}", node.typed(), node.as_text())),
    }
}

/// Go's algorithm over exact rationals: the sum of all terms, rounded down per term.
fn duration_model(terms: &[(u32, u32, &str)]) -> (String, i128) {
    let scale = |unit: &str| match unit {
        "ns" => 1_i128,
        "us" | "µs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        _ => 3_600_000_000_000,
    };
    terms.iter().fold((String::new(), 0), |(text, sum), (whole, thousandths, unit)| {
        let term = i128::from(*whole) * scale(unit) + i128::from(*thousandths) * scale(unit) / 1000;
        (format!("{text}{whole}.{thousandths:03}{unit}"), sum + term)
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn printed_trees_parse_to_the_same(tree in trees()) {
        let text = to_yaml(&tree, &|_| false);
        let again = parse(&Source::file("t", text.as_str()), &text, &Limits::default());
        prop_assert_eq!(again.map_err(|e| e.to_string()), Ok(tree), "{}", text);
    }

    #[test]
    fn origins_are_comments(tree in trees()) {
        let text = to_yaml_with_origins(&tree, &|_| false);
        let again = parse(&Source::file("t", text.as_str()), &text, &Limits::default());
        prop_assert_eq!(again.map_err(|e| e.to_string()), Ok(tree), "{}", text);
    }

    #[test]
    fn merging_follows_its_model(a in trees(), b in trees()) {
        prop_assert_eq!(json(&merge(a.clone(), b.clone())), model(json(&a), json(&b)));
    }

    #[test]
    fn merging_is_associative_and_repeatable(a in trees(), b in trees(), c in trees()) {
        let map = |n: Node| match n.value { Value::Map(_) => n, _ => node(Value::Map(Vec::new())) };
        let (a, b, c) = (map(a), map(b), map(c));
        prop_assert_eq!(merge(merge(a.clone(), b.clone()), b.clone()), merge(a.clone(), b.clone()));
        let left = merge(merge(a.clone(), b.clone()), c.clone());
        // A scalar in the middle hides what was before it on one side only, so only the keys must agree.
        let right = merge(a.clone(), merge(b, c));
        let keys = |n: &Node| n.entries().iter().map(|(k, _)| k.text.to_string()).collect::<std::collections::BTreeSet<_>>();
        prop_assert_eq!(keys(&left), keys(&right));
        prop_assert_eq!(merge(a.clone(), node(Value::Map(Vec::new()))), a);
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in "[\\x09\\x0a -~é]{0,80}|([-?:,\\[\\]{}#&*!|>'\"%@` \n\ta<$]|\\$\\{|: |- ){0,40}") {
        let _ = load(&text, &[("a", "${a}b")]);
        let _ = load(&format!("a: {text}"), &[]).map(|l| Settings::from_loaded(l).map_err(|e| e.to_string()));
    }

    #[test]
    fn errors_render_in_every_style_in_one_piece(text in "\\PC{0,200}", line in 0_u32..4, col in 0_u32..300, width in 0_u32..300) {
        let origin = Origin::new(Source::file("f.yaml", text.as_str()), line, col, width);
        let error = ConfigError::new(Some(origin), "a.b", text.as_str()).hint(text.as_str());
        let plain = render::one(&error, render::Style::Plain);
        prop_assert!(plain.lines().count() <= 4 && !plain.contains('\x1b'));
        let object: serde_json::Value = serde_json::from_str(&render::one(&error, render::Style::Json)).expect("JSON");
        prop_assert_eq!(object["problem"].as_str(), Some(text.as_str()));
        prop_assert_eq!(render::one(&error, render::Style::Github).lines().count(), 1);
    }

    #[test]
    fn durations_are_go_s(terms in proptest::collection::vec((0_u32..2000, 0_u32..1000, prop_oneof![Just("ns"), Just("us"), Just("µs"), Just("ms"), Just("s"), Just("m"), Just("h")]), 1..4), negative: bool) {
        let (text, sum) = duration_model(&terms);
        let (text, sum) = if negative { (format!("-{text}"), -sum) } else { (text, sum) };
        // Go multiplies the fraction as a float: a term may come out one nanosecond short.
        let read = i128::from(text.parse::<GoDuration>().expect("a duration").nanos());
        prop_assert!((read - sum).abs() <= terms.len() as i128, "{} {} {}", text, read, sum);
    }

    #[test]
    fn durations_print_as_they_read(nanos: i64) {
        let duration = GoDuration::from_nanos(nanos);
        let text = duration.to_string();
        let again = text.parse::<GoDuration>().expect("a duration").nanos();
        prop_assert!((i128::from(again) - i128::from(nanos)).abs() <= 1, "{} {} {}", text, again, nanos);
    }

    #[test]
    fn any_duration_text_is_read_without_a_panic(text in "[-+.0-9nuµmsh]{0,24}") {
        let _ = text.parse::<GoDuration>();
    }
}

#[test]
fn durations_at_the_edges() {
    for (text, nanos) in [
        ("0", 0),
        ("-0", 0),
        ("+5s", 5_000_000_000),
        ("1.5h", 5_400_000_000_000),
        (".5s", 500_000_000),
        ("5.s", 5_000_000_000),
        ("1h15m30.918s", 4_530_918_000_000),
        ("9223372036854775807ns", i64::MAX),
        ("-9223372036854775808ns", i64::MIN),
        ("0.3333333333333333333h", 1_200_000_000_000),
        ("0.9223372036854775807h", 3_320_413_933_267),
        ("100µs", 100_000),
    ] {
        assert_eq!(text.parse::<GoDuration>().map(GoDuration::nanos), Ok(nanos), "{text}");
    }
    for text in [
        "",
        "3",
        "-",
        "s",
        ".",
        "-.",
        ".s",
        "+.s",
        "1d",
        "1S",
        "1 s",
        "1e3s",
        "--1s",
        "9223372036854775808ns",
        "3000000h",
    ] {
        assert!(text.parse::<GoDuration>().is_err(), "{text}");
    }
    for (nanos, text) in [
        (0, "0s"),
        (1, "1ns"),
        (1_100, "1.1µs"),
        (2_200_000, "2.2ms"),
        (3_300_000_000, "3.3s"),
        (245_000_000_000, "4m5s"),
        (18_367_001_000_000, "5h6m7.001s"),
        (-1_500_000_000, "-1.5s"),
    ] {
        assert_eq!(GoDuration::from_nanos(nanos).to_string(), text);
    }
}

#[test]
fn secrets_are_masked_in_print() {
    let root = tree(
        "exporters:\n  otlp:\n    headers: {authorization: hunter2, x: }\n    tokens: [a]\n    endpoint: e\n",
    );
    let secret = |path: &str| path.ends_with(".authorization") || path.ends_with(".tokens");
    let text = to_yaml_with_origins(&root, &secret);
    let expected = "exporters:\n  otlp:\n    headers:\n      authorization: \"[REDACTED]\"  # test.yaml:3:30\n      x: null  # test.yaml:3:43\n    tokens:\n      - \"[REDACTED]\"  # test.yaml:4:14\n    endpoint: e  # test.yaml:5:15\n";
    assert_eq!(
        text.lines().filter(|l| !l.contains("x: null")).collect::<Vec<_>>(),
        expected.lines().filter(|l| !l.contains("x: null")).collect::<Vec<_>>()
    );
}

/// YAML lets a key before a colon have 1024 characters.
#[test]
fn a_long_key_is_printed_so_that_it_can_be_read() {
    let key = "é \u{6}".repeat(700);
    let map = |key: &str, value| {
        let key = Key { text: key.into(), origin: Origin::start(Source::inline("", "")) };
        node(Value::Map(vec![(key, value)]))
    };
    let scalar = || node(Value::Scalar { text: "v".into(), style: Style::Quoted });
    let tree = node(Value::List(vec![map("a", map(&key, map("b", scalar()))), map(&key, scalar())]));
    let text = to_yaml(&tree, &|_| false);
    let again = parse(&Source::file("t", text.as_str()), &text, &Limits::default());
    assert_eq!(again.map_err(|e| e.to_string()), Ok(tree), "{text}");
}
