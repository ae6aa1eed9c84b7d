//! `health_check`: answers those who ask whether the gateway takes data.
//!
//! Two ways of one component, as in the Collector: the plain one (one path, 200 or 503), and with `use_v2: true` the one
//! by component, over HTTP and gRPC, which also tells of exporters that fail. It answers 503 while the gateway starts
//! and from the moment it begins to stop, and says nothing of what is in the data.

mod config;
mod health;
mod plain;
mod serve;
mod service;
mod shown;
mod status_page;
#[cfg(test)]
mod tests;
mod watch;

use crate::component::{Component, Env, Extension, Facts, Fault, Prepare, Prepared};
use crate::config::{Errors, Section};
use config::Config;
use serve::HealthCheck;
use std::sync::Arc;

/// The table's entry.
pub static COMPONENT: Component = Component {
    name: "health_check",
    aliases: &["healthcheckv2"],
    signals: &[],
    summary: "tells probes whether the gateway is ready, over HTTP and gRPC",
    readme: include_str!("README.md"),
    example: "endpoint: localhost:13133\n",
    prepare: Prepare::Extension(prepare),
};

fn prepare(section: &Section) -> Result<Prepared<Arc<dyn Extension>>, Errors> {
    let (config, warnings) = Config::of(section)?;
    let make = move |env: &Env| -> Result<Arc<dyn Extension>, Fault> {
        let (clock, status) = (Arc::clone(&env.clock), Arc::clone(&env.status));
        Ok(Arc::new(HealthCheck::new(Arc::clone(&env.id), config.clone(), clock, status)))
    };
    Ok(Prepared::new(make).with(Facts { warnings, ..Facts::default() }))
}
