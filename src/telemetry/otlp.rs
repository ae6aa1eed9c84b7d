//! What weft says about itself, as OTLP: metrics of a snapshot, and log events.
//!
//! This is the cold path (once per interval), so it builds the structs of `opentelemetry-proto` and lets `prost`
//! encode them. Sending is the caller's.

use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
};
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, InstrumentationScope, KeyValue, any_value,
};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Gauge, Histogram, HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics,
    ScopeMetrics, Sum, metric, number_data_point,
};
use opentelemetry_proto::tonic::resource::v1::Resource as WireResource;
use prost::Message;

use super::def::{Def, Kind};
use super::logs::LogEvent;
use super::registry::{Labels, Sample, Snapshot, Value};
use super::resource::{self, Resource};

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The snapshot as an encoded `ExportMetricsServiceRequest`: one scope per instrumentation scope, sums and histograms
/// cumulative since the registry's start.
pub fn encode_metrics(snapshot: &Snapshot, resource: &Resource) -> Vec<u8> {
    let mut scopes: Vec<ScopeMetrics> = Vec::new();
    for samples in snapshot.families() {
        let Some(def) = samples.first().map(|sample| sample.def) else { continue };
        let metric = one_metric(def, samples, snapshot);
        let known =
            |group: &&mut ScopeMetrics| group.scope.as_ref().is_some_and(|scope| scope.name == def.scope);
        match scopes.iter_mut().find(known) {
            Some(group) => group.metrics.push(metric),
            None => scopes.push(ScopeMetrics {
                scope: Some(scope(def.scope)),
                metrics: vec![metric],
                ..ScopeMetrics::default()
            }),
        }
    }
    let metrics = ResourceMetrics {
        resource: Some(wire_resource(resource)),
        scope_metrics: scopes,
        schema_url: resource.schema_url.clone().unwrap_or_default(),
    };
    ExportMetricsServiceRequest { resource_metrics: vec![metrics] }.encode_to_vec()
}

/// Log events as an encoded `ExportLogsServiceRequest`: one scope per module that spoke.
pub fn encode_logs(events: &[LogEvent], resource: &Resource) -> Vec<u8> {
    let mut scopes: Vec<ScopeLogs> = Vec::new();
    for event in events {
        let known =
            |group: &&mut ScopeLogs| group.scope.as_ref().is_some_and(|scope| scope.name == event.target);
        match scopes.iter_mut().find(known) {
            Some(group) => group.log_records.push(record(event)),
            None => scopes.push(ScopeLogs {
                scope: Some(scope(event.target)),
                log_records: vec![record(event)],
                ..ScopeLogs::default()
            }),
        }
    }
    let logs = ResourceLogs {
        resource: Some(wire_resource(resource)),
        scope_logs: scopes,
        schema_url: resource.schema_url.clone().unwrap_or_default(),
    };
    ExportLogsServiceRequest { resource_logs: vec![logs] }.encode_to_vec()
}

fn record(event: &LogEvent) -> LogRecord {
    LogRecord {
        time_unix_nano: event.time_unix_nanos,
        observed_time_unix_nano: event.time_unix_nanos,
        severity_number: event.severity.number(),
        severity_text: event.severity.name().to_owned(),
        body: Some(any(&resource::Value::Text(event.message.clone()))),
        attributes: event.fields.iter().map(|(key, value)| pair(key, any(value))).collect(),
        ..LogRecord::default()
    }
}

