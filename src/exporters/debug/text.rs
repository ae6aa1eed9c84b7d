//! Values as Go prints them: numbers, moments, ids and attribute values.
//!
//! People compare this output with the Collector's, and tests grep in it, so it follows Go's `%f`, `%v` and
//! `time.Time.String` to the letter. Pure.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use std::collections::BTreeMap;
use std::fmt::Write;

/// `%f`: six decimals.
pub(super) fn fixed(number: f64) -> String {
    named(number, "+Inf", "-Inf").unwrap_or_else(|| format!("{number:.6}"))
}

/// `%v`: the shortest text that reads back, with an exponent below 1e-4 and from 1e21 on.
pub(super) fn shortest(number: f64) -> String {
    named(number, "+Inf", "-Inf").unwrap_or_else(|| match exponent(number) {
        -4..=20 => format!("{number}"),
        _ => scientific(number, 2),
    })
}

/// As JavaScript and the Collector's attribute values: an exponent below 1e-6 and from 1e21 on.
pub(super) fn javascript(number: f64) -> String {
    named(number, "Infinity", "-Infinity").unwrap_or_else(|| match number.abs() {
        size if size != 0.0 && !(1e-6..1e21).contains(&size) => scientific(number, 1),
        _ => format!("{number}"),
    })
}

fn named(number: f64, most: &str, least: &str) -> Option<String> {
    match number {
        _ if number.is_nan() => Some("NaN".to_owned()),
        f64::INFINITY => Some(most.to_owned()),
        f64::NEG_INFINITY => Some(least.to_owned()),
        _ => None,
    }
}

fn exponent(number: f64) -> i32 {
    format!("{number:e}").rsplit_once('e').and_then(|(_, power)| power.parse().ok()).unwrap_or(0)
}

/// `1e+21`, with at least so many digits in the exponent.
fn scientific(number: f64, digits: usize) -> String {
    let text = format!("{number:e}");
    let (mantissa, power) = text.rsplit_once('e').unwrap_or((&text, "0"));
    let (sign, power) = power.strip_prefix('-').map_or(('+', power), |rest| ('-', rest));
    format!("{mantissa}e{sign}{power:0>digits$}")
}

/// A moment in unix nanoseconds: `2020-02-11 20:26:13.000000789 +0000 UTC`.
pub(super) fn moment(nanos: u64) -> String {
    // The Collector reads the number as signed.
    let nanos = nanos.cast_signed();
    let (seconds, fraction) = (nanos.div_euclid(1_000_000_000), nanos.rem_euclid(1_000_000_000));
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date(days);
    let mut text = format!(
        "{year:04}-{month:02}-{day:02} {:02}:{:02}:{:02}",
        second / 3600,
        second / 60 % 60,
        second % 60
    );
    if fraction > 0 {
        let digits = format!(".{fraction:09}");
        text.push_str(digits.trim_end_matches('0'));
    }
    text + " +0000 UTC"
}

/// The Gregorian date of a day counted from 1970-01-01, by eras of 400 years that begin on the first of March.
fn date(days: i64) -> (i64, i64, i64) {
    let shifted = days + 719_468;
    let (era, day) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let of_year = day - (365 * year + year / 4 - year / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, of_year - (153 * shifted_month + 2) / 5 + 1)
}

/// An id in hex; one of zeros is none.
pub(super) fn id(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    if bytes.iter().any(|byte| *byte != 0) {
        for byte in bytes {
            let _ = write!(text, "{byte:02x}");
        }
    }
    text
}

/// `Str(x)`: the type of a value and the value.
pub(super) fn typed(value: Option<&AnyValue>) -> String {
    format!("{}({})", type_name(value), plain(value))
}

fn type_name(value: Option<&AnyValue>) -> &'static str {
    match value.and_then(|value| value.value.as_ref()) {
        None | Some(Value::StringValueStrindex(_)) => "Empty",
        Some(Value::StringValue(_)) => "Str",
        Some(Value::BoolValue(_)) => "Bool",
        Some(Value::IntValue(_)) => "Int",
        Some(Value::DoubleValue(_)) => "Double",
        Some(Value::KvlistValue(_)) => "Map",
        Some(Value::ArrayValue(_)) => "Slice",
        Some(Value::BytesValue(_)) => "Bytes",
    }
}

/// The value alone: maps and lists as JSON, bytes in base64.
pub(super) fn plain(value: Option<&AnyValue>) -> String {
    match value.and_then(|value| value.value.as_ref()) {
        None | Some(Value::StringValueStrindex(_)) => String::new(),
        Some(Value::StringValue(text)) => text.clone(),
        Some(Value::BoolValue(is)) => is.to_string(),
        Some(Value::IntValue(number)) => number.to_string(),
        Some(Value::DoubleValue(number)) => javascript(*number),
        Some(Value::BytesValue(bytes)) => STANDARD.encode(bytes),
        Some(Value::KvlistValue(_) | Value::ArrayValue(_)) => {
            let mut text = String::new();
            // What JSON cannot say (NaN) makes the whole text empty, as in the Collector.
            if json(value, &mut text).is_none() { String::new() } else { text }
        }
    }
}

/// `key=value`.
pub(super) fn pair(attribute: &KeyValue) -> String {
    format!("{}={}", attribute.key, plain(attribute.value.as_ref()))
}

