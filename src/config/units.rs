//! Values with units: durations as Go writes them.
//!
//! The Collector has no other units: sizes are whole numbers with the unit in the key (`limit_mib`).

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::de::{Deserialize, Deserializer, Visitor};
use serde::{Serialize, Serializer};

use super::de::DURATION;

/// What a duration looks like, for hints.
pub(super) const EXAMPLE: &str = "write e.g. `300ms`, `1.5h` or `2h45m` (units: ns us ms s m h)";

/// A duration as Go's `time.ParseDuration` reads it: `300ms`, `-1.5h`, `2h45m`. It is signed and counts nanoseconds.
///
/// In YAML a bare whole number is nanoseconds, as in the Collector; the section it stands in gets a warning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoDuration(i64);

impl GoDuration {
    /// No time.
    pub const ZERO: Self = Self(0);

    /// That many nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Self {
        Self(nanos)
    }

    /// That many milliseconds; as many as fit.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis.saturating_mul(1_000_000))
    }

    /// That many seconds; as many as fit.
    pub const fn from_secs(secs: i64) -> Self {
        Self(secs.saturating_mul(1_000_000_000))
    }

    /// Nanoseconds.
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whether it is below zero, which few settings allow.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }

    /// The same as a standard duration; a negative one is zero.
    pub fn get(self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0).unwrap_or(0))
    }
}

impl From<Duration> for GoDuration {
    fn from(duration: Duration) -> Self {
        Self(i64::try_from(duration.as_nanos()).unwrap_or(i64::MAX))
    }
}

/// A text that is no duration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadDuration {
    text: String,
    why: Why,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Why {
    Invalid,
    MissingUnit,
    UnknownUnit(String),
    TooLong,
}

impl fmt::Display for BadDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = super::fault::clip(&self.text);
        match &self.why {
            Why::Invalid => write!(f, "invalid duration `{text}`"),
            Why::MissingUnit => write!(f, "missing unit in duration `{text}`"),
            Why::UnknownUnit(unit) => {
                write!(f, "unknown unit `{}` in duration `{text}`", super::fault::clip(unit.trim()))
            }
            Why::TooLong => write!(f, "duration `{text}` is longer than 292 years"),
        }
    }
}

impl std::error::Error for BadDuration {}

impl FromStr for GoDuration {
    type Err = BadDuration;

    fn from_str(text: &str) -> Result<Self, BadDuration> {
        let fail = |why| BadDuration { text: text.to_owned(), why };
        let (negative, unsigned) = match text.strip_prefix(['-', '+']) {
            Some(rest) => (text.starts_with('-'), rest),
            None => (false, text),
        };
        if unsigned == "0" {
            return Ok(Self::ZERO);
        }
        let nanos = sum(unsigned).map_err(fail)?;
        // Go takes -2^63 but not 2^63.
        let signed = if negative { 0_i64.checked_sub_unsigned(nanos) } else { i64::try_from(nanos).ok() };
        signed.map(Self).ok_or_else(|| fail(Why::TooLong))
    }
}

/// The sum of all `number unit` pairs, in nanoseconds up to 2^63.
fn sum(mut text: &str) -> Result<u64, Why> {
    if text.is_empty() {
        return Err(Why::Invalid);
    }
    let mut total = 0_u64;
    while !text.is_empty() {
        let (nanos, rest) = term(text)?;
        total = total.checked_add(nanos).filter(|t| *t <= 1 << 63).ok_or(Why::TooLong)?;
        text = rest;
    }
    Ok(total)
}

/// One `number unit` pair and what follows.
fn term(text: &str) -> Result<(u64, &str), Why> {
    let (whole, rest) = digits(text);
    let (fraction, rest) = rest.strip_prefix('.').map_or(("", rest), digits);
    if whole.is_empty() && fraction.is_empty() {
        return Err(Why::Invalid);
    }
    let end = rest.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    let scale = match unit {
        "" => return Err(Why::MissingUnit),
        "ns" => 1,
        "us" | "µs" | "μs" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return Err(Why::UnknownUnit(unit.to_owned())),
    };
    let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| Why::TooLong)? };
    let nanos = whole.checked_mul(scale).filter(|n| *n <= 1 << 63).ok_or(Why::TooLong)?;
    let nanos = nanos.checked_add(part(fraction, scale)).filter(|n| *n <= 1 << 63).ok_or(Why::TooLong)?;
    Ok((nanos, rest))
}

fn digits(text: &str) -> (&str, &str) {
    text.split_at(text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len()))
}

/// `0.fraction` of a unit; like Go, digits that no longer count are dropped and the product is a float.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, clippy::cast_sign_loss)]
fn part(fraction: &str, scale: u64) -> u64 {
    let (mut value, mut ten_to) = (0_u64, 1.0_f64);
    for digit in fraction.bytes() {
        let more = value.checked_mul(10).and_then(|v| v.checked_add(u64::from(digit - b'0')));
        match more.filter(|v| *v <= 1 << 63) {
            Some(more) => (value, ten_to) = (more, ten_to * 10.0),
            None => break,
        }
    }
    (value as f64 * (scale as f64 / ten_to)) as u64
}

/// As Go prints it: `1h30m0s`, `1.5s`, `300ms`, `0s`.
impl fmt::Display for GoDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = self.0.unsigned_abs();
        let sign = if self.0 < 0 { "-" } else { "" };
        let (unit, scale) = match nanos {
            0 => return f.write_str("0s"),
            1..1_000 => ("ns", 1),
            1_000..1_000_000 => ("µs", 1_000),
            1_000_000..1_000_000_000 => ("ms", 1_000_000),
            _ => ("s", 1_000_000_000),
        };
        let minutes = nanos / 60_000_000_000;
        let rest = if minutes > 0 { nanos % 60_000_000_000 } else { nanos };
        f.write_str(sign)?;
        if minutes >= 60 {
            write!(f, "{}h", minutes / 60)?;
        }
        if minutes > 0 {
            write!(f, "{}m", minutes % 60)?;
        }
        write!(f, "{}{unit}", decimal(rest, scale))
    }
}

fn decimal(value: u64, scale: u64) -> String {
    let width = scale.ilog10() as usize;
    let fraction = format!("{:0width$}", value % scale);
    let fraction = fraction.trim_end_matches('0');
    if width == 0 || fraction.is_empty() {
        (value / scale).to_string()
    } else {
        format!("{}.{fraction}", value / scale)
    }
}

struct DurationVisitor;

impl<'de> Visitor<'de> for DurationVisitor {
    type Value = GoDuration;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a duration like `300ms` or `2h45m`")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<GoDuration, E> {
        text.parse().map_err(E::custom)
    }

    fn visit_i64<E: serde::de::Error>(self, nanos: i64) -> Result<GoDuration, E> {
        Ok(GoDuration(nanos))
    }

    fn visit_u64<E: serde::de::Error>(self, nanos: u64) -> Result<GoDuration, E> {
        i64::try_from(nanos).map(GoDuration).map_err(|_| E::custom("a duration longer than 292 years"))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<GoDuration, D::Error> {
        inner.deserialize_any(Self)
    }
}

impl<'de> Deserialize<'de> for GoDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(DURATION, DurationVisitor)
    }
}

impl Serialize for GoDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
