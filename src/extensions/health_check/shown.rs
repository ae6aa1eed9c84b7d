//! Times as the Collector's JSON shows them.

use tz::UtcDateTime;

/// RFC 3339 in UTC, as many decimals as are needed; the year 1 for what has no time.
pub(super) fn timestamp(unix_nanos: Option<u64>) -> String {
    let none = || "0001-01-01T00:00:00Z".to_owned();
    let Some(moment) = unix_nanos.and_then(|nanos| UtcDateTime::from_total_nanoseconds(nanos.into()).ok())
    else {
        return none();
    };
    let text = moment.to_string();
    let text = text.trim_end_matches('Z');
    match text.split_once('.') {
        Some((seconds, decimals)) => match decimals.trim_end_matches('0') {
            "" => format!("{seconds}Z"),
            decimals => format!("{seconds}.{decimals}Z"),
        },
        None => format!("{text}Z"),
    }
}

#[cfg(test)]
mod tests {
    use super::timestamp;

    #[test]
    fn times_are_written_as_go_writes_them() {
        assert_eq!(timestamp(None), "0001-01-01T00:00:00Z");
        assert_eq!(timestamp(Some(0)), "1970-01-01T00:00:00Z");
        assert_eq!(timestamp(Some(1_705_598_832_570_394_000)), "2024-01-18T17:27:12.570394Z");
        assert_eq!(timestamp(Some(1_705_598_832_000_000_001)), "2024-01-18T17:27:12.000000001Z");
    }
}
