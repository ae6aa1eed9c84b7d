//! The small messages around a request: partial success, and `google.rpc.Status` with its `RetryInfo`.
//!
//! Both are written as a server and read as a client. What is read comes from a backend and is bounded: a status
//! longer than [`MAX_STATUS`] is not looked at, and of a message only the first [`MAX_MESSAGE`] bytes are kept.

use super::json::{self, JsonError, write_string};
use super::schema;
use super::wire::{self, Fields};
use super::{Limits, Signal};
use std::io::Write;
use std::time::Duration;

/// The longest `google.rpc.Status` that is read, in bytes.
pub const MAX_STATUS: usize = 64 * 1024;
/// The longest message that is kept of what a backend said, in bytes.
pub const MAX_MESSAGE: usize = 1024;

const RETRY_INFO: &str = "type.googleapis.com/google.rpc.RetryInfo";
/// The longest delay that protobuf's `Duration` allows: 10,000 years.
const MAX_DELAY_SECS: u64 = 315_576_000_000;

/// What a server did not take of a request that it accepted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartialSuccess {
    /// How many items.
    pub rejected: u64,
    /// Why; may be a mere warning when nothing was rejected.
    pub message: String,
}

impl PartialSuccess {
    /// The export response in protobuf. Of a full success that is no byte at all, as the OTLP specification demands.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut inner = Vec::with_capacity(self.message.len() + 16);
        if self.rejected > 0 {
            wire::put_uint(&mut inner, 1, self.rejected.min(i64::MAX.cast_unsigned()));
        }
        if !self.message.is_empty() {
            wire::put_bytes(&mut inner, 2, self.message.as_bytes());
        }
        let mut out = Vec::with_capacity(inner.len() + 8);
        if !inner.is_empty() {
            wire::put_bytes(&mut out, 1, &inner);
        }
        out
    }

    /// The export response in JSON. Of a full success it is `{"partialSuccess":{}}`, as the Collector answers.
    #[must_use]
    pub fn encode_json(&self, signal: Signal) -> Vec<u8> {
        let mut out = Vec::new();
        // What `encode` has written is well formed.
        let _ = json::encode_message(schema::response(signal), &self.encode(), &mut out);
        out
    }

    /// Reads an export response in protobuf. What is malformed reads as if it were not there: the request was
    /// accepted, whatever the body says.
    #[must_use]
    pub fn decode(response: &[u8]) -> Self {
        let mut found = Self::default();
        let parts = Fields::new(response).filter(|field| field.number == 1);
        for field in parts.flat_map(|part| Fields::new(part.bytes())) {
            match (field.number, field.value) {
                (1, wire::Value::Varint(bits)) => found.rejected = bits.cast_signed().max(0).cast_unsigned(),
                (2, wire::Value::Bytes(text)) => found.message = kept(text),
                _ => {}
            }
        }
        found
    }

    /// Reads an export response in JSON.
    ///
    /// # Errors
    /// If it is none.
    pub fn decode_json(signal: Signal, response: &[u8]) -> Result<Self, JsonError> {
        json::decode_message(schema::response(signal), response, &Limits::default())
            .map(|response| Self::decode(&response))
    }
}

/// The export response that tells that `rejected` items were not taken, and why.
#[must_use]
pub fn partial_success(rejected: u64, message: &str) -> Vec<u8> {
    PartialSuccess { rejected, message: message.to_owned() }.encode()
}

/// `google.rpc.Status`: the body of an HTTP error, and what `grpc-status-details-bin` holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RpcStatus {
    /// The gRPC code.
    pub code: i32,
    /// For humans.
    pub message: String,
    /// The `RetryInfo` in its details: after how long to try again.
    pub retry_delay: Option<Duration>,
}

