//! Status to headers and back.
//!
//! tonic's own reader panics on details that are not base64, and a backend is outside too, so this one is ours. Messages
//! are cut on the way out: what they quote may come from a client.

use std::fmt::Write;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue};

use super::{Code, GRPC_DETAILS, GRPC_MESSAGE, GRPC_STATUS, Status};
use crate::net::endpoint::percent_decode;

/// Longest message written, in bytes before encoding.
const LONGEST_MESSAGE: usize = 1024;

/// Written without padding, read with or without, as the specification of binary headers asks.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_encode_padding(false).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Adds `grpc-status`, `grpc-message` and `grpc-status-details-bin`, and the status's metadata.
pub fn add_status(status: &Status, headers: &mut HeaderMap) {
    headers.extend(status.metadata().clone().into_headers());
    headers.insert(GRPC_STATUS, HeaderValue::from(status.code() as i32));
    if !status.message().is_empty() {
        insert(headers, GRPC_MESSAGE, &percent_encode(status.message()));
    }
    if !status.details().is_empty() {
        insert(headers, GRPC_DETAILS, &BASE64.encode(status.details()));
    }
}

fn insert(headers: &mut HeaderMap, name: http::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// The status in trailers (or headers, if there is nothing else); `None` if there is none. Details that are not base64
/// are left out.
pub fn read_status(headers: &HeaderMap) -> Option<Status> {
    let code = Code::from_bytes(headers.get(GRPC_STATUS)?.as_bytes());
    let message = headers.get(GRPC_MESSAGE).map_or_else(String::new, |value| {
        let text = String::from_utf8_lossy(value.as_bytes());
        percent_decode(&text).map_or_else(|| text.into_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
    });
    let details = headers.get(GRPC_DETAILS).and_then(|value| BASE64.decode(value.as_bytes()).ok()).unwrap_or_default();
    Some(Status::with_details(code, message, Bytes::from(details)))
}

/// Everything but printable ASCII, and `%` itself, as `%XX`.
fn percent_encode(message: &str) -> String {
    let mut out = String::with_capacity(message.len().min(LONGEST_MESSAGE) + 16);
    let cut = message.floor_char_boundary(LONGEST_MESSAGE);
    for byte in message.get(..cut).unwrap_or_default().bytes() {
        if (0x20..0x7f).contains(&byte) && byte != b'%' {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}
