//! The tables against the messages that prost generates from the same `.proto` files.
//!
//! prost tells the name of a field in the error it gives for a wrong wire type, so number, name and type of every
//! field can be asked of it; and a number that it does not know it passes over whatever the wire type.

use super::*;
use crate::otlp::wire::{put_bytes, put_varint};
use opentelemetry_proto::tonic::collector::{logs::v1 as l, metrics::v1 as m, trace::v1 as t};
use opentelemetry_proto::tonic::{
    common::v1 as c, logs, metrics::v1 as mm, resource::v1 as r, trace::v1 as tt,
};
use prost::Message as _;

/// Decodes with prost and encodes again.
type Prost = fn(&[u8]) -> Result<Vec<u8>, String>;

/// The name prost has for an enum's number.
type Names<'a> = &'a dyn Fn(i32) -> Option<&'static str>;

fn prost<M: prost::Message + Default>(bytes: &[u8]) -> Result<Vec<u8>, String> {
    M::decode(bytes).map(|message| message.encode_to_vec()).map_err(|error| error.to_string())
}

const PAIRS: &[(&Message, Prost)] = &[
    (&ANY_VALUE, prost::<c::AnyValue>),
    (&ARRAY_VALUE, prost::<c::ArrayValue>),
    (&KEY_VALUE_LIST, prost::<c::KeyValueList>),
    (&KEY_VALUE, prost::<c::KeyValue>),
    (&INSTRUMENTATION_SCOPE, prost::<c::InstrumentationScope>),
    (&ENTITY_REF, prost::<c::EntityRef>),
    (&RESOURCE, prost::<r::Resource>),
    (&TRACES_REQUEST, prost::<t::ExportTraceServiceRequest>),
    (&TRACES_RESPONSE, prost::<t::ExportTraceServiceResponse>),
    (&TRACES_PARTIAL_SUCCESS, prost::<t::ExportTracePartialSuccess>),
    (&RESOURCE_SPANS, prost::<tt::ResourceSpans>),
    (&SCOPE_SPANS, prost::<tt::ScopeSpans>),
    (&SPAN, prost::<tt::Span>),
    (&SPAN_EVENT, prost::<tt::span::Event>),
    (&SPAN_LINK, prost::<tt::span::Link>),
    (&SPAN_STATUS, prost::<tt::Status>),
    (&LOGS_REQUEST, prost::<l::ExportLogsServiceRequest>),
    (&LOGS_RESPONSE, prost::<l::ExportLogsServiceResponse>),
    (&LOGS_PARTIAL_SUCCESS, prost::<l::ExportLogsPartialSuccess>),
    (&RESOURCE_LOGS, prost::<logs::v1::ResourceLogs>),
    (&SCOPE_LOGS, prost::<logs::v1::ScopeLogs>),
    (&LOG_RECORD, prost::<logs::v1::LogRecord>),
    (&METRICS_REQUEST, prost::<m::ExportMetricsServiceRequest>),
    (&METRICS_RESPONSE, prost::<m::ExportMetricsServiceResponse>),
    (&METRICS_PARTIAL_SUCCESS, prost::<m::ExportMetricsPartialSuccess>),
    (&RESOURCE_METRICS, prost::<mm::ResourceMetrics>),
    (&SCOPE_METRICS, prost::<mm::ScopeMetrics>),
    (&METRIC, prost::<mm::Metric>),
    (&GAUGE, prost::<mm::Gauge>),
    (&SUM, prost::<mm::Sum>),
    (&HISTOGRAM, prost::<mm::Histogram>),
    (&EXPONENTIAL_HISTOGRAM, prost::<mm::ExponentialHistogram>),
    (&SUMMARY, prost::<mm::Summary>),
    (&NUMBER_DATA_POINT, prost::<mm::NumberDataPoint>),
    (&HISTOGRAM_DATA_POINT, prost::<mm::HistogramDataPoint>),
    (&EXPONENTIAL_HISTOGRAM_DATA_POINT, prost::<mm::ExponentialHistogramDataPoint>),
    (&BUCKETS, prost::<mm::exponential_histogram_data_point::Buckets>),
    (&SUMMARY_DATA_POINT, prost::<mm::SummaryDataPoint>),
    (&VALUE_AT_QUANTILE, prost::<mm::summary_data_point::ValueAtQuantile>),
    (&EXEMPLAR, prost::<mm::Exemplar>),
];

