//! The requests as prost decodes them, behind one type for the three signals.

use crate::otlp::Signal;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest as Logs;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest as Metrics;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest as Traces;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data as Points;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::{DecodeError, Message};

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Request {
    Traces(Traces),
    Metrics(Metrics),
    Logs(Logs),
}

impl Request {
    pub(super) fn decode(signal: Signal, bytes: &[u8]) -> Result<Self, DecodeError> {
        Ok(match signal {
            Signal::Traces => Self::Traces(Traces::decode(bytes)?),
            Signal::Metrics => Self::Metrics(Metrics::decode(bytes)?),
            Signal::Logs => Self::Logs(Logs::decode(bytes)?),
        })
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Self::Traces(request) => request.encode_to_vec(),
            Self::Metrics(request) => request.encode_to_vec(),
            Self::Logs(request) => request.encode_to_vec(),
        }
    }

    pub(super) fn items(&self) -> u64 {
        let items: usize = match self {
            Self::Traces(request) => {
                let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
                scopes.map(|scope| scope.spans.len()).sum()
            }
            Self::Logs(request) => {
                let scopes = request.resource_logs.iter().flat_map(|resource| &resource.scope_logs);
                scopes.map(|scope| scope.log_records.len()).sum()
            }
            Self::Metrics(request) => {
                let scopes = request.resource_metrics.iter().flat_map(|resource| &resource.scope_metrics);
                scopes.flat_map(|scope| &scope.metrics).map(|metric| points(metric.data.as_ref())).sum()
            }
        };
        items as u64
    }
}

fn points(data: Option<&Points>) -> usize {
    match data {
        None => 0,
        Some(Points::Gauge(gauge)) => gauge.data_points.len(),
        Some(Points::Sum(sum)) => sum.data_points.len(),
        Some(Points::Histogram(histogram)) => histogram.data_points.len(),
        Some(Points::ExponentialHistogram(histogram)) => histogram.data_points.len(),
        Some(Points::Summary(summary)) => summary.data_points.len(),
    }
}

/// What a record, resource or scope has that edits are about.
pub(super) struct Parts<'a> {
    pub(super) resource: &'a mut Vec<KeyValue>,
    pub(super) scope: &'a mut Vec<KeyValue>,
    pub(super) record: &'a mut Vec<KeyValue>,
    pub(super) name: &'a mut String,
}

macro_rules! over_signals {
    ($request:expr, $use:ident $(, $argument:expr)*) => {
        match $request {
            Request::Traces(it) => {
                $use!(it.resource_spans, scope_spans, spans, attributes, name $(, $argument)*)
            }
            Request::Metrics(it) => {
                $use!(it.resource_metrics, scope_metrics, metrics, metadata, name $(, $argument)*)
            }
            Request::Logs(it) => {
                $use!(it.resource_logs, scope_logs, log_records, attributes, event_name $(, $argument)*)
            }
        }
    };
}

impl Request {
    /// Takes away scopes without records, resources without scopes, and what says no more than its absence.
    pub(super) fn pruned(mut self) -> Self {
        macro_rules! prune {
            ($resources:expr, $scopes:ident, $records:ident, $attributes:ident, $name:ident) => {{
                for resource in &mut $resources {
                    resource.$scopes.retain(|scope| !scope.$records.is_empty());
                    resource.resource.take_if(|it| it.encoded_len() == 0);
                    for scope in &mut resource.$scopes {
                        scope.scope.take_if(|it| it.encoded_len() == 0);
                    }
                }
                $resources.retain(|resource| !resource.$scopes.is_empty());
            }};
        }
        over_signals!(&mut self, prune);
        self
    }

    /// Keeps the records whose place `keep` accepts.
    pub(super) fn retain(&mut self, mut keep: impl FnMut(usize) -> bool) {
        let mut place = 0;
        let mut keep = || {
            place += 1;
            keep(place - 1)
        };
        macro_rules! retain {
            ($resources:expr, $scopes:ident, $records:ident, $attributes:ident, $name:ident) => {
                for scope in $resources.iter_mut().flat_map(|resource| &mut resource.$scopes) {
                    scope.$records.retain(|_| keep());
                }
            };
        }
        over_signals!(self, retain);
    }

    /// Gives the parts of the record at a place, if there is one, to `work`.
    pub(super) fn with(&mut self, place: usize, work: impl FnOnce(Parts<'_>)) {
        let mut left = place;
        macro_rules! with {
            ($resources:expr, $scopes:ident, $records:ident, $attributes:ident, $name:ident) => {
                for resource in &mut $resources {
                    for scope in &mut resource.$scopes {
                        if let Some(record) = scope.$records.get_mut(left) {
                            work(Parts {
                                resource: &mut resource.resource.get_or_insert_default().attributes,
                                scope: &mut scope.scope.get_or_insert_default().attributes,
                                record: &mut record.$attributes,
                                name: &mut record.$name,
                            });
                            return;
                        }
                        left -= scope.$records.len();
                    }
                }
            };
        }
        over_signals!(self, with);
    }

    pub(super) fn records(&self) -> usize {
        macro_rules! count {
            ($resources:expr, $scopes:ident, $records:ident, $attributes:ident, $name:ident) => {
                $resources.iter().flat_map(|it| &it.$scopes).map(|scope| scope.$records.len()).sum()
            };
        }
        over_signals!(self, count)
    }

    /// Each item alone, encoded with what is around it, in their order.
    pub(super) fn singles(&self) -> Vec<Vec<u8>> {
        macro_rules! singles {
            ($resources:expr, $scopes:ident, $records:ident, $attributes:ident, $name:ident) => {{
                let mut all = Vec::new();
                for resource in &$resources {
                    for scope in &resource.$scopes {
                        for record in &scope.$records {
                            for record in record.singles() {
                                let mut one = resource.clone();
                                one.$scopes = vec![scope.clone()];
                                one.$scopes[0].$records = vec![record];
                                all.push(one.encode_to_vec());
                            }
                        }
                    }
                }
                all
            }};
        }
        over_signals!(self, singles)
    }
}

/// A record as records of one item each.
trait Singles: Sized {
    fn singles(&self) -> Vec<Self>;
}

impl Singles for Span {
    fn singles(&self) -> Vec<Self> {
        vec![self.clone()]
    }
}

impl Singles for LogRecord {
    fn singles(&self) -> Vec<Self> {
        vec![self.clone()]
    }
}

impl Singles for Metric {
    fn singles(&self) -> Vec<Self> {
        let count = points(self.data.as_ref());
        let only = |at: usize| {
            let mut one = self.clone();
            match one.data.as_mut().unwrap() {
                Points::Gauge(data) => data.data_points = vec![data.data_points[at].clone()],
                Points::Sum(data) => data.data_points = vec![data.data_points[at].clone()],
                Points::Histogram(data) => data.data_points = vec![data.data_points[at].clone()],
                Points::ExponentialHistogram(data) => data.data_points = vec![data.data_points[at].clone()],
                Points::Summary(data) => data.data_points = vec![data.data_points[at].clone()],
            }
            one
        };
        (0..count).map(only).collect()
    }
}
