//! `debug`: prints what arrives, in the Collector's three verbosities.
//!
//! A cold path: batches are decoded into structs here, which nothing else of weft does. The words are made on a
//! compute thread, so that printing a large batch does not hold up those who work. What sampling leaves unprinted
//! counts as sent all the same.

mod config;
mod detailed;
mod normal;
mod points;
mod print;
#[cfg(test)]
mod tests;
mod text;
mod write;

use crate::component::{Component, Facts, Prepare, Prepared, Sink};
use crate::config::{Errors, Section};
use crate::otlp::Signal;
use config::Config;
use std::sync::Arc;

/// The table's entry.
pub static COMPONENT: Component = Component {
    name: "debug",
    aliases: &[],
    signals: &Signal::ALL,
    summary: "prints what arrives, for people",
    readme: include_str!("README.md"),
    example: "verbosity: detailed\nuse_internal_logger: false\noutput_paths: [stderr]\n",
    prepare: Prepare::Exporter(prepare),
};

fn prepare(section: &Section) -> Result<Prepared<Sink>, Errors> {
    let (delivery, config) = Config::read(section)?;
    let facts = Facts { delivery: Some(delivery), ..Facts::default() };
    let make =
        move |env: &crate::component::Env| Ok(Sink::Exporter(Arc::new(write::Debug::new(&config, env))));
    Ok(Prepared::new(make).with(facts))
}
