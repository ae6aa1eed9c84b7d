//! What the targets share: which signal an input is about, and the oracle, which is prost.
//!
//! An item is compared with all that is around it: resource, scope, and of a metric what its points have in common.
//! What a message says only by being absent (an empty resource) is left out, since layouts may differ in it.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest as Logs;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest as Metrics;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest as Traces;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::{Metric, metric::Data as Points};
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::{DecodeError, Message};
use weft::otlp::{Data, Signal};

/// The signal that an input's first byte asks for.
pub fn signal(choice: u8) -> Signal {
    Signal::ALL[usize::from(choice) % Signal::ALL.len()]
}

/// The message of some data.
pub fn encoded(data: &Data) -> Vec<u8> {
    let bytes = data.clone().encode().concat();
    assert_eq!(bytes.len(), data.wire_len(), "the length that was told is not the length");
    bytes
}

/// The items of some data, which must be as many as it says.
pub fn items(data: &Data) -> Vec<Vec<u8>> {
    let request = encoded(data);
    let items = Request::decode(data.signal(), &request).expect("prost reads what weft writes").items();
    assert_eq!(items.len() as u64, data.items(), "the items that were told are not the items");
    items
}

/// A request as prost reads it.
#[derive(Debug)]
pub enum Request {
    /// Of spans.
    Traces(Traces),
    /// Of metrics.
    Metrics(Metrics),
    /// Of log records.
    Logs(Logs),
}

impl Request {
    /// Reads an encoded request.
    pub fn decode(signal: Signal, bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(match signal {
            Signal::Traces => Self::Traces(Traces::decode(bytes)?),
            Signal::Metrics => Self::Metrics(Metrics::decode(bytes)?),
            Signal::Logs => Self::Logs(Logs::decode(bytes)?),
        })
    }

    /// Encodes it as prost does: two requests that mean the same give the same, doubles that are no number included.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Traces(request) => request.encode_to_vec(),
            Self::Metrics(request) => request.encode_to_vec(),
            Self::Logs(request) => request.encode_to_vec(),
        }
    }

    /// Each item alone, in order.
    pub fn items(self) -> Vec<Vec<u8>> {
        macro_rules! items {
            ($resources:expr, $scopes:ident, $records:ident) => {{
                let mut all = Vec::new();
                for mut resource in $resources {
                    resource.resource.take_if(|it| it.encoded_len() == 0);
                    for mut scope in std::mem::take(&mut resource.$scopes) {
                        scope.scope.take_if(|it| it.encoded_len() == 0);
                        for record in std::mem::take(&mut scope.$records) {
                            for record in record.singles() {
                                scope.$records = vec![record];
                                resource.$scopes = vec![scope.clone()];
                                all.push(resource.encode_to_vec());
                            }
                        }
                    }
                }
                all
            }};
        }
        match self {
            Self::Traces(request) => items!(request.resource_spans, scope_spans, spans),
            Self::Metrics(request) => items!(request.resource_metrics, scope_metrics, metrics),
            Self::Logs(request) => items!(request.resource_logs, scope_logs, log_records),
        }
    }
}

/// A record as records of one item each.
trait Singles: Sized {
    fn singles(self) -> Vec<Self>;
}

impl Singles for Span {
    fn singles(self) -> Vec<Self> {
        vec![self]
    }
}

impl Singles for LogRecord {
    fn singles(self) -> Vec<Self> {
        vec![self]
    }
}

impl Singles for Metric {
    fn singles(mut self) -> Vec<Self> {
        let Some(data) = self.data.take() else { return Vec::new() };
        macro_rules! singles {
            ($data:ident, $kind:path) => {{
                let mut data = $data;
                let points = std::mem::take(&mut data.data_points);
                let single = |point| {
                    let mut one = data.clone();
                    one.data_points = vec![point];
                    Metric { data: Some($kind(one)), ..self.clone() }
                };
                points.into_iter().map(single).collect()
            }};
        }
        match data {
            Points::Gauge(it) => singles!(it, Points::Gauge),
            Points::Sum(it) => singles!(it, Points::Sum),
            Points::Histogram(it) => singles!(it, Points::Histogram),
            Points::ExponentialHistogram(it) => singles!(it, Points::ExponentialHistogram),
            Points::Summary(it) => singles!(it, Points::Summary),
        }
    }
}
