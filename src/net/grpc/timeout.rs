//! `grpc-timeout`: at most eight digits and a unit.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};

use super::{GRPC_TIMEOUT, Status};

/// Parses a value like `10S`; `None` if it is none.
pub fn parse_timeout(value: &str) -> Option<Duration> {
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// How long the client waits, if it says so.
pub fn timeout_of(headers: &HeaderMap) -> Result<Option<Duration>, Status> {
    let Some(value) = headers.get(GRPC_TIMEOUT) else { return Ok(None) };
    let parsed = value.to_str().ok().and_then(parse_timeout);
    parsed.map(Some).ok_or_else(|| Status::invalid_argument("malformed grpc-timeout"))
}

/// The header's value: rounded up to the finest unit that fits into eight digits.
pub fn timeout_value(timeout: Duration) -> HeaderValue {
    const UNITS: [(u128, char); 5] =
        [(1_000, 'u'), (1_000_000, 'm'), (1_000_000_000, 'S'), (60_000_000_000, 'M'), (3_600_000_000_000, 'H')];
    let nanos = timeout.as_nanos();
    let fits = UNITS.iter().map(|(size, unit)| (nanos.div_ceil(*size), unit)).find(|(n, _)| *n < 100_000_000);
    let text = fits.map_or_else(|| "99999999H".to_owned(), |(number, unit)| format!("{number}{unit}"));
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("99999999H"))
}
