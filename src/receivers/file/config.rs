//! The keys of `otlp_json_file`, and the checked settings made of them.

use crate::config::{Errors, GoDuration, Section};
use crate::otlp::Signal;
use glob::Pattern;
use serde::Deserialize;
use std::time::Duration;

/// The section, key by key.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Keys {
    include: Vec<String>,
    exclude: Vec<String>,
    start_at: String,
    poll_interval: GoDuration,
    replay_file: bool,
    format: String,
    compression: String,
    signal: Option<String>,
    max_log_size: String,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            include: Vec::new(),
            exclude: Vec::new(),
            start_at: "end".to_owned(),
            poll_interval: GoDuration::from_millis(200),
            replay_file: false,
            format: "auto".to_owned(),
            compression: "auto".to_owned(),
            signal: None,
            max_log_size: "64MiB".to_owned(),
        }
    }
}

/// How records stand in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// One on each line, as JSON.
    Json,
    /// Each after four bytes of its length, big endian.
    Proto,
}

/// Checked settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) include: Vec<String>,
    pub(super) exclude: Vec<Pattern>,
    /// Files that exist at the start are read from their end.
    pub(super) from_end: bool,
    pub(super) poll: Duration,
    /// Every poll reads everything again.
    pub(super) again: bool,
    /// None is found out for each file.
    pub(super) format: Option<Format>,
    /// Whether files are compressed; none is found out for each file.
    pub(super) zstd: Option<bool>,
    /// What protobuf records are; none is found out for each record.
    pub(super) signal: Option<Signal>,
    /// Bytes of a record, decompressed.
    pub(super) most: usize,
}

impl Settings {
    pub(super) fn read(section: &Section) -> Result<Self, Errors> {
        let keys: Keys = section.parse()?;
        let mut faults = Faults { section, errors: Errors::new() };
        if keys.include.is_empty() {
            faults.tell(
                "include",
                "required argument `include` is empty",
                "write e.g. `include: [./telemetry*.json]`",
            );
        }
        for pattern in keys.include.iter().enumerate() {
            faults.pattern("include", pattern);
        }
        let from_end = faults.one_of("start_at", &keys.start_at, &[("end", true), ("beginning", false)]);
        if keys.poll_interval.get().is_zero() {
            faults.tell("poll_interval", "poll_interval must be positive", "the default is 200ms");
        }
        let formats = [("auto", None), ("json", Some(Format::Json)), ("proto", Some(Format::Proto))];
        let packings = [("auto", None), ("", Some(false)), ("none", Some(false)), ("zstd", Some(true))];
        let signals = Signal::ALL.map(|signal| (signal.name(), signal));
        let settings = Self {
            exclude: keys
                .exclude
                .iter()
                .enumerate()
                .filter_map(|one| faults.pattern("exclude", one))
                .collect(),
            include: keys.include,
            from_end: from_end.unwrap_or(true),
            poll: keys.poll_interval.get(),
            again: keys.replay_file,
            format: faults.one_of("format", &keys.format, &formats).flatten(),
            zstd: faults.one_of("compression", &keys.compression, &packings).flatten(),
            signal: keys.signal.as_deref().and_then(|name| faults.one_of("signal", name, &signals)),
            most: faults.size("max_log_size", &keys.max_log_size),
        };
        faults.errors.finish(settings)
    }
}

/// Gathers what is wrong.
struct Faults<'a> {
    section: &'a Section,
    errors: Errors,
}

