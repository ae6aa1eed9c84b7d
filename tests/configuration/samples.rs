//! Components for what weft's own do not show yet, made as an outside crate would make them: an extension, an exporter
//! of one signal, a connector that turns one signal into another.

use serde::Deserialize;
use std::sync::Arc;
use weft::batch::Batch;
use weft::component::{Blame, Component, Extension, Fault, Out, Prepare, Prepared, Processor, Sink};
use weft::config::{Errors, Section};
use weft::engine::Table;
use weft::otlp::Signal;

/// weft's components and the samples.
pub(crate) fn table() -> Table {
    Table::new(weft::components::all().chain([&AUTH, &TRACES, &COUNT]))
}

const SAMPLE: Component = Component {
    name: "sample",
    aliases: &[],
    signals: &[Signal::Traces],
    summary: "a sample",
    readme: "# sample\n",
    example: "{}\n",
    prepare: Prepare::Extension(extension),
};
static AUTH: Component = Component { name: "sample_auth", signals: &[], ..SAMPLE };
static TRACES: Component =
    Component { name: "sample_traces", prepare: Prepare::Exporter(exporter), ..SAMPLE };
static COUNT: Component = Component {
    name: "sample_count",
    prepare: Prepare::Connector(&[(Signal::Traces, Signal::Metrics)], connector),
    ..SAMPLE
};

/// It has no keys.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {}

struct Idle;

impl Extension for Idle {}

impl Processor for Idle {
    fn process(&mut self, batch: Batch, out: &mut Out<'_>) {
        out.emit(batch);
    }
}

fn extension(section: &Section) -> Result<Prepared<Arc<dyn Extension>>, Errors> {
    section.parse::<Config>()?;
    Ok(Prepared::new(|_| Ok(Arc::new(Idle) as Arc<dyn Extension>)))
}

fn connector(section: &Section) -> Result<Prepared<Box<dyn Processor>>, Errors> {
    section.parse::<Config>()?;
    Ok(Prepared::new(|_| Ok(Box::new(Idle) as Box<dyn Processor>)))
}

fn exporter(section: &Section) -> Result<Prepared<Sink>, Errors> {
    section.parse::<Config>()?;
    Ok(Prepared::new(|_| Err(Fault::lasting(Blame::Config, "sample", "a sample is never made"))))
}
