//! Bad input over both protocols and in both body kinds: what it is answered, and that nothing else suffers.

use super::client::{Answer, Any, Channel, Reply, RpcStatus, export_path, post, post_proto, request};
use super::delivery::{QUIET, RECEIVERS, Source, service, to_file};
use super::encode;
use super::process::{Place, Weft};
use super::sink::{as_json, assert_same, items_of};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use prost::Message;
use weft::otlp::Signal;

const PROTO: &str = "application/x-protobuf";
const JSON: &str = "application/json";
const KINDS: [&str; 2] = [PROTO, JSON];

const INVALID_ARGUMENT: i32 = 3;
const RESOURCE_EXHAUSTED: i32 = 8;
const UNIMPLEMENTED: i32 = 12;
const INTERNAL: i32 = 13;

/// A gateway that takes at most 1 MiB a request.
fn small(place: &Place) -> Weft {
    let yaml = to_file(&place.at("out.json"));
    let yaml = yaml.replace("grpc: {", "grpc: {max_recv_msg_size_mib: 1, ");
    Weft::start(&yaml.replace("http: {", "http: {max_request_body_size: 1048576, "))
}

/// A request of one log record with this body.
fn log(body: Value) -> Vec<u8> {
    let record = LogRecord { body: Some(AnyValue { value: Some(body) }), ..LogRecord::default() };
    let scope_logs = vec![ScopeLogs { log_records: vec![record], ..ScopeLogs::default() }];
    let resource_logs = vec![ResourceLogs { scope_logs, ..ResourceLogs::default() }];
    ExportLogsServiceRequest { resource_logs }.encode_to_vec()
}

/// A value in so many lists.
fn nested(depth: usize) -> Value {
    let inner = Value::StringValue("x".into());
    (1..depth).fold(inner, |inner, _| {
        Value::ArrayValue(ArrayValue { values: vec![AnyValue { value: Some(inner) }] })
    })
}

/// The same in JSON; by hand, since what serialises trees has limits of its own.
fn nested_json(depth: usize) -> Vec<u8> {
    let (open, close) = (r#"{"arrayValue":{"values":["#.repeat(depth - 1), "]}}".repeat(depth - 1));
    let value = format!(r#"{open}{{"stringValue":"x"}}{close}"#);
    format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{value}}}]}}]}}]}}"#).into_bytes()
}

fn in_kind(kind: &str, proto: Vec<u8>, json: Vec<u8>) -> Vec<u8> {
    if kind == PROTO { proto } else { json }
}

/// The `google.rpc.Status` of a refusal, which must be written as the request was.
fn status_of(kind: &str, answer: &Answer) -> RpcStatus {
    assert_eq!(answer.header("content-type"), Some(kind), "{}", answer.head);
    if kind == PROTO {
        return RpcStatus::decode(&*answer.body).unwrap();
    }
    let value: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
    let code = i32::try_from(value["code"].as_i64().unwrap()).unwrap();
    RpcStatus { code, message: value["message"].as_str().unwrap().to_owned(), details: Vec::new() }
}

#[track_caller]
fn assert_refused(kind: &str, answer: &Answer, status: u16, code: i32) {
    assert_eq!(answer.status, status, "{kind}: {}", answer.text());
    let told = status_of(kind, answer);
    assert_eq!(told.code, code, "{kind}: {told:?}");
    assert!(!told.message.is_empty());
    let again = answer.header("retry-after").is_some();
    assert_eq!(again, status == 429, "{kind}: {}", answer.head);
}

#[track_caller]
fn assert_final(reply: &Reply, code: i32) {
    assert_eq!(reply.code, code, "{reply:?}");
    assert_eq!(reply.retry_info(), None);
    assert!(!reply.message.is_empty());
}

/// Scenario: what is no request to a known path.
/// Guarantees: 404, 405 (with `Allow`) and 415, in plain text, whatever the signal.
#[test]
fn wrong_paths_methods_and_content_types_over_http() {
    let place = Place::new();
    let weft = small(&place);
    let at = weft.http();
    for path in ["/", "/v1/trace", "/v1/traces/", "/v1development/profiles", "/v1/profiles"] {
        let answer = request(at, "POST", path, &[("Content-Type", PROTO)], b"");
        assert_eq!(answer.status, 404, "{path}");
    }
    for signal in Signal::ALL {
        let path = format!("/v1/{signal}");
        for method in ["GET", "PUT", "DELETE", "HEAD", "PATCH"] {
            let answer = request(at, method, &path, &[("Content-Type", PROTO)], b"");
            assert_eq!((answer.status, answer.header("allow")), (405, Some("POST")), "{method}");
        }
        for kind in ["text/plain", "application/grpc", "application/protobuf", "application/jsonp", ""] {
            let answer = request(at, "POST", &path, &[("Content-Type", kind)], b"{}");
            assert_eq!(answer.status, 415, "{kind}");
            assert!(answer.text().contains("application/json, application/x-protobuf"));
        }
    }
}

