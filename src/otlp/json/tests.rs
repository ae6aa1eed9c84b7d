//! Both ways against each other, against the JSON of opentelemetry-proto, and against the protocol's own examples.

use super::*;
use crate::otlp::schema;
use crate::otlp::wire::put_varint;
use crate::otlp::{Limits, Signal};
use bytes::Bytes;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::collector::{
    logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
};
use prost::Message as _;
use serde_json::{Value, json};

mod hostile;
mod random;

fn to_json(signal: Signal, wire: &[u8]) -> String {
    let mut out = Vec::new();
    encode(signal, &[Bytes::copy_from_slice(wire)], &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn to_wire(signal: Signal, text: &str) -> Vec<u8> {
    decode(signal, text.as_bytes(), &Limits::default()).unwrap()
}

fn error(signal: Signal, text: &str) -> String {
    decode(signal, text.as_bytes(), &Limits::default()).unwrap_err().to_string()
}

fn span(members: &str) -> String {
    format!(r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{{members}}}]}}]}}]}}"#)
}

fn first_span(members: &str) -> opentelemetry_proto::tonic::trace::v1::Span {
    let wire = to_wire(Signal::Traces, &span(members));
    let mut request = ExportTraceServiceRequest::decode(wire.as_slice()).unwrap();
    request.resource_spans.remove(0).scope_spans.remove(0).spans.remove(0)
}

/// The wire bytes of a message with one body in a field.
fn field(number: u32, body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    crate::otlp::wire::put_bytes(&mut out, number, body);
    out
}

/// What opentelemetry-proto makes of wire bytes, as JSON.
fn theirs(signal: Signal, wire: &[u8]) -> Value {
    match signal {
        Signal::Traces => serde_json::to_value(ExportTraceServiceRequest::decode(wire).unwrap()),
        Signal::Metrics => serde_json::to_value(ExportMetricsServiceRequest::decode(wire).unwrap()),
        Signal::Logs => serde_json::to_value(ExportLogsServiceRequest::decode(wire).unwrap()),
    }
    .unwrap()
}

/// The wire bytes opentelemetry-proto makes of JSON.
fn their_wire(signal: Signal, text: &str) -> Vec<u8> {
    match signal {
        Signal::Traces => serde_json::from_str::<ExportTraceServiceRequest>(text).unwrap().encode_to_vec(),
        Signal::Metrics => serde_json::from_str::<ExportMetricsServiceRequest>(text).unwrap().encode_to_vec(),
        Signal::Logs => serde_json::from_str::<ExportLogsServiceRequest>(text).unwrap().encode_to_vec(),
    }
}

fn prost_normal(signal: Signal, wire: &[u8]) -> Vec<u8> {
    match signal {
        Signal::Traces => ExportTraceServiceRequest::decode(wire).unwrap().encode_to_vec(),
        Signal::Metrics => ExportMetricsServiceRequest::decode(wire).unwrap().encode_to_vec(),
        Signal::Logs => ExportLogsServiceRequest::decode(wire).unwrap().encode_to_vec(),
    }
}

#[test]
fn the_protocols_examples_go_through_unchanged() {
    let shared = concat!(env!("CARGO_MANIFEST_DIR"), "/../shared/testdata/opentelemetry-proto/examples");
    let examples = [
        ("trace", Signal::Traces),
        ("metrics", Signal::Metrics),
        ("logs", Signal::Logs),
        ("events", Signal::Logs),
    ];
    for (name, signal) in examples {
        let Ok(text) = std::fs::read_to_string(format!("{shared}/{name}.json")) else {
            eprintln!("SKIPPED: {shared}/{name}.json is not there");
            continue;
        };
        let wire = to_wire(signal, &text);
        assert_eq!(prost_normal(signal, &wire), their_wire(signal, &text), "{name}");
        let expected = normal(serde_json::from_str(&text).unwrap());
        let ours = normal(serde_json::from_str(&to_json(signal, &wire)).unwrap());
        assert_eq!(ours, expected, "{name}");
    }
}

