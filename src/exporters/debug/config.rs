//! The keys of `debug`.

use crate::component::{DELIVERY_KEYS, Delivery};
use crate::config::{Errors, Section};
use serde::Deserialize;
use std::time::Duration;

/// How much is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verbosity {
    /// A line for each batch.
    Basic,
    /// And a line for each record.
    Normal,
    /// And every field of it.
    Detailed,
}

/// Where it is printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Output {
    /// weft's own log.
    Log,
    /// `stdout`, `stderr`, or files that are appended to.
    Paths(Vec<String>),
}

/// Which batches are printed, by the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sampling {
    /// So many at first.
    pub(super) initial: u64,
    /// Then every so-manieth; 0 is none.
    pub(super) thereafter: u64,
}

/// What the section says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Config {
    pub(super) verbosity: Verbosity,
    pub(super) sampling: Sampling,
    pub(super) output: Output,
}

/// The section, key by key.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Keys {
    verbosity: String,
    sampling_initial: u32,
    sampling_thereafter: u32,
    use_internal_logger: bool,
    output_paths: Option<Vec<String>>,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            verbosity: "basic".to_owned(),
            sampling_initial: 2,
            sampling_thereafter: 1,
            use_internal_logger: true,
            output_paths: None,
        }
    }
}

impl Config {
    /// Reads a section, with delivery's keys in it: of those the Collector's `debug` has the queue alone.
    pub(super) fn read(section: &Section) -> Result<(Delivery, Self), Errors> {
        let (shared, rest) = section.take(&DELIVERY_KEYS);
        let mut errors = Errors::new();
        for key in ["retry_on_failure", "timeout"].into_iter().filter(|key| section.has(key)) {
            let problem = format!("`debug` has no `{key}`");
            errors.push(section.error(key, problem).hint("remove it: nothing is sent over a network"));
        }
        let delivery = errors.keep(Delivery::take(&shared, Duration::ZERO));
        let config = errors.keep(rest.parse::<Keys>()).and_then(|keys| errors.keep(keys.check(&rest)));
        match (delivery, config) {
            (Some((mut delivery, _)), Some(config)) => {
                delivery.queue.enabled &= section.has("sending_queue");
                delivery.retry.enabled = false;
                errors.finish((delivery, config))
            }
            _ => Err(errors),
        }
    }
}

impl Keys {
    fn check(self, section: &Section) -> Result<Config, Errors> {
        let mut errors = Errors::new();
        let verbosity = errors.keep(verbosity(&self.verbosity, section));
        let output = match (self.use_internal_logger, self.output_paths) {
            (true, Some(_)) => {
                let problem = "output_paths is not supported when use_internal_logger is true";
                errors
                    .push(section.error("output_paths", problem).hint("write `use_internal_logger: false`"));
                Output::Log
            }
            (true, None) => Output::Log,
            (false, Some(paths)) if paths.is_empty() => {
                let problem = "output_paths must not be empty when use_internal_logger is false";
                errors
                    .push(section.error("output_paths", problem).hint("write `stdout`, `stderr` or a file"));
                Output::Log
            }
            (false, paths) => Output::Paths(paths.unwrap_or_else(|| vec!["stdout".to_owned()])),
        };
        let sampling =
            Sampling { initial: self.sampling_initial.into(), thereafter: self.sampling_thereafter.into() };
        match verbosity {
            Some(verbosity) => errors.finish(Config { verbosity, sampling, output }),
            None => Err(errors),
        }
    }
}

fn verbosity(name: &str, section: &Section) -> Result<Verbosity, Errors> {
    let problem = match name.to_ascii_lowercase().as_str() {
        "basic" => return Ok(Verbosity::Basic),
        "normal" => return Ok(Verbosity::Normal),
        "detailed" => return Ok(Verbosity::Detailed),
        "none" => "verbosity level \"None\" is not supported".to_owned(),
        _ => format!("unknown verbosity level {name:?}"),
    };
    Err(section.error("verbosity", problem).hint("write basic, normal or detailed").into())
}