/// Scenario: bodies that are not what they say: broken protobuf and JSON, broken compression, encodings that nobody
/// knows, encodings over encodings.
/// Guarantees: 400 or 415 with a `google.rpc.Status` in the request's own kind.
#[test]
fn malformed_bodies_over_http() {
    let place = Place::new();
    let weft = small(&place);
    let at = weft.http();
    for kind in KINDS {
        for signal in Signal::ALL {
            for body in [&b"\xff\xff\xff\xff"[..], b"{\"resourceSpans\":", b"[1,2", b"\x0a\x05ab"] {
                assert_refused(kind, &post(at, signal, kind, "", body), 400, INVALID_ARGUMENT);
            }
            for encoding in encode::HTTP.into_iter().filter(|encoding| !encoding.is_empty()) {
                let answer = post(at, signal, kind, encoding, b"this is not compressed at all");
                assert_refused(kind, &answer, 400, INVALID_ARGUMENT);
            }
            let cut = &encode::gzip(&[b' '; 4096]);
            assert_refused(
                kind,
                &post(at, signal, kind, "gzip", &cut[..cut.len() - 9]),
                400,
                INVALID_ARGUMENT,
            );
        }
        for encoding in ["br", "compress", "gzip, gzip", "gzip,identity", "x"] {
            let answer = post(at, Signal::Logs, kind, encoding, &encode::gzip(b"{}"));
            assert_refused(kind, &answer, 415, INVALID_ARGUMENT);
        }
    }
}

/// Scenario: bodies of more than 1 MiB where 1 MiB is the limit: as they are, and after decompression.
/// Guarantees: 413 with a status that says `RESOURCE_EXHAUSTED`, and no `Retry-After`: such a request is never resent.
#[test]
fn too_large_over_http() {
    let place = Place::new();
    let weft = small(&place);
    let at = weft.http();
    let large = vec![b' '; (1 << 20) + 1];
    for kind in KINDS {
        assert_refused(kind, &post(at, Signal::Traces, kind, "", &large), 413, RESOURCE_EXHAUSTED);
        for encoding in encode::HTTP.into_iter().filter(|encoding| !encoding.is_empty()) {
            let bomb = encode::http(encoding, &large);
            assert!(bomb.len() < 100_000, "{encoding}");
            assert_refused(kind, &post(at, Signal::Traces, kind, encoding, &bomb), 413, RESOURCE_EXHAUSTED);
        }
    }
}

/// Scenario: values nested 64 and 65 deep, and requests of over a million empty records in a few KB of gzip.
/// Guarantees: 64 are taken, 65 and the million are `INVALID_ARGUMENT`, over both protocols and in both kinds.
#[test]
fn too_deep_and_too_many() {
    let place = Place::new();
    let mut weft = Weft::start(&to_file(&place.at("out.json")));
    let (at, mut channel) = (weft.http(), Channel::connect(weft.grpc()));
    for kind in KINDS {
        let body = |depth| in_kind(kind, log(nested(depth)), nested_json(depth));
        let taken = post(at, Signal::Logs, kind, "", &body(64));
        assert_eq!(taken.status, 200, "{kind}: {}", taken.text());
        for depth in [65, 66, 1000] {
            assert_refused(kind, &post(at, Signal::Logs, kind, "", &body(depth)), 400, INVALID_ARGUMENT);
        }
        let many = in_kind(kind, many_proto(), many_json());
        let many = encode::gzip(&many);
        assert!(many.len() < 20_000, "{kind}: {}", many.len());
        assert_refused(kind, &post(at, Signal::Logs, kind, "gzip", &many), 400, INVALID_ARGUMENT);
    }
    assert_eq!(channel.export(Signal::Logs, "", &log(nested(64))).code, 0);
    assert_final(&channel.export(Signal::Logs, "", &log(nested(65))), INVALID_ARGUMENT);
    assert_final(&channel.export(Signal::Logs, "gzip", &many_proto()), INVALID_ARGUMENT);
    let report = weft.stop();
    assert_eq!((report.received(), report.delivered()), (3, 3));
}

const MANY: usize = 1_000_001;

/// A request of [`MANY`] empty log records.
fn many_proto() -> Vec<u8> {
    let records = [0x12, 0x00].repeat(MANY);
    let framed = |tag: u8, inner: Vec<u8>| {
        let mut out = vec![tag];
        prost::encoding::encode_varint(inner.len() as u64, &mut out);
        out.extend(inner);
        out
    };
    framed(0x0a, framed(0x12, records))
}

fn many_json() -> Vec<u8> {
    let records = "{},".repeat(MANY - 1);
    format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{records}{{}}]}}]}}]}}"#).into_bytes()
}