/// Drops what the two spellings of an example may differ in: case of ids, empty messages, zeros, `5.0` for `5`.
fn normal(value: Value) -> Value {
    match value {
        Value::Object(members) => members
            .into_iter()
            .map(|(name, value)| {
                let upper = name.ends_with("Id");
                let value = normal(value);
                (name, if upper { json!(value.as_str().unwrap().to_lowercase()) } else { value })
            })
            .filter(|(name, value)| *value != json!({}) && (*value != json!(0.0) || name == "min"))
            .collect(),
        Value::Array(entries) => entries.into_iter().map(normal).collect(),
        Value::Number(number) => json!(number.as_f64().unwrap()),
        other => other,
    }
}

#[test]
fn a_span_is_written_as_the_collector_writes_it() {
    let text = span(
        r#""traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b174","flags":257,"name":"a","kind":2,"startTimeUnixNano":"1544712660000000000","attributes":[{"key":"k","value":{"intValue":"-7"}},{"key":"n","value":{}}],"status":{"message":"m","code":2}"#,
    );
    let with_absent = text.replace(r#"{"scopeSpans":[{"#, r#"{"resource":{},"scopeSpans":[{"scope":{},"#);
    assert_eq!(to_json(Signal::Traces, &to_wire(Signal::Traces, &text)), with_absent);
}

#[test]
fn nothing_is_an_empty_object() {
    assert_eq!(to_wire(Signal::Logs, " {} "), b"");
    assert_eq!(to_json(Signal::Logs, b""), "{}");
    let mut out = Vec::new();
    encode(Signal::Logs, &[], &mut out).unwrap();
    assert_eq!(out, b"{}");
}

#[test]
fn pieces_are_one_request() {
    let piece = |url: &str| {
        Bytes::from(to_wire(Signal::Traces, &format!(r#"{{"resourceSpans":[{{"schemaUrl":"{url}"}}]}}"#)))
    };
    let mut out = Vec::new();
    encode(Signal::Traces, &[piece("a"), Bytes::new(), piece("b")], &mut out).unwrap();
    let expected = r#"{"resourceSpans":[{"resource":{},"schemaUrl":"a"},{"resource":{},"schemaUrl":"b"}]}"#;
    assert_eq!(String::from_utf8(out).unwrap(), expected);
}

#[test]
fn messages_in_parts_merge_and_of_scalars_the_last_counts() {
    // A span with two statuses (message, then code) and two names.
    let span = [field(15, &[0x12, 1, b'm']), field(5, b"x"), field(15, &[0x18, 2]), field(5, b"y")].concat();
    let wire = field(1, &field(2, &field(2, &span)));
    let expected = [r#""name":"y""#, r#""status":{"message":"m","code":2}"#];
    let text = to_json(Signal::Traces, &wire);
    assert!(expected.iter().all(|part| text.contains(part)), "{text}");
    // The Collector's `"resource":{}` and `"scope":{}` come back as two empty messages of two bytes.
    let back = prost_normal(Signal::Traces, &to_wire(Signal::Traces, &text));
    assert_eq!(back.len(), prost_normal(Signal::Traces, &wire).len() + 4);
}

/// Of a oneof the last member counts; the same message member in a row merges, as prost has it.
#[test]
fn a_oneof_given_more_than_once_means_what_prost_says() {
    let string = |text: &str| field(1, text.as_bytes());
    let array = |text: &str| field(5, &field(1, &string(text)));
    let int = vec![0x18, 5];
    let cases = [
        ([string("a"), string("b")].concat(), r#"{"stringValue":"b"}"#),
        ([string("a"), int.clone()].concat(), r#"{"intValue":"5"}"#),
        (
            [int.clone(), array("a"), array("b")].concat(),
            r#"{"arrayValue":{"values":[{"stringValue":"a"},{"stringValue":"b"}]}}"#,
        ),
        ([array("a"), int, array("b")].concat(), r#"{"arrayValue":{"values":[{"stringValue":"b"}]}}"#),
    ];
    for (value, expected) in cases {
        let mut out = Vec::new();
        encode_message(&schema::ANY_VALUE, &value, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        let theirs = opentelemetry_proto::tonic::common::v1::AnyValue::decode(value.as_slice()).unwrap();
        let ours = decode_message(&schema::ANY_VALUE, expected.as_bytes(), &Limits::default()).unwrap();
        assert_eq!(ours, theirs.encode_to_vec());
    }
}

#[test]
fn integers_stand_as_numbers_or_strings() {
    for (text, expected) in [
        ("7", 7),
        ("\"7\"", 7),
        ("0", 0),
        ("-0", 0),
        ("7.0", 7),
        ("7e2", 700),
        ("\"7.0e1\"", 70),
        ("18446744073709551615", u64::MAX),
        ("\"18446744073709551615\"", u64::MAX),
        ("9007199254740993", 9007199254740993),
        ("9007199254740993.00", 9007199254740993),
        ("90071992547409930e-1", 9007199254740993),
        ("0e99999999999999999999", 0),
        ("0.0e-7", 0),
    ] {
        assert_eq!(
            first_span(&format!(r#""startTimeUnixNano":{text}"#)).start_time_unix_nano,
            expected,
            "{text}"
        );
    }
    for text in [
        "-1",
        "18446744073709551616",
        "1.5",
        "1e30",
        "1e-1",
        "1.000000000000000000000001",
        "1e99999999999999999999",
        "\"\"",
        "\" 1\"",
        "\"+1\"",
        "\"0x1\"",
        "\"1_0\"",
        "\"NaN\"",
        "true",
        "{}",
        "[]",
    ] {
        let error = error(Signal::Traces, &span(&format!(r#""startTimeUnixNano":{text}"#)));
        assert!(error.contains("expected an integer from 0 to 18446744073709551615"), "{text}: {error}");
        assert!(error.starts_with("resourceSpans[0].scopeSpans[0].spans[0].startTimeUnixNano: "), "{error}");
    }
    assert_eq!(first_span(r#""droppedLinksCount":4294967295"#).dropped_links_count, u32::MAX);
    assert!(error(Signal::Traces, &span(r#""droppedLinksCount":4294967296"#)).contains("4294967295"));
}

#[test]
fn signed_integers_keep_their_sign() {
    let value = |text: &str| {
        let text = format!(r#"{{"intValue":{text}}}"#);
        decode_message(&schema::ANY_VALUE, text.as_bytes(), &Limits::default())
    };
    for int in [i64::MIN, -1, 0, i64::MAX] {
        let expected = [vec![0x18], {
            let mut v = Vec::new();
            put_varint(&mut v, int.cast_unsigned());
            v
        }]
        .concat();
        assert_eq!(value(&int.to_string()).unwrap(), expected);
        assert_eq!(value(&format!("\"{int}\"")).unwrap(), expected);
    }
    assert!(value("9223372036854775808").is_err());
    assert!(value("-9223372036854775809").is_err());
}

#[test]
fn enums_stand_as_numbers_or_names() {
    for (text, kind) in [("3", 3), ("\"SPAN_KIND_CLIENT\"", 3), ("77", 77), ("-1", -1), ("null", 0)] {
        assert_eq!(first_span(&format!(r#""kind":{text}"#)).kind, kind, "{text}");
    }
    for text in ["\"CLIENT\"", "\"3\"", "1.5", "4294967296", "true"] {
        assert!(
            error(Signal::Traces, &span(&format!(r#""kind":{text}"#)))
                .contains("a number or a name of the enum")
        );
    }
}

#[test]
fn doubles_stand_as_numbers_or_words() {
    let value = |text: &str| {
        let text = format!(r#"{{"doubleValue":{text}}}"#);
        let wire = decode_message(&schema::ANY_VALUE, text.as_bytes(), &Limits::default()).ok()?;
        Some(f64::from_le_bytes(*wire.last_chunk().unwrap()))
    };
    let cases = [
        ("1", 1.0),
        ("-0.5e-3", -0.5e-3),
        ("\"2.5\"", 2.5),
        ("5e-324", 5e-324),
        ("\"Infinity\"", f64::INFINITY),
        ("\"-Infinity\"", f64::NEG_INFINITY),
        ("9007199254740993", 9007199254740992.0),
        ("0.1", 0.1),
    ];
    for (text, expected) in cases {
        assert_eq!(value(text), Some(expected), "{text}");
    }
    assert!(value("\"NaN\"").unwrap().is_nan());
    for text in
        ["1e999", "\"1e999\"", "\"nan\"", "\"inf\"", "\"\"", "\"+1\"", "\".5\"", "NaN", "Infinity", "true"]
    {
        assert_eq!(value(text), None, "{text}");
    }
}

#[test]
fn ids_are_hex_of_either_case_and_of_their_length() {
    let id = "5B8EFFF798038103d269b633813fc60c";
    assert_eq!(first_span(&format!(r#""traceId":"{id}""#)).trace_id[..3], [0x5b, 0x8e, 0xff]);
    assert_eq!(first_span(r#""parentSpanId":"""#).parent_span_id, b"");
    assert_eq!(first_span(r#""parentSpanId":null"#).parent_span_id, b"");
    for bad in [
        "W47/95gDgQPSabYzgT/GDA==",
        "5b",
        "5b8efff798038103d269b633813fc60",
        "5b8efff798038103d269b633813fc60g",
    ] {
        let error = error(Signal::Traces, &span(&format!(r#""traceId":"{bad}""#)));
        assert!(error.contains("traceId: unfit value, expected 32 hex digits"), "{error}");
        assert!(!error.contains(bad));
    }
    assert!(
        error(Signal::Traces, &span(r#""spanId":7"#))
            .contains("found a number, expected a string of hex digits")
    );
    let zeros = to_wire(Signal::Traces, &span(r#""spanId":"0000000000000000""#));
    assert!(!to_json(Signal::Traces, &zeros).contains("spanId"));
}

#[test]
fn bytes_are_base64_of_either_alphabet_padded_or_not() {
    let value = |text: &str| {
        let text = format!(r#"{{"bytesValue":"{text}"}}"#);
        decode_message(&schema::ANY_VALUE, text.as_bytes(), &Limits::default()).ok()
    };
    let expected = Some(field(7, &[0xfb, 0xef, 0xff, 0xfe]));
    for text in ["++///g==", "--___g==", "++///g", "--___g", r"++\/\/\/g=="] {
        assert_eq!(value(text), expected, "{text}");
    }
    assert_eq!(value(""), Some(field(7, b"")));
    for text in ["+-", "a", "a b", "===="] {
        assert_eq!(value(text), None, "{text}");
    }
}

#[test]
fn names_are_camel_or_snake_and_unknown_ones_are_stepped_over() {
    let text = r#"{"resource_spans":[{"scope_spans":[{"spans":[{"parent_span_id":"eee19b7ec3c1b174","n\u0061me":"x","unknown":[{"deep":[1,-2.5e+3,"\"",true,null,{}]}],"Name":3}],"schema_url":"u"}]}],"x":"\ud800"}"#;
    let same = span(r#""parentSpanId":"eee19b7ec3c1b174","name":"x""#)
        .replace("}]}]}]}", r#"}],"schemaUrl":"u"}]}]}"#);
    assert_eq!(to_wire(Signal::Traces, text), to_wire(Signal::Traces, &same));
}

#[test]
fn null_is_the_default() {
    let text = r#"{"resourceSpans":[{"resource":null,"scopeSpans":null,"schemaUrl":null}]}"#;
    assert_eq!(to_wire(Signal::Traces, text), [0x0a, 0]);
    assert_eq!(first_span(r#""kind":null,"flags":null,"traceId":null,"status":null"#), Default::default());
    assert!(error(Signal::Traces, r#"{"resourceSpans":[null]}"#).starts_with("resourceSpans[0]: found null"));
    assert_eq!(
        decode_message(&schema::ANY_VALUE, br#"{"stringValue":null,"intValue":"0"}"#, &Limits::default())
            .unwrap(),
        [0x18, 0]
    );
}

#[test]
fn a_field_given_twice_is_refused_whatever_its_spelling() {
    for twice in [
        r#""name":"a","name":"b""#,
        r#""parentSpanId":"","parent_span_id":"""#,
        r#""events":[],"events":[]"#,
        r#""kind":null,"kind":1"#,
    ] {
        assert!(error(Signal::Traces, &span(twice)).contains("field given twice"), "{twice}");
    }
    let two = span(r#""attributes":[{"key":"k","value":{"stringValue":"a","intValue":1}}]"#);
    let path = "resourceSpans[0].scopeSpans[0].spans[0].attributes[0].value.intValue: field given twice";
    assert!(error(Signal::Traces, &two).starts_with(path), "{}", error(Signal::Traces, &two));
}

#[test]
fn escapes_mean_what_rfc_8259_says() {
    let name = |text: &str| first_span(&format!(r#""name":"{text}""#)).name;
    assert_eq!(name(r#"\"\\\/\b\f\n\r\t\u00e9\uD83D\uDE00é"#), "\"\\/\u{8}\u{c}\n\r\té😀é");
    for (half, expected) in [
        (r"\ud83d", "\u{fffd}"),
        (r"\ude00x", "\u{fffd}x"),
        (r"\ud83d\ud83d\ude00", "\u{fffd}😀"),
        (r"\ud83d\n", "\u{fffd}\n"),
        (r"\ud83da", "\u{fffd}a"),
    ] {
        assert_eq!(name(half), expected);
    }
    for bad in ["\n", "\0", r"\x41", r"\u12", r"\u12g4", r"\"] {
        assert!(
            decode(Signal::Traces, span(&format!(r#""name":"{bad}""#)).as_bytes(), &Limits::default())
                .is_err()
        );
    }
}

#[test]
fn a_string_that_is_not_utf8_is_left_for_the_doors_check() {
    let text = [br#"{"resourceSpans":[{"schemaUrl":"a"#.as_slice(), &[0xff], br#"z"}]}"#].concat();
    let wire = decode(Signal::Traces, &text, &Limits::default()).unwrap();
    assert_eq!(wire, field(1, &field(3, &[b'a', 0xff, b'z'])));
    assert_eq!(to_json(Signal::Traces, &wire), r#"{"resourceSpans":[{"resource":{},"schemaUrl":"a�z"}]}"#);
}

#[test]
fn doubles_are_written_as_the_collector_writes_them() {
    let cases = [
        (5.0, "5"),
        (637.704, "637.704"),
        (-0.0, "-0"),
        (1e20, "100000000000000000000"),
        (1e21, "1e+21"),
        (-1e-7, "-1e-07"),
        (1e-6, "0.000001"),
        (5e-324, "5e-324"),
        (f64::NAN, "\"NaN\""),
        (f64::NEG_INFINITY, "\"-Infinity\""),
    ];
    for (value, expected) in cases {
        let mut out = Vec::new();
        let wire = [vec![0x21], value.to_le_bytes().to_vec()].concat();
        encode_message(&schema::ANY_VALUE, &wire, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), format!("{{\"doubleValue\":{expected}}}"));
    }
}

#[test]
fn errors_tell_place_and_path() {
    let text =
        "{\n  \"resourceLogs\": [\n    {},\n    {\"scopeLogs\": [{\"logRecords\": [{\"body\": 7}]}]}\n  ]\n}";
    let found = decode(Signal::Logs, text.as_bytes(), &Limits::default()).unwrap_err();
    assert_eq!((found.line(), found.column()), (4, 45));
    assert_eq!(found.path(), "resourceLogs[1].scopeLogs[0].logRecords[0].body");
    assert_eq!(
        found.to_string(),
        "resourceLogs[1].scopeLogs[0].logRecords[0].body: found a number, expected an object (line 4, column 45)"
    );
    assert!(!found.is_limit());
}

#[test]
fn bucket_counts_are_strings_and_bounds_numbers() {
    let text = r#"{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"exponentialHistogram":{"dataPoints":[{"sum":0,"scale":-3,"positive":{"offset":-2,"bucketCounts":["1",2,"300"]}}],"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA"}},{"histogram":{"dataPoints":[{"count":"5","bucketCounts":["0","5"],"explicitBounds":[0,"-Infinity",1e300,0.25]}]}}]}]}]}"#;
    let expected = r#"{"resourceMetrics":[{"resource":{},"scopeMetrics":[{"scope":{},"metrics":[{"exponentialHistogram":{"dataPoints":[{"sum":0,"scale":-3,"positive":{"offset":-2,"bucketCounts":["1","2","300"]},"negative":{}}],"aggregationTemporality":1}},{"histogram":{"dataPoints":[{"count":"5","bucketCounts":["0","5"],"explicitBounds":[0,"-Infinity",1e+300,0.25]}]}}]}]}]}"#;
    let wire = to_wire(Signal::Metrics, text);
    assert_eq!(to_json(Signal::Metrics, &wire), expected);
}
