//! The keys of `file`, and the checked settings made of them.

use crate::config::{Errors, GoDuration, Optional, Section};
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

/// The section, key by key.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Keys {
    path: String,
    append: bool,
    rotation: Optional<RotationKeys>,
    format: String,
    encoding: Option<String>,
    compression: String,
    compression_params: CompressionKeys,
    flush_interval: GoDuration,
    group_by: GroupKeys,
    create_directory: bool,
    directory_permissions: String,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            path: String::new(),
            append: false,
            rotation: Optional::default(),
            format: "json".to_owned(),
            encoding: None,
            compression: String::new(),
            compression_params: CompressionKeys::default(),
            flush_interval: GoDuration::from_secs(1),
            group_by: GroupKeys::default(),
            create_directory: false,
            directory_permissions: String::new(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct RotationKeys {
    max_megabytes: i64,
    max_days: i64,
    max_backups: i64,
    localtime: bool,
}

impl Default for RotationKeys {
    fn default() -> Self {
        Self { max_megabytes: 100, max_days: 0, max_backups: 100, localtime: false }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CompressionKeys {
    level: i32,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct GroupKeys {
    enabled: bool,
    resource_attribute: String,
    max_open_files: i64,
}

impl Default for GroupKeys {
    fn default() -> Self {
        let resource_attribute = "fileexporter.path_segment".to_owned();
        Self { enabled: false, resource_attribute, max_open_files: 100 }
    }
}

/// How a record stands in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// A line of OTLP JSON.
    Json,
    /// Four bytes of length, big endian, then the request.
    Proto,
}

/// When a file is set aside, and which of those are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rotation {
    /// Bytes that a file does not exceed (but for a single record).
    pub(super) size: u64,
    /// Those older are removed.
    pub(super) age: Option<Duration>,
    /// So many are kept.
    pub(super) backups: Option<usize>,
    /// Their names are in local time.
    pub(super) local: bool,
}

/// One file for each value of a resource attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Groups {
    pub(super) attribute: String,
    /// The path before and after the value.
    pub(super) around: (String, String),
    pub(super) open_files: usize,
}

/// Checked settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    pub(super) path: PathBuf,
    pub(super) append: bool,
    pub(super) rotation: Option<Rotation>,
    pub(super) format: Format,
    /// The level of zstd, if files are compressed.
    pub(super) zstd: Option<i32>,
    pub(super) flush: Duration,
    pub(super) groups: Option<Groups>,
    /// The permissions of directories that are created, if any are.
    pub(super) directories: Option<u32>,
}

impl Settings {
    pub(super) fn read(section: &Section) -> Result<Self, Errors> {
        let keys: Keys = section.parse()?;
        let mut faults = Faults { section, errors: Errors::new() };
        if keys.path.is_empty() {
            faults.tell("path", "path must be non-empty", "write e.g. `path: ./telemetry.json`");
        }
        if keys.append && keys.rotation.is_some() {
            let problem = "append and rotation enabled at the same time is not supported";
            faults.tell("append", problem, "with `rotation` an existing file is continued in any case");
        }
        if let Some(encoding) = &keys.encoding {
            let problem = format!("encoding extensions are not supported: {encoding:?}");
            faults.tell("encoding", &problem, "write `format: json` or `format: proto`");
        }
        if keys.flush_interval.is_negative() {
            faults.tell("flush_interval", "flush_interval must be larger than zero", "the default is 1s");
        }
        let settings = Self {
            format: faults.format(&keys.format),
            zstd: faults.zstd(&keys),
            rotation: keys.rotation.as_ref().map(|rotation| faults.rotation(rotation)),
            groups: keys.group_by.enabled.then(|| faults.groups(&keys.path, &keys.group_by)),
            directories: faults.directories(&keys),
            // As in the Collector, zero is the default.
            flush: Some(keys.flush_interval.get()).filter(|flush| !flush.is_zero()).unwrap_or(SECOND),
            path: keys.path.into(),
            append: keys.append,
        };
        faults.errors.finish(settings)
    }
}

const SECOND: Duration = Duration::from_secs(1);
const DAY: u64 = 86_400;
const DIRECTORY: u32 = 0o755;

