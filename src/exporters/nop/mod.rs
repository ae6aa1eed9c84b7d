//! `nop`: takes everything and sends it nowhere.
//!
//! For measuring what stands before it, and for pipelines that exist for their connectors' sake. What it takes counts
//! as sent.

#[cfg(test)]
mod tests;

use crate::batch::Context;
use crate::component::{
    Component, Delivery, Exporter, Facts, Fault, Prepare, Prepared, Requests, Sent, Sink,
};
use crate::config::{Errors, Section};
use crate::otlp::{Data, Signal};
use serde::Deserialize;
use std::sync::Arc;

/// The table's entry.
pub static COMPONENT: Component = Component {
    name: "nop",
    aliases: &[],
    signals: &Signal::ALL,
    summary: "takes everything and sends it nowhere",
    readme: include_str!("README.md"),
    example: "{}\n",
    prepare: Prepare::Exporter(prepare),
};

/// There is nothing to set.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {}

fn prepare(section: &Section) -> Result<Prepared<Sink>, Errors> {
    section.parse::<Config>()?;
    let facts = Facts { delivery: Some(Delivery::direct()), ..Facts::default() };
    Ok(Prepared::new(|_| Ok(Sink::Exporter(Arc::new(Nop)))).with(facts))
}

struct Nop;

impl Exporter for Nop {
    type Request = ();

    fn encode(&self, data: Data, _ctx: &Context, out: &mut Requests<()>) -> Result<(), Fault> {
        out.push((), data.items());
        Ok(())
    }

    async fn send(&self, (): &()) -> Result<Sent, Fault> {
        Ok(Sent::default())
    }
}
