//! A line's text: `console` for people (tabs between time, level, caller, message, then fields as JSON) and `json`
//! for machines; both as the Collector writes them.

use std::fmt::Write;

use super::event::Severity;
use crate::telemetry::resource::Value;
use crate::telemetry::settings::Encoding;

/// One line to be written.
pub(super) struct Line<'a> {
    pub(super) time_unix_nanos: u64,
    pub(super) severity: Severity,
    /// File and line, unless the settings disable it.
    pub(super) caller: Option<String>,
    pub(super) message: &'a str,
    pub(super) fields: &'a [(String, Value)],
    /// Fields on every line: the initial ones, each already JSON text.
    pub(super) constant: &'a [(String, String)],
}

/// The line, with its line feed. Colour is for terminals, and only in the console encoding.
pub(super) fn encode(line: &Line<'_>, encoding: Encoding, colour: bool) -> String {
    let mut out = String::with_capacity(160);
    match encoding {
        Encoding::Console => console(&mut out, line, colour),
        Encoding::Json => json(&mut out, line),
    }
    out.push('\n');
    out
}

fn console(out: &mut String, line: &Line<'_>, colour: bool) {
    timestamp(out, line.time_unix_nanos);
    out.push('\t');
    let name = line.severity.name();
    // Writing to a string cannot fail.
    let _ = match (colour, line.severity) {
        (false, _) => write!(out, "{name}"),
        (true, Severity::Error | Severity::Off) => write!(out, "\u{1b}[31m{name}\u{1b}[0m"),
        (true, Severity::Warn) => write!(out, "\u{1b}[33m{name}\u{1b}[0m"),
        (true, Severity::Info | Severity::Debug) => write!(out, "\u{1b}[34m{name}\u{1b}[0m"),
    };
    out.push('\t');
    if let Some(caller) = &line.caller {
        escaped(out, caller, false);
        out.push('\t');
    }
    escaped(out, line.message, false);
    if !line.fields.is_empty() || !line.constant.is_empty() {
        out.push_str("\t{");
        fields(out, line, true);
        out.push('}');
    }
}

fn json(out: &mut String, line: &Line<'_>) {
    out.push_str("{\"level\":\"");
    out.push_str(line.severity.name());
    out.push_str("\",\"ts\":\"");
    timestamp(out, line.time_unix_nanos);
    out.push('"');
    if let Some(caller) = &line.caller {
        out.push_str(",\"caller\":");
        quoted(out, caller);
    }
    out.push_str(",\"msg\":");
    quoted(out, line.message);
    fields(out, line, false);
    out.push('}');
}

fn fields(out: &mut String, line: &Line<'_>, mut first: bool) {
    let mut key = |out: &mut String, key: &str| {
        if !std::mem::take(&mut first) {
            out.push(',');
        }
        quoted(out, key);
        out.push(':');
    };
    for (name, text) in line.constant {
        key(out, name);
        out.push_str(text);
    }
    for (name, field) in line.fields {
        key(out, name);
        value(out, field);
    }
}

/// A value as JSON.
pub(super) fn value(out: &mut String, value: &Value) {
    match value {
        Value::Text(text) => quoted(out, text),
        Value::Float(number) if !number.is_finite() => quoted(out, &number.to_string()),
        Value::Bool(_) | Value::Int(_) | Value::Float(_) => {
            let _ = write!(out, "{value}");
        }
        Value::List(values) => {
            out.push('[');
            for (index, item) in values.iter().enumerate() {
                if index > 0 {
                    out.push(',');
                }
                self::value(out, item);
            }
            out.push(']');
        }
    }
}

pub(super) fn quoted(out: &mut String, text: &str) {
    out.push('"');
    escaped(out, text, true);
    out.push('"');
}

/// Control characters (also those above ASCII, which terminals obey too, and the marks that turn the direction of
/// text) as JSON escapes; quotes and backslashes too if the text stands in quotes.
fn escaped(out: &mut String, text: &str, in_quotes: bool) {
    for c in text.chars() {
        match c {
            '"' | '\\' if in_quotes => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => hex(out, c),
            c if c.is_control() => hex(out, c),
            c => out.push(c),
        }
    }
}