const WIRE_TYPES: [WireType; 4] = [WireType::Varint, WireType::Fixed64, WireType::Len, WireType::Fixed32];

fn key(number: u32, wire_type: WireType) -> Vec<u8> {
    let mut out = Vec::new();
    put_varint(&mut out, u64::from(number << 3 | wire_type as u32));
    out
}

/// A field with a well-formed value of that wire type, eight zero bytes or the like.
fn zero(number: u32, wire_type: WireType) -> Vec<u8> {
    let len = match wire_type {
        WireType::Varint | WireType::Len => 1,
        WireType::Fixed64 => 8,
        WireType::Fixed32 => 4,
    };
    [key(number, wire_type), vec![0; len]].concat()
}

fn fields() -> impl Iterator<Item = (&'static Message, &'static Field, Prost)> {
    PAIRS
        .iter()
        .flat_map(|(message, prost)| message.fields.iter().map(move |field| (*message, field, *prost)))
}

#[test]
fn every_field_has_the_name_and_wire_type_that_prost_gives_its_number() {
    for (message, field, prost) in fields() {
        for wire_type in WIRE_TYPES {
            let verdict = prost(&zero(field.number, wire_type));
            let both = field.packed() && wire_type == field.kind.wire_type();
            if wire_type == field.wire_type() || both {
                verdict.unwrap_or_else(|error| panic!("{}.{}: {error}", message.name, field.name));
            } else {
                let error = verdict.unwrap_err().replace("r#", "");
                // A oneof's member is told by the name of the oneof.
                let names = [field.name, "value", "data"].map(|name| format!("{}.{name}:", message.name));
                let told = names.iter().any(|name| error.contains(name.as_str()));
                assert!(told, "{}.{}: {error}", message.name, field.name);
                assert!(field.label == Label::Oneof || error.contains(&names[0]), "{error}");
            }
        }
    }
}

#[test]
fn no_field_is_missing() {
    for (message, prost) in PAIRS {
        for number in (1..2100).filter(|number| message.field(*number).is_none()) {
            for wire_type in WIRE_TYPES {
                let verdict = prost(&zero(number, wire_type));
                assert_eq!(verdict, Ok(Vec::new()), "{}: {number}", message.name);
            }
        }
    }
}

#[test]
fn message_fields_hold_the_messages_that_prost_expects() {
    for (message, field, prost) in fields() {
        let Kind::Message(inner) = field.kind else { continue };
        let first = &inner.fields[0];
        let wrong = WIRE_TYPES
            .into_iter()
            .find(|wire_type| *wire_type != first.wire_type() && *wire_type != first.kind.wire_type());
        let mut bytes = Vec::new();
        put_bytes(&mut bytes, field.number, &zero(first.number, wrong.unwrap()));
        let error = prost(&bytes).unwrap_err();
        assert!(error.contains(&format!("{}.", inner.name)), "{}.{}: {error}", message.name, field.name);
    }
}

/// Whether prost keeps this varint as it is, which tells the kinds of integers apart.
fn keeps(prost: Prost, number: u32, bits: u64) -> bool {
    let mut bytes = key(number, WireType::Varint);
    put_varint(&mut bytes, bits);
    prost(&bytes).unwrap() == bytes
}

#[test]
fn integers_are_as_wide_as_prost_has_them() {
    for (message, field, prost) in fields().filter(|(_, field, _)| !field.repeated()) {
        if field.kind.wire_type() != WireType::Varint {
            continue;
        }
        let kept = [2, 1 << 31, 1 << 40, u64::MAX].map(|bits| keeps(prost, field.number, bits));
        let expected = match field.kind {
            Kind::Bool => [false; 4],
            Kind::Int32 | Kind::Enum(_) => [true, false, false, true],
            Kind::Uint32 | Kind::Sint32 => [true, true, false, false],
            _ => [true; 4],
        };
        assert_eq!(kept, expected, "{}.{}", message.name, field.name);
    }
}

