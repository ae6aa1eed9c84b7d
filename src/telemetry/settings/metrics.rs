//! `service.telemetry.metrics`: how much is counted, who reads it, what is left out.

use std::time::Duration;

use serde::Deserialize;

use super::exporter::{Exporter, RawExporter, millis};
use super::view::RawView;
use crate::config::{Errors, Section};
use crate::telemetry::def::Level;
use crate::telemetry::registry::View;
use crate::telemetry::render::{ConstantLabels, Style};

/// Which metrics, and for whom.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricSettings {
    /// How much is counted. Default `normal`.
    pub level: Level,
    /// Who reads. Default: Prometheus text on localhost:8888.
    pub readers: Vec<Reader>,
    /// What is left out.
    pub views: Vec<View>,
}

impl Default for MetricSettings {
    fn default() -> Self {
        let prometheus = Prometheus { host: "localhost".to_owned(), port: 8888, style: Style::default() };
        Self { level: Level::Normal, readers: vec![Reader::Pull(prometheus)], views: Vec::new() }
    }
}

/// One entry of `readers`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(try_from = "RawReader")]
pub enum Reader {
    /// Somebody scrapes `/metrics`.
    Pull(Prometheus),
    /// weft pushes.
    Periodic {
        /// Between two pushes. Default 60 s.
        interval: Duration,
        /// Of one push. Default 30 s.
        timeout: Duration,
        /// Where to.
        exporter: Exporter,
    },
}

/// Where the text is served, and how it looks.
#[derive(Clone, Debug, PartialEq)]
pub struct Prometheus {
    /// A name or an address, an IPv6 one without brackets.
    pub host: String,
    /// A port; 0 lets the system choose.
    pub port: u16,
    /// Suffixes and labels.
    pub style: Style,
}

/// As it is written; what depends on more than one key is checked by [`Raw::check`].
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Raw {
    level: Level,
    readers: Option<Vec<Reader>>,
    views: Option<Vec<RawView>>,
    address: Option<String>,
}

impl Raw {
    pub(super) fn check(&self, section: &Section) -> Result<MetricSettings, Errors> {
        let mut errors = Errors::new();
        let defaults = MetricSettings::default();
        let mut readers = self.readers.clone().unwrap_or_default();
        if let Some(address) = &self.address {
            match host_and_port(address) {
                Some((host, port)) => {
                    readers.push(Reader::Pull(Prometheus { host, port, style: Style::default() }))
                }
                None => errors.push(
                    section
                        .error("address", format!("`{address}` is no address"))
                        .hint("write e.g. `localhost:8888`"),
                ),
            }
            let gone = section.error("address", "`address` is the old form of a reader");
            section.warn(gone.hint("write `readers: [{pull: {exporter: {prometheus: {host, port}}}}]`"));
        }
        if self.readers.is_none() && self.address.is_none() {
            readers = defaults.readers;
        }
        if self.level != Level::None && readers.is_empty() && errors.is_empty() {
            let error = section.error("readers", "there must be a reader when the level is not `none`");
            errors.push(error.hint("leave `readers` out for the default, or write `level: none`"));
        }
        if self.views.is_some() && self.level != Level::Detailed {
            let error = section.error("views", "views can only be set when the level is `detailed`");
            errors.push(error.hint("write `level: detailed` beside it, or remove it"));
        }
        let views = self.views.iter().flatten().map(RawView::view).collect();
        errors.finish(MetricSettings { level: self.level, readers, views })
    }
}

/// `host:port`, the host in brackets if it has colons, or empty for every address.
fn host_and_port(address: &str) -> Option<(String, u16)> {
    let (host, port) = address.rsplit_once(':')?;
    let bare = bare_host(host);
    if bare.len() == host.len() && host.contains(':') {
        return None;
    }
    let host = if host.is_empty() { "0.0.0.0" } else { bare };
    Some((host.to_owned(), port.parse().ok()?))
}

fn bare_host(host: &str) -> &str {
    host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawReader {
    pull: Option<RawPull>,
    periodic: Option<RawPeriodic>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPull {
    exporter: RawPullExporter,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPullExporter {
    prometheus: RawPrometheus,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPrometheus {
    host: String,
    port: u16,
    without_scope_info: Option<bool>,
    without_type_suffix: Option<bool>,
    without_units: Option<bool>,
    with_resource_constant_labels: Option<Lists>,
}

/// `included` and `excluded`.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Lists {
    pub(super) included: Option<Vec<String>>,
    pub(super) excluded: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPeriodic {
    exporter: RawExporter,
    interval: Option<u32>,
    timeout: Option<u32>,
}

impl TryFrom<RawReader> for Reader {
    type Error = String;

    fn try_from(raw: RawReader) -> Result<Self, String> {
        match (raw.pull, raw.periodic) {
            (Some(pull), None) => Ok(Self::Pull(pull.exporter.prometheus.into())),
            (None, Some(RawPeriodic { interval: Some(0), .. })) => {
                Err("`interval` must be at least 1 (ms)".to_owned())
            }
            (None, Some(periodic)) => Ok(Self::Periodic {
                interval: millis(periodic.interval.unwrap_or(60_000)),
                timeout: millis(periodic.timeout.unwrap_or(30_000)),
                exporter: periodic.exporter.check(true)?,
            }),
            _ => Err("a reader is either `pull` or `periodic`".to_owned()),
        }
    }
}

impl From<RawPrometheus> for Prometheus {
    fn from(raw: RawPrometheus) -> Self {
        let labels = |lists: Lists| ConstantLabels {
            included: lists.included.unwrap_or_default(),
            excluded: lists.excluded.unwrap_or_default(),
        };
        let style = Style {
            without_type_suffix: raw.without_type_suffix.unwrap_or(true),
            without_units: raw.without_units.unwrap_or(true),
            without_scope_info: raw.without_scope_info.unwrap_or(true),
            constant_labels: raw.with_resource_constant_labels.map(labels),
        };
        Self { host: bare_host(&raw.host).to_owned(), port: raw.port, style }
    }
}
