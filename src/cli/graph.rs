//! `weft graph`: the pipelines as a drawing.

use super::args::{Drawing, Graph};
use super::load;
use crate::engine::{Exit, Plan, PlannedPipeline, Table};
use std::process::ExitCode;

/// Draws the graph of a configuration.
pub(super) fn graph(args: &Graph, table: &Table) -> ExitCode {
    match load::check(&args.source, table) {
        Ok(checked) => {
            let drawing = match args.format {
                Drawing::Ascii => ascii(&checked.plan),
                Drawing::Mermaid => mermaid(&checked.plan),
            };
            print!("{drawing}");
            ExitCode::SUCCESS
        }
        Err(errors) => {
            load::complain(&errors);
            ExitCode::FAILURE
        }
    }
}

/// The ids of what feeds a pipeline.
fn sources(plan: &Plan, at: usize) -> Vec<&str> {
    let receivers =
        plan.receivers.iter().filter(|receiver| receiver.feeds.iter().flatten().any(|&to| to == at));
    let connectors = plan.connectors.iter().filter(|connector| connector.ports.contains(&at));
    receivers
        .map(|receiver| &*receiver.node.id)
        .chain(connectors.map(|connector| &*connector.node.id))
        .collect()
}

/// The ids of what a pipeline ends in.
fn ends<'a>(plan: &'a Plan, pipeline: &PlannedPipeline) -> Vec<&'a str> {
    let id = |exit: &Exit| match *exit {
        Exit::Exporter(at) => &*plan.exporters[at].node.id,
        Exit::Connector(at) => &*plan.connectors[at].node.id,
    };
    pipeline.exits.iter().map(id).collect()
}

fn ascii(plan: &Plan) -> String {
    let mut text = String::new();
    for (at, pipeline) in plan.pipelines.iter().enumerate() {
        let processors: Vec<_> = pipeline.processors.iter().map(|processor| &*processor.id).collect();
        let middle =
            if processors.is_empty() { String::new() } else { format!("{} → ", processors.join(" → ")) };
        let (from, to) = (sources(plan, at).join(" + "), ends(plan, pipeline));
        text.push_str(&format!("{}\n  {from} → {middle}{}\n", pipeline.id, branches(&to)));
    }
    text
}

fn branches(ends: &[&str]) -> String {
    if let [end] = ends { (*end).to_owned() } else { format!("[{}]", ends.join(", ")) }
}

fn mermaid(plan: &Plan) -> String {
    let mut text = "flowchart LR\n".to_owned();
    for (at, pipeline) in plan.pipelines.iter().enumerate() {
        text.push_str(&format!("  subgraph {}[\"{}\"]\n", name("p", &pipeline.id), pipeline.id));
        let mut before: Vec<String> = Vec::new();
        for processor in &pipeline.processors {
            let node = name(&format!("n{at}"), &processor.id);
            text.push_str(&format!("    {node}[\"{}\"]\n", processor.id));
            text.extend(before.drain(..).map(|from| format!("    {from} --> {node}\n")));
            before.push(node);
        }
        if before.is_empty() {
            before.push(name(&format!("n{at}"), "in"));
            text.push_str(&format!("    {}(( ))\n", before[0]));
        }
        text.push_str("  end\n");
        let first = pipeline
            .processors
            .first()
            .map_or_else(|| before[0].clone(), |first| name(&format!("n{at}"), &first.id));
        for id in sources(plan, at) {
            text.push_str(&format!("  {}([\"{id}\"]) --> {first}\n", name("x", id)));
        }
        for id in ends(plan, pipeline) {
            text.push_str(&format!("  {} --> {}([\"{id}\"])\n", before[0], name("x", id)));
        }
    }
    text
}

/// A name that Mermaid takes for a node.
fn name(prefix: &str, id: &str) -> String {
    let plain: String = id.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    format!("{prefix}_{plain}")
}
