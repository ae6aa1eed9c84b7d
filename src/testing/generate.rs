//! Telemetry made to measure: requests of all three signals whose items are numbered.
//!
//! Every item carries its own number in the attribute [`SEQ`], so that a test or a bench can say which items
//! arrived, how often and in which order. Requests are made from the structs of `opentelemetry-proto` and numbers
//! are read back by them, so nothing of weft's own wire code is trusted here. Values are the same in every run.

use crate::otlp::{Data, Limits, Signal};
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Gauge, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::{DecodeError, Message};

/// The attribute that holds an item's number.
pub const SEQ: &str = "weft.seq";

/// Items of one resource.
const EACH_RESOURCE: usize = 50;
/// Data points of one metric.
const EACH_METRIC: usize = 4;
/// 2026-01-01 in unix nanoseconds; item n is n milliseconds later.
const START: u64 = 1_767_225_600_000_000_000;

/// Makes requests whose items are numbered without a gap.
#[derive(Clone, Debug, Default)]
pub struct Generator {
    next: u64,
}

impl Generator {
    /// Numbers begin with `first`.
    pub fn new(first: u64) -> Self {
        Self { next: first }
    }

    /// The number of the next item.
    pub fn next(&self) -> u64 {
        self.next
    }

    /// An encoded export request of `items` items.
    pub fn request(&mut self, signal: Signal, items: u64) -> Bytes {
        let seqs: Vec<u64> = (self.next..self.next + items).collect();
        self.next += items;
        let groups = seqs.chunks(EACH_RESOURCE);
        let encoded = match signal {
            Signal::Traces => {
                ExportTraceServiceRequest { resource_spans: groups.map(spans).collect() }.encode_to_vec()
            }
            Signal::Metrics => {
                ExportMetricsServiceRequest { resource_metrics: groups.map(metrics).collect() }
                    .encode_to_vec()
            }
            Signal::Logs => {
                ExportLogsServiceRequest { resource_logs: groups.map(logs).collect() }.encode_to_vec()
            }
        };
        encoded.into()
    }

