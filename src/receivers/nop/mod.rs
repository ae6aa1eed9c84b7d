//! `nop`: takes nothing in.
//!
//! For a configuration that must have a receiver and shall not listen. It only waits for the end.

#[cfg(test)]
mod tests;

use crate::component::{BoxFuture, Component, Fault, Ingress, Prepare, Prepared, Receiver, Running, Stop};
use crate::config::{Errors, Section};
use crate::otlp::Signal;
use serde::Deserialize;

/// The table's entry.
pub static COMPONENT: Component = Component {
    name: "nop",
    aliases: &[],
    signals: &Signal::ALL,
    summary: "takes nothing in",
    readme: include_str!("README.md"),
    example: "{}\n",
    prepare: Prepare::Receiver(prepare),
};

/// There is nothing to set.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {}

fn prepare(section: &Section) -> Result<Prepared<Box<dyn Receiver>>, Errors> {
    section.parse::<Config>()?;
    Ok(Prepared::new(|_| Ok(Box::new(Nop) as Box<dyn Receiver>)))
}

struct Nop;

impl Receiver for Nop {
    fn start(
        self: Box<Self>,
        _ingress: Ingress,
        mut stop: Stop,
    ) -> BoxFuture<'static, Result<Running, Fault>> {
        let running = async move {
            stop.requested().await;
            Ok(())
        };
        Box::pin(async { Ok(Box::pin(running) as Running) })
    }
}
