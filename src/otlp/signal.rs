//! The three signals and what they are called.
//!
//! Their export requests nest alike, so everything else in this module is written once and asks the signal
//! only for names. Profiles are not carried.

use super::schema::{self, Message};
use std::fmt;
use std::str::FromStr;

/// A kind of telemetry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Signal {
    /// Spans.
    Traces,
    /// Metrics; their items are data points.
    Metrics,
    /// Log records.
    Logs,
}

impl Signal {
    /// Every signal, in the order of configuration and reports.
    pub const ALL: [Self; 3] = [Self::Traces, Self::Metrics, Self::Logs];

    /// The name a pipeline has: `traces`, `metrics`, `logs`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Traces => "traces",
            Self::Metrics => "metrics",
            Self::Logs => "logs",
        }
    }

    /// What is counted, as the Collector's metric names end: `spans`, `metric_points`, `log_records`.
    #[must_use]
    pub const fn items_name(self) -> &'static str {
        match self {
            Self::Traces => "spans",
            Self::Metrics => "metric_points",
            Self::Logs => "log_records",
        }
    }

    /// The message an export request is.
    #[must_use]
    pub fn request(self) -> &'static Message {
        match self {
            Self::Traces => &schema::TRACES_REQUEST,
            Self::Metrics => &schema::METRICS_REQUEST,
            Self::Logs => &schema::LOGS_REQUEST,
        }
    }
}

impl fmt::Display for Signal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A name that is no signal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown signal {0:?}, expected \"traces\", \"metrics\" or \"logs\"")]
pub struct UnknownSignal(String);

impl FromStr for Signal {
    type Err = UnknownSignal;

    fn from_str(name: &str) -> Result<Self, UnknownSignal> {
        Self::ALL
            .into_iter()
            .find(|signal| signal.name() == name)
            .ok_or_else(|| UnknownSignal(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        for signal in Signal::ALL {
            assert_eq!(signal.to_string().parse(), Ok(signal));
        }
    }

    #[test]
    fn an_unknown_name_is_told() {
        let error = "profiles".parse::<Signal>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown signal \"profiles\", expected \"traces\", \"metrics\" or \"logs\""
        );
    }
}
