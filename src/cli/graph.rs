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

/// What feeds a pipeline or what it ends in, as nodes: receivers, connectors and exporters may have
/// one id, and are different things.
fn outside(plan: &Plan, at: usize) -> (Vec<Node>, Vec<Node>) {
    let receivers = plan.receivers.iter().filter(|one| one.feeds.iter().flatten().any(|&to| to == at));
    let connectors = plan.connectors.iter().filter(|one| one.ports.contains(&at));
    let before = receivers.map(|one| Node::new("r", &one.node.id));
    let before = before.chain(connectors.map(|one| Node::new("c", &one.node.id)));
    let after = plan.pipelines[at].exits.iter().map(|exit| match *exit {
        Exit::Exporter(at) => Node::new("e", &plan.exporters[at].node.id),
        Exit::Connector(at) => Node::new("c", &plan.connectors[at].node.id),
    });
    (before.collect(), after.collect())
}

/// A node of a drawing: a name that Mermaid takes, and what is written on it.
struct Node {
    name: String,
    label: String,
}

impl Node {
    fn new(prefix: &str, id: &str) -> Self {
        let legal =
            |c: char| if c.is_ascii_alphanumeric() { c.to_string() } else { format!("_{:x}_", u32::from(c)) };
        let name = id.split('_').map(|part| part.chars().map(legal).collect::<String>());
        let name = name.collect::<Vec<_>>().join("_");
        Self { name: format!("{prefix}_{name}"), label: id.replace('"', "#quot;") }
    }

    fn rounded(&self) -> String {
        format!("{}([\"{}\"])", self.name, self.label)
    }
}

fn mermaid(plan: &Plan) -> String {
    let mut text = "flowchart LR\n".to_owned();
    for (at, pipeline) in plan.pipelines.iter().enumerate() {
        let frame = Node::new("p", &pipeline.id);
        text.push_str(&format!("  subgraph {}[\"{}\"]\n", frame.name, frame.label));
        let prefix = format!("n{at}");
        let nodes: Vec<_> = pipeline.processors.iter().map(|one| Node::new(&prefix, &one.id)).collect();
        text.extend(nodes.iter().map(|node| format!("    {}[\"{}\"]\n", node.name, node.label)));
        text.extend(nodes.windows(2).map(|two| format!("    {} --> {}\n", two[0].name, two[1].name)));
        let passage = Node::new(&prefix, "in");
        if nodes.is_empty() {
            text.push_str(&format!("    {}(( ))\n", passage.name));
        }
        text.push_str("  end\n");
        let (first, last) = (nodes.first().unwrap_or(&passage), nodes.last().unwrap_or(&passage));
        let (before, after) = outside(plan, at);
        text.extend(before.iter().map(|from| format!("  {} --> {}\n", from.rounded(), first.name)));
        text.extend(after.iter().map(|to| format!("  {} --> {}\n", last.name, to.rounded())));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::Node;

    #[test]
    fn different_ids_have_different_names() {
        let name = |prefix, id| Node::new(prefix, id).name;
        assert_eq!(name("r", "otlp_http"), "r_otlp_http");
        let all = [
            name("r", "otlp"),
            name("e", "otlp"),
            name("e", "otlp/a"),
            name("e", "otlp/a-b"),
            name("e", "otlp/a_b"),
        ];
        let unique: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(unique.len(), all.len(), "{all:?}");
    }
}
