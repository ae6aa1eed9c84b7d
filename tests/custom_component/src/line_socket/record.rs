//! One line as a request of one log record.

use serde_json::json;
use weft::otlp::{Data, Limits, Signal, json};

/// Reads a line; none if it exceeds the limits of a request.
pub(super) fn data(line: &str, unix_nanos: u64) -> Option<Data> {
    let (attributes, body) = words(line);
    let attributes: Vec<_> =
        attributes.iter().map(|(key, value)| json!({"key": key, "value": {"stringValue": value}})).collect();
    let record = json!({"timeUnixNano": unix_nanos.to_string(), "body": {"stringValue": body}, "attributes": attributes});
    let request = json!({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).to_string();
    let limits = Limits::default();
    let wire = json::decode(Signal::Logs, request.as_bytes(), &limits).ok()?;
    Data::check(Signal::Logs, wire.into(), &limits).ok().map(|checked| checked.data)
}

/// The `key=value` words that a line begins with, and what follows them.
fn words(line: &str) -> (Vec<(&str, &str)>, &str) {
    let (mut attributes, mut rest) = (Vec::new(), line.trim());
    loop {
        let (word, after) = rest.split_once(' ').unwrap_or((rest, ""));
        match word.split_once('=') {
            Some((key, value)) if !key.is_empty() => attributes.push((key, value)),
            _ => return (attributes, rest),
        }
        rest = after.trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_before_the_text_are_attributes() {
        assert_eq!(words("a=1 b= text c=2"), (vec![("a", "1"), ("b", "")], "text c=2"));
        assert_eq!(words("=x"), (vec![], "=x"));
        assert_eq!(words("a=1"), (vec![("a", "1")], ""));
    }

    #[test]
    fn a_line_is_one_record() {
        let data = data("level=info \"quoted\" \u{7}", 5).unwrap();
        let record = data.records().next().unwrap();
        let log = record.log().unwrap();
        assert_eq!((data.items(), log.time(), log.body().as_str()), (1, 5, Some("\"quoted\" \u{7}")));
        assert_eq!(record.attribute("level").and_then(|value| value.as_str()), Some("info"));
    }
}
