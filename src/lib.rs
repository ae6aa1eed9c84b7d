//! weft: an OpenTelemetry gateway collector that runs the Collector's YAML.
//!
//! Async at the edges, plain state machines in the middle, bytes in between. The map, from the
//! bottom up; `tests/architecture.rs` holds who may use whom:
//!
//! - [`otlp`]: the wire format, as bytes with tables. Pure.
//! - [`config`]: the YAML as a tree that knows where every value came from. Pure.
//! - [`batch`]: what flows: data, origin, answer, claim, memory.
//! - [`net`]: listeners, TLS, compression, clients.
//! - [`telemetry`]: what the gateway tells of itself.
//! - [`component`]: the contract between the engine and what is plugged into it.
//! - [`engine`]: plan, workers, fan-out, delivery, report.
//! - [`receivers`], [`processors`], [`connectors`], [`exporters`], [`extensions`]: the components.
//! - [`components`]: the one table of them.
//! - [`cli`]: the commands. [`testing`]: generators and sinks, shared by tests, benches and `weft bench`.

pub mod batch;
pub mod cli;
pub mod component;
pub mod components;
pub mod config;
pub mod connectors;
pub mod engine;
pub mod exporters;
pub mod extensions;
pub mod net;
pub mod otlp;
pub mod processors;
pub mod receivers;
pub mod telemetry;
pub mod testing;
