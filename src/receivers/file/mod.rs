//! `otlp_json_file`: reads telemetry back from files: lines of OTLP JSON, or protobuf with lengths before it.
//!
//! What the `file` exporter writes (weft's or the Collector's, compressed or not) can be replayed by it. It takes one
//! record after the other and goes on only when the pipelines have answered; where they refuse, it waits and reads the
//! record again, so it holds nothing while it waits. Positions are in memory: a restart begins anew by `start_at`.

mod config;
mod detect;
mod input;
mod records;
mod run;
mod source;
#[cfg(test)]
mod tests;

use crate::component::{Component, Env, Prepare, Prepared, Receiver};
use crate::config::{Errors, Section};
use crate::otlp::Signal;
use crate::telemetry::CounterDef;
use config::Settings;

/// The table's entry.
pub static COMPONENT: Component = Component {
    name: "otlp_json_file",
    aliases: &["otlpjsonfile", "file"],
    signals: &Signal::ALL,
    summary: "replays files of OTLP JSON lines or length-prefixed protobuf",
    readme: include_str!("README.md"),
    example: "include: [./telemetry*.json]\nstart_at: beginning\n",
    prepare: Prepare::Receiver(prepare),
};

/// Records that are no telemetry.
pub(super) static MALFORMED: CounterDef = CounterDef::new(
    "weft_file_malformed_records",
    "{record}",
    &["receiver"],
    "Number of lines or records that could not be read and were left out.",
);

fn prepare(section: &Section) -> Result<Prepared<Box<dyn Receiver>>, Errors> {
    let settings = Settings::read(section)?;
    let make = move |env: &Env| Ok(Box::new(run::Replay::new(settings.clone(), env)) as Box<dyn Receiver>);
    Ok(Prepared::new(make))
}
