//! `forward`: joins pipelines of one signal without changing anything.

use crate::batch::Batch;
use crate::component::{Component, Env, Fault, Out, Prepare, Prepared, Processor};
use crate::config::{Errors, Section};
use crate::otlp::Signal;
use serde::Deserialize;

/// The table's entry.
pub static COMPONENT: Component = Component {
    name: "forward",
    aliases: &[],
    signals: &Signal::ALL,
    summary: "joins pipelines of one signal",
    readme: include_str!("README.md"),
    example: "",
    prepare: Prepare::Connector(
        &[(Signal::Traces, Signal::Traces), (Signal::Metrics, Signal::Metrics), (Signal::Logs, Signal::Logs)],
        prepare,
    ),
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {}

fn prepare(section: &Section) -> Result<Prepared<Box<dyn Processor>>, Errors> {
    let Config {} = section.parse()?;
    let make =
        |env: &Env| -> Result<Box<dyn Processor>, Fault> { Ok(Box::new(Forward { ports: env.ports.len() })) };
    Ok(Prepared::new(make))
}

struct Forward {
    ports: usize,
}

impl Processor for Forward {
    fn process(&mut self, mut batch: Batch, out: &mut Out<'_>) {
        let Some(last) = self.ports.checked_sub(1) else { return };
        out.create(batch.items() * last as u64);
        for port in 0..last {
            out.emit_to(port, batch.share());
        }
        out.emit_to(last, batch);
    }
}

#[cfg(test)]
mod tests;