fn hex(out: &mut String, c: char) {
    let _ = write!(out, "\\u{:04x}", u32::from(c));
}

/// ISO 8601 in UTC with milliseconds.
fn timestamp(out: &mut String, unix_nanos: u64) {
    let (seconds, millis) = (unix_nanos / 1_000_000_000, unix_nanos / 1_000_000 % 1000);
    let (year, month, day) = date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    let _ = write!(out, "{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z");
}

/// The Gregorian date of a day counted from 1970-01-01, by eras of 400 years that begin in March.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line<'a>(message: &'a str, fields: &'a [(String, Value)]) -> Line<'a> {
        let caller = Some("engine/run.rs:7".to_owned());
        Line {
            time_unix_nanos: 1_700_000_000_123_456_789,
            severity: Severity::Warn,
            caller,
            message,
            fields,
            constant: &[],
        }
    }

    #[test]
    fn the_two_encodings() {
        let fields = [("n".to_owned(), Value::Int(3)), ("why".to_owned(), Value::Text("a \"b\"".into()))];
        let console =
            "2023-11-14T22:13:20.123Z\twarn\tengine/run.rs:7\tgone\t{\"n\":3,\"why\":\"a \\\"b\\\"\"}\n";
        assert_eq!(encode(&line("gone", &fields), Encoding::Console, false), console);
        let json = "{\"level\":\"warn\",\"ts\":\"2023-11-14T22:13:20.123Z\",\"caller\":\"engine/run.rs:7\",\"msg\":\"gone\",\"n\":3,\"why\":\"a \\\"b\\\"\"}\n";
        assert_eq!(encode(&line("gone", &fields), Encoding::Json, true), json);
        let bare = Line { caller: None, ..line("x", &[]) };
        assert_eq!(encode(&bare, Encoding::Console, false), "2023-11-14T22:13:20.123Z\twarn\tx\n");
    }

    #[test]
    fn constant_fields_stand_first() {
        let constant = [("zone".to_owned(), "{\"a\":1}".to_owned())];
        let fields = [("n".to_owned(), Value::Float(f64::NAN))];
        let line = Line { constant: &constant, caller: None, ..line("x", &fields) };
        let text = encode(&line, Encoding::Console, false);
        assert!(text.ends_with("\tx\t{\"zone\":{\"a\":1},\"n\":\"NaN\"}\n"), "{text}");
    }

    #[test]
    fn colour_is_for_terminals() {
        assert!(encode(&line("x", &[]), Encoding::Console, true).contains("\u{1b}[33mwarn\u{1b}[0m"));
        assert!(!encode(&line("x", &[]), Encoding::Console, false).contains('\u{1b}'));
    }

    #[test]
    fn dates_are_right_across_leap_years() {
        let cases = [
            (0, "1970-01-01"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (4_107_542_400, "2100-03-01"),
        ];
        for (seconds, expected) in cases {
            let mut out = String::new();
            timestamp(&mut out, seconds * 1_000_000_000);
            assert!(out.starts_with(expected), "{out}");
        }
    }

    proptest! {
        #[test]
        fn nothing_from_outside_breaks_a_line(text in any::<String>(), key in any::<String>()) {
            let fields = [(key.clone(), Value::List(vec![Value::Text(text.clone())]))];
            for encoding in [Encoding::Console, Encoding::Json] {
                let line = encode(&line(&text, &fields), encoding, false);
                prop_assert_eq!(line.matches('\n').count(), 1);
                prop_assert!(line.chars().all(|c| !c.is_control() || c == '\n' || c == '\t'));
            }
            let json = encode(&line(&text, &fields), Encoding::Json, false);
            let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
            prop_assert_eq!(parsed["msg"].as_str(), Some(text.as_str()));
            if !["msg", "level", "ts", "caller"].contains(&key.as_str()) {
                prop_assert_eq!(parsed[&key][0].as_str(), Some(text.as_str()));
            }
        }
    }
}
