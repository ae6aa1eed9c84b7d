//! What a scalar's text means when a field asks: the typing of `go.yaml.in/yaml/v3`, which the Collector reads with.
//!
//! It is YAML 1.2's core schema with leftovers of 1.1: `0777` and `0o777` are octal, `0b1` is binary, `_` may group
//! digits, and `yes`, `no`, `on`, `off` are plain strings. Timestamps stay strings here (the Collector refuses them).

use std::fmt;

/// The typed reading of a plain scalar.
#[derive(Debug, Clone, PartialEq)]
pub enum Typed {
    /// Nothing, `~`, `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A whole number of 64 bits, signed or unsigned.
    Int(i128),
    /// Everything else that is a number, `.inf` and `.nan` too.
    Float(f64),
    /// Any other text.
    Text,
}

impl Typed {
    /// Reads a plain (unquoted) scalar.
    pub fn of(text: &str) -> Self {
        match text {
            "" | "~" | "null" | "Null" | "NULL" => Self::Null,
            "true" | "True" | "TRUE" => Self::Bool(true),
            "false" | "False" | "FALSE" => Self::Bool(false),
            ".nan" | ".NaN" | ".NAN" => Self::Float(f64::NAN),
            ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Self::Float(f64::INFINITY),
            "-.inf" | "-.Inf" | "-.INF" => Self::Float(f64::NEG_INFINITY),
            _ if text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) => {
                number(text)
            }
            _ => Self::Text,
        }
    }

    /// The kind in words, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "nothing",
            Self::Bool(_) => "a boolean",
            Self::Int(_) => "a whole number",
            Self::Float(_) => "a number",
            Self::Text => "a string",
        }
    }
}

fn number(text: &str) -> Typed {
    let digits = text.replace('_', "");
    if !text.starts_with('.')
        && let Some(int) = whole(&digits)
    {
        return Typed::Int(int);
    }
    match digits.parse() {
        Ok(float) if is_decimal(&digits) && f64::is_finite(float) => Typed::Float(float),
        _ => Typed::Text,
    }
}

/// A whole number as Go's `strconv.ParseInt(text, 0, 64)` (or `ParseUint`) reads it.
fn whole(text: &str) -> Option<i128> {
    let (negative, digits) = match text.strip_prefix(['-', '+']) {
        Some(rest) => (text.starts_with('-'), rest),
        None => (false, text),
    };
    let magnitude = i128::from(magnitude(digits)?);
    let value = if negative { -magnitude } else { magnitude };
    (value >= i128::from(i64::MIN)).then_some(value)
}

fn magnitude(digits: &str) -> Option<u64> {
    let lower = digits.get(..2).map(str::to_ascii_lowercase);
    let (radix, digits) = match lower.as_deref() {
        Some("0x") => (16, digits.get(2..)?),
        Some("0o") => (8, digits.get(2..)?),
        Some("0b") => (2, digits.get(2..)?),
        _ if digits.len() > 1 && digits.starts_with('0') => (8, digits.get(1..)?),
        _ => (10, digits),
    };
    // Rust would take a second sign here.
    if digits.starts_with(['+', '-']) { None } else { u64::from_str_radix(digits, radix).ok() }
}

/// `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`, the floats of yaml.v3.
fn is_decimal(text: &str) -> bool {
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    exponent.is_none_or(|e| digits(e.strip_prefix(['-', '+']).unwrap_or(e)))
        && match mantissa.split_once('.') {
            Some(("", fraction)) => digits(fraction),
            Some((int, fraction)) => digits(int) && (fraction.is_empty() || digits(fraction)),
            None => digits(mantissa),
        }
}

impl fmt::Display for Typed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(b) => write!(f, "{b}"),
            Self::Int(i) => write!(f, "{i}"),
            Self::Float(x) => write!(f, "{x}"),
            Self::Null | Self::Text => f.write_str(self.kind()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_read_as_go_reads_them() {
        for (text, value) in [
            ("0", 0),
            ("-0", 0),
            ("+12", 12),
            ("0123", 83),
            ("0o17", 15),
            ("0xdeadBEEF", 0xdead_beef),
            ("0b101", 5),
            ("-0x10", -16),
            ("1_000", 1000),
            ("18446744073709551615", u64::MAX.into()),
            ("-9223372036854775808", i64::MIN.into()),
        ] {
            assert_eq!(Typed::of(text), Typed::Int(value), "{text}");
        }
    }

    #[test]
    fn floats_booleans_and_nulls() {
        for (text, value) in
            [("1.5", 1.5), (".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), ("-1.5E-1", -0.15), ("08", 8.0)]
        {
            assert_eq!(Typed::of(text), Typed::Float(value), "{text}");
        }
        assert_eq!(Typed::of("18446744073709551616"), Typed::Float(18_446_744_073_709_551_616.0));
        assert_eq!(Typed::of("TRUE"), Typed::Bool(true));
        assert!(["", "~", "null", "Null", "NULL"].iter().all(|t| Typed::of(t) == Typed::Null));
    }

    #[test]
    fn what_is_no_number_stays_text() {
        for text in [
            "yes",
            "off",
            "tRue",
            "nULL",
            "1.2.3",
            "10s",
            "0.0.0.0:4317",
            "--1",
            "-+1",
            "+",
            "-",
            ".",
            "0x",
            "1e",
            "e5",
            "inf",
            "nan",
            "2024-01-02",
            "1 2",
            "0o8",
            "é",
            "0é",
            "infinity",
            "-inf",
            "1e999",
        ] {
            assert_eq!(Typed::of(text), Typed::Text, "{text}");
        }
    }
}
