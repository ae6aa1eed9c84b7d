//! Everything that is sent arrives, once and unchanged: every protocol, body kind, encoding and signal.

use super::client::{Channel, post};
use super::encode;
use super::process::{Place, Weft};
use super::sink::{Items, as_json, assert_same, items_in, items_of};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::logs::v1::logs_service_client::LogsServiceClient;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::metrics_service_client::MetricsServiceClient;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::trace_service_client::TraceServiceClient;
use prost::Message;
use std::path::Path;
use weft::otlp::Signal;
use weft::testing::Generator;

/// Both protocols on ports of the system's choice.
pub(crate) const RECEIVERS: &str = "\
receivers:
  otlp:
    protocols:
      grpc: {endpoint: '127.0.0.1:0'}
      http: {endpoint: '127.0.0.1:0'}
";

/// Pipelines of all signals, and a port for metrics.
pub(crate) fn service(processors: &str, exporters: &str) -> String {
    let pipeline = |signal: Signal| {
        format!("    {signal}: {{receivers: [otlp], processors: [{processors}], exporters: [{exporters}]}}\n")
    };
    let pipelines: String = Signal::ALL.map(pipeline).concat();
    format!("service:\n{QUIET}  pipelines:\n{pipelines}")
}

/// Own metrics on a port of the system's choice, so that processes do not meet.
pub(crate) const QUIET: &str =
    "  telemetry: {metrics: {readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: 0}}}}]}}\n";

/// A gateway that writes everything to a file.
pub(crate) fn to_file(path: &Path) -> String {
    let path = path.display();
    let service = service("", "file");
    format!("{RECEIVERS}exporters: {{file: {{path: {path}, flush_interval: 20ms}}}}\n{service}")
}

/// A gateway that sends everything to another over gRPC, in batches.
pub(crate) fn to_gateway(weft: &Weft) -> String {
    let at = weft.grpc();
    let service = service("memory_limiter, batch", "otlp_grpc");
    format!(
        "{RECEIVERS}processors:
  memory_limiter: {{check_interval: 1s, limit_mib: 200}}
  batch: {{timeout: 50ms}}
exporters: {{otlp_grpc: {{endpoint: '{at}', tls: {{insecure: true}}}}}}
{service}"
    )
}

/// Makes requests and remembers what is in them.
pub(crate) struct Source {
    generator: Generator,
    pub(crate) sent: Items,
}

impl Source {
    pub(crate) fn new() -> Self {
        Self { generator: Generator::new(1), sent: Items::new() }
    }

    /// Numbers that follow those of another.
    pub(crate) fn after(other: &Self) -> Self {
        Self { generator: Generator::new(other.generator.next()), sent: Items::new() }
    }

    /// A request of so many items.
    pub(crate) fn request(&mut self, signal: Signal, items: u64) -> Vec<u8> {
        let request = self.generator.request(signal, items).to_vec();
        self.sent.extend(items_in(&as_json(signal, &request)));
        request
    }

    /// How many items there are so far.
    pub(crate) fn items(&self) -> u64 {
        self.sent.len() as u64
    }
}

