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
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
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
        percent_decode(&text)
            .map_or_else(|| text.into_owned(), |bytes| String::from_utf8_lossy(&bytes).into_owned())
    });
    let details =
        headers.get(GRPC_DETAILS).and_then(|value| BASE64.decode(value.as_bytes()).ok()).unwrap_or_default();
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn there_and_back(status: &Status) -> Status {
        let mut headers = HeaderMap::new();
        add_status(status, &mut headers);
        read_status(&headers).unwrap()
    }

    proptest! {
        #[test]
        fn a_status_comes_back(code in 1i32..17, message in ".{0,100}", details in prop::collection::vec(any::<u8>(), 0..50)) {
            let status = Status::with_details(Code::from_i32(code), message, Bytes::from(details));
            let back = there_and_back(&status);
            prop_assert_eq!((back.code(), back.message(), back.details()), (status.code(), status.message(), status.details()));
        }

        #[test]
        fn no_headers_panic(code in ".{0,5}", message in "[ -~]{0,40}", details in "[ -~]{0,40}") {
            let mut headers = HeaderMap::new();
            for (name, value) in [(GRPC_STATUS, code), (GRPC_MESSAGE, message), (GRPC_DETAILS, details)] {
                insert(&mut headers, name, &value);
            }
            let _ = read_status(&headers);
        }
    }

    #[test]
    fn long_messages_are_cut_between_letters() {
        let back = there_and_back(&Status::internal("ü".repeat(5000)));
        assert_eq!(back.message(), "ü".repeat(512));
    }

    #[test]
    fn details_are_read_with_and_without_padding_and_left_out_if_damaged() {
        for (text, details) in [("AAE=", &[0, 1][..]), ("AAE", &[0, 1]), ("A", &[]), ("####", &[])] {
            let mut headers = HeaderMap::new();
            insert(&mut headers, GRPC_STATUS, "14");
            insert(&mut headers, GRPC_DETAILS, text);
            assert_eq!(read_status(&headers).unwrap().details(), details, "{text}");
        }
    }

    #[test]
    fn a_message_that_is_badly_encoded_is_shown_as_it_is() {
        let mut headers = HeaderMap::new();
        insert(&mut headers, GRPC_STATUS, "14");
        insert(&mut headers, GRPC_MESSAGE, "100 % sure");
        assert_eq!(read_status(&headers).unwrap().message(), "100 % sure");
    }

    #[test]
    fn without_grpc_status_there_is_none() {
        assert!(read_status(&HeaderMap::new()).is_none());
    }
}
