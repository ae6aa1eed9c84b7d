//! Tests of the settings: the Collector's own files, accepted and refused alike, and the readings that matter.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;
use crate::telemetry::def::Level;
use crate::telemetry::logs::Severity;
use crate::telemetry::render::Style;
use crate::telemetry::resource::Value;

fn section(yaml: &str) -> Section {
    Section::from_yaml("service.telemetry", "test.yaml", yaml).unwrap()
}

fn load(yaml: &str) -> Settings {
    Settings::load(&section(yaml)).unwrap_or_else(|errors| panic!("{yaml}\n{errors:?}"))
}

/// The problems and paths of all errors.
fn problems(yaml: &str) -> Vec<String> {
    let errors = Settings::load(&section(yaml)).expect_err(yaml);
    errors.iter().map(|error| format!("{}: {}", error.path, error.problem)).collect()
}

fn refused(yaml: &str, word: &str) {
    let problems = problems(yaml);
    assert!(problems.iter().any(|problem| problem.contains(word)), "{word:?} is not in {problems:?}");
}

/// The files that stand beside the project; where they do not, the tests say so and pass.
fn collector_files(below: &str) -> Vec<PathBuf> {
    let base = "../shared/testdata/opentelemetry-collector/service/telemetry/otelconftelemetry";
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join(base).join(below);
    let Ok(entries) = std::fs::read_dir(&dir) else {
        eprintln!("SKIPPED: the Collector's files are not at {}", dir.display());
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no files in {}", dir.display());
    files
}

/// Scenario: every file of the Collector's test data for `service.telemetry` is read.
/// Guarantees: what the Collector accepts is accepted, what it refuses is refused for the same reason. The old
/// `address` is accepted though the Collector has removed it.
#[test]
fn the_collectors_files_are_accepted_and_refused_as_there() {
    let refusals = [
        ("config_empty_readers", "there must be a reader"),
        ("config_invalid_deprecated_address", "`1212:212121:2121` is no address"),
        ("config_invalid_metrics_empty_readers", "there must be a reader"),
        ("config_invalid_metrics_views_level", "views can only be set when the level is `detailed`"),
        ("config_invalid_unknown_field", "unknown"),
    ];
    for file in collector_files("testdata") {
        let text = std::fs::read_to_string(&file).unwrap();
        let name = file.file_stem().unwrap().to_str().unwrap();
        match refusals.iter().find(|(refused, _)| *refused == name) {
            Some((_, word)) => refused(&text, word),
            None => drop(load(&text)),
        }
    }
}

/// Scenario: the files of both schema versions, each a part of the section.
/// Guarantees: all are accepted, and the same destination is read from both.
#[test]
fn both_schemas_of_the_collectors_files_say_the_same() {
    let mut headers = Vec::new();
    for file in collector_files("internal/migration/testdata") {
        let text = std::fs::read_to_string(&file).unwrap();
        let part =
            ["logs", "metrics", "traces"].into_iter().find(|part| file.to_str().unwrap().contains(part));
        let part = part.unwrap_or("metrics");
        let indented: String = text.lines().map(|line| format!("  {line}\n")).collect();
        let settings = load(&format!("{part}:\n{indented}"));
        let exporters =
            settings.logs.processors.iter().chain(&settings.traces.processors).map(|p| &p.exporter);
        let pushed = settings.metrics.readers.iter().filter_map(|reader| match reader {
            Reader::Periodic { exporter, .. } => Some(exporter),
            Reader::Pull(_) => None,
        });
        for exporter in exporters.chain(pushed) {
            let Exporter::Otlp(otlp) = exporter else { continue };
            assert_eq!(otlp.protocol, Protocol::Http);
            assert!(["https://127.0.0.1:4317", "http://127.0.0.1:4317"].contains(&otlp.endpoint.as_str()));
            headers.push(otlp.headers[0].0.clone());
        }
    }
    assert!(headers.iter().all(|name| name == "key1"), "{headers:?}");
}

#[test]
fn nothing_given_is_the_default() {
    for yaml in ["", "logs:\nmetrics:\ntraces:\nresource:\n", "metrics: {readers: }\nlogs: {sampling: }"] {
        assert_eq!(load(yaml), Settings::default(), "{yaml}");
    }
    let defaults = Settings::default();
    assert_eq!(defaults.metrics.level, Level::Normal);
    let [Reader::Pull(prometheus)] = defaults.metrics.readers.as_slice() else { panic!() };
    assert_eq!((prometheus.host.as_str(), prometheus.port), ("localhost", 8888));
    assert_eq!(prometheus.style, Style::default());
    assert!(!defaults.traces.enabled());
}

#[test]
fn logs_are_read() {
    let settings = load(
        "logs:
  level: WARN
  encoding: json
  development: true
  output_paths: [stdout, /var/log/weft.log, 'file:///var/log/w']
  initial_fields: {zone: a, shard: 3, deep: {x: [1, true]}}
  sampling: {tick: 1m, initial: 3}
  processors:
    - batch: {schedule_delay: 5, exporter: {otlp: {protocol: grpc, endpoint: 'http://x:4317', headers_list: 'a=b, c=d=e'}}}
",
    );
    let logs = settings.logs;
    assert_eq!((logs.level, logs.encoding), (Severity::Warn, Encoding::Json));
    assert!(logs.stack_traces());
    assert_eq!(logs.initial_fields["shard"], 3);
    assert_eq!(logs.initial_fields["deep"]["x"][1], true);
    assert_eq!(
        (logs.sampling.tick, logs.sampling.initial, logs.sampling.thereafter),
        (Duration::from_secs(60), 3, 100)
    );
    let processor = &logs.processors[0];
    assert_eq!(processor.batching.unwrap().schedule_delay, Some(Duration::from_millis(5)));
    let Exporter::Otlp(otlp) = &processor.exporter else { panic!() };
    let headers: Vec<(&str, &str)> =
        otlp.headers.iter().map(|(name, value)| (name.as_str(), value.reveal())).collect();
    assert_eq!(headers, [("a", "b"), ("c", "d=e")]);
    assert!(!format!("{otlp:?}").contains("d=e"), "header values are secret");
}

#[test]
fn what_is_wrong_in_logs_is_said() {
    refused("logs: {level: loud}", "unknown log level `loud`, expected one of `debug`");
    refused("logs: {encoding: xml}", "unknown encoding `xml`, expected one of `console`, `json`");
    refused("logs: {output_paths: ['http://x']}", "cannot log to `http://x`");
    refused("logs: {output_paths: ['file://x']}", "cannot log to `file://x`");
    refused("logs: {sampling: {tick: 0s}}", "`tick` must be longer than 0");
    refused("logs: {processors: [{}]}", "either `batch` or `simple`");
    refused("logs: {processors: [{simple: {exporter: {}}}]}", "either `otlp` or `console`");
    refused("logs: {colour: true}", "colour");
}

#[test]
fn destinations_are_checked() {
    let with =
        |otlp: &str| format!("traces: {{processors: [{{simple: {{exporter: {{otlp: {{{otlp}}}}}}}}}]}}");
    let right = "protocol: grpc, endpoint: localhost:4317";
    let settings = load(&with(&format!("{right}, insecure: true, compression: gzip, timeout: 250")));
    let Exporter::Otlp(otlp) = &settings.traces.processors[0].exporter else { panic!() };
    assert_eq!(otlp.endpoint, "http://localhost:4317");
    assert_eq!((otlp.gzip, otlp.timeout), (true, Duration::from_millis(250)));
    assert!(settings.traces.enabled());
    refused(&with("protocol: grpc"), "endpoint");
    refused(&with("endpoint: x:1"), "protocol");
    refused(&with("protocol: http/json, endpoint: x:1"), "unknown protocol `http/json`");
    refused(&with(&format!("{right}, compression: zstd")), "unknown compression `zstd`");
    refused(&with("protocol: grpc, endpoint: 'http://'"), "is no endpoint");
    refused(&with(&format!("{right}, temporality_preference: delta")), "is for metrics alone");
    refused(&with(&format!("{right}, headers_list: x")), "`headers_list` is");
    refused("traces: {processors: [{simple: {exporter: {zipkin: {endpoint: x}}}}]}", "zipkin");
}

#[test]
fn readers_are_read() {
    let settings = load(
        "metrics:
  level: Detailed
  readers:
    - pull: {exporter: {prometheus: {host: '[::1]', port: 9, without_units: false, with_resource_constant_labels: {included: [a*]}}}}
    - periodic: {interval: 100, exporter: {otlp: {protocol: http/protobuf, endpoint: x, temporality_preference: cumulative}}}
    - periodic: {exporter: {console: {}}}
",
    );
    let [
        Reader::Pull(pull),
        Reader::Periodic { interval, .. },
        Reader::Periodic { exporter, interval: slow, .. },
    ] = settings.metrics.readers.as_slice()
    else {
        panic!()
    };
    assert_eq!((pull.host.as_str(), pull.port), ("::1", 9));
    assert!(pull.style.without_type_suffix && !pull.style.without_units);
    assert_eq!(pull.style.constant_labels.as_ref().unwrap().included, ["a*"]);
    assert_eq!((*interval, *slow), (Duration::from_millis(100), Duration::from_secs(60)));
    assert_eq!(exporter, &Exporter::Console);
}

#[test]
fn what_is_wrong_in_readers_is_said() {
    let with = |reader: &str| format!("metrics: {{readers: [{{{reader}}}]}}");
    refused(&with(""), "either `pull` or `periodic`");
    refused(&with("pull: {exporter: {prometheus: {host: x}}}"), "port");
    refused(&with("pull: {exporter: {prometheus: {port: 1}}}"), "host");
    refused(&with("pull: {exporter: {prometheus: {host: x, port: 70000}}}"), "70000");
    refused(&with("pull: {exporter: {otlp: {}}}"), "otlp");
    refused(&with("periodic: {interval: 0, exporter: {console: {}}}"), "`interval` must be at least 1");
    let delta = "periodic: {exporter: {otlp: {protocol: grpc, endpoint: x, temporality_preference: delta}}}";
    refused(&with(delta), "`temporality_preference: delta` is not offered");
    refused("metrics: {level: full}", "unknown level `full`");
}

#[test]
fn the_old_address_is_a_reader_with_a_warning() {
    let warnings = crate::config::Warnings::default();
    let plain = section("metrics: {address: '0.0.0.0:8889'}");
    let section = Section::new("service.telemetry", plain.origin().clone(), plain.node().clone(), &warnings);
    let settings = Settings::load(&section).unwrap();
    let [Reader::Pull(prometheus)] = settings.metrics.readers.as_slice() else { panic!() };
    assert_eq!((prometheus.host.as_str(), prometheus.port), ("0.0.0.0", 8889));
    let warnings = warnings.take();
    assert_eq!(warnings.len(), 1);
    assert_eq!(warnings[0].path, "service.telemetry.metrics.address");
    let [Reader::Pull(prometheus)] = &load("metrics: {address: ':1'}").metrics.readers[..] else { panic!() };
    assert_eq!(prometheus.host, "0.0.0.0");
    refused("metrics: {address: '::1:8888'}", "is no address");
    refused("metrics: {address: localhost}", "is no address");
}

#[test]
fn views_leave_out() {
    let settings = load(
        "metrics:
  level: detailed
  views:
    - {selector: {instrument_name: 'otelcol_process_*', instrument_type: observable_gauge}, stream: {aggregation: {drop: {}}}}
    - {selector: {meter_name: weft}, stream: {attribute_keys: {excluded: [tenant]}}}
",
    );
    let [first, second] = settings.metrics.views.as_slice() else { panic!() };
    assert!(first.drop && first.name.as_deref() == Some("otelcol_process_*") && first.kinds.len() == 1);
    assert!(!second.drop && second.excluded == ["tenant"] && second.scope.as_deref() == Some("weft"));
    refused("metrics: {level: detailed, views: [{stream: {name: x}}]}", "name");
    refused("metrics: {level: detailed, views: [{selector: {instrument_type: timer}}]}", "timer");
}

#[test]
fn samplers_are_read() {
    let sampler = |yaml: &str| load(&format!("traces: {{sampler: {{{yaml}}}}}")).traces.sampler.unwrap();
    assert_eq!(sampler("always_off: {}"), Sampler::AlwaysOff);
    assert_eq!(sampler("trace_id_ratio_based: {ratio: 0.5}"), Sampler::Ratio(0.5));
    let Sampler::ParentBased { root, remote_sampled, remote_not_sampled, .. } =
        sampler("parent_based: {root: {trace_id_ratio_based: {ratio: 0.01}}}")
    else {
        panic!()
    };
    assert_eq!(
        (*root, *remote_sampled, *remote_not_sampled),
        (Sampler::Ratio(0.01), Sampler::AlwaysOn, Sampler::AlwaysOff)
    );
    refused("traces: {sampler: {trace_id_ratio_based: {ratio: 2}}}", "is not between 0 and 1");
    refused("traces: {sampler: {always_on: {}, always_off: {}}}", "a sampler is one of");
    refused("traces: {sampler: {jaeger_remote: {}}}", "jaeger_remote");
    refused("traces: {propagators: [jaeger]}", "unknown propagator `jaeger`");
    assert_eq!(load("traces: {propagators: [tracecontext, b3]}").traces.propagators.len(), 2);
}

#[test]
fn the_resource_in_both_forms() {
    let old = load("resource: {zone: a, service.instance.id: , schema_url: 'https://s'}").resource;
    assert_eq!(old.attributes, [("zone".to_owned(), Value::Text("a".into()))]);
    assert_eq!(old.removed, ["service.instance.id"]);
    assert_eq!(old.schema_url.as_deref(), Some("https://s"));
    let new = load(
        "resource:
  attributes:
    - {name: a, value: x}
    - {name: b, value: 3, type: double}
    - {name: c, value: [1, 2], type: int_array}
    - {name: d, value: 7, type: string}
    - {name: e, value: true}
",
    );
    let expected = [
        ("a", Value::Text("x".into())),
        ("b", Value::Float(3.0)),
        ("c", Value::List(vec![Value::Int(1), Value::Int(2)])),
        ("d", Value::Text("7".into())),
        ("e", Value::Bool(true)),
    ];
    let expected: Vec<(String, Value)> =
        expected.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    assert_eq!(new.resource.attributes, expected);
}

#[test]
fn what_is_wrong_in_the_resource_is_said() {
    refused(
        "resource: {zone: 3}",
        "service.telemetry.resource.zone: the attribute must be a string, or null",
    );
    refused("resource: {attributes_list: 'a=b'}", "`attributes_list` is not offered");
    refused("resource: {attributes: [{name: a, value: b}], zone: x}", "cannot stand together");
    refused("resource: {attributes: [{value: b}]}", "attributes[0]: `name` is missing");
    refused("resource: {attributes: [{name: a}]}", "`value` is missing");
    refused("resource: {attributes: [{name: a, value: b, typ: c}]}", "unknown key `typ`");
    refused("resource: {attributes: [{name: a, value: b, type: int}]}", "the value is no int");
    refused("resource: {attributes: [{name: a, value: b, type: blob}]}", "unknown type `blob`");
    refused("resource: {attributes: [{name: a, value: {b: c}}]}", "expected a scalar");
    refused("resource: {attributes: x}", "expected a list");
    refused("resource: [a]", "expected a map");
}

#[test]
fn resource_detectors_are_passed_over_with_one_warning_each() {
    let warnings = crate::config::Warnings::default();
    let plain =
        section("resource: {detectors: {attributes: {}}, detection/development: {detectors: [{host: {}}]}}");
    let section = Section::new("service.telemetry", plain.origin().clone(), plain.node().clone(), &warnings);
    Settings::load(&section).unwrap();
    assert_eq!(warnings.take().len(), 2);
}

#[test]
fn errors_of_all_parts_come_at_once() {
    let yaml = "logs: {level: x}\nmetrics: {level: y}\ntraces: {level: z}\nresource: {a: 1}\nmore: 1\n";
    assert_eq!(problems(yaml).len(), 5, "{:?}", problems(yaml));
}
