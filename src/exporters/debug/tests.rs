//! Tests of `debug`.

use super::config::{Config, Output, Sampling, Verbosity};
use super::print::{Printed, print};
use crate::config::Section;
use crate::otlp::{Data, Limits, Signal, json};

fn data(signal: Signal, text: &str) -> Data {
    let wire = json::decode(signal, text.as_bytes(), &Limits::default()).unwrap();
    Data::check(signal, wire.into(), &Limits::default()).unwrap().data
}

fn printed(verbosity: Verbosity, signal: Signal, text: &str) -> Printed {
    print(verbosity, data(signal, text))
}

#[track_caller]
fn shows(signal: Signal, input: &str, normal: &str, detailed: &str) {
    let body = |verbosity| printed(verbosity, signal, input).body.unwrap();
    assert_eq!(body(Verbosity::Normal), normal);
    assert_eq!(body(Verbosity::Detailed), detailed);
}

#[test]
fn traces_are_laid_out_as_the_collectors() {
    let input = include_str!("golden/traces.json");
    shows(
        Signal::Traces,
        input,
        include_str!("golden/traces.normal"),
        include_str!("golden/traces.detailed"),
    );
    let basic = printed(Verbosity::Basic, Signal::Traces, input);
    assert_eq!(
        basic,
        Printed { title: "Traces", counts: vec![("resource spans", 2), ("spans", 3)], body: None }
    );
}

#[test]
fn metrics_of_all_types_are_laid_out_as_the_collectors() {
    let input = include_str!("golden/metrics.json");
    shows(
        Signal::Metrics,
        input,
        include_str!("golden/metrics.normal"),
        include_str!("golden/metrics.detailed"),
    );
    let basic = printed(Verbosity::Basic, Signal::Metrics, input);
    assert_eq!(basic.counts, [("resource metrics", 1), ("metrics", 7), ("data points", 9)]);
}

#[test]
fn logs_with_values_of_all_types_are_laid_out_as_the_collectors() {
    let input = include_str!("golden/logs.json");
    shows(Signal::Logs, input, include_str!("golden/logs.normal"), include_str!("golden/logs.detailed"));
    let basic = printed(Verbosity::Basic, Signal::Logs, input);
    assert_eq!(basic.counts, [("resource logs", 1), ("log records", 3)]);
}

#[test]
fn a_batch_of_several_requests_is_numbered_through() {
    let mut both = data(Signal::Logs, include_str!("golden/logs.json"));
    both.append(both.clone());
    let printed = print(Verbosity::Normal, both);
    assert_eq!(printed.counts, [("resource logs", 2), ("log records", 6)]);
    assert!(printed.body.is_some_and(|body| body.contains("ResourceLog #1")));
}

#[test]
fn values_nested_deeper_than_prost_reads_are_said_and_not_lost() {
    let deep = format!("{}{{}}{}", r#"{"arrayValue":{"values":["#.repeat(60), "]}}".repeat(60));
    let text = format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{deep}}}]}}]}}]}}"#);
    let printed = printed(Verbosity::Detailed, Signal::Logs, &text);
    assert_eq!((printed.title, printed.counts), ("Logs", vec![("log records", 1)]));
    assert!(printed.body.is_some_and(|body| body.starts_with("(cannot be shown")));
}

fn section(text: &str) -> Section {
    Section::from_yaml("exporters.debug", "test.yaml", text).unwrap()
}

#[test]
fn defaults_are_the_collectors() {
    let (delivery, config) = Config::read(&section("")).unwrap();
    let sampling = Sampling { initial: 2, thereafter: 1 };
    assert_eq!(config, Config { verbosity: Verbosity::Basic, sampling, output: Output::Log });
    assert!(!delivery.queue.enabled && !delivery.retry.enabled && delivery.timeout.is_zero());
    let (delivery, config) = Config::read(&section("sending_queue:\nuse_internal_logger: false\n")).unwrap();
    assert!(delivery.queue.enabled);
    assert_eq!(config.output, Output::Paths(vec!["stdout".to_owned()]));
}

#[test]
fn mistakes_are_told_in_the_collectors_words() {
    let cases = [
        ("verbosity: none\n", "verbosity level \"None\" is not supported"),
        ("verbosity: loud\n", "unknown verbosity level \"loud\""),
        ("output_paths: [stderr]\n", "output_paths is not supported when use_internal_logger is true"),
        (
            "use_internal_logger: false\noutput_paths: []\n",
            "output_paths must not be empty when use_internal_logger is false",
        ),
        ("timeout: 5s\n", "`debug` has no `timeout`"),
        ("retry_on_failure: {enabled: true}\n", "`debug` has no `retry_on_failure`"),
    ];
    for (text, problem) in cases {
        let errors = Config::read(&section(text)).unwrap_err();
        assert_eq!(errors.iter().map(|error| &*error.problem).collect::<Vec<_>>(), [problem], "{text}");
    }
    let errors = Config::read(&section("verBosity: detailed\nsending_queue: {queue_size: 0}\n")).unwrap_err();
    assert_eq!(errors.len(), 2, "all mistakes come in one run");
}

#[test]
fn the_example_is_a_section() {
    assert!(super::prepare(&section(super::COMPONENT.example)).is_ok());
}
