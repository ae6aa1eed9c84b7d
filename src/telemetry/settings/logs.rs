//! `service.telemetry.logs`.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use serde::de::{Deserializer, Error};

use super::exporter::Processor;
use super::word::one_of;
use crate::config::GoDuration;
use crate::telemetry::logs::Severity;

/// What is logged, how, and where to.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct LogSettings {
    /// The least severity that is written: `debug`, `info` (default), `warn`, `error`; above, nothing.
    pub level: Severity,
    /// Writes the stack with every error.
    pub development: bool,
    /// `console` (default) or `json`.
    pub encoding: Encoding,
    /// Leaves out the file and line of the log statement.
    pub disable_caller: bool,
    /// Never writes a stack, not even in development.
    pub disable_stacktrace: bool,
    /// How often the same line is written.
    pub sampling: Sampling,
    /// `stderr` (default), `stdout`, paths, `file` URLs. An empty list writes nowhere.
    #[serde(deserialize_with = "paths")]
    pub output_paths: Vec<String>,
    /// Where it is told that an output fails. Default `stderr`.
    #[serde(deserialize_with = "paths")]
    pub error_output_paths: Vec<String>,
    /// Fields on every line.
    pub initial_fields: BTreeMap<String, serde_json::Value>,
    /// Where log events are pushed besides.
    pub processors: Vec<Processor>,
    /// Leaves out the resource's attributes on lines; what is pushed has them in any case.
    pub disable_zap_resource: bool,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self {
            level: Severity::Info,
            development: false,
            encoding: Encoding::Console,
            disable_caller: false,
            disable_stacktrace: false,
            sampling: Sampling::default(),
            output_paths: vec!["stderr".to_owned()],
            error_output_paths: vec!["stderr".to_owned()],
            initial_fields: BTreeMap::new(),
            processors: Vec::new(),
            disable_zap_resource: false,
        }
    }
}

impl LogSettings {
    /// Whether errors come with their stack.
    pub fn stack_traces(&self) -> bool {
        self.development && !self.disable_stacktrace
    }
}

/// How a line looks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encoding {
    /// For people.
    #[default]
    Console,
    /// For machines.
    Json,
}

impl<'de> Deserialize<'de> for Encoding {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_of(
            deserializer,
            "encoding",
            &[("console", Self::Console), ("", Self::Console), ("json", Self::Json)],
        )
    }
}

/// Per tick and place in the code: the first lines, then every so manieth.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(default, deny_unknown_fields)]
pub struct Sampling {
    /// Without it every line is written.
    pub enabled: bool,
    /// Default 10 s.
    #[serde(deserialize_with = "tick")]
    pub tick: Duration,
    /// Written in any case, per tick. Default 10.
    pub initial: u64,
    /// Of those beyond, one of so many is written; 0 is none. Default 100.
    pub thereafter: u64,
}

impl Default for Sampling {
    fn default() -> Self {
        Self { enabled: true, tick: Duration::from_secs(10), initial: 10, thereafter: 100 }
    }
}

fn tick<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let tick = GoDuration::deserialize(deserializer)?;
    if tick.nanos() <= 0 {
        return Err(D::Error::custom("`tick` must be longer than 0, e.g. `10s`"));
    }
    Ok(tick.get())
}

fn paths<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let paths = Vec::<String>::deserialize(deserializer)?;
    for path in &paths {
        let scheme = path.split_once("://").map(|(scheme, _)| scheme);
        if path.is_empty()
            || scheme.is_some_and(|scheme| scheme != "file")
            || path.starts_with("file://") && !path.starts_with("file:///")
        {
            let right = "write `stderr`, `stdout`, a path, or `file:///` and an absolute path";
            return Err(D::Error::custom(format!("cannot log to `{path}`; {right}")));
        }
    }
    Ok(paths)
}