fn json(value: Option<&AnyValue>, out: &mut String) -> Option<()> {
    match value.and_then(|value| value.value.as_ref()) {
        None | Some(Value::StringValueStrindex(_)) => out.push_str("null"),
        Some(Value::StringValue(text)) => quoted(text, out),
        Some(Value::BytesValue(bytes)) => quoted(&STANDARD.encode(bytes), out),
        Some(Value::BoolValue(is)) => out.push_str(if *is { "true" } else { "false" }),
        Some(Value::IntValue(number)) => out.push_str(&number.to_string()),
        Some(Value::DoubleValue(number)) if !number.is_finite() => return None,
        Some(Value::DoubleValue(number)) => out.push_str(&javascript(*number)),
        Some(Value::ArrayValue(list)) => {
            let entries = list.values.iter().map(|value| (None, Some(value)));
            listed('[', ']', entries, out)?;
        }
        Some(Value::KvlistValue(map)) => {
            // Go sorts the keys of a map; of a key that stands twice the last counts.
            let sorted: BTreeMap<_, _> =
                map.values.iter().map(|entry| (entry.key.as_str(), entry.value.as_ref())).collect();
            listed('{', '}', sorted.into_iter().map(|(key, value)| (Some(key), value)), out)?;
        }
    }
    Some(())
}

fn listed<'a>(
    open: char,
    close: char,
    entries: impl Iterator<Item = (Option<&'a str>, Option<&'a AnyValue>)>,
    out: &mut String,
) -> Option<()> {
    out.push(open);
    for (number, (key, value)) in entries.enumerate() {
        if number > 0 {
            out.push(',');
        }
        if let Some(key) = key {
            quoted(key, out);
            out.push(':');
        }
        json(value, out)?;
    }
    out.push(close);
    Some(())
}

fn quoted(text: &str, out: &mut String) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => out.extend(['\\', letter]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '\0'..'\u{20}' | '\u{2028}' | '\u{2029}' => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            _ => out.push(letter),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::common::v1::{ArrayValue, KeyValueList};

    fn any(value: Value) -> AnyValue {
        AnyValue { value: Some(value) }
    }

    fn entry(key: &str, value: Value) -> KeyValue {
        KeyValue { key: key.to_owned(), value: Some(any(value)), ..KeyValue::default() }
    }

    #[test]
    fn numbers_are_as_go_prints_them() {
        let cases = [
            (0.0, "0.000000", "0", "0"),
            (1.0, "1.000000", "1", "1"),
            (0.1, "0.100000", "0.1", "0.1"),
            (-2.5e-5, "-0.000025", "-2.5e-05", "-0.000025"),
            (1e-7, "0.000000", "1e-07", "1e-7"),
            (1e20, "100000000000000000000.000000", "100000000000000000000", "100000000000000000000"),
            (1.5e21, "1500000000000000000000.000000", "1.5e+21", "1.5e+21"),
            (f64::INFINITY, "+Inf", "+Inf", "Infinity"),
            (f64::NEG_INFINITY, "-Inf", "-Inf", "-Infinity"),
            (f64::NAN, "NaN", "NaN", "NaN"),
        ];
        for (number, f, v, js) in cases {
            assert_eq!((&*fixed(number), &*shortest(number), &*javascript(number)), (f, v, js));
        }
    }

    #[test]
    fn moments_are_as_go_prints_them() {
        assert_eq!(moment(0), "1970-01-01 00:00:00 +0000 UTC");
        assert_eq!(moment(1_581_452_773_000_000_789), "2020-02-11 20:26:13.000000789 +0000 UTC");
        assert_eq!(moment(951_782_400_500_000_000), "2000-02-29 00:00:00.5 +0000 UTC");
        assert_eq!(moment(u64::MAX), "1969-12-31 23:59:59.999999999 +0000 UTC");
        assert_eq!(moment(i64::MAX.cast_unsigned()), "2262-04-11 23:47:16.854775807 +0000 UTC");
    }

    #[test]
    fn maps_are_json_with_sorted_keys_and_what_json_cannot_say_is_empty() {
        let list = ArrayValue {
            values: vec![any(Value::IntValue(1)), AnyValue::default(), any(Value::BytesValue(vec![1, 2]))],
        };
        let map = KeyValueList {
            values: vec![
                entry("b", Value::StringValue("a\"<\u{1}\u{2028}".into())),
                entry("a", Value::ArrayValue(list)),
                entry("b", Value::BoolValue(true)),
            ],
        };
        let map = any(Value::KvlistValue(map));
        assert_eq!(typed(Some(&map)), r#"Map({"a":[1,null,"AQI="],"b":true})"#);
        let odd = any(Value::ArrayValue(ArrayValue { values: vec![any(Value::DoubleValue(f64::NAN))] }));
        assert_eq!(typed(Some(&odd)), "Slice()");
        let text = any(Value::ArrayValue(ArrayValue {
            values: vec![any(Value::StringValue("\u{1}\u{2028}<\n".into()))],
        }));
        assert_eq!(plain(Some(&text)), "[\"\\u0001\\u2028<\\n\"]");
        assert_eq!(
            (typed(None), id(&[0, 0]), id(&[1, 0xab])),
            ("Empty()".into(), String::new(), "01ab".into())
        );
    }
}
