//! Views show what prost decodes.

use super::generate::requests;
use super::oracle::Request;
use crate::otlp::{
    AnyValueView, Attribute, Data, Limits, Metric, MetricKind, Number, Point, Record, Temporality,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::metrics::v1::{self as proto, metric, number_data_point};
use proptest::prelude::*;

fn value(view: AnyValueView<'_>) -> Option<Value> {
    use opentelemetry_proto::tonic::common::v1::{ArrayValue, KeyValueList};
    Some(match view {
        AnyValueView::Empty => return None,
        AnyValueView::Str(text) => Value::StringValue(text.to_string()),
        AnyValueView::Bool(it) => Value::BoolValue(it),
        AnyValueView::Int(it) => Value::IntValue(it),
        AnyValueView::Double(it) => Value::DoubleValue(it),
        AnyValueView::Bytes(it) => Value::BytesValue(it.to_vec()),
        AnyValueView::StrIndex(it) => Value::StringValueStrindex(it),
        AnyValueView::Array(it) => {
            let values = it.iter().map(|view| AnyValue { value: value(view) }).collect();
            Value::ArrayValue(ArrayValue { values })
        }
        AnyValueView::KvList(it) => Value::KvlistValue(KeyValueList { values: attributes(it.iter()) }),
    })
}

fn attributes<'a>(all: impl Iterator<Item = Attribute<'a>>) -> Vec<KeyValue> {
    let proto = |it: Attribute<'_>| KeyValue {
        key: it.key.to_string(),
        value: Some(AnyValue { value: value(it.value()) }),
        key_strindex: 0,
    };
    all.map(proto).collect()
}

/// An absent value and an empty one look the same in a view.
fn same(ours: Vec<KeyValue>, theirs: &[KeyValue]) -> bool {
    let normal = |it: &KeyValue| {
        let mut it = it.clone();
        normalise(&mut it);
        it
    };
    ours.iter().map(normal).eq(theirs.iter().map(normal))
}

fn normalise(attribute: &mut KeyValue) {
    let value = attribute.value.get_or_insert_default();
    normalise_value(value);
}

fn normalise_value(value: &mut AnyValue) {
    match &mut value.value {
        Some(Value::ArrayValue(array)) => array.values.iter_mut().for_each(normalise_value),
        Some(Value::KvlistValue(list)) => list.values.iter_mut().for_each(normalise),
        _ => {}
    }
}

fn id(bytes: &[u8]) -> [u8; 16] {
    bytes.try_into().unwrap_or_default()
}

fn around(record: Record<'_>, resource: &[KeyValue], urls: [&str; 2], scope: (&str, &str, &[KeyValue])) {
    assert!(same(attributes(record.resource().attributes()), resource));
    assert!(same(attributes(record.scope().attributes()), scope.2));
    assert_eq!([record.resource().schema_url().as_str(), record.scope().schema_url().as_str()], urls);
    assert_eq!((record.scope().name().as_str(), record.scope().version().as_str()), (scope.0, scope.1));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn views_show_what_prost_decodes((signal, request) in requests()) {
        let data = Data::check(signal, request.encode().into(), &Limits::default()).unwrap().data;
        prop_assert_eq!(data.records().len(), request.records());
        let mut records = data.records();
        match &request {
            Request::Traces(request) => {
                for resource in &request.resource_spans {
                    let outer = resource.resource.clone().unwrap_or_default();
                    for scope in &resource.scope_spans {
                        let inner = scope.scope.clone().unwrap_or_default();
                        for span in &scope.spans {
                            let record = records.next().unwrap();
                            let urls = [resource.schema_url.as_str(), scope.schema_url.as_str()];
                            around(record, &outer.attributes, urls, (&inner.name, &inner.version, &inner.attributes));
                            shows_span(record, span);
                        }
                    }
                }
            }
            Request::Logs(request) => {
                let all = request.resource_logs.iter().flat_map(|it| &it.scope_logs).flat_map(|it| &it.log_records);
                all.for_each(|log| shows_log(records.next().unwrap(), log));
            }
            Request::Metrics(request) => {
                let all = request.resource_metrics.iter().flat_map(|it| &it.scope_metrics).flat_map(|it| &it.metrics);
                all.for_each(|metric| shows_metric(records.next().unwrap(), metric));
            }
        }
        prop_assert!(records.next().is_none());
    }
}

fn shows_span(record: Record<'_>, span: &opentelemetry_proto::tonic::trace::v1::Span) {
    let view = record.span().unwrap();
    assert!(record.log().is_none() && record.metric().is_none());
    assert!(same(attributes(record.attributes()), &span.attributes));
    assert_eq!(view.name(), span.name.as_str());
    assert_eq!(view.trace_state(), span.trace_state.as_str());
    assert_eq!(
        (view.trace_id(), view.span_id(), view.parent_span_id()),
        (id(&span.trace_id), &span.span_id[..], &span.parent_span_id[..])
    );
    assert_eq!((view.start(), view.end()), (span.start_time_unix_nano, span.end_time_unix_nano));
    let status = span.status.clone().unwrap_or_default();
    assert_eq!((view.status_code(), view.status_message().as_str()), (status.code, status.message.as_str()));
    assert_eq!((view.kind(), view.flags()), (span.kind, span.flags));
}

