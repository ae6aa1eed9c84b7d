//! The keys of `pprof`.

use super::sampler;
use crate::config::{Errors, Section};
use crate::net::settings::HttpServer;
use serde::Deserialize;
use std::path::PathBuf;

/// The section, checked.
#[derive(Debug)]
pub(super) struct Config {
    pub(super) server: HttpServer,
    /// Where the profile of the whole life goes, if it is taken.
    pub(super) save_to_file: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Keys {
    endpoint: String,
    block_profile_fraction: i64,
    mutex_profile_fraction: i64,
    save_to_file: String,
}

impl Default for Keys {
    fn default() -> Self {
        Self {
            endpoint: "localhost:1777".to_owned(),
            block_profile_fraction: 0,
            mutex_profile_fraction: 0,
            save_to_file: String::new(),
        }
    }
}

impl Config {
    pub(super) fn of(section: &Section) -> Result<Self, Errors> {
        let Keys { endpoint, block_profile_fraction, mutex_profile_fraction, save_to_file } =
            section.parse()?;
        let mut errors = Errors::new();
        let fractions = [
            ("block_profile_fraction", block_profile_fraction),
            ("mutex_profile_fraction", mutex_profile_fraction),
        ];
        for (key, _) in fractions.into_iter().filter(|(_, fraction)| *fraction > 0) {
            let error =
                section.error(key, "weft's runtime does not count blocking: only CPU profiles are taken");
            errors.push(error.hint("set it to 0; `perf trace -s` tells where threads wait"));
        }
        if !save_to_file.is_empty() && !sampler::IS_BUILT {
            errors.push(section.error("save_to_file", sampler::NOT_BUILT).hint(sampler::WAY_OUT));
        }
        let server = HttpServer { endpoint, ..HttpServer::default() };
        let problems = server.check().into_iter();
        problems.for_each(|found| errors.push(section.error(&found.at, found.problem).hint(found.hint)));
        let save_to_file = (!save_to_file.is_empty()).then(|| PathBuf::from(save_to_file));
        errors.finish(Self { server, save_to_file })
    }
}