    /// The same, as checked data.
    pub fn data(&mut self, signal: Signal, items: u64) -> Data {
        let checked = Data::check(signal, self.request(signal, items), &Limits::default());
        // What was encoded just now is valid; too many items for the limits would show as none at all.
        checked.map_or_else(|_| Data::empty(signal), |checked| checked.data)
    }
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

/// The attributes of item `seq`.
fn attributes(seq: u64) -> Vec<KeyValue> {
    vec![
        attribute(SEQ, Value::IntValue(i64::try_from(seq).unwrap_or(i64::MAX))),
        text("http.request.method", ["GET", "POST", "PUT"][(seq % 3) as usize]),
        text("url.path", format!("/api/v1/orders/{}", seq % 97)),
        attribute("http.response.status_code", Value::IntValue(200)),
    ]
}

fn resource(seqs: &[u64]) -> Resource {
    let service = seqs.first().map_or(0, |seq| seq / EACH_RESOURCE as u64 % 7);
    let attributes = vec![text("service.name", format!("service-{service}")), text("host.name", "node-1")];
    Resource { attributes, ..Resource::default() }
}

fn scope() -> InstrumentationScope {
    InstrumentationScope {
        name: "weft.testing".into(),
        version: "1".into(),
        ..InstrumentationScope::default()
    }
}

fn time(seq: u64) -> u64 {
    START + seq * 1_000_000
}

fn spans(seqs: &[u64]) -> ResourceSpans {
    let span = |&seq: &u64| Span {
        trace_id: u128::from(seq / 4 + 1).to_be_bytes().to_vec(),
        span_id: (seq + 1).to_be_bytes().to_vec(),
        name: "GET /api/v1/orders".into(),
        kind: 2,
        start_time_unix_nano: time(seq),
        end_time_unix_nano: time(seq) + 500_000,
        attributes: attributes(seq),
        status: Some(Status::default()),
        ..Span::default()
    };
    let scope_spans = vec![ScopeSpans {
        scope: Some(scope()),
        spans: seqs.iter().map(span).collect(),
        ..ScopeSpans::default()
    }];
    ResourceSpans { resource: Some(resource(seqs)), scope_spans, ..ResourceSpans::default() }
}

fn metrics(seqs: &[u64]) -> ResourceMetrics {
    let point = |&seq: &u64| NumberDataPoint {
        attributes: attributes(seq),
        time_unix_nano: time(seq),
        value: Some(number_data_point::Value::AsDouble(seq as f64)),
        ..NumberDataPoint::default()
    };
    let metric = |seqs: &[u64]| Metric {
        name: "orders.open".into(),
        unit: "{order}".into(),
        data: Some(metric::Data::Gauge(Gauge { data_points: seqs.iter().map(point).collect() })),
        ..Metric::default()
    };
    let metrics = seqs.chunks(EACH_METRIC).map(metric).collect();
    let scope_metrics = vec![ScopeMetrics { scope: Some(scope()), metrics, ..ScopeMetrics::default() }];
    ResourceMetrics { resource: Some(resource(seqs)), scope_metrics, ..ResourceMetrics::default() }
}

fn logs(seqs: &[u64]) -> ResourceLogs {
    let record = |&seq: &u64| LogRecord {
        time_unix_nano: time(seq),
        severity_number: 9,
        severity_text: "INFO".into(),
        body: Some(AnyValue { value: Some(Value::StringValue(format!("order {seq} was accepted"))) }),
        attributes: attributes(seq),
        ..LogRecord::default()
    };
    let log_records = seqs.iter().map(record).collect();
    let scope_logs = vec![ScopeLogs { scope: Some(scope()), log_records, ..ScopeLogs::default() }];
    ResourceLogs { resource: Some(resource(seqs)), scope_logs, ..ResourceLogs::default() }
}

/// The numbers of a request's items, in order; an item without one counts as [`u64::MAX`].
pub fn seqs(signal: Signal, request: &[u8]) -> Result<Vec<u64>, DecodeError> {
    Ok(match signal {
        Signal::Traces => {
            let resources = ExportTraceServiceRequest::decode(request)?.resource_spans;
            let scopes = resources.into_iter().flat_map(|it| it.scope_spans);
            scopes.flat_map(|it| it.spans).map(|it| seq(&it.attributes)).collect()
        }
        Signal::Metrics => {
            let resources = ExportMetricsServiceRequest::decode(request)?.resource_metrics;
            let scopes = resources.into_iter().flat_map(|it| it.scope_metrics);
            scopes.flat_map(|it| it.metrics).flat_map(points).collect()
        }
        Signal::Logs => {
            let resources = ExportLogsServiceRequest::decode(request)?.resource_logs;
            let scopes = resources.into_iter().flat_map(|it| it.scope_logs);
            scopes.flat_map(|it| it.log_records).map(|it| seq(&it.attributes)).collect()
        }
    })
}

/// The numbers of the items of `data`.
pub fn seqs_of(data: &Data) -> Vec<u64> {
    let request = data.clone().encode().concat();
    // What cannot be read has no items that anybody could miss: a test compares the numbers.
    seqs(data.signal(), &request).unwrap_or_default()
}

fn points(metric: Metric) -> Vec<u64> {
    let sets: Vec<Vec<KeyValue>> = match metric.data {
        Some(metric::Data::Gauge(it)) => it.data_points.into_iter().map(|it| it.attributes).collect(),
        Some(metric::Data::Sum(it)) => it.data_points.into_iter().map(|it| it.attributes).collect(),
        Some(metric::Data::Histogram(it)) => it.data_points.into_iter().map(|it| it.attributes).collect(),
        Some(metric::Data::ExponentialHistogram(it)) => {
            it.data_points.into_iter().map(|it| it.attributes).collect()
        }
        Some(metric::Data::Summary(it)) => it.data_points.into_iter().map(|it| it.attributes).collect(),
        None => Vec::new(),
    };
    sets.iter().map(|attributes| seq(attributes)).collect()
}

fn seq(attributes: &[KeyValue]) -> u64 {
    let value = attributes.iter().find(|it| it.key == SEQ).and_then(|it| it.value.as_ref()?.value.as_ref());
    match value {
        Some(Value::IntValue(seq)) => u64::try_from(*seq).unwrap_or(u64::MAX),
        _ => u64::MAX,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_numbered_without_a_gap_in_every_signal() {
        let mut generator = Generator::new(7);
        for signal in Signal::ALL {
            let first = generator.next();
            let data = generator.data(signal, 123);
            assert_eq!((data.signal(), data.items()), (signal, 123));
            assert_eq!(seqs_of(&data), (first..first + 123).collect::<Vec<_>>());
        }
        assert_eq!(generator.data(Signal::Logs, 0).items(), 0);
    }

    #[test]
    fn what_is_no_request_or_has_no_number_is_told() {
        assert!(seqs(Signal::Logs, b"\xff\xff").is_err());
        let spans = vec![Span::default()];
        let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
        let resource_spans = vec![ResourceSpans { scope_spans, ..ResourceSpans::default() }];
        let request = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
        assert_eq!(seqs(Signal::Traces, &request).unwrap(), [u64::MAX]);
    }
}