/// Scenario: gRPC calls with unknown methods, broken frames and messages, unknown encodings and too much data.
/// Guarantees: the codes of gRPC's own documents; nothing that is final carries `RetryInfo`; the connection stays
/// good and delivers what comes after.
#[test]
fn bad_calls_over_grpc() {
    let place = Place::new();
    let mut weft = small(&place);
    let mut channel = Channel::connect(weft.grpc());
    let logs = export_path(Signal::Logs);
    let profiles = "/opentelemetry.proto.collector.profiles.v1development.ProfilesService/Export";
    for path in [profiles, "/", "/opentelemetry.proto.collector.logs.v1.LogsService/Import"] {
        assert_final(&channel.call(path, "", &[], encode::grpc("", b"")), UNIMPLEMENTED);
    }
    let plain = channel.send(logs, &[("content-type", "application/json")], b"{}".to_vec());
    assert_eq!(plain.0, 415);
    for signal in Signal::ALL {
        assert_final(&channel.export(signal, "", b"\xff\xff\xff\xff"), INVALID_ARGUMENT);
        assert_final(&channel.export(signal, "", &vec![0; (1 << 20) + 1]), RESOURCE_EXHAUSTED);
        for encoding in ["gzip", "zstd", "snappy"] {
            let bomb = channel.export(signal, encoding, &vec![0; (1 << 20) + 1]);
            assert_final(&bomb, RESOURCE_EXHAUSTED);
        }
    }
    assert_final(&channel.call(logs, "br", &[], encode::grpc("gzip", b"")), UNIMPLEMENTED);
    let cut = encode::grpc("", b"0123456789")[..9].to_vec();
    let two = [encode::grpc("", b""), encode::grpc("", b"")].concat();
    // A compressed message, and no header that says how.
    let unsaid = encode::grpc("gzip", b"");
    for body in [cut, two, unsaid, Vec::new()] {
        let reply = channel.call(logs, "", &[], body.clone());
        assert!([INTERNAL, INVALID_ARGUMENT, UNIMPLEMENTED].contains(&reply.code), "{body:?}: {reply:?}");
        assert_final(&reply, reply.code);
    }
    let late = channel.call(logs, "", &[("grpc-timeout", "soon")], encode::grpc("", b""));
    assert_final(&late, late.code);
    assert_ne!(late.code, 0);
    let mut source = Source::new();
    assert_eq!(channel.export(Signal::Logs, "", &source.request(Signal::Logs, 7)).code, 0);
    weft.stop();
    assert_same(&source.sent, &items_of(&place.at("out.json")), 1);
}

/// Scenario: the standard health check.
/// Guarantees: it says SERVING.
#[test]
fn the_grpc_health_check_says_serving() {
    let place = Place::new();
    let weft = small(&place);
    let reply =
        Channel::connect(weft.grpc()).call("/grpc.health.v1.Health/Check", "", &[], encode::grpc("", b""));
    assert_eq!((reply.code, &*reply.body), (0, &[0x08, 0x01][..]));
}

