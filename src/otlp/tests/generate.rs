//! Random requests of every shape: empty and full fields, all kinds of values and points.
//!
//! A request is a function of a seed and a size, so that the same one can be made twice with different strings.

use super::oracle::Request;
use crate::otlp::Signal;
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, EntityRef, InstrumentationScope, KeyValue, KeyValueList,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::metrics::v1::summary_data_point::ValueAtQuantile;
use opentelemetry_proto::tonic::metrics::v1::{
    Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram, HistogramDataPoint,
    Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary, SummaryDataPoint, exemplar, metric,
    number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, Link};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use proptest::prelude::*;

/// A signal and a request of it.
pub(super) fn requests() -> impl Strategy<Value = (Signal, Request)> {
    (prop::sample::select(Signal::ALL.to_vec()), any::<u64>(), 0_u64..6)
        .prop_map(|(signal, seed, size)| (signal, Dice::new(seed, size, "é").request(signal)))
}

/// What random requests are made by.
pub(super) struct Dice {
    state: u64,
    /// No list is longer.
    size: u64,
    /// Stands in some of the strings.
    mark: &'static str,
}

impl Dice {
    pub(super) fn new(seed: u64, size: u64, mark: &'static str) -> Self {
        Self { state: seed, size, mark }
    }

    /// `SplitMix64`.
    fn roll(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.state ^ (self.state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.roll() % bound
    }

    fn flip(&mut self) -> bool {
        self.below(2) == 0
    }

    /// Small and large numbers, so that varints of every length occur.
    fn number(&mut self) -> u64 {
        self.roll() >> self.below(64)
    }

    fn list<T>(&mut self, mut make: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let size = self.size + 1;
        (0..self.below(size)).map(|_| make(self)).collect()
    }

    fn maybe<T>(&mut self, make: impl FnOnce(&mut Self) -> T) -> Option<T> {
        self.flip().then(|| make(self))
    }

    fn text(&mut self) -> String {
        match self.below(5) {
            0 => String::new(),
            1 => self.mark.repeat(1 + self.below(40) as usize),
            2 => format!("{}{}x", self.number(), self.mark),
            3 => "a longer string without anything special in it, as names are "
                .repeat(1 + self.below(4) as usize),
            _ => format!("key{}", self.below(4)),
        }
    }

    fn bytes(&mut self, len: usize) -> Vec<u8> {
        if self.below(4) == 0 { Vec::new() } else { (0..len).map(|_| self.roll() as u8).collect() }
    }

    fn double(&mut self) -> f64 {
        self.number() as f64 / 7.0 - 3.0
    }

    fn value(&mut self, depth: u64) -> AnyValue {
        let value = match self.below(if depth == 0 { 7 } else { 9 }) {
            0 => None,
            1 => Some(Value::BoolValue(self.flip())),
            2 => Some(Value::IntValue(self.number() as i64)),
            3 => Some(Value::DoubleValue(self.double())),
            4 => Some(Value::BytesValue(self.bytes(5))),
            5 | 6 => Some(Value::StringValue(self.text())),
            7 => {
                let values = self.list(|dice| dice.value(depth - 1));
                Some(Value::ArrayValue(ArrayValue { values }))
            }
            _ => {
                let values = self.list(|dice| dice.key_value(depth - 1));
                Some(Value::KvlistValue(KeyValueList { values }))
            }
        };
        AnyValue { value }
    }

    fn key_value(&mut self, depth: u64) -> KeyValue {
        KeyValue { key: self.text(), value: self.maybe(|dice| dice.value(depth)), key_strindex: 0 }
    }

    fn attributes(&mut self) -> Vec<KeyValue> {
        self.list(|dice| dice.key_value(2))
    }

    fn resource(&mut self) -> Resource {
        let entity = |dice: &mut Self| EntityRef {
            schema_url: dice.text(),
            r#type: dice.text(),
            id_keys: dice.list(Self::text),
            description_keys: dice.list(Self::text),
        };
        Resource {
            attributes: self.attributes(),
            dropped_attributes_count: self.number() as u32,
            entity_refs: self.list(entity),
        }
    }

    fn scope(&mut self) -> InstrumentationScope {
        InstrumentationScope {
            name: self.text(),
            version: self.text(),
            attributes: self.attributes(),
            dropped_attributes_count: self.number() as u32,
        }
    }

    pub(super) fn request(&mut self, signal: Signal) -> Request {
        match signal {
            Signal::Traces => {
                let resource_spans = self.list(Self::resource_spans);
                Request::Traces(ExportTraceServiceRequest { resource_spans })
            }
            Signal::Metrics => {
                let resource_metrics = self.list(Self::resource_metrics);
                Request::Metrics(ExportMetricsServiceRequest { resource_metrics })
            }
            Signal::Logs => {
                let resource_logs = self.list(Self::resource_logs);
                Request::Logs(ExportLogsServiceRequest { resource_logs })
            }
        }
    }

    fn resource_spans(&mut self) -> ResourceSpans {
        let scope_spans = |dice: &mut Self| ScopeSpans {
            scope: dice.maybe(Self::scope),
            spans: dice.list(Self::span),
            schema_url: dice.text(),
        };
        ResourceSpans {
            resource: self.maybe(Self::resource),
            scope_spans: self.list(scope_spans),
            schema_url: self.text(),
        }
    }

    fn resource_logs(&mut self) -> ResourceLogs {
        let scope_logs = |dice: &mut Self| ScopeLogs {
            scope: dice.maybe(Self::scope),
            log_records: dice.list(Self::log_record),
            schema_url: dice.text(),
        };
        ResourceLogs {
            resource: self.maybe(Self::resource),
            scope_logs: self.list(scope_logs),
            schema_url: self.text(),
        }
    }

    fn resource_metrics(&mut self) -> ResourceMetrics {
        let scope_metrics = |dice: &mut Self| ScopeMetrics {
            scope: dice.maybe(Self::scope),
            metrics: dice.list(Self::metric),
            schema_url: dice.text(),
        };
        ResourceMetrics {
            resource: self.maybe(Self::resource),
            scope_metrics: self.list(scope_metrics),
            schema_url: self.text(),
        }
    }

    fn span(&mut self) -> Span {
        Span {
            trace_id: self.bytes(16),
            span_id: self.bytes(8),
            trace_state: self.text(),
            parent_span_id: self.bytes(8),
            flags: self.number() as u32,
            name: self.text(),
            kind: self.below(6) as i32,
            start_time_unix_nano: self.number(),
            end_time_unix_nano: self.number(),
            attributes: self.attributes(),
            dropped_attributes_count: self.number() as u32,
            events: self.list(Self::event),
            dropped_events_count: self.number() as u32,
            links: self.list(Self::link),
            dropped_links_count: self.number() as u32,
            status: self.maybe(|dice| Status { message: dice.text(), code: dice.below(3) as i32 }),
        }
    }

    fn event(&mut self) -> Event {
        Event {
            time_unix_nano: self.number(),
            name: self.text(),
            attributes: self.attributes(),
            dropped_attributes_count: self.number() as u32,
        }
    }

    fn link(&mut self) -> Link {
        Link {
            trace_id: self.bytes(16),
            span_id: self.bytes(8),
            trace_state: self.text(),
            attributes: self.attributes(),
            dropped_attributes_count: self.number() as u32,
            flags: self.number() as u32,
        }
    }

    fn log_record(&mut self) -> LogRecord {
        LogRecord {
            time_unix_nano: self.number(),
            observed_time_unix_nano: self.number(),
            severity_number: self.below(25) as i32,
            severity_text: self.text(),
            body: self.maybe(|dice| dice.value(2)),
            attributes: self.attributes(),
            dropped_attributes_count: self.number() as u32,
            flags: self.number() as u32,
            trace_id: self.bytes(16),
            span_id: self.bytes(8),
            event_name: self.text(),
        }
    }

    fn metric(&mut self) -> Metric {
        Metric {
            name: self.text(),
            description: self.text(),
            unit: self.text(),
            metadata: self.attributes(),
            data: self.points(),
        }
    }

    fn points(&mut self) -> Option<metric::Data> {
        let aggregation_temporality = self.below(3) as i32;
        Some(match self.below(6) {
            0 => metric::Data::Gauge(Gauge { data_points: self.list(Self::number_point) }),
            1 => metric::Data::Sum(Sum {
                data_points: self.list(Self::number_point),
                aggregation_temporality,
                is_monotonic: self.flip(),
            }),
            2 => {
                let data_points = self.list(Self::histogram_point);
                metric::Data::Histogram(Histogram { data_points, aggregation_temporality })
            }
            3 => {
                let data_points = self.list(Self::exponential_point);
                metric::Data::ExponentialHistogram(ExponentialHistogram {
                    data_points,
                    aggregation_temporality,
                })
            }
            4 => metric::Data::Summary(Summary { data_points: self.list(Self::summary_point) }),
            _ => return None,
        })
    }

    fn number_point(&mut self) -> NumberDataPoint {
        let value = if self.flip() {
            number_data_point::Value::AsDouble(self.double())
        } else {
            number_data_point::Value::AsInt(self.number() as i64)
        };
        NumberDataPoint {
            attributes: self.attributes(),
            start_time_unix_nano: self.number(),
            time_unix_nano: self.number(),
            exemplars: self.list(Self::exemplar),
            flags: self.number() as u32,
            value: self.maybe(|_| value),
        }
    }

    fn exemplar(&mut self) -> Exemplar {
        Exemplar {
            filtered_attributes: self.attributes(),
            time_unix_nano: self.number(),
            span_id: self.bytes(8),
            trace_id: self.bytes(16),
            value: self.maybe(|dice| exemplar::Value::AsDouble(dice.double())),
        }
    }

    fn histogram_point(&mut self) -> HistogramDataPoint {
        HistogramDataPoint {
            attributes: self.attributes(),
            start_time_unix_nano: self.number(),
            time_unix_nano: self.number(),
            count: self.number(),
            sum: self.maybe(Self::double),
            bucket_counts: self.list(Self::number),
            explicit_bounds: self.list(Self::double),
            exemplars: self.list(Self::exemplar),
            flags: self.number() as u32,
            min: self.maybe(Self::double),
            max: self.maybe(Self::double),
        }
    }

    fn exponential_point(&mut self) -> ExponentialHistogramDataPoint {
        let buckets = |dice: &mut Self| Buckets {
            offset: dice.number() as i32,
            bucket_counts: dice.list(Self::number),
        };
        ExponentialHistogramDataPoint {
            attributes: self.attributes(),
            start_time_unix_nano: self.number(),
            time_unix_nano: self.number(),
            count: self.number(),
            sum: self.maybe(Self::double),
            scale: self.number() as i32,
            zero_count: self.number(),
            positive: self.maybe(buckets),
            negative: self.maybe(buckets),
            flags: self.number() as u32,
            exemplars: self.list(Self::exemplar),
            min: self.maybe(Self::double),
            max: self.maybe(Self::double),
            zero_threshold: self.double(),
        }
    }

    fn summary_point(&mut self) -> SummaryDataPoint {
        let quantile = |dice: &mut Self| ValueAtQuantile { quantile: dice.double(), value: dice.double() };
        SummaryDataPoint {
            attributes: self.attributes(),
            start_time_unix_nano: self.number(),
            time_unix_nano: self.number(),
            count: self.number(),
            sum: self.double(),
            quantile_values: self.list(quantile),
            flags: self.number() as u32,
        }
    }
}
