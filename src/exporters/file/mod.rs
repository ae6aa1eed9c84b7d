//! `file`: writes what arrives to files, as lines of OTLP JSON or as protobuf with lengths before it.
//!
//! A [`Writer`](crate::component::Writer): batches gather for `flush_interval` or up to a size, then one job on a
//! blocking thread encodes and writes all of them, and only then are they settled. A record is in a file whole or not
//! at all: what a failed write left behind is cut off. The `file` receiver reads back what stands here.

mod config;
mod encode;
mod group;
mod open;
mod rotate;
mod tail;
#[cfg(test)]
mod tests;
mod write;

use crate::component::{Component, Delivery, Env, Facts, Prepare, Prepared, Sink};
use crate::config::{Errors, Section};
use crate::otlp::Signal;
use config::Settings;

/// The table's entry.
pub static COMPONENT: Component = Component {
    name: "file",
    aliases: &[],
    signals: &Signal::ALL,
    summary: "writes to files, as JSON lines or length-prefixed protobuf",
    readme: include_str!("README.md"),
    example: "path: ./telemetry.json\nrotation:\n  max_megabytes: 100\n  max_backups: 10\n",
    prepare: Prepare::Exporter(prepare),
};

fn prepare(section: &Section) -> Result<Prepared<Sink>, Errors> {
    let settings = Settings::read(section)?;
    let facts = Facts { delivery: Some(Delivery::direct()), ..Facts::default() };
    let make = move |env: &Env| {
        let writer = write::FileWriter::new(settings.clone(), std::sync::Arc::clone(&env.clock));
        Ok(Sink::Writer(Box::new(writer)))
    };
    Ok(Prepared::new(make).with(facts))
}
