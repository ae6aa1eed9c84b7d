//! `zpages`: what the gateway knows of itself, as JSON at the Collector's paths.
//!
//! For eyes and scripts, on localhost. It shows names, counts and the errors of components, never what is in the data,
//! and changes nothing.

mod config;
mod pages;
mod serve;
#[cfg(test)]
mod tests;

use crate::component::{Component, Env, Extension, Facts, Fault, Prepare, Prepared};
use crate::config::{Errors, Section};
use config::Config;
use serve::Zpages;
use std::sync::Arc;

/// The table's entry.
pub static COMPONENT: Component = Component {
    name: "zpages",
    aliases: &[],
    signals: &[],
    summary: "shows the running graph with its counts, as JSON",
    readme: include_str!("README.md"),
    example: "endpoint: localhost:55679\nexpvar:\n  enabled: true\n",
    prepare: Prepare::Extension(prepare),
};

fn prepare(section: &Section) -> Result<Prepared<Arc<dyn Extension>>, Errors> {
    let config = Arc::new(Config::of(section)?);
    let make = move |env: &Env| -> Result<Arc<dyn Extension>, Fault> {
        Ok(Arc::new(Zpages::new(Arc::clone(&env.id), Arc::clone(&config), Arc::clone(&env.status))))
    };
    Ok(Prepared::new(make).with(Facts::default()))
}
