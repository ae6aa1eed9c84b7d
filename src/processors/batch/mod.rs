//! `batch`: what comes in small goes out large, alike with alike.
//!
//! It is a holder: it answers the sender as soon as it has the data, unless the sender waits for the
//! backends; then it lets everything go as soon as nothing more is on its way, so that a closed loop
//! never waits for a timer. The gathering itself is [`Gather`](crate::batch::Gather).

mod config;
mod gather;
#[cfg(test)]
mod tests;

use crate::component::{Component, Facts, Prepare, Prepared, Processor};
use crate::config::{Errors, Section};
use crate::otlp::Signal;
use config::Config;

/// The table's entry.
pub static COMPONENT: Component = Component {
    name: "batch",
    aliases: &[],
    signals: &Signal::ALL,
    summary: "gathers items to larger batches",
    readme: include_str!("README.md"),
    example: "send_batch_size: 8192\ntimeout: 200ms\n",
    prepare: Prepare::Processor(prepare),
};

fn prepare(section: &Section) -> Result<Prepared<Box<dyn Processor>>, Errors> {
    let config: Config = section.parse()?;
    config.check(section)?;
    let facts = Facts { holds: true, reads_headers: config.headers(), ..Facts::default() };
    let make = move |env: &crate::component::Env| -> Result<Box<dyn Processor>, crate::component::Fault> {
        Ok(Box::new(gather::Batcher::new(&config, env)))
    };
    Ok(Prepared::new(make).with(facts))
}