fn shows_log(record: Record<'_>, log: &opentelemetry_proto::tonic::logs::v1::LogRecord) {
    let view = record.log().unwrap();
    assert!(same(attributes(record.attributes()), &log.attributes));
    assert_eq!((view.time(), view.observed_time()), (log.time_unix_nano, log.observed_time_unix_nano));
    assert_eq!((view.severity_number(), view.flags()), (log.severity_number, log.flags));
    assert_eq!(
        [view.severity_text().as_str(), view.event_name().as_str()],
        [&log.severity_text, &log.event_name]
    );
    assert_eq!((view.trace_id(), view.span_id()), (id(&log.trace_id), &log.span_id[..]));
    let body = |value| vec![KeyValue { value: Some(AnyValue { value }), ..KeyValue::default() }];
    assert!(same(body(value(view.body())), &body(log.body.clone().and_then(|it| it.value))));
}

fn shows_metric(record: Record<'_>, metric: &proto::Metric) {
    let view = record.metric().unwrap();
    assert!(same(attributes(record.attributes()), &metric.metadata));
    let texts = [view.name().as_str(), view.description().as_str(), view.unit().as_str()];
    assert_eq!(texts, [&metric.name, &metric.description, &metric.unit]);
    let expect = |kind, temporality: i32, monotonic| {
        let temporality =
            [Temporality::Unspecified, Temporality::Delta, Temporality::Cumulative][temporality as usize];
        assert_eq!((view.kind(), view.temporality(), view.is_monotonic()), (kind, temporality, monotonic));
    };
    match &metric.data {
        None => expect(None, 0, false),
        Some(metric::Data::Gauge(data)) => {
            expect(Some(MetricKind::Gauge), 0, false);
            shows_numbers(view, &data.data_points);
        }
        Some(metric::Data::Sum(data)) => {
            expect(Some(MetricKind::Sum), data.aggregation_temporality, data.is_monotonic);
            shows_numbers(view, &data.data_points);
        }
        Some(metric::Data::Histogram(data)) => {
            expect(Some(MetricKind::Histogram), data.aggregation_temporality, false);
            data.data_points.iter().zip(view.points()).for_each(|(point, view)| shows_histogram(view, point));
        }
        Some(metric::Data::ExponentialHistogram(data)) => {
            expect(Some(MetricKind::ExponentialHistogram), data.aggregation_temporality, false);
            for (point, view) in data.data_points.iter().zip(view.points()) {
                assert!(same(attributes(view.attributes()), &point.attributes));
                assert_eq!(
                    (view.count(), view.sum(), view.time()),
                    (Some(point.count), point.sum, point.time_unix_nano)
                );
                assert_eq!(view.no_recorded_value(), point.flags & 1 == 1);
                assert_eq!(view.bucket_counts().count(), 0);
            }
        }
        Some(metric::Data::Summary(data)) => {
            expect(Some(MetricKind::Summary), 0, false);
            for (point, view) in data.data_points.iter().zip(view.points()) {
                assert!(same(attributes(view.attributes()), &point.attributes));
                assert_eq!((view.count(), view.sum()), (Some(point.count), Some(point.sum)));
            }
        }
    }
}

fn shows_numbers(metric: Metric<'_>, points: &[proto::NumberDataPoint]) {
    assert_eq!(metric.points().count(), points.len());
    for (point, view) in points.iter().zip(metric.points()) {
        assert!(same(attributes(view.attributes()), &point.attributes));
        assert_eq!((view.start(), view.time()), (point.start_time_unix_nano, point.time_unix_nano));
        assert_eq!(view.no_recorded_value(), point.flags & 1 == 1);
        let number = point.value.map(|value| match value {
            number_data_point::Value::AsDouble(it) => Number::Double(it),
            number_data_point::Value::AsInt(it) => Number::Int(it),
        });
        assert_eq!((view.number(), view.count(), view.sum()), (number, None, None));
    }
}

fn shows_histogram(view: Point<'_>, point: &proto::HistogramDataPoint) {
    assert!(same(attributes(view.attributes()), &point.attributes));
    assert_eq!((view.count(), view.sum(), view.number()), (Some(point.count), point.sum, None));
    assert_eq!(view.no_recorded_value(), point.flags & 1 == 1);
    assert!(view.bucket_counts().eq(point.bucket_counts.iter().copied()));
    assert!(view.explicit_bounds().eq(point.explicit_bounds.iter().copied()));
}
