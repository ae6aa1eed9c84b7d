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
    const UNITS: [(u128, char); 5] = [
        (1_000, 'u'),
        (1_000_000, 'm'),
        (1_000_000_000, 'S'),
        (60_000_000_000, 'M'),
        (3_600_000_000_000, 'H'),
    ];
    let nanos = timeout.as_nanos();
    let fits = UNITS.iter().map(|(size, unit)| (nanos.div_ceil(*size), unit)).find(|(n, _)| *n < 100_000_000);
    let text = fits.map_or_else(|| "99999999H".to_owned(), |(number, unit)| format!("{number}{unit}"));
    HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("99999999H"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_unit_is_read() {
        for (value, millis) in
            [("1H", 3_600_000), ("2M", 120_000), ("3S", 3000), ("4m", 4), ("5000u", 5), ("6000000n", 6)]
        {
            assert_eq!(parse_timeout(value), Some(Duration::from_millis(millis)), "{value}");
        }
        assert_eq!(parse_timeout("99999999H"), Some(Duration::from_secs(99_999_999 * 3600)));
    }

    #[test]
    fn anything_else_is_an_error() {
        for value in ["", "S", "1", "1s", "-1S", "+1S", "123456789S", "1.5S", "1 S", "１S"] {
            assert_eq!(parse_timeout(value), None, "{value:?}");
        }
        let headers = HeaderMap::from_iter([(GRPC_TIMEOUT, HeaderValue::from_static("soon"))]);
        assert_eq!(timeout_of(&headers).unwrap_err().code(), tonic::Code::InvalidArgument);
        assert_eq!(timeout_of(&HeaderMap::new()).unwrap(), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again_and_never_shorter(nanos in 0u64..=u64::MAX) {
            let timeout = Duration::from_nanos(nanos);
            let read = parse_timeout(timeout_value(timeout).to_str().unwrap()).unwrap();
            prop_assert!(read >= timeout);
            prop_assert!(read - timeout <= timeout / 10_000 + Duration::from_micros(1));
        }

        #[test]
        fn no_value_panics(value in ".*") {
            let _ = parse_timeout(&value);
        }
    }
}
