//! `memory_limiter`: sets the gateway's one memory limit.
//!
//! In weft memory is admitted before a byte of a request is read, so there is nothing left to do for
//! a processor in the middle: its keys set the budget of the whole gateway, and the data passes
//! through. Of several limiters the strictest counts.

mod config;
#[cfg(test)]
mod tests;

use crate::batch::Batch;
use crate::component::{Component, Facts, Out, Prepare, Prepared, Processor};
use crate::config::{Errors, Section};
use crate::otlp::Signal;
use crate::telemetry::{BySignal, names};
use config::Config;
use metrics::Counter;

/// The table's entry.
pub static COMPONENT: Component = Component {
    name: "memory_limiter",
    aliases: &[],
    signals: &Signal::ALL,
    summary: "sets the memory limit of the gateway",
    readme: include_str!("README.md"),
    example: "check_interval: 1s\nlimit_percentage: 80\nspike_limit_percentage: 20\n",
    prepare: Prepare::Processor(prepare),
};

fn prepare(section: &Section) -> Result<Prepared<Box<dyn Processor>>, Errors> {
    let config: Config = section.parse()?;
    config.check(section)?;
    let facts = Facts { memory: Some(config.limit()), ..Facts::default() };
    let make = |env: &crate::component::Env| -> Result<Box<dyn Processor>, crate::component::Fault> {
        Ok(Box::new(Passage::new(env)))
    };
    Ok(Prepared::new(make).with(facts))
}

/// Counts what the limit let in.
struct Passage {
    accepted: [Counter; 3],
}

impl Passage {
    fn new(env: &crate::component::Env) -> Self {
        let labels = [("processor", &*env.id)];
        let BySignal { spans, metric_points, log_records } = &names::MEMORY_LIMITER_ACCEPTED;
        Self { accepted: [spans, metric_points, log_records].map(|def| env.registry.counter(def, &labels)) }
    }
}

impl Processor for Passage {
    fn process(&mut self, batch: Batch, out: &mut Out<'_>) {
        self.accepted[batch.data.signal() as usize].increment(batch.items());
        out.emit(batch);
    }
}
