//! What a backend's answer means for the request, by the OTLP specification: 429, 502, 503 and 504
//! may pass, every other failure is final.

use super::config::Format;
use crate::batch::Retry;
use crate::component::{Blame, Fault, Sent};
use crate::net::http_client::{HttpError, HttpResponse};
use crate::net::retry_after;
use crate::otlp::Signal;
use crate::otlp::rpc::{PartialSuccess, RpcStatus};
use http::{HeaderMap, StatusCode, header};
use std::time::{Duration, SystemTime};

/// How much of a backend's words is told.
const WORDS: usize = 256;

/// What a success says.
pub(super) fn sent(signal: Signal, format: Format, response: &HttpResponse) -> Sent {
    let partial = match kind(&response.headers).unwrap_or(format) {
        Format::Proto => PartialSuccess::decode(&response.body),
        Format::Json => PartialSuccess::decode_json(signal, &response.body).unwrap_or_default(),
    };
    Sent { rejected: partial.rejected, message: partial.message }
}

fn kind(headers: &HeaderMap) -> Option<Format> {
    let kind = headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
    if kind.starts_with("application/json") {
        Some(Format::Json)
    } else if kind.starts_with("application/x-protobuf") {
        Some(Format::Proto)
    } else {
        None
    }
}

/// What a failure says.
pub(super) fn refused(signal: Signal, response: &HttpResponse, now: SystemTime) -> Fault {
    let HttpResponse { status, headers, body } = response;
    let words = format!("export of {signal}: HTTP {}{}", status.as_u16(), said(headers, body));
    let asked = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok());
    let asked = asked.and_then(|value| retry_after::parse(value, now));
    let passing =
        |label| Fault::new(Blame::Backend, asked.map_or(Retry::Backoff, Retry::After), label, words.clone());
    match *status {
        StatusCode::TOO_MANY_REQUESTS => passing("throttled"),
        StatusCode::SERVICE_UNAVAILABLE => passing("unavailable"),
        StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT => passing("gateway"),
        StatusCode::PAYLOAD_TOO_LARGE => Fault::lasting(Blame::Sender, "too_large", words).divisible(),
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Fault::lasting(Blame::Config, "auth", words),
        StatusCode::BAD_REQUEST => Fault::lasting(Blame::Sender, "invalid", words),
        _ => Fault::lasting(Blame::Backend, "backend", words),
    }
}

/// A failure without an answer.
pub(super) fn unanswered(signal: Signal, error: &HttpError) -> Fault {
    Fault::passing("unavailable", format!("export of {signal}: {error}"))
}

/// The backend's own words, cut short and without control characters.
fn said(headers: &HeaderMap, body: &[u8]) -> String {
    let text = match kind(headers) {
        Some(Format::Proto) => RpcStatus::decode(body).map(|status| status.message).unwrap_or_default(),
        _ => String::from_utf8_lossy(body.get(..WORDS * 4).unwrap_or(body)).into_owned(),
    };
    let text: String =
        text.trim().chars().take(WORDS).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if text.is_empty() { text } else { format!(" ({text})") }
}

/// When an attempt is over, if its time-out is not set.
pub(super) const UNLIMITED: Duration = Duration::from_secs(3600);