fn one_metric(def: &Def, samples: &[Sample], snapshot: &Snapshot) -> Metric {
    let cumulative = AggregationTemporality::Cumulative.into();
    let numbers = || samples.iter().filter_map(|sample| number_point(sample, snapshot)).collect();
    let data = match def.kind {
        Kind::Counter | Kind::Seconds | Kind::UpDown => metric::Data::Sum(Sum {
            data_points: numbers(),
            aggregation_temporality: cumulative,
            is_monotonic: def.kind != Kind::UpDown,
        }),
        Kind::Gauge => metric::Data::Gauge(Gauge { data_points: numbers() }),
        Kind::Histogram => metric::Data::Histogram(Histogram {
            data_points: samples.iter().filter_map(|sample| histogram_point(sample, snapshot)).collect(),
            aggregation_temporality: cumulative,
        }),
    };
    Metric {
        name: def.name.to_owned(),
        description: def.description.to_owned(),
        unit: def.unit.to_owned(),
        data: Some(data),
        ..Metric::default()
    }
}

fn number_point(sample: &Sample, snapshot: &Snapshot) -> Option<NumberDataPoint> {
    let value = match &sample.value {
        Value::Count(count) => number_data_point::Value::AsInt(i64::try_from(*count).unwrap_or(i64::MAX)),
        Value::Number(number) => number_data_point::Value::AsDouble(*number),
        Value::Buckets { .. } => return None,
    };
    // A gauge is a value of now and has no start.
    let since = if sample.def.kind == Kind::Gauge { 0 } else { snapshot.start_unix_nanos };
    Some(NumberDataPoint {
        attributes: attributes(&sample.labels),
        start_time_unix_nano: since,
        time_unix_nano: snapshot.time_unix_nanos,
        value: Some(value),
        ..NumberDataPoint::default()
    })
}

fn histogram_point(sample: &Sample, snapshot: &Snapshot) -> Option<HistogramDataPoint> {
    let Value::Buckets { counts, sum } = &sample.value else { return None };
    Some(HistogramDataPoint {
        attributes: attributes(&sample.labels),
        start_time_unix_nano: snapshot.start_unix_nanos,
        time_unix_nano: snapshot.time_unix_nanos,
        count: counts.iter().sum(),
        sum: Some(*sum),
        bucket_counts: counts.to_vec(),
        explicit_bounds: sample.def.bounds.to_vec(),
        ..HistogramDataPoint::default()
    })
}

fn scope(name: &str) -> InstrumentationScope {
    InstrumentationScope {
        name: name.to_owned(),
        version: VERSION.to_owned(),
        ..InstrumentationScope::default()
    }
}

fn wire_resource(resource: &Resource) -> WireResource {
    let attributes = resource.attributes.iter().map(|(key, value)| pair(key, any(value))).collect();
    WireResource { attributes, ..WireResource::default() }
}

fn attributes(labels: &Labels) -> Vec<KeyValue> {
    labels.iter().map(|(key, value)| pair(key, any(&resource::Value::Text(value.to_string())))).collect()
}

fn pair(key: &str, value: AnyValue) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(value), ..KeyValue::default() }
}

