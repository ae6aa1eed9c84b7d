//! The configuration: the Collector's own YAML, as a tree that knows where each key and value was written.
//!
//! Text becomes a tree ([`parse`]), sources are merged and `${…}` is expanded ([`Loader`]), the top level is checked
//! ([`Settings`]), and each component reads its part through serde ([`Section`]). All of it follows the Collector's
//! confmap; what differs is that every error has `file:line:col`, a snippet and a hint, and that all of them come at
//! once ([`Errors`], [`render`]).
//!
//! It knows no component and reads no environment of its own: that is an argument ([`Environment`]).

mod access;
mod de;
mod entries;
mod environment;
mod error;
mod expand;
mod fault;
mod id;
mod keys;
mod loader;
mod location;
mod merge;
mod node;
mod optional;
mod origin;
mod parse;
pub mod path;
mod print;
pub mod render;
mod scalar;
mod secret;
mod section;
mod service;
mod settings;
mod strict;
mod suggest;
pub mod units;

pub use environment::{Environment, process as process_environment};
pub use error::{ConfigError, Errors, More, Severity};
pub use id::{BadId, ComponentId};
pub use loader::{Loaded, Loader};
pub use location::{BadLocation, Location};
pub use merge::merge;
pub use node::{Key, Node, Style, Value};
pub use optional::Optional;
pub use origin::{Origin, Source};
pub use parse::{Limits, parse};
pub use print::{to_yaml, to_yaml_with_origins};
pub use scalar::Typed;
pub use secret::{MASK, Secret};
pub use section::{Section, Warnings};
pub use service::{Pipeline, PipelineId, Reference, Service};
pub use settings::{Component, Settings};
pub use suggest::nearest;
pub use units::GoDuration;

#[cfg(test)]
mod tests;
