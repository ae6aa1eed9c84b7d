//! What weft says about itself: metrics, log lines, and the settings of `service.telemetry`.
//!
//! | module | what |
//! |---|---|
//! | [`names`] | every metric's name, unit, labels and description, in one file |
//! | [`registry`] | the counters themselves: handles cheap to clone, one atomic add per batch |
//! | [`render`] | a snapshot as Prometheus text |
//! | [`otlp`] | a snapshot or log events as OTLP requests (cold path, `prost`) |
//! | [`settings`] | `service.telemetry`, in both schemas the Collector accepts |
//! | [`logs`] | log lines: encodings, sampling, outputs, and a tap for OTLP push |
//! | [`process`] | memory and CPU of this process, and the limits it runs under |
//! | [`resource`] | who is speaking: the attributes of this process |
//!
//! Nothing here is global to the process (but the log dispatcher, if the caller installs it), and nothing opens
//! a socket: serving `/metrics` and pushing belong to the caller.

mod def;
pub mod logs;
pub mod names;
pub mod otlp;
pub mod process;
pub mod registry;
pub mod render;
pub mod resource;
pub mod settings;
mod wildcard;

pub use def::{
    BYTE_BOUNDS, BySignal, CounterDef, Def, GaugeDef, HistogramDef, ITEM_BOUNDS, Kind, Level, SECOND_BOUNDS,
};
pub use metrics::{Counter, Gauge, Histogram};
pub use registry::{Registry, Sample, Snapshot};
pub use resource::Resource;