/// Gathers what is wrong.
struct Faults<'a> {
    section: &'a Section,
    errors: Errors,
}

impl Faults<'_> {
    fn tell(&mut self, at: &str, problem: &str, hint: &str) {
        self.errors.push(self.section.error(at, problem).hint(hint));
    }

    fn format(&mut self, name: &str) -> Format {
        match name {
            "json" => Format::Json,
            "proto" => Format::Proto,
            _ => {
                self.tell("format", "format type is not supported", "write json or proto");
                Format::Json
            }
        }
    }

    fn zstd(&mut self, keys: &Keys) -> Option<i32> {
        let level = keys.compression_params.level;
        match keys.compression.as_str() {
            "" => None,
            "zstd" if (0..=22).contains(&level) => Some(level),
            "zstd" => {
                let problem = format!("unsupported level for compression zstd: {level}");
                self.tell(
                    "compression_params.level",
                    &problem,
                    "write a level from 1 to 22; 0 is the default, 3",
                );
                None
            }
            _ => {
                self.tell("compression", "compression is not supported", "write zstd");
                None
            }
        }
    }

    fn rotation(&mut self, keys: &RotationKeys) -> Rotation {
        let mut natural = |name: &str, value: i64| {
            if value < 0 {
                let problem = format!("{name} must not be negative: {value}");
                self.tell(&format!("rotation.{name}"), &problem, "0 is the default or no limit");
            }
            u64::try_from(value).unwrap_or(0)
        };
        let megabytes = natural("max_megabytes", keys.max_megabytes);
        let days = natural("max_days", keys.max_days);
        let backups = natural("max_backups", keys.max_backups);
        Rotation {
            size: if megabytes == 0 { 100 << 20 } else { megabytes.saturating_mul(1 << 20) },
            age: (days > 0).then(|| Duration::from_secs(days.saturating_mul(DAY))),
            backups: (backups > 0).then(|| usize::try_from(backups).unwrap_or(usize::MAX)),
            local: keys.localtime,
        }
    }

    fn groups(&mut self, path: &str, keys: &GroupKeys) -> Groups {
        let mut parts = path.split('*');
        let around = (parts.next().unwrap_or_default(), parts.next());
        if around.1.is_none() || parts.next().is_some() {
            let problem = "path must contain exactly one * when group_by is enabled";
            self.tell("path", problem, "write e.g. `path: ./telemetry/*.json`");
        } else if around.0.is_empty() {
            self.tell("path", "path must not start with * when group_by is enabled", "write `./*…`");
        }
        if keys.resource_attribute.is_empty() {
            let problem = "resource_attribute must not be empty when group_by is enabled";
            self.tell("group_by.resource_attribute", problem, "the default is fileexporter.path_segment");
        }
        let open_files = usize::try_from(keys.max_open_files).unwrap_or(0);
        if open_files == 0 {
            let problem = format!("max_open_files must be positive: {}", keys.max_open_files);
            self.tell("group_by.max_open_files", &problem, "the default is 100");
        }
        let around = (around.0.to_owned(), around.1.unwrap_or_default().to_owned());
        Groups { attribute: keys.resource_attribute.clone(), around, open_files }
    }

    fn directories(&mut self, keys: &Keys) -> Option<u32> {
        let text = keys.directory_permissions.as_str();
        if text.is_empty() {
            return (keys.create_directory || keys.group_by.enabled).then_some(DIRECTORY);
        }
        let hint = "write e.g. \"0755\"";
        match u32::from_str_radix(text, 8) {
            _ if !keys.create_directory => {
                let problem = "directory_permissions requires create_directory to be true";
                self.tell("directory_permissions", problem, "write `create_directory: true`");
            }
            Err(_) => {
                let problem = "directory_permissions value must be a valid octal representation";
                self.tell("directory_permissions", problem, hint);
            }
            Ok(mode) if mode > 0o777 => {
                let problem = "directory_permissions contain invalid bits for file access";
                self.tell("directory_permissions", problem, hint);
            }
            Ok(mode) => return Some(mode),
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Settings, Errors> {
        Settings::read(&Section::from_yaml("exporters.file", "test.yaml", text).unwrap())
    }

    #[test]
    fn defaults_are_the_collectors() {
        let settings = read("path: a\n").unwrap();
        assert_eq!((settings.format, settings.zstd, settings.flush), (Format::Json, None, SECOND));
        assert_eq!(
            (settings.append, settings.rotation, settings.groups, settings.directories),
            (false, None, None, None)
        );
        let rotation = read("path: a\nrotation:\nflush_interval: 0s\n").unwrap().rotation.unwrap();
        assert_eq!(rotation, Rotation { size: 100 << 20, age: None, backups: Some(100), local: false });
        let groups = read("path: ./a/*.json\ngroup_by: {enabled: true}\n").unwrap();
        assert_eq!(groups.directories, Some(0o755));
        let groups = groups.groups.unwrap();
        assert_eq!((&*groups.attribute, groups.open_files), ("fileexporter.path_segment", 100));
        assert_eq!(groups.around, ("./a/".to_owned(), ".json".to_owned()));
    }

    #[test]
    fn every_key_is_read() {
        let text = "path: a\nformat: proto\ncompression: zstd\ncompression_params: {level: 6}\nflush_interval: 500ms\n\
                    create_directory: true\ndirectory_permissions: \"0700\"\n\
                    rotation: {max_megabytes: 2, max_days: 3, max_backups: 4, localtime: true}\n";
        let settings = read(text).unwrap();
        assert_eq!((settings.format, settings.zstd), (Format::Proto, Some(6)));
        assert_eq!((settings.flush, settings.directories), (Duration::from_millis(500), Some(0o700)));
        let age = Some(Duration::from_secs(3 * DAY));
        assert_eq!(settings.rotation, Some(Rotation { size: 2 << 20, age, backups: Some(4), local: true }));
        assert!(read("path: a\nappend: true\n").unwrap().append);
    }

    #[test]
    fn mistakes_are_told_in_the_collectors_words() {
        let cases = [
            ("format: json\n", "path must be non-empty"),
            (
                "path: a\nappend: true\nrotation:\n",
                "append and rotation enabled at the same time is not supported",
            ),
            ("path: a\nformat: text\n", "format type is not supported"),
            ("path: a\ncompression: gzip\n", "compression is not supported"),
            (
                "path: a\ncompression: zstd\ncompression_params: {level: 23}\n",
                "unsupported level for compression zstd: 23",
            ),
            ("path: a\nflush_interval: -1s\n", "flush_interval must be larger than zero"),
            (
                "path: a\nencoding: otlp_encoding\n",
                "encoding extensions are not supported: \"otlp_encoding\"",
            ),
            (
                "path: a\ngroup_by: {enabled: true}\n",
                "path must contain exactly one * when group_by is enabled",
            ),
            (
                "path: a*b*\ngroup_by: {enabled: true}\n",
                "path must contain exactly one * when group_by is enabled",
            ),
            (
                "path: '*/a'\ngroup_by: {enabled: true}\n",
                "path must not start with * when group_by is enabled",
            ),
            (
                "path: a*\ngroup_by: {enabled: true, resource_attribute: \"\"}\n",
                "resource_attribute must not be empty when group_by is enabled",
            ),
            (
                "path: a*\ngroup_by: {enabled: true, max_open_files: 0}\n",
                "max_open_files must be positive: 0",
            ),
            ("path: a\nrotation: {max_days: -1}\n", "max_days must not be negative: -1"),
            (
                "path: a\ndirectory_permissions: \"0755\"\n",
                "directory_permissions requires create_directory to be true",
            ),
            (
                "path: a\ncreate_directory: true\ndirectory_permissions: rwx\n",
                "directory_permissions value must be a valid octal representation",
            ),
            (
                "path: a\ncreate_directory: true\ndirectory_permissions: \"1777\"\n",
                "directory_permissions contain invalid bits for file access",
            ),
        ];
        for (text, problem) in cases {
            let errors = read(text).unwrap_err();
            assert_eq!(errors.iter().map(|error| &*error.problem).collect::<Vec<_>>(), [problem], "{text}");
        }
        assert_eq!(read("format: x\ncompression: y\n").unwrap_err().len(), 3);
        assert!(read("path: a\nfsync: true\n").is_err());
    }
}
