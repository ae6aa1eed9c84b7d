//! `service.telemetry`: what the gateway says about itself and where to.
//!
//! Both schemas that the Collector accepts are read: that of its declarative configuration v0.3.0 (headers a list of
//! name and value) and the older v0.2.0 (headers a map), and `metrics.address` from before either. What weft does
//! not do is an error that names it; only resource detectors are passed over, with a warning.

mod exporter;
mod logs;
mod metrics;
mod resource;
#[cfg(test)]
mod tests;
mod traces;
mod view;
mod word;

pub use exporter::{Batching, Exporter, Otlp, Processor, Protocol};
pub use logs::{Encoding, LogSettings, Sampling};
pub use metrics::{MetricSettings, Prometheus, Reader};
pub use resource::ResourceSettings;
pub use traces::{Propagator, Sampler, TraceSettings};

use serde::Deserialize;

use crate::config::{Errors, Section};

/// The whole of `service.telemetry`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Settings {
    /// `logs`.
    pub logs: LogSettings,
    /// `metrics`.
    pub metrics: MetricSettings,
    /// `traces`.
    pub traces: TraceSettings,
    /// `resource`.
    pub resource: ResourceSettings,
}

/// All but the resource, whose keys are free.
#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Typed {
    logs: LogSettings,
    metrics: metrics::Raw,
    traces: TraceSettings,
}

impl Settings {
    /// Reads the section; all its errors at once. Warnings go to the section.
    pub fn load(section: &Section) -> Result<Self, Errors> {
        let (resource, rest) = section.take(&["resource"]);
        let mut errors = Errors::new();
        let resource = errors.keep(resource::load(&resource.child("resource")));
        let typed = errors.keep(rest.parse::<Typed>());
        let metrics =
            typed.as_ref().and_then(|typed| errors.keep(typed.metrics.check(&section.child("metrics"))));
        let (resource, typed, metrics) =
            (resource.unwrap_or_default(), typed.unwrap_or_default(), metrics.unwrap_or_default());
        errors.finish(Self { logs: typed.logs, metrics, traces: typed.traces, resource })
    }
}
