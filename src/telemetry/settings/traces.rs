//! `service.telemetry.traces`: spans of the gateway itself.

use serde::Deserialize;
use serde::de::Deserializer;

use super::exporter::Processor;
use super::word::one_of;
use crate::config::Optional;
use crate::telemetry::def::Level;

/// Which spans, and where to. Without processors there are none.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(default, deny_unknown_fields)]
pub struct TraceSettings {
    /// `none` makes no spans. Default `basic`.
    pub level: Level,
    /// How the context of a request is read and passed on.
    pub propagators: Vec<Propagator>,
    /// Where spans are pushed.
    pub processors: Vec<Processor>,
    /// Which traces are kept. Default all whose parent is kept, and all without a parent.
    pub sampler: Option<Sampler>,
}

impl Default for TraceSettings {
    fn default() -> Self {
        Self { level: Level::Basic, propagators: Vec::new(), processors: Vec::new(), sampler: None }
    }
}

impl TraceSettings {
    /// Whether any span is made.
    pub fn enabled(&self) -> bool {
        self.level != Level::None && !self.processors.is_empty()
    }
}

/// A format of the trace context in headers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Propagator {
    /// W3C's `traceparent`.
    TraceContext,
    /// Zipkin's `b3`.
    B3,
}

impl<'de> Deserialize<'de> for Propagator {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        one_of(deserializer, "propagator", &[("tracecontext", Self::TraceContext), ("b3", Self::B3)])
    }
}

/// Which traces are kept.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(try_from = "RawSampler")]
pub enum Sampler {
    /// All.
    AlwaysOn,
    /// None.
    AlwaysOff,
    /// This share, by the trace's id.
    Ratio(f64),
    /// As the parent was; by these samplers where it has none, or for each case.
    ParentBased {
        /// For a trace that begins here. Default all.
        root: Box<Sampler>,
        /// The parent is remote and kept. Default all.
        remote_sampled: Box<Sampler>,
        /// The parent is remote and not kept. Default none.
        remote_not_sampled: Box<Sampler>,
        /// The parent is local and kept. Default all.
        local_sampled: Box<Sampler>,
        /// The parent is local and not kept. Default none.
        local_not_sampled: Box<Sampler>,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawSampler {
    #[serde(default)]
    always_on: Optional<Empty>,
    #[serde(default)]
    always_off: Optional<Empty>,
    trace_id_ratio_based: Option<RawRatio>,
    parent_based: Option<RawParentBased>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Empty {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawRatio {
    ratio: Option<f64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawParentBased {
    root: Option<Box<Sampler>>,
    remote_parent_sampled: Option<Box<Sampler>>,
    remote_parent_not_sampled: Option<Box<Sampler>>,
    local_parent_sampled: Option<Box<Sampler>>,
    local_parent_not_sampled: Option<Box<Sampler>>,
}

impl TryFrom<RawSampler> for Sampler {
    type Error = String;

    fn try_from(raw: RawSampler) -> Result<Self, String> {
        let on = raw.always_on.into_inner().map(|_| Self::AlwaysOn);
        let off = raw.always_off.into_inner().map(|_| Self::AlwaysOff);
        let ratio = raw.trace_id_ratio_based.map(|raw| Self::Ratio(raw.ratio.unwrap_or(1.0)));
        let parent = raw.parent_based.map(Self::parent_based);
        let mut given = [on, off, ratio, parent].into_iter().flatten();
        match (given.next(), given.next()) {
            (Some(Self::Ratio(ratio)), None) if !(0.0..=1.0).contains(&ratio) => {
                Err(format!("`ratio: {ratio}` is not between 0 and 1"))
            }
            (Some(sampler), None) => Ok(sampler),
            _ => Err("a sampler is one of `always_on`, `always_off`, `trace_id_ratio_based`, `parent_based`"
                .to_owned()),
        }
    }
}

impl Sampler {
    fn parent_based(raw: RawParentBased) -> Self {
        let on = |given: Option<Box<Self>>| given.unwrap_or(Box::new(Self::AlwaysOn));
        let off = |given: Option<Box<Self>>| given.unwrap_or(Box::new(Self::AlwaysOff));
        Self::ParentBased {
            root: on(raw.root),
            remote_sampled: on(raw.remote_parent_sampled),
            remote_not_sampled: off(raw.remote_parent_not_sampled),
            local_sampled: on(raw.local_parent_sampled),
            local_not_sampled: off(raw.local_parent_not_sampled),
        }
    }
}
