//! Sections through serde: typing, nulls, all errors at once, flattened structs, shared blocks.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::*;

#[derive(Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
struct Plain {
    name: String,
    count: u32,
    signed: i64,
    ratio: f64,
    on: bool,
    wait: GoDuration,
    list: Vec<String>,
    numbers: Vec<u8>,
    map: BTreeMap<String, String>,
    maybe: Option<u16>,
    mode: Mode,
    inner: Inner,
    block: Optional<Inner>,
    password: Secret,
}

impl Default for Plain {
    fn default() -> Self {
        Self {
            name: "default".into(),
            count: 7,
            signed: -1,
            ratio: 0.5,
            on: true,
            wait: GoDuration::from_secs(5),
            list: vec!["d".into()],
            numbers: vec![1],
            map: BTreeMap::new(),
            maybe: Some(1),
            mode: Mode::Fast,
            inner: Inner { endpoint: "outer".into() },
            block: Optional::default(),
            password: Secret::default(),
        }
    }
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Fast,
    VerySlow,
    Tuned { level: u8 },
}

#[derive(Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
struct Inner {
    endpoint: String,
}

impl Default for Inner {
    fn default() -> Self {
        Self { endpoint: "inner".into() }
    }
}

fn good<T: DeserializeOwned>(text: &str) -> T {
    section(text).parse().unwrap_or_else(|e| panic!("{e}\n{text}"))
}

/// The errors of a text as `path: problem`, in order.
fn wrong<T: DeserializeOwned>(text: &str) -> Vec<String> {
    let errors = section(text).parse::<T>().err().unwrap_or_else(|| panic!("no error in\n{text}"));
    errors
        .iter()
        .map(|e| format!("{}: {}", e.path.trim_start_matches("processors.test"), e.problem))
        .collect()
}

#[test]
fn a_null_section_and_null_fields_are_defaults() {
    assert_eq!(good::<Plain>(""), Plain::default());
    let nulls = "name:\ncount:\nsigned:\nratio: ~\non: null\nwait:\nlist:\nnumbers:\nmap:\nmode:\ninner:\npassword:\n";
    assert_eq!(good::<Plain>(nulls), Plain::default());
    assert_eq!(good::<Plain>("maybe:").maybe, None);
    assert_eq!(good::<Plain>("block:").block, Optional(Some(Inner::default())));
    assert_eq!(good::<Plain>("block: {endpoint: }").block, Optional(Some(Inner::default())));
    assert_eq!(good::<HashMap<String, Option<Inner>>>("a:\nb: {}").len(), 2);
    assert_eq!(good::<HashMap<String, Inner>>("a:")["a"], Inner::default());
    assert_eq!(good::<BTreeMap<String, String>>("a:")["a"], "");
}

#[test]
fn fields_type_what_they_are_given() {
    let plain = good::<Plain>(
        "name: 1.10\ncount: 0x10\nsigned: -5\nratio: 3\non: false\nwait: 1m30s\nlist: a,b\nnumbers: [1, 0o17]\n\
         map: {z: 1, a: yes}\nmaybe: 1e3\nmode: very_slow\ninner: {endpoint: x}\npassword: 007\n",
    );
    assert_eq!(
        (plain.name.as_str(), plain.count, plain.signed, plain.ratio, plain.on),
        ("1.10", 16, -5, 3.0, false)
    );
    assert_eq!(
        (plain.wait, plain.list, plain.numbers),
        (GoDuration::from_secs(90), vec!["a".into(), "b".into()], vec![1, 15])
    );
    assert_eq!((plain.maybe, plain.mode, plain.password.reveal()), (Some(1000), Mode::VerySlow, "007"));
    assert_eq!((plain.map["z"].as_str(), plain.map["a"].as_str()), ("1", "yes"));
    assert_eq!(good::<Plain>("mode: {tuned: {level: 3}}").mode, Mode::Tuned { level: 3 });
}

#[test]
fn types_are_strict() {
    for (text, words) in [
        ("count: fifty", ".count: expected a whole number, found the string `fifty`"),
        ("count: \"50\"", ".count: expected a whole number, found the string `50`"),
        ("count: 1.5", ".count: expected a whole number, found `1.5`"),
        ("count: -1", ".count: expected a whole number from 0 to 4294967295, found `-1`"),
        ("count: 4294967296", ".count: expected a whole number from 0 to 4294967295, found `4294967296`"),
        ("count: true", ".count: expected a whole number, found `true`"),
        ("count: [1]", ".count: expected a whole number, found a list"),
        ("ratio: '0.5'", ".ratio: expected a number, found the string `0.5`"),
        ("on: yes", ".on: expected `true` or `false`, found the string `yes`"),
        ("on: 1", ".on: expected `true` or `false`, found `1`"),
        ("name: {a: 1}", ".name: expected a string, found a map"),
        ("list: {a: 1}", ".list: expected a list, found a map"),
        ("numbers: [1, ~]", ".numbers[1]: expected a whole number, found nothing"),
        ("numbers: [300]", ".numbers[0]: expected a whole number from 0 to 255, found `300`"),
        ("map: [a]", ".map: expected a map, found a list"),
        ("inner: x", ".inner: expected a map, found the string `x`"),
        ("mode: slow", ".mode: unknown value `slow`"),
        ("mode: {tuned: {level: x}}", ".mode.tuned.level: expected a whole number, found the string `x`"),
        ("mode: {tuned: {}}", ".mode.tuned: missing field `level`"),
        ("wait: 5", ""),
        ("wait: 5x", ".wait: unknown unit `x` in duration `5x`"),
        ("wait: \"5\"", ".wait: missing unit in duration `5`"),
        ("inner: {endpiont: x}", ".inner: unknown field `endpiont`"),
    ] {
        if words.is_empty() {
            good::<Plain>(text);
        } else {
            assert_eq!(wrong::<Plain>(text), [words], "{text}");
        }
    }
}