/// Scenario: all signals over gRPC, HTTP protobuf and HTTP JSON, in every encoding, through two gateways into a file;
/// then SIGTERM for both, the first one first.
/// Guarantees: every item arrives once and unchanged, both end with 0, and both reports add up.
#[test]
fn every_protocol_and_encoding_arrives_item_by_item() {
    let place = Place::new();
    let mut second = Weft::start(&to_file(&place.at("out.json")));
    let mut first = Weft::start(&to_gateway(&second));
    let mut source = Source::new();
    let mut channel = Channel::connect(first.grpc());
    for signal in Signal::ALL {
        for encoding in encode::GRPC {
            let reply = channel.export(signal, encoding, &source.request(signal, 130));
            assert_eq!((reply.code, reply.body.len()), (0, 0), "{signal} {encoding}: {}", reply.message);
        }
        for encoding in encode::HTTP {
            let body = encode::http(encoding, &source.request(signal, 130));
            let answer = post(first.http(), signal, "application/x-protobuf", encoding, &body);
            assert_eq!(
                (answer.status, answer.body.len()),
                (200, 0),
                "{signal} {encoding}: {}",
                answer.text()
            );
            let text = as_json(signal, &source.request(signal, 130)).to_string();
            let body = encode::http(encoding, text.as_bytes());
            let answer = post(first.http(), signal, "application/json", encoding, &body);
            assert_eq!(answer.text(), r#"{"partialSuccess":{}}"#, "{signal} {encoding}");
        }
    }
    let items = source.items();
    assert_eq!(items, 3 * 20 * 130);
    let report = first.stop();
    assert_eq!((report.received(), report.delivered(), report.lost()), (items, items, 0));
    let report = second.stop();
    assert_eq!((report.received(), report.delivered(), report.lost()), (items, items, 0));
    assert_same(&source.sent, &items_of(&place.at("out.json")), 1);
}

/// Scenario: one gateway with an exporter for each protocol, body kind and encoding, all to the same second gateway.
/// Guarantees: each of the exporters delivers every item, once and unchanged.
#[test]
fn every_exporter_delivers_in_every_encoding() {
    let place = Place::new();
    let mut second = Weft::start(&to_file(&place.at("out.json")));
    let (grpc, http) = (second.grpc(), second.http());
    let named = |encoding: &str| if encoding.is_empty() { "none".to_owned() } else { encoding.to_owned() };
    let mut exporters = Vec::new();
    for encoding in encode::GRPC.map(named) {
        let section = format!("{{endpoint: '{grpc}', compression: {encoding}, tls: {{insecure: true}}}}");
        exporters.push((format!("otlp_grpc/{encoding}"), section));
    }
    for encoding in encode::HTTP.map(named) {
        for kind in ["proto", "json"] {
            let section = format!("{{endpoint: 'http://{http}', compression: {encoding}, encoding: {kind}}}");
            exporters.push((format!("otlp_http/{kind}-{encoding}"), section));
        }
    }
    let sections: String = exporters.iter().map(|(id, section)| format!("  {id}: {section}\n")).collect();
    let ids: Vec<_> = exporters.iter().map(|(id, _)| id.as_str()).collect();
    let mut first =
        Weft::start(&format!("{RECEIVERS}exporters:\n{sections}{}", service("", &ids.join(", "))));
    let mut source = Source::new();
    let mut channel = Channel::connect(first.grpc());
    for signal in Signal::ALL {
        assert_eq!(channel.export(signal, "", &source.request(signal, 60)).code, 0);
    }
    let report = first.stop();
    assert_eq!(report.delivered(), source.items() * exporters.len() as u64);
    second.stop();
    assert_same(&source.sent, &items_of(&place.at("out.json")), exporters.len());
}

/// Scenario: the clients that `tonic` generates from OpenTelemetry's own definitions, over one port that serves gRPC
/// and HTTP.
/// Guarantees: an independent gRPC stack is understood, and HTTP works beside it at the same address.
#[test]
fn generated_clients_and_http_share_a_port() {
    let place = Place::new();
    // Two protocols at one address need a port that is known before.
    let at = super::process::free_address();
    let yaml = to_file(&place.at("out.json")).replace("127.0.0.1:0", &at.to_string());
    let mut weft = Weft::start(&yaml);
    assert_eq!(weft.address("grpc and http"), at);
    let mut source = Source::new();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let [traces, metrics, logs] = Signal::ALL.map(|signal| source.request(signal, 40));
    let url = format!("http://{at}");
    runtime.block_on(async {
        let request = ExportTraceServiceRequest::decode(&*traces).unwrap();
        let mut client = TraceServiceClient::connect(url.clone()).await.unwrap();
        assert_eq!(client.export(request).await.unwrap().into_inner().partial_success, None);
        let request = ExportMetricsServiceRequest::decode(&*metrics).unwrap();
        let mut client = MetricsServiceClient::connect(url.clone()).await.unwrap();
        assert_eq!(client.export(request).await.unwrap().into_inner().partial_success, None);
        let request = ExportLogsServiceRequest::decode(&*logs).unwrap();
        let mut client = LogsServiceClient::connect(url).await.unwrap();
        assert_eq!(client.export(request).await.unwrap().into_inner().partial_success, None);
    });
    for signal in Signal::ALL {
        let request = source.request(signal, 40);
        assert_eq!(super::client::post_proto(at, signal, &request).status, 200);
    }
    weft.stop();
    assert_same(&source.sent, &items_of(&place.at("out.json")), 1);
}
