//! Settings that are one word of a few, read whatever its case.

use serde::de::{Deserialize, Deserializer, Error};

use crate::telemetry::def::Level;
use crate::telemetry::logs::Severity;

/// The value whose name was written, or an error that lists the names. Names are lower case.
pub(super) fn one_of<'de, D: Deserializer<'de>, T: Copy>(
    deserializer: D,
    what: &str,
    names: &[(&str, T)],
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    let lower = text.to_ascii_lowercase();
    let found = names.iter().find(|(name, _)| *name == lower);
    found.map(|(_, value)| *value).ok_or_else(|| {
        let shown: Vec<String> =
            names.iter().filter(|(name, _)| !name.is_empty()).map(|(name, _)| format!("`{name}`")).collect();
        D::Error::custom(format!("unknown {what} `{text}`, expected one of {}", shown.join(", ")))
    })
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = [
            ("none", Self::None),
            ("basic", Self::Basic),
            ("normal", Self::Normal),
            ("detailed", Self::Detailed),
        ];
        one_of(deserializer, "level", &names)
    }
}

/// The Collector's logger has three more levels above `error` on which weft never speaks.
impl<'de> Deserialize<'de> for Severity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let names = [
            ("debug", Self::Debug),
            ("info", Self::Info),
            ("", Self::Info),
            ("warn", Self::Warn),
            ("warning", Self::Warn),
            ("error", Self::Error),
            ("dpanic", Self::Off),
            ("panic", Self::Off),
            ("fatal", Self::Off),
        ];
        one_of(deserializer, "log level", &names)
    }
}
