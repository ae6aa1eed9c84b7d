//! Tests of the receiver's keys: defaults, doors, and what is told of wrong ones.

use super::config::Config;
use super::{needs, prepare};
use crate::batch::Wants;
use crate::component::Capability;
use crate::config::Section;
use crate::otlp::Limits;

fn section(yaml: &str) -> Section {
    Section::from_yaml("receivers.otlp", "test.yaml", yaml).unwrap()
}

fn config(yaml: &str) -> Config {
    Config::of(&section(yaml)).unwrap_or_else(|errors| panic!("{errors}"))
}

fn wrong(yaml: &str) -> String {
    prepare(&section(yaml)).expect_err(yaml).to_string()
}

#[test]
fn empty_protocols_have_the_collectors_defaults() {
    let config = config("protocols:\n  grpc:\n  http:\n");
    let grpc = config.grpc.as_ref().unwrap();
    assert_eq!((grpc.endpoint.as_str(), grpc.max_message()), ("localhost:4317", 64 << 20));
    let http = config.http.as_ref().unwrap();
    assert_eq!((http.server.endpoint.as_str(), http.server.max_body()), ("localhost:4318", 64 << 20));
    assert_eq!(http.paths, ["/v1/traces", "/v1/metrics", "/v1/logs"]);
    assert_eq!((config.answer, config.limits), (Wants::Held, Limits::default()));
    assert_eq!((config.limits.depth, config.limits.elements), (64, 1_000_000));
}

#[test]
fn a_protocol_that_is_not_named_is_off() {
    let only_grpc = config("protocols: {grpc: }");
    assert!(only_grpc.grpc.is_some() && only_grpc.http.is_none());
    let only_http = config("protocols: {http: {endpoint: 'localhost:1'}}");
    assert!(only_http.grpc.is_none() && only_http.http.is_some());
    for none in ["", "protocols:", "protocols: {}"] {
        assert!(wrong(none).contains("must specify at least one protocol"), "{none}");
    }
}

#[test]
fn the_own_keys_are_read_and_bounded() {
    let own = config("protocols: {grpc: }\nanswer: delivered\nmax_elements: 5\nmax_depth: 3\n");
    assert_eq!((own.answer, own.limits), (Wants::Delivered, Limits { depth: 3, elements: 5 }));
    for (key, value) in [("max_depth", "0"), ("max_depth", "65"), ("max_elements", "0"), ("answer", "soon")] {
        let told = wrong(&format!("protocols: {{grpc: }}\n{key}: {value}\n"));
        assert!(told.contains(key) && told.contains(value), "{told}");
    }
}

#[test]
fn a_misplaced_protocol_is_told_once() {
    for (text, key) in [("grpc: {endpoint: 'localhost:1'}", "grpc"), ("protocols: {grcp: }", "grcp")] {
        let told = wrong(text);
        assert!(told.contains(&format!("unknown field `{key}`")), "{told}");
        assert!(!told.contains("at least one protocol"), "{told}");
    }
}

#[test]
fn the_plan_learns_which_doors_keep_headers() {
    let both = config("protocols: {grpc: {include_metadata: true}, http: }").keeps_headers();
    let key = |protocol: &str| format!("protocols.{protocol}.include_metadata");
    assert_eq!(both, [(key("grpc"), true), (key("http"), false)]);
}

#[test]
fn paths_are_taken_with_and_without_a_slash_and_differ() {
    let http = config("protocols: {http: {traces_url_path: t, logs_url_path: /l/m}}").http.unwrap();
    assert_eq!(http.paths, ["/t", "/v1/metrics", "/l/m"]);
    let twice = wrong("protocols: {http: {traces_url_path: /x, logs_url_path: x}}");
    assert!(twice.contains("two signals have the path `/x`"), "{twice}");
    for bad in ["''", "'/'", "'a b'", "'/x?y=1'"] {
        let told = wrong(&format!("protocols: {{http: {{metrics_url_path: {bad}}}}}"));
        assert!(told.contains("invalid metrics_url_path"), "{told}");
    }
}

#[test]
fn all_mistakes_are_told_in_one_run() {
    let told = wrong(
        "protocols:\n  grpc: {endpont: x}\n  http: {cros: , logs_url_path: ''}\nanswer: soon\nmax_depth: 99\n",
    );
    for word in ["endpont", "cros", "logs_url_path", "soon"] {
        assert!(told.contains(word), "{word} in {told}");
    }
}

#[test]
fn one_address_is_one_door() {
    let doors = |grpc: &str, http: &str| {
        let yaml = format!("protocols: {{grpc: {{endpoint: '{grpc}'}}, http: {{endpoint: '{http}'}}}}");
        let doors = config(&yaml).doors();
        doors.iter().map(|door| (door.grpc.is_some(), door.http.is_some())).collect::<Vec<_>>()
    };
    assert_eq!(doors("127.0.0.1:9", "127.0.0.1:9"), [(true, true)]);
    assert_eq!(doors("127.0.0.1:9", "127.0.0.1:8"), [(true, false), (false, true)]);
    // Each gets a port of its own.
    assert_eq!(doors("127.0.0.1:0", "127.0.0.1:0"), [(true, false), (false, true)]);
}

#[test]
fn the_plan_learns_of_kept_headers_and_of_judges() {
    let config = config(
        "protocols:\n  grpc: {include_metadata: true}\n  http: {auth: {authenticator: basicauth/door}}\n",
    );
    let kept = |protocol: &str, set| (format!("protocols.{protocol}.include_metadata"), set);
    assert_eq!(config.keeps_headers(), [kept("grpc", true), kept("http", false)]);
    let needs = needs(&config);
    assert_eq!(needs.len(), 1);
    let (key, id, capability) = &needs[0];
    assert_eq!((key.as_str(), id.as_str()), ("protocols.http.auth.authenticator", "basicauth/door"));
    assert!(matches!(capability, Capability::Authenticator));
}
