//! The process's own settings, which are not in the YAML: defaults, then `WEFT_*`, then flags.

use super::args::Run;
use crate::config::units::GoDuration;
use serde::Deserialize;
use std::time::Duration;

/// Settings of the process.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub(super) struct Settings {
    /// Longest time from a signal to the end.
    shutdown_timeout: String,
    /// Threads that serve the network; 0: as many CPUs as the cgroup grants.
    threads: usize,
}

impl Settings {
    /// The settings of a run.
    pub(super) fn of(run: &Run) -> Result<Self, String> {
        let environment = config::Environment::with_prefix("WEFT").try_parsing(false);
        Self::layered(run, environment)
    }

    fn layered(run: &Run, environment: config::Environment) -> Result<Self, String> {
        let threads = run.threads.map(|threads| threads as u64);
        let built = config::Config::builder()
            .set_default("shutdown_timeout", "25s")
            .and_then(|layers| layers.set_default("threads", 0))
            .and_then(|layers| layers.add_source(environment).set_override_option("threads", threads))
            .and_then(|layers| layers.set_override_option("shutdown_timeout", run.shutdown_timeout.clone()))
            .and_then(|layers| layers.build())
            .and_then(config::Config::try_deserialize::<Self>)
            .map_err(|error| format!("settings of the process (flags and WEFT_*): {error}"))?;
        built.shutdown()?;
        Ok(built)
    }

    /// Longest time from a signal to the end.
    pub(super) fn shutdown(&self) -> Result<Duration, String> {
        let parsed = self.shutdown_timeout.parse::<GoDuration>();
        parsed
            .map(GoDuration::get)
            .map_err(|error| format!("--shutdown-timeout (WEFT_SHUTDOWN_TIMEOUT): {error}"))
    }

    /// Threads that serve the network, where `granted` CPUs may be used.
    pub(super) fn threads(&self, granted: usize) -> usize {
        if self.threads == 0 { granted.max(1) } else { self.threads }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layered(run: &Run, variables: &[(&str, &str)]) -> Result<Settings, String> {
        let variables =
            variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Settings::layered(run, config::Environment::with_prefix("WEFT").source(Some(variables)))
    }

    #[test]
    fn flags_beat_variables_and_variables_beat_defaults() {
        let settings = layered(&Run::default(), &[]).unwrap();
        assert_eq!((settings.shutdown().unwrap(), settings.threads(3)), (Duration::from_secs(25), 3));
        let variables = [("WEFT_SHUTDOWN_TIMEOUT", "5s"), ("WEFT_THREADS", "2")];
        assert_eq!(layered(&Run::default(), &variables).unwrap().threads(3), 2);
        let flags = Run { shutdown_timeout: Some("1s".into()), ..Run::default() };
        let settings = layered(&flags, &variables).unwrap();
        assert_eq!((settings.shutdown().unwrap(), settings.threads(3)), (Duration::from_secs(1), 2));
    }

    #[test]
    fn a_wrong_value_names_the_setting() {
        let wrong = layered(&Run::default(), &[("WEFT_SHUTDOWN_TIMEOUT", "soon")]).unwrap_err();
        assert!(wrong.contains("WEFT_SHUTDOWN_TIMEOUT"), "{wrong}");
        assert!(layered(&Run::default(), &[("WEFT_THREADS", "many")]).is_err());
    }
}