#[test]
fn hints_say_what_would_be_right() {
    for (text, hint) in [
        ("count: '50'", "write 50 without quotes"),
        ("on: yes", "write `true`"),
        ("on: 'false'", "write `false` without quotes"),
        ("mode: fst", "did you mean `fast`?"),
        ("cuont: 1", "did you mean `count`?"),
    ] {
        let error = section(text).parse::<Plain>().expect_err(text).0.remove(0);
        let shown = error.hint.expect(text).replace("write false", "write `false`");
        assert_eq!(shown, hint, "{text}");
    }
}

#[test]
fn all_errors_of_a_section_come_in_one_run() {
    let text = "cuont: 1\nname: ok\nratio: much\nnumbers: [1, x, 2, 999]\ninner:\n  endpiont: a\n  endpoint: [b]\non: maybe\n";
    let found = wrong::<Plain>(text);
    let expected = [
        ": unknown field `cuont`",
        ".ratio: expected a number, found the string `much`",
        ".numbers[1]: expected a whole number, found the string `x`",
        ".numbers[3]: expected a whole number from 0 to 255, found `999`",
        ".inner: unknown field `endpiont`",
        ".inner.endpoint: expected a string, found a list",
        ".on: expected `true` or `false`, found the string `maybe`",
    ];
    assert_eq!(found, expected);
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Strict {
    endpoint: String,
    port: u16,
    wait: GoDuration,
    mode: Mode,
    inner: Needs,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Needs {
    a: u8,
    b: u8,
}

#[test]
fn every_missing_field_shows_and_none_that_a_cut_made() {
    let all = ["endpoint", "port", "wait", "mode", "inner"].map(|f| format!(": missing field `{f}`"));
    assert_eq!(wrong::<Strict>("{}"), all);
    let text = "endpiont: x\nport: high\nwait: 1s\nmode: fast\ninner: {a: x}\n";
    let expected = [
        ": unknown field `endpiont`",
        ".port: expected a whole number, found the string `high`",
        ".inner: missing field `b`",
        ".inner.a: expected a whole number, found the string `x`",
    ];
    assert_eq!(wrong::<Strict>(text), expected);
}

#[derive(Debug, Deserialize, PartialEq)]
struct Flat {
    own: u8,
    #[serde(flatten)]
    shared: Shared,
}

#[derive(Debug, Deserialize, PartialEq, Default)]
#[serde(default)]
struct Shared {
    version: String,
    queue: u32,
    wait: GoDuration,
    inner: Inner,
}

#[test]
fn flattened_structs_find_their_places_again() {
    let flat = good::<Flat>("own: 1\nversion: 1.10\nqueue: 5\nwait: 3s\ninner: {endpoint: 007}\n");
    assert_eq!((flat.shared.version.as_str(), flat.shared.inner.endpoint.as_str()), ("1.10", "007"));
    assert_eq!(flat.shared.wait, GoDuration::from_secs(3));
    let errors =
        section("own: 1\nqueue: many\nwait: 3x\ninner:\n  endpont: 1\n").parse::<Flat>().expect_err("three");
    let found: Vec<_> =
        errors.iter().map(|e| (e.path.as_str(), e.origin.as_ref().map(|o| (o.line(), o.col())))).collect();
    let expected = [
        ("processors.test.queue", Some((2, 8))),
        ("processors.test.wait", Some((3, 7))),
        ("processors.test.inner", Some((5, 3))),
    ];
    assert_eq!(found, expected);
    assert_eq!(good::<Flat>("own: 1\nqueue:\n").shared.queue, 0);
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(dead_code)]
enum Policy {
    Latency { latency: Threshold },
    Always,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(dead_code)]
struct Threshold {
    threshold_ms: u32,
}

#[test]
fn tagged_enums_find_their_places_too() {
    let text = "- {type: latency, latency: {threshold_ms: slow}}\n- {type: always}\n- {type: latncy}\n";
    let expected = [
        "[0].latency.threshold_ms: expected a whole number from 0 to 4294967295, found the string `slow`",
        "[2].type: unknown value `latncy`",
    ];
    let found: Vec<_> = wrong::<Vec<Policy>>(text)
        .into_iter()
        .map(|w| w.replace("expected u32", "expected a whole number from 0 to 4294967295"))
        .collect();
    assert_eq!(found, expected);
}

#[derive(Debug, Deserialize, PartialEq, Default)]
#[serde(default, deny_unknown_fields)]
struct Queue {
    sending_queue: Inner,
    retry_on_failure: Inner,
}

#[test]
fn shared_blocks_are_taken_out_of_a_section() {
    let whole = section("endpoint: x\nsending_queue: {endpoint: q}\nsnding_queue: 1\n");
    let (queue, rest) = whole.take(&["sending_queue", "retry_on_failure"]);
    assert_eq!(queue.parse::<Queue>().expect("queue").sending_queue.endpoint, "q");
    let error = rest.parse::<Inner>().expect_err("unknown").0.remove(0);
    assert_eq!(error.hint.as_deref(), Some("did you mean `sending_queue`?"));
    assert_eq!(error.more.known, ["endpoint", "sending_queue", "retry_on_failure"]);
    let mut errors = Errors::new();
    assert!(errors.keep(queue.parse::<Queue>()).is_some() && errors.keep(rest.parse::<Inner>()).is_none());
    assert_eq!(errors.finish(()).expect_err("kept").len(), 1);
}

#[test]
fn errors_of_a_component_stand_at_the_path() {
    let section = section("protocols:\n  grpc:\n    endpoint: bad\nservice.name: x\nlist:\n  - a: 1\n");
    for (at, place) in [
        ("protocols.grpc.endpoint", (3, 15)),
        ("protocols.grpc", (2, 3)),
        ("protocols.grpc.missing", (2, 3)),
        ("service.name", (4, 15)),
        ("list[0].a", (6, 8)),
        ("list.0.a", (6, 8)),
        ("", (1, 1)),
        ("nowhere", (1, 1)),
    ] {
        let origin = section.error(at, "wrong").origin.expect("place");
        assert_eq!((origin.line(), origin.col()), place, "{at}");
    }
    assert!(section.has("protocols.grpc") && !section.has("protocols.http") && section.has("service.name"));
    assert_eq!(section.child("protocols.grpc").path(), "processors.test.protocols.grpc");
    assert_eq!(
        section.child("protocols").parse::<BTreeMap<String, Inner>>().expect("map")["grpc"].endpoint,
        "bad"
    );
    assert!(section.child("protocols.http").is_null());
}

#[test]
fn a_bare_number_as_duration_warns_once() {
    let settings = "receivers: {a: }\nexporters: {a: }\nprocessors: {p: {wait: 5, count: 1}}\n\
                    service: {pipelines: {traces: {receivers: [a], exporters: [a]}}}\n";
    let settings = Settings::from_loaded(load(settings, &[]).expect("loaded")).expect("settings");
    let plain: Plain = settings.processors[0].section.parse().expect("plain");
    assert_eq!(plain.wait, GoDuration::from_nanos(5));
    let warnings = settings.warnings.take();
    assert_eq!(warnings.len(), 1);
    assert!(
        warnings[0].problem.contains("`5` is 5 nanoseconds") && warnings[0].severity == Severity::Warning
    );
}

#[test]
fn a_string_receives_what_the_variable_held() {
    let vars = [("V", "0123"), ("N", "5"), ("M", "{a: 1}"), ("E", "")];
    let loaded =
        load("s: {name: '${V}', count: '${N}', list: ['${M}'], password: '${V}', maybe: '${E}'}", &vars);
    let root = loaded.expect("loaded").root;
    let node = root.get("s").expect("section").clone();
    let plain: Plain =
        Section::new("s", node.origin.clone(), node, &Warnings::default()).parse().expect("plain");
    assert_eq!(
        (plain.name.as_str(), plain.count, plain.list, plain.maybe),
        ("0123", 5, vec!["{a: 1}".to_owned()], None)
    );
    assert_eq!(plain.password.reveal(), "0123");
}

#[test]
fn secrets_do_not_show() {
    let plain = good::<Plain>("password: hunter2");
    let json = serde_json::to_string(&plain.password).expect("json");
    let shown = format!("{plain:?} {} {json} {:?}", plain.password, section("password: hunter2"));
    assert!(!shown.contains("hunter2") && shown.contains(MASK));
}

#[test]
fn hostile_sections_end_soon() {
    let many: String = (0..2000).map(|i| format!("k{i}: x\n")).collect();
    assert_eq!(wrong::<Plain>(&many).len(), 50);
    assert_eq!(wrong::<Flat>(&format!("own: x\n{many}")).len(), 1);
}

#[test]
fn map_keys_may_be_numbers() {
    assert_eq!(good::<BTreeMap<u16, String>>("200: ok\n404: no\n")[&404], "no");
    assert_eq!(wrong::<BTreeMap<u16, String>>("x: ok"), [".x: expected a whole number as key, found `x`"]);
}
