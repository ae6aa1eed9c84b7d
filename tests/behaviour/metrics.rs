//! What a scrape shows after traffic: the Collector's names and labels, for the dashboards that are made for it.

use super::client::{Channel, post_proto, request};
use super::delivery::{RECEIVERS, Source, service, to_file, to_gateway};
use super::process::{Place, Weft, until};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use weft::otlp::Signal;

/// Names and the keys of their labels, as the Collector has them at its default level.
const GOLDEN: &[(&str, &str)] = &[
    ("otelcol_exporter_queue_capacity", "data_type exporter"),
    ("otelcol_exporter_queue_size", "data_type exporter"),
    ("otelcol_exporter_sent_log_records", "exporter"),
    ("otelcol_exporter_sent_metric_points", "exporter"),
    ("otelcol_exporter_sent_spans", "exporter"),
    ("otelcol_process_cpu_seconds", ""),
    ("otelcol_process_memory_rss", ""),
    ("otelcol_process_runtime_heap_alloc_bytes", ""),
    ("otelcol_process_runtime_total_alloc_bytes", ""),
    ("otelcol_process_runtime_total_sys_memory_bytes", ""),
    ("otelcol_process_uptime", ""),
    ("otelcol_processor_batch_batch_send_size", "processor"),
    ("otelcol_processor_batch_metadata_cardinality", "processor"),
    ("otelcol_processor_batch_timeout_trigger_send", "processor"),
    ("otelcol_processor_memory_limiter_accepted_log_records", "processor"),
    ("otelcol_processor_memory_limiter_accepted_metric_points", "processor"),
    ("otelcol_processor_memory_limiter_accepted_spans", "processor"),
    ("otelcol_receiver_accepted_log_records", "receiver transport"),
    ("otelcol_receiver_accepted_metric_points", "receiver transport"),
    ("otelcol_receiver_accepted_spans", "receiver transport"),
    ("otelcol_receiver_refused_log_records", "receiver transport"),
];

/// A series: its labels and its value.
type Series = (BTreeMap<String, String>, f64);

/// The series of a scrape by name, without the suffixes that the Prometheus form adds.
fn scrape(at: SocketAddr) -> BTreeMap<String, Vec<Series>> {
    let answer = request(at, "GET", "/metrics", &[], b"");
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"));
    let mut found: BTreeMap<String, Vec<Series>> = BTreeMap::new();
    for line in answer.text().lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let (series, value) = line.rsplit_once(' ').unwrap();
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let labels = labels.trim_end_matches('}').split(',').filter_map(|label| label.split_once('='));
        let labels = labels.map(|(key, value)| (key.to_owned(), value.trim_matches('"').to_owned()));
        let labels = labels.filter(|(key, _)| !key.starts_with("otel_scope_") && key != "le");
        let bare =
            ["_total", "_bucket", "_sum", "_count"].iter().find_map(|suffix| name.strip_suffix(suffix));
        let series = (labels.collect(), value.parse().unwrap());
        found.entry(bare.unwrap_or(name).to_owned()).or_default().push(series);
    }
    found
}

/// Scenario: traffic of all signals over both protocols through `memory_limiter` and `batch` to another gateway, and a
/// scrape of the port that the configuration names.
/// Guarantees: the Collector's metrics are there, with the Collector's labels, and count what was sent.
#[test]
fn a_scrape_shows_the_collectors_metrics() {
    let place = Place::new();
    let mut second = Weft::start(&to_file(&place.at("out.json")));
    let mut first = Weft::start(&to_gateway(&second));
    let mut channel = Channel::connect(first.grpc());
    let mut source = Source::new();
    for signal in Signal::ALL {
        assert_eq!(channel.export(signal, "", &source.request(signal, 30)).code, 0);
        assert_eq!(post_proto(first.http(), signal, &source.request(signal, 12)).status, 200);
    }
    let sum = |found: &BTreeMap<String, Vec<Series>>, name: &str| {
        found.get(name).map_or(0.0, |series| series.iter().map(|(_, value)| value).sum::<f64>())
    };
    let found = until("everything to be counted as sent", || {
        let found = scrape(first.metrics());
        let sent =
            ["spans", "metric_points", "log_records"].map(|items| format!("otelcol_exporter_sent_{items}"));
        sent.iter().all(|name| sum(&found, name) == 42.0).then_some(found)
    });
    for (name, keys) in GOLDEN {
        let series = found.get(*name).unwrap_or_else(|| {
            panic!("{name} is missing among {:#?}", found.keys().collect::<Vec<_>>());
        });
        for (labels, _) in series {
            assert_eq!(labels.keys().cloned().collect::<Vec<_>>().join(" "), *keys, "{name}");
        }
    }
    let spans = &found["otelcol_receiver_accepted_spans"];
    let by = |transport: &str| {
        spans.iter().find(|(labels, _)| labels["transport"] == transport).map(|found| found.1)
    };
    assert_eq!((by("grpc"), by("http")), (Some(30.0), Some(12.0)));
    assert_eq!(sum(&found, "otelcol_exporter_queue_size"), 0.0);
    assert_eq!(sum(&found, "otelcol_exporter_queue_capacity"), 3000.0);
    first.stop();
    second.stop();
}

/// Scenario: a gateway without a limiter, a batch or traffic; other paths on the metrics port.
/// Guarantees: the scrape works from the start; what is no scrape is 404.
#[test]
fn an_idle_gateway_can_be_scraped() {
    let mut weft = Weft::start(&format!("{RECEIVERS}exporters: {{nop: }}\n{}", service("", "nop")));
    let found = scrape(weft.metrics());
    assert!(found["otelcol_process_uptime"][0].1 >= 0.0);
    assert_eq!(request(weft.metrics(), "GET", "/", &[], b"").status, 404);
    assert_eq!(weft.stop().received(), 0);
}