fn any(value: &resource::Value) -> AnyValue {
    let value = match value {
        resource::Value::Text(text) => any_value::Value::StringValue(text.clone()),
        resource::Value::Bool(value) => any_value::Value::BoolValue(*value),
        resource::Value::Int(value) => any_value::Value::IntValue(*value),
        resource::Value::Float(value) => any_value::Value::DoubleValue(*value),
        resource::Value::List(values) => {
            any_value::Value::ArrayValue(ArrayValue { values: values.iter().map(any).collect() })
        }
    };
    AnyValue { value: Some(value) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::telemetry::logs::Severity;
    use crate::telemetry::registry::{Options, Registry};
    use crate::telemetry::{names, settings::ResourceSettings};

    fn resource() -> Resource {
        let settings =
            ResourceSettings { schema_url: Some("https://s".into()), ..ResourceSettings::default() };
        Resource::new(&settings, "weft", "0.1.0", "id")
    }

    fn decoded(registry: &Registry) -> ResourceMetrics {
        let bytes = encode_metrics(&registry.snapshot(9), &resource());
        let mut request = ExportMetricsServiceRequest::decode(bytes.as_slice()).unwrap();
        assert_eq!(request.resource_metrics.len(), 1);
        request.resource_metrics.remove(0)
    }

    #[test]
    fn each_kind_becomes_its_otlp_kind() {
        let registry = Registry::new(Options { start_unix_nanos: 4, ..Options::default() });
        registry.counter(&names::RELOADS, &[("outcome", "success")]).increment(3);
        registry.gauge(&names::BUDGET_USED, &[]).set(7.0);
        registry.gauge(&names::CONNECTIONS, &[]).increment(2.0);
        registry.gauge(&names::PROCESS_CPU_SECONDS, &[]).set(0.5);
        registry.histogram(&names::SEND_DURATION, &[]).record(0.2);
        let metrics = decoded(&registry);
        assert_eq!(metrics.schema_url, "https://s");
        assert_eq!(metrics.resource.unwrap().attributes.len(), 3);
        let all: Vec<Metric> = metrics.scope_metrics.into_iter().flat_map(|scope| scope.metrics).collect();
        let data = |name: &str| all.iter().find(|metric| metric.name == name).unwrap().data.clone().unwrap();
        let metric::Data::Sum(sum) = data("weft_reloads") else { panic!() };
        assert!(sum.is_monotonic && sum.aggregation_temporality == 2);
        let point = &sum.data_points[0];
        assert_eq!((point.start_time_unix_nano, point.time_unix_nano), (4, 9));
        assert_eq!(point.value, Some(number_data_point::Value::AsInt(3)));
        assert_eq!(point.attributes[0].key, "outcome");
        let metric::Data::Gauge(gauge) = data("weft_budget_used") else { panic!() };
        assert_eq!(gauge.data_points[0].start_time_unix_nano, 0);
        assert!(matches!(data("weft_connections"), metric::Data::Sum(sum) if !sum.is_monotonic));
        assert!(matches!(data("otelcol_process_cpu_seconds"), metric::Data::Sum(sum) if sum.is_monotonic));
        let metric::Data::Histogram(histogram) = data("weft_send_duration") else { panic!() };
        let point = &histogram.data_points[0];
        assert_eq!((point.count, point.sum), (1, Some(0.2)));
        assert_eq!(point.bucket_counts.len(), point.explicit_bounds.len() + 1);
    }

    #[test]
    fn metrics_of_one_scope_stand_together() {
        let registry = Registry::default();
        registry.counter(&names::RECEIVER_ACCEPTED.spans, &[]).increment(1);
        registry.counter(&names::RELOADS, &[]).increment(1);
        registry.counter(&names::RECEIVER_REFUSED.spans, &[]).increment(1);
        let sizes: Vec<usize> =
            decoded(&registry).scope_metrics.iter().map(|scope| scope.metrics.len()).collect();
        assert_eq!(sizes, [2, 1]);
    }

    #[test]
    fn log_events_keep_their_severity_and_fields() {
        let event = |target, severity| LogEvent {
            time_unix_nanos: 8,
            severity,
            target,
            message: "hello".into(),
            fields: vec![("n".into(), resource::Value::Int(-3))],
        };
        let events = [
            event("weft::a", Severity::Warn),
            event("weft::b", Severity::Error),
            event("weft::a", Severity::Info),
        ];
        let bytes = encode_logs(&events, &resource());
        let request = ExportLogsServiceRequest::decode(bytes.as_slice()).unwrap();
        let scopes = &request.resource_logs[0].scope_logs;
        assert_eq!(scopes.iter().map(|scope| scope.log_records.len()).collect::<Vec<_>>(), [2, 1]);
        let record = &scopes[0].log_records[0];
        assert_eq!((record.severity_number, record.severity_text.as_str()), (13, "warn"));
        assert_eq!(record.body.as_ref().unwrap().value, Some(any_value::Value::StringValue("hello".into())));
        assert_eq!(record.attributes[0].value.as_ref().unwrap().value, Some(any_value::Value::IntValue(-3)));
        assert_eq!(record.time_unix_nano, 8);
    }
}