impl Faults<'_> {
    fn tell(&mut self, at: &str, problem: &str, hint: &str) {
        self.errors.push(self.section.error(at, problem).hint(hint));
    }

    fn one_of<T: Copy>(&mut self, key: &str, name: &str, known: &[(&str, T)]) -> Option<T> {
        let found = known.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        if found.is_none() {
            let names: Vec<_> = known.iter().map(|(name, _)| *name).filter(|name| !name.is_empty()).collect();
            self.tell(key, &format!("unknown {key} {name:?}"), &format!("write {}", names.join(" or ")));
        }
        found
    }

    fn pattern(&mut self, key: &str, (at, text): (usize, &String)) -> Option<Pattern> {
        let at = format!("{key}[{at}]");
        if text.contains(['{', '}']) {
            self.tell(
                &at,
                &format!("alternatives in braces are not supported: {text:?}"),
                "write a pattern for each",
            );
            return None;
        }
        let pattern = Pattern::new(text);
        if let Err(error) = &pattern {
            self.tell(
                &at,
                &format!("invalid pattern {text:?}: {}", error.msg),
                "known: * ? [a-z] and ** for directories",
            );
        }
        pattern.ok()
    }

    fn size(&mut self, key: &str, text: &str) -> usize {
        let size = bytes(text).filter(|size| *size > 0);
        if size.is_none() {
            self.tell(
                key,
                &format!("invalid size {text:?}"),
                "write e.g. `16MiB` (units: KiB MiB GiB, or bytes alone)",
            );
        }
        size.unwrap_or(1)
    }
}

/// A size as the Collector writes it: `1MiB`, `512kb`, `1000`.
fn bytes(text: &str) -> Option<usize> {
    let text = text.trim();
    let digits = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" => 1000,
        "m" | "mb" => 1_000_000,
        "g" | "gb" => 1_000_000_000,
        "ki" | "kib" => 1 << 10,
        "mi" | "mib" => 1 << 20,
        "gi" | "gib" => 1 << 30,
        _ => return None,
    };
    number.parse::<usize>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, Errors> {
        Settings::read(&Section::from_yaml("receivers.otlp_json_file", "test.yaml", text).unwrap())
    }

    #[test]
    fn defaults_are_the_collectors_and_formats_are_found_out() {
        let settings = read("include: [a]\n").unwrap();
        assert!(settings.from_end && !settings.again);
        assert_eq!((settings.poll, settings.most), (Duration::from_millis(200), 64 << 20));
        assert_eq!((settings.format, settings.zstd, settings.signal), (None, None, None));
    }

    #[test]
    fn every_key_is_read() {
        let text = "include: [a, b/*.json]\nexclude: [b/x*]\nstart_at: beginning\npoll_interval: 1s\nreplay_file: true\n\
                    format: proto\ncompression: zstd\nsignal: logs\nmax_log_size: 2MiB\n";
        let settings = read(text).unwrap();
        assert_eq!(settings.include, ["a", "b/*.json"]);
        assert!(settings.exclude[0].matches("b/xy"));
        assert!(!settings.from_end && settings.again);
        assert_eq!((settings.poll, settings.most), (Duration::from_secs(1), 2 << 20));
        assert_eq!(settings.format, Some(Format::Proto));
        assert_eq!((settings.zstd, settings.signal), (Some(true), Some(Signal::Logs)));
    }

    #[test]
    fn mistakes_are_told() {
        let cases = [
            ("exclude: []\n", "required argument `include` is empty"),
            ("include: ['a{b,c}']\n", "alternatives in braces are not supported: \"a{b,c}\""),
            ("include: [a]\nstart_at: middle\n", "unknown start_at \"middle\""),
            ("include: [a]\npoll_interval: 0s\n", "poll_interval must be positive"),
            ("include: [a]\nformat: xml\n", "unknown format \"xml\""),
            ("include: [a]\ncompression: gzip\n", "unknown compression \"gzip\""),
            ("include: [a]\nsignal: profiles\n", "unknown signal \"profiles\""),
            ("include: [a]\nmax_log_size: 1XB\n", "invalid size \"1XB\""),
            ("include: [a]\nmax_log_size: 0\n", "invalid size \"0\""),
        ];
        for (text, problem) in cases {
            let errors = read(text).unwrap_err();
            assert_eq!(errors.iter().map(|error| &*error.problem).collect::<Vec<_>>(), [problem], "{text}");
        }
        assert!(read("include: ['a***']\n").is_err());
        assert!(read("include: [a]\nstorage: file_storage\n").is_err());
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(
            (bytes("1000"), bytes("2KiB"), bytes("3 mb"), bytes("1gi")),
            (Some(1000), Some(2048), Some(3_000_000), Some(1 << 30))
        );
        assert_eq!((bytes("-1"), bytes("x"), bytes("99999999999999999999")), (None, None, None));
    }
}