impl RpcStatus {
    /// A status without details.
    #[must_use]
    pub fn new(code: i32, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retry_delay: None }
    }

    /// The same, saying when to try again.
    #[must_use]
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_delay = Some(delay);
        self
    }

    /// In protobuf.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.message.len() + 80);
        if self.code != 0 {
            wire::put_uint(&mut out, 1, i64::from(self.code).cast_unsigned());
        }
        if !self.message.is_empty() {
            wire::put_bytes(&mut out, 2, self.message.as_bytes());
        }
        if let Some(delay) = self.retry_delay {
            let mut any = Vec::with_capacity(64);
            wire::put_bytes(&mut any, 1, RETRY_INFO.as_bytes());
            wire::put_bytes(&mut any, 2, &retry_info(delay));
            wire::put_bytes(&mut out, 3, &any);
        }
        out
    }

    /// In JSON; a detail is written as protobuf's `Any` demands, under `@type`.
    #[must_use]
    pub fn encode_json(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.message.len() + 128);
        // Writing to a Vec cannot fail.
        let _ = write!(out, "{{\"code\":{},\"message\":", self.code);
        write_string(self.message.as_bytes(), &mut out);
        if let Some(delay) = self.retry_delay {
            let _ = write!(out, ",\"details\":[{{\"@type\":\"{RETRY_INFO}\",\"retryDelay\":\"");
            put_seconds(&mut out, delay);
            out.extend_from_slice(b"\"}]");
        }
        out.push(b'}');
        out
    }

    /// Reads protobuf. `None` if it is too long or no message; other details than `RetryInfo` are passed over, and of
    /// several the first counts.
    #[must_use]
    pub fn decode(status: &[u8]) -> Option<Self> {
        if status.len() > MAX_STATUS {
            return None;
        }
        let mut found = Self::default();
        let mut read = 0;
        for field in Fields::new(status) {
            read += field.raw.len();
            match (field.number, field.value) {
                #[expect(
                    clippy::cast_possible_truncation,
                    reason = "an int32 takes the low bits of its varint"
                )]
                (1, wire::Value::Varint(bits)) => found.code = bits as i32,
                (2, wire::Value::Bytes(text)) => found.message = kept(text),
                (3, wire::Value::Bytes(any)) if found.retry_delay.is_none() => {
                    found.retry_delay = packed_delay(any);
                }
                _ => {}
            }
        }
        (read == status.len()).then_some(found)
    }
}

/// What is kept of a text of a backend.
fn kept(text: &[u8]) -> String {
    let text = text.get(..MAX_MESSAGE).unwrap_or(text);
    let mut text = String::from_utf8_lossy(text).into_owned();
    text.truncate(text.floor_char_boundary(MAX_MESSAGE));
    text
}

/// `RetryInfo { retry_delay = 1: Duration { seconds = 1, nanos = 2 } }`.
fn retry_info(delay: Duration) -> Vec<u8> {
    let mut duration = Vec::with_capacity(16);
    let (seconds, nanos) = parts(delay);
    if seconds > 0 {
        wire::put_uint(&mut duration, 1, seconds);
    }
    if nanos > 0 {
        wire::put_uint(&mut duration, 2, u64::from(nanos));
    }
    let mut info = Vec::with_capacity(18);
    wire::put_bytes(&mut info, 1, &duration);
    info
}

fn parts(delay: Duration) -> (u64, u32) {
    if delay.as_secs() >= MAX_DELAY_SECS {
        (MAX_DELAY_SECS, 0)
    } else {
        (delay.as_secs(), delay.subsec_nanos())
    }
}

