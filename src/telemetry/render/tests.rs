//! The whole text against golden files, and read back by a small parser that shares nothing with the writer.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::telemetry::def::{CounterDef, GaugeDef, HistogramDef, Level};
use crate::telemetry::registry::{Options, Registry};
use crate::telemetry::resource;
use crate::telemetry::{names, settings::ResourceSettings};

static SIZES: HistogramDef =
    HistogramDef::new("weft_test_sizes", "By", &["at"], &[0.5, 1_048_576.0], "Sizes.");
static ODD: GaugeDef = GaugeDef::new("weft_test_odd", "1", &["any"], "A \\ and a\nbreak.");
static FREE: CounterDef = CounterDef::new("weft_test_free", "{x}", &["a", "b.c"], "Free.");

fn sample() -> (Registry, Resource) {
    let registry = Registry::new(Options { level: Level::Detailed, ..Options::default() });
    let at = [("receiver", "otlp"), ("transport", "grpc")];
    registry.counter(&names::RECEIVER_ACCEPTED.spans, &at).increment(1_234_567);
    registry
        .counter(&names::RECEIVER_ACCEPTED.spans, &[("receiver", "otlp"), ("transport", "http")])
        .increment(0);
    registry
        .counter(&names::PROCESSOR_INCOMING_ITEMS, &[("processor", "batch"), ("otel.signal", "logs")])
        .increment(5);
    registry.gauge(&names::PROCESS_CPU_SECONDS, &[]).set(1.25);
    registry.gauge(&ODD, &[("any", "a\"b\\c\nd")]).set(-0.5);
    let sizes = registry.histogram(&SIZES, &[("at", "door")]);
    [0.1, 0.5, 7.0, 3e6].iter().for_each(|value| sizes.record(*value));
    (registry, Resource::new(&ResourceSettings::default(), "weft", "9.8.7", "id-1"))
}

fn text(style: &Style) -> String {
    let (registry, resource) = sample();
    render(&registry.snapshot(1), &resource, style)
}

#[test]
fn the_default_style_is_the_collectors() {
    assert_eq!(text(&Style::default()), include_str!("../golden/bare.prom"));
}

#[test]
fn every_suffix_scope_and_constant_label_when_asked_for() {
    let style = Style {
        without_type_suffix: false,
        without_units: false,
        without_scope_info: false,
        constant_labels: Some(ConstantLabels {
            included: vec!["service.*".into()],
            excluded: vec!["service.instance.id".into()],
        }),
    };
    let found = text(&style).replace(env!("CARGO_PKG_VERSION"), "VERSION");
    assert_eq!(found, include_str!("../golden/full.prom"));
}

#[test]
fn an_empty_registry_still_says_who_it_is() {
    let resource = Resource::new(&ResourceSettings::default(), "weft", "1", "2");
    let found = parse(&render(&Registry::default().snapshot(1), &resource, &Style::default()));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].0, "target_info");
    assert_eq!(found[0].1["service_name"], "weft");
}

#[test]
fn a_label_of_the_series_wins_over_the_resources() {
    let settings = ResourceSettings {
        attributes: vec![("receiver".into(), resource::Value::Text("theirs".into()))],
        ..ResourceSettings::default()
    };
    let resource = Resource::new(&settings, "weft", "1", "2");
    let registry = Registry::default();
    registry.counter(&names::REPAIRED_STRINGS, &[("receiver", "mine")]).increment(1);
    let style = Style { constant_labels: Some(ConstantLabels::default()), ..Style::default() };
    let found = parse(&render(&registry.snapshot(1), &resource, &style));
    let series = found.iter().find(|(name, ..)| name == "weft_repaired_strings").unwrap();
    assert_eq!(series.1["receiver"], "mine");
    assert_eq!(series.1["service_version"], "1");
}

/// One parsed line.
type Line = (String, BTreeMap<String, String>, f64);

/// Reads the exposition format: every line or a panic.
fn parse(text: &str) -> Vec<Line> {
    assert!(text.ends_with('\n'));
    text.lines().filter(|line| !line.starts_with('#')).map(parse_line).collect()
}

fn parse_line(line: &str) -> Line {
    let end = line.find(['{', ' ']).unwrap();
    let (name, mut rest) = line.split_at(end);
    assert!(!name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    let mut labels = BTreeMap::new();
    if rest.starts_with('{') {
        loop {
            let (key, after) = rest[1..].split_once("=\"").unwrap();
            let (value, after) = parse_value(after);
            assert!(labels.insert(key.to_owned(), value).is_none(), "{key} stands twice");
            rest = after;
            if rest.starts_with('}') {
                rest = &rest[1..];
                break;
            }
            assert!(rest.starts_with(','));
        }
    }
    let value = rest.strip_prefix(' ').unwrap();
    (name.to_owned(), labels, value.replace("Inf", "inf").parse().unwrap())
}

/// A value up to its closing quote, and what follows it.
fn parse_value(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return (value, &text[at + 1..]),
            '\\' => value.push(match chars.next().unwrap().1 {
                'n' => '\n',
                c @ ('\\' | '"') => c,
                other => panic!("unknown escape {other}"),
            }),
            c => value.push(c),
        }
    }
    panic!("no closing quote in {text}")
}

#[test]
fn buckets_are_cumulative_and_end_in_the_count() {
    let found = parse(&text(&Style::default()));
    let bucket = |le: &str| {
        let mine = |line: &&Line| line.0 == "weft_test_sizes_bucket" && line.1["le"] == le;
        found.iter().find(mine).unwrap().2
    };
    assert_eq!([bucket("0.5"), bucket("1.048576e+06"), bucket("+Inf")], [2.0, 3.0, 4.0]);
    assert!(found.iter().any(|line| line.0 == "weft_test_sizes_count" && line.2 == 4.0));
}

proptest! {
    #[test]
    fn whatever_a_label_holds_comes_back(a in "[\\PC\n\"\\\\]{0,40}", b in "\\PC{0,40}", count in 0_u64..1 << 50) {
        let registry = Registry::default();
        registry.counter(&FREE, &[("a", &a), ("b.c", &b)]).increment(count);
        let found = parse(&render(&registry.snapshot(1), &Resource::default(), &Style::default()));
        let line = found.iter().find(|(name, ..)| name == "weft_test_free").unwrap();
        prop_assert_eq!(line.1["a"].as_str(), crate::telemetry::registry::cut(&a, 128));
        prop_assert_eq!(line.1["b_c"].as_str(), crate::telemetry::registry::cut(&b, 128));
        prop_assert_eq!(line.2, count as f64);
    }
}
