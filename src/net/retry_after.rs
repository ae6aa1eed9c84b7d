//! `Retry-After` (RFC 9110, section 10.2.3): how long a server asks to be left alone.
//!
//! A server may not put a client to sleep for a day: what it asks for is cut to five minutes, and what makes no sense is
//! as if it had asked for nothing. The wall clock is an argument.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Longest wait a server can ask for.
pub const LONGEST: Duration = Duration::from_secs(300);

/// Parses seconds or an HTTP date; a date in the past means at once.
pub fn parse(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(value.parse().map_or(LONGEST, Duration::from_secs).min(LONGEST));
    }
    let at = UNIX_EPOCH + Duration::from_secs(imf_fixdate(value)?);
    Some(at.duration_since(now).unwrap_or_default().min(LONGEST))
}

/// Unix seconds of `Sun, 06 Nov 1994 08:49:37 GMT`, the only form that may be sent since 1999.
fn imf_fixdate(text: &str) -> Option<u64> {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let (_, rest) = text.split_once(", ")?;
    let mut words = rest.split(' ');
    let day: u64 = words.next()?.parse().ok()?;
    let name = words.next()?;
    let month = MONTHS.iter().position(|month| *month == name)? as u64 + 1;
    let year: u64 = words.next()?.parse().ok()?;
    let mut clock = words.next()?.split(':').map(str::parse::<u64>);
    let (hour, minute, second) = (clock.next()?.ok()?, clock.next()?.ok()?, clock.next()?.ok()?);
    let valid =
        (1..=31).contains(&day) && (1970..=9999).contains(&year) && hour < 24 && minute < 60 && second <= 60;
    if !valid || clock.next().is_some() || words.next()? != "GMT" || words.next().is_some() {
        return None;
    }
    Some(days_from_civil(year, month, day)? * 86_400 + hour * 3600 + minute * 60 + second)
}

/// Days since 1970-01-01 in the Gregorian calendar, counting years from March so that leap days come last.
fn days_from_civil(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year / 400;
    let of_era = year % 400;
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    (era * 146_097 + days).checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(seconds)
    }

    #[test]
    fn seconds_are_taken_up_to_five_minutes() {
        for (value, seconds) in
            [("0", 0), (" 7 ", 7), ("300", 300), ("301", 300), ("99999999999999999999999", 300)]
        {
            assert_eq!(parse(value, at(0)), Some(Duration::from_secs(seconds)), "{value:?}");
        }
    }

    #[test]
    fn dates_are_taken_from_now() {
        let date = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(parse(date, at(784_111_777)), Some(Duration::ZERO));
        assert_eq!(parse(date, at(784_111_767)), Some(Duration::from_secs(10)));
        assert_eq!(parse(date, at(784_200_000)), Some(Duration::ZERO));
        assert_eq!(parse("Tue, 29 Feb 2000 00:00:00 GMT", at(951_782_399)), Some(Duration::from_secs(1)));
        assert_eq!(parse("Fri, 01 Jan 2099 00:00:00 GMT", at(0)), Some(LONGEST));
    }

    #[test]
    fn nonsense_is_nothing() {
        for value in [
            "",
            "-1",
            "1.5",
            "soon",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Foo 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:49:37 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 08:49:37:1 GMT",
            "Sun, 06 Nov 1994 08:49:37 GMT x",
        ] {
            assert_eq!(parse(value, at(0)), None, "{value:?}");
        }
    }
}