/// The delay in an `Any`, if that is what it packs.
fn packed_delay(any: &[u8]) -> Option<Duration> {
    let of = |number| Fields::new(any).filter(move |field| field.number == number).last();
    let url = of(1)?.bytes();
    if url.rsplit(|&byte| byte == b'/').next() != Some(b"google.rpc.RetryInfo".as_slice()) {
        return None;
    }
    let info = of(2)?.bytes();
    let duration = Fields::new(info).filter(|field| field.number == 1).last()?;
    let (mut seconds, mut nanos) = (0_i64, 0_i64);
    for field in Fields::new(duration.bytes()) {
        match field.number {
            1 => seconds = field.bits().cast_signed(),
            2 => nanos = field.bits().cast_signed(),
            _ => {}
        }
    }
    let seconds = u64::try_from(seconds).ok()?.min(MAX_DELAY_SECS);
    let nanos = u32::try_from(nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    Some(Duration::new(seconds, nanos))
}

/// `1.5s`, with 0, 3, 6 or 9 decimals.
fn put_seconds(out: &mut Vec<u8>, delay: Duration) {
    let (seconds, nanos) = parts(delay);
    let _ = match nanos {
        0 => write!(out, "{seconds}s"),
        _ if nanos % 1_000_000 == 0 => write!(out, "{seconds}.{:03}s", nanos / 1_000_000),
        _ if nanos % 1000 == 0 => write!(out, "{seconds}.{:06}s", nanos / 1000),
        _ => write!(out, "{seconds}.{nanos:09}s"),
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use prost::Message as _;
    use serde_json::{Value, json};

    #[derive(Clone, PartialEq, prost::Message)]
    struct TheirStatus {
        #[prost(int32, tag = "1")]
        code: i32,
        #[prost(string, tag = "2")]
        message: String,
        #[prost(message, repeated, tag = "3")]
        details: Vec<TheirAny>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    struct TheirAny {
        #[prost(string, tag = "1")]
        type_url: String,
        #[prost(bytes = "vec", tag = "2")]
        value: Vec<u8>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    struct TheirRetryInfo {
        #[prost(message, optional, tag = "1")]
        retry_delay: Option<TheirDuration>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    struct TheirDuration {
        #[prost(int64, tag = "1")]
        seconds: i64,
        #[prost(int32, tag = "2")]
        nanos: i32,
    }

    fn their_status(type_url: &str, seconds: i64, nanos: i32) -> TheirStatus {
        let value = TheirRetryInfo { retry_delay: Some(TheirDuration { seconds, nanos }) }.encode_to_vec();
        let details = vec![TheirAny { type_url: type_url.to_owned(), value }];
        TheirStatus { code: 8, message: "busy".to_owned(), details }
    }

    proptest! {
        #[test]
        fn a_status_is_read_as_prost_writes_it_and_back(code: i32, message in ".{0,40}", delay in prop::option::of((0..1_u64 << 38, 0..1_000_000_000_u32))) {
            let delay = delay.map(|(seconds, nanos)| Duration::new(seconds, nanos));
            let ours = RpcStatus { code, message: message.clone(), retry_delay: delay };
            let theirs = TheirStatus::decode(ours.encode().as_slice()).unwrap();
            prop_assert_eq!((theirs.code, &theirs.message), (code, &message));
            prop_assert_eq!(theirs.encode_to_vec(), ours.encode());
            let delays: Vec<_> = theirs.details.iter().map(|any| {
                let delay = TheirRetryInfo::decode(any.value.as_slice()).unwrap().retry_delay.unwrap();
                Duration::new(delay.seconds as u64, delay.nanos as u32)
            }).collect();
            prop_assert_eq!(delays, delay.into_iter().collect::<Vec<_>>());
            prop_assert_eq!(RpcStatus::decode(&ours.encode()), Some(ours.clone()));
            let text: Value = serde_json::from_slice(&ours.encode_json()).unwrap();
            prop_assert_eq!((&text["code"], &text["message"]), (&json!(code), &json!(message)));
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes: Vec<u8>) {
            let _ = RpcStatus::decode(&bytes);
            let _ = PartialSuccess::decode(&bytes);
        }

        #[test]
        fn a_partial_success_comes_back_in_either_encoding(rejected in 0..1_u64 << 63, message in ".{0,40}") {
            let partial = PartialSuccess { rejected, message };
            prop_assert_eq!(&PartialSuccess::decode(&partial.encode()), &partial);
            for signal in Signal::ALL {
                let text = partial.encode_json(signal);
                prop_assert_eq!(PartialSuccess::decode_json(signal, &text), Ok(partial.clone()));
            }
        }
    }

    #[test]
    fn a_partial_success_is_what_each_signal_calls_it() {
        use opentelemetry_proto::tonic::collector::{logs::v1 as l, metrics::v1 as m, trace::v1 as t};
        let bytes = partial_success(3, "too old");
        let traces =
            t::ExportTraceServiceResponse::decode(bytes.as_slice()).unwrap().partial_success.unwrap();
        assert_eq!((traces.rejected_spans, traces.error_message.as_str()), (3, "too old"));
        let metrics =
            m::ExportMetricsServiceResponse::decode(bytes.as_slice()).unwrap().partial_success.unwrap();
        assert_eq!((metrics.rejected_data_points, metrics.error_message.as_str()), (3, "too old"));
        let logs = l::ExportLogsServiceResponse::decode(bytes.as_slice()).unwrap().partial_success.unwrap();
        assert_eq!((logs.rejected_log_records, logs.error_message.as_str()), (3, "too old"));
        let partial = PartialSuccess { rejected: 3, message: "too old".to_owned() };
        let text = |signal| String::from_utf8(partial.encode_json(signal)).unwrap();
        assert_eq!(
            text(Signal::Traces),
            r#"{"partialSuccess":{"rejectedSpans":"3","errorMessage":"too old"}}"#
        );
        assert!(text(Signal::Metrics).contains("rejectedDataPoints"));
        assert!(text(Signal::Logs).contains("rejectedLogRecords"));
    }

    #[test]
    fn a_full_success_is_no_byte_and_in_json_an_empty_message() {
        assert_eq!(partial_success(0, ""), b"");
        assert_eq!(PartialSuccess::default().encode_json(Signal::Logs), br#"{"partialSuccess":{}}"#);
        assert_eq!(PartialSuccess::decode(b""), PartialSuccess::default());
        assert_eq!(PartialSuccess::decode_json(Signal::Logs, b"{}"), Ok(PartialSuccess::default()));
    }

    #[test]
    fn a_negative_count_of_rejected_items_is_none() {
        let mut inner = Vec::new();
        wire::put_uint(&mut inner, 1, u64::MAX);
        let mut response = Vec::new();
        wire::put_bytes(&mut response, 1, &inner);
        assert_eq!(PartialSuccess::decode(&response).rejected, 0);
    }

    #[test]
    fn a_status_in_json_is_as_protobuf_wants_its_details() {
        let json = |delay| {
            String::from_utf8(RpcStatus::new(14, "a \"b\"").retry_after(delay).encode_json()).unwrap()
        };
        let expected = r#"{"code":14,"message":"a \"b\"","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"1.500s"}]}"#;
        assert_eq!(json(Duration::from_millis(1500)), expected);
        for (delay, text) in [
            (Duration::from_secs(2), "\"2s\""),
            (Duration::from_micros(1_000_001), "\"1.000001s\""),
            (Duration::from_nanos(5), "\"0.000000005s\""),
            (Duration::MAX, "\"315576000000s\""),
        ] {
            assert!(json(delay).contains(text), "{}", json(delay));
        }
        assert_eq!(RpcStatus::new(3, "").encode_json(), br#"{"code":3,"message":""}"#);
    }

    #[test]
    fn a_delay_is_found_among_other_details() {
        let mut status = their_status(RETRY_INFO, 2, 500_000_000);
        status
            .details
            .insert(0, TheirAny { type_url: "x/google.rpc.ErrorInfo".to_owned(), value: vec![0xff] });
        status.details.push(status.details[1].clone());
        let found = RpcStatus::decode(&status.encode_to_vec()).unwrap();
        assert_eq!(found, RpcStatus::new(8, "busy").retry_after(Duration::from_millis(2500)));
        let other_host = their_status("example.com/google.rpc.RetryInfo", 0, 0);
        assert_eq!(RpcStatus::decode(&other_host.encode_to_vec()).unwrap().retry_delay, Some(Duration::ZERO));
    }

    #[test]
    fn a_delay_that_is_none_is_passed_over() {
        for (url, seconds, nanos) in
            [(RETRY_INFO, -1, 0), (RETRY_INFO, 1, -1), (RETRY_INFO, 1, 1_000_000_000), ("x/Other", 1, 0)]
        {
            let found = RpcStatus::decode(&their_status(url, seconds, nanos).encode_to_vec()).unwrap();
            assert_eq!(found.retry_delay, None, "{seconds} {nanos}");
        }
        let forever = RpcStatus::decode(&their_status(RETRY_INFO, i64::MAX, 0).encode_to_vec()).unwrap();
        assert_eq!(forever.retry_delay, Some(Duration::from_secs(MAX_DELAY_SECS)));
    }

    #[test]
    fn what_a_backend_says_is_bounded() {
        let long = RpcStatus::new(2, "é".repeat(MAX_MESSAGE));
        let found = RpcStatus::decode(&long.encode()).unwrap();
        assert_eq!(found.message, "é".repeat(MAX_MESSAGE / 2));
        assert_eq!(PartialSuccess::decode(&partial_success(1, &long.message)).message, found.message);
        assert_eq!(RpcStatus::decode(&RpcStatus::new(2, "x".repeat(MAX_STATUS)).encode()), None);
        assert_eq!(RpcStatus::decode(&[0x12, 5, b'a']), None);
    }
}