/// Scenario: requests without an item, over everything.
/// Guarantees: they are accepted, and nothing is delivered.
#[test]
fn empty_requests_are_accepted() {
    let place = Place::new();
    let mut weft = small(&place);
    let mut channel = Channel::connect(weft.grpc());
    for signal in Signal::ALL {
        let answer = post_proto(weft.http(), signal, b"");
        assert_eq!((answer.status, answer.body.len()), (200, 0));
        assert_eq!(post(weft.http(), signal, JSON, "", b"{}").text(), r#"{"partialSuccess":{}}"#);
        assert_eq!(channel.export(signal, "gzip", b"").code, 0);
    }
    assert_eq!(weft.stop().received(), 0);
}

/// Scenario: a gateway that has a pipeline for traces only.
/// Guarantees: the other signals are UNIMPLEMENTED and 404, and traces work.
#[test]
fn a_signal_without_a_pipeline_is_not_served() {
    let place = Place::new();
    let path = place.at("out.json");
    let mut weft = Weft::start(&format!(
        "{RECEIVERS}exporters: {{file: {{path: {}}}}}\nservice:\n{QUIET}  pipelines: {{traces: {{receivers: [otlp], exporters: [file]}}}}\n",
        path.display()
    ));
    let mut channel = Channel::connect(weft.grpc());
    let mut source = Source::new();
    for signal in [Signal::Metrics, Signal::Logs] {
        let other = Source::new().request(signal, 1);
        assert_final(&channel.export(signal, "", &other), UNIMPLEMENTED);
        for kind in KINDS {
            let body = in_kind(kind, other.clone(), as_json(signal, &other).to_string().into_bytes());
            assert_eq!(post(weft.http(), signal, kind, "", &body).status, 404);
        }
    }
    assert_eq!(channel.export(Signal::Traces, "", &source.request(Signal::Traces, 3)).code, 0);
    weft.stop();
    assert_same(&source.sent, &items_of(&path), 1);
}

/// Scenario: requests that are larger than the whole memory limit.
/// Guarantees: 429 with `Retry-After` in seconds, RESOURCE_EXHAUSTED with `RetryInfo`; small ones are taken after it.
#[test]
fn over_the_memory_limit() {
    let place = Place::new();
    let exporters = format!("exporters: {{file: {{path: {}}}}}\n", place.at("out.json").display());
    let limiter = "processors: {memory_limiter: {check_interval: 1s, limit_mib: 4, spike_limit_mib: 1}}\n";
    let mut weft =
        Weft::start(&format!("{RECEIVERS}{limiter}{exporters}{}", service("memory_limiter", "file")));
    let mut channel = Channel::connect(weft.grpc());
    let large = log(Value::StringValue("x".repeat(8 << 20)));
    for encoding in ["", "gzip"] {
        for kind in KINDS {
            let body = in_kind(kind, large.clone(), as_json(Signal::Logs, &large).to_string().into_bytes());
            let answer = post(weft.http(), Signal::Logs, kind, encoding, &encode::http(encoding, &body));
            assert_refused(kind, &answer, 429, RESOURCE_EXHAUSTED);
            assert!(answer.header("retry-after").unwrap().parse::<u64>().unwrap() >= 1);
        }
        let reply = channel.export(Signal::Logs, encoding, &large);
        assert_eq!(reply.code, RESOURCE_EXHAUSTED, "{reply:?}");
        assert!(matches!(reply.retry_info(), Some(Any { value, .. }) if !value.is_empty()));
    }
    let mut source = Source::new();
    assert_eq!(channel.export(Signal::Logs, "", &source.request(Signal::Logs, 50)).code, 0);
    assert_eq!(weft.stop().received(), 50);
    assert_same(&source.sent, &items_of(&place.at("out.json")), 1);
}

/// Scenario: a string with bytes that are no UTF-8, beside good ones.
/// Guarantees: the record is delivered with U+FFFD in that string alone.
#[test]
fn invalid_utf8_spoils_its_own_string_only() {
    let place = Place::new();
    let mut weft = Weft::start(&to_file(&place.at("out.json")));
    let mut spoilt = log(Value::StringValue("before@@after, größer".into()));
    let at = spoilt.windows(2).position(|two| two == b"@@").unwrap();
    spoilt[at] = 0xff;
    spoilt[at + 1] = 0xc3;
    assert_eq!(Channel::connect(weft.grpc()).export(Signal::Logs, "", &spoilt).code, 0);
    assert_eq!(post_proto(weft.http(), Signal::Logs, &spoilt).status, 200);
    assert_eq!(weft.stop().delivered(), 2);
    let text = std::fs::read_to_string(place.at("out.json")).unwrap();
    assert_eq!(text.matches("after, größer").count(), 2, "{text}");
    assert_eq!(text.matches("before\u{fffd}").count(), 2, "{text}");
}

/// Scenario: every kind of refusal, by a sender that shows a secret in its headers and in its body.
/// Guarantees: no answer repeats the secret, or names a file of the gateway's machine.
#[test]
fn refusals_tell_neither_paths_nor_secrets() {
    let place = Place::new();
    let weft = small(&place);
    let (at, mut channel) = (weft.http(), Channel::connect(weft.grpc()));
    let secret = "hunter2-hunter2";
    let mut told = Vec::new();
    for kind in [PROTO, JSON, "text/plain"] {
        for encoding in ["", "gzip", "br"] {
            for body in
                [format!("{secret}{{"), format!(r#"{{"resourceLogs":"{secret}"}}"#), secret.repeat(100_000)]
            {
                let authorization = format!("Bearer {secret}");
                let headers = [
                    ("Content-Type", kind),
                    ("Content-Encoding", encoding),
                    ("Authorization", &*authorization),
                ];
                let answer = request(at, "POST", "/v1/logs", &headers, body.as_bytes());
                assert!(answer.status >= 400, "{}", answer.head);
                told.push(answer.head.clone() + &answer.text());
                let headers = [("authorization", &*authorization)];
                let frame = encode::grpc("", body.as_bytes());
                let reply = channel.call(export_path(Signal::Logs), encoding, &headers, frame);
                told.push(format!("{reply:?}"));
            }
        }
    }
    let dirs = [place.at("").display().to_string(), weft.dir().display().to_string()];
    for words in told {
        assert!(!words.contains(secret), "{words}");
        assert!(!words.contains("config.yaml") && !dirs.iter().any(|dir| words.contains(dir)), "{words}");
        assert!(!words.contains(".rs") && !words.contains("/src"), "{words}");
    }
}