#[test]
fn zigzag_is_where_prost_has_it() {
    let ours: Vec<_> = fields()
        .filter(|(_, field, _)| matches!(field.kind, Kind::Sint32))
        .map(|(message, field, _)| format!("{}.{}", message.name, field.name))
        .collect();
    assert_eq!(ours, ["ExponentialHistogramDataPoint.scale", "Buckets.offset"]);
    let point = mm::ExponentialHistogramDataPoint { scale: -1, ..Default::default() };
    let buckets = mm::exponential_histogram_data_point::Buckets { offset: -1, ..Default::default() };
    assert_eq!([point.encode_to_vec()[1], buckets.encode_to_vec()[1]], [1, 1]);
}

#[test]
fn presence_is_where_prost_has_it() {
    for (message, field, prost) in fields().filter(|(_, field, _)| !field.repeated()) {
        let bytes = zero(field.number, field.wire_type());
        let present = field.label != Label::Single || matches!(field.kind, Kind::Message(_));
        assert_eq!(prost(&bytes).unwrap() == bytes, present, "{}.{}", message.name, field.name);
    }
}

#[test]
fn repeated_fields_are_where_prost_has_them() {
    for (message, field, prost) in fields() {
        let once = zero(field.number, field.kind.wire_type());
        let entries = prost(&once.repeat(2)).unwrap();
        // A packed field comes back as key, length and two zeros.
        let zeros = once.len() - key(field.number, field.kind.wire_type()).len();
        let expected = if field.packed() { 2 + 2 * zeros } else { 2 * once.len() };
        assert_eq!(entries.len() == expected, field.repeated(), "{}.{}", message.name, field.name);
    }
}

#[test]
fn json_names_are_the_camel_case_of_the_names() {
    for (_, field, _) in fields() {
        let mut words = field.name.split('_');
        let mut camel = words.next().unwrap().to_owned();
        for word in words {
            camel.push_str(&word[..1].to_uppercase());
            camel.push_str(&word[1..]);
        }
        assert_eq!(field.json, camel);
    }
}

#[test]
fn fields_are_found_by_number_and_by_either_name() {
    for (message, _) in
        PAIRS.iter().chain(&[(&RPC_STATUS, prost::<c::AnyValue> as Prost), (&ANY, prost::<c::AnyValue>)])
    {
        for (position, field) in message.fields.iter().enumerate() {
            assert_eq!(message.position(field.number), Some(position));
            assert_eq!(message.position_named(field.json.as_bytes()), Some(position));
            assert_eq!(message.position_named(field.name.as_bytes()), Some(position));
        }
        for absent in ["", "x", "Name", "traceid", "trace-id", "a name as long as it can be, and no field's"]
        {
            assert_eq!(message.position_named(absent.as_bytes()), None, "{absent}");
        }
        assert_eq!(
            (message.position(0), message.position(17), message.position(u32::MAX)),
            (None, None, None)
        );
    }
}

#[test]
fn enums_have_prosts_names() {
    let kinds = |at| tt::span::SpanKind::try_from(at).map(|value| value.as_str_name()).ok();
    let codes = |at| tt::status::StatusCode::try_from(at).map(|value| value.as_str_name()).ok();
    let severities = |at| logs::v1::SeverityNumber::try_from(at).map(|value| value.as_str_name()).ok();
    let temporalities = |at| mm::AggregationTemporality::try_from(at).map(|value| value.as_str_name()).ok();
    let all: [(&Enum, Names<'_>); 4] = [
        (&SPAN_KIND, &kinds),
        (&STATUS_CODE, &codes),
        (&SEVERITY_NUMBER, &severities),
        (&AGGREGATION_TEMPORALITY, &temporalities),
    ];
    for (ours, prost) in all {
        let expected: Vec<_> = (0..100).map_while(prost).collect();
        assert_eq!(ours.values, expected, "{}", ours.name);
        for (at, name) in (0..).zip(ours.values) {
            assert_eq!(ours.number(name.as_bytes()), Some(at));
        }
        assert_eq!(ours.number(b"SPAN_KIND_REMOTE"), None);
    }
}

#[test]
fn only_values_nest() {
    let nesting: Vec<_> = PAIRS.iter().filter(|(message, _)| message.nests()).map(|(m, _)| m.name).collect();
    assert_eq!(nesting, ["AnyValue"]);
}
