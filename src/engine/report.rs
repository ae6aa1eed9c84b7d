//! The report: what came in, what went where, and whether it adds up.

use super::counts::{Counts, Sums};
use crate::otlp::Signal;
use serde::Serialize;
use std::sync::Arc;

/// What a node is, for the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Counts what it handed to pipelines.
    Receiver,
    /// A processor in a pipeline.
    Processor,
    /// Joins pipelines.
    Connector,
    /// The end of a pipeline: where a batch enters all branches or none.
    FanOut,
    /// Its way out is the backend.
    Exporter,
}

/// A node's place and counters, as the running gateway keeps them.
#[derive(Clone, Debug)]
pub struct Counted {
    /// What it is.
    pub role: Role,
    /// Its id, for example `batch` or `otlp_grpc/tempo`.
    pub id: Arc<str>,
    /// The pipeline it stands in; none for what pipelines share.
    pub pipeline: Option<Arc<str>>,
    /// What flows through it.
    pub signal: Signal,
    /// Indices of the nodes that its output enters.
    pub next: Vec<usize>,
    /// The counters.
    pub counts: Arc<Counts>,
}

/// One line of a report.
#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// What it is.
    pub role: Role,
    /// Its id.
    pub id: Arc<str>,
    /// The pipeline it stands in.
    pub pipeline: Option<Arc<str>>,
    /// The signal.
    pub signal: &'static str,
    /// Indices of the lines that its output enters.
    pub next: Vec<usize>,
    /// What was counted, in items.
    #[serde(flatten)]
    pub sums: Sums,
}

/// What a gateway did, node by node.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Report {
    /// In the order of the graph.
    pub nodes: Vec<Line>,
}

impl Report {
    /// The counters as they are now.
    pub fn of(nodes: &[Counted]) -> Self {
        let line = |node: &Counted| Line {
            role: node.role,
            id: Arc::clone(&node.id),
            pipeline: node.pipeline.clone(),
            signal: node.signal.name(),
            next: node.next.clone(),
            sums: node.counts.sums(),
        };
        Self { nodes: nodes.iter().map(line).collect() }
    }

    /// The sums over all nodes of one role.
    pub fn total(&self, role: Role) -> Sums {
        let add = |mut sum: Sums, line: &Line| {
            let Sums { entered, created, left, absorbed, discarded, refused, held } = line.sums;
            sum.entered += entered;
            sum.created += created;
            sum.left += left;
            sum.absorbed += absorbed;
            sum.discarded += discarded;
            sum.refused += refused;
            sum.held += held;
            sum
        };
        self.nodes.iter().filter(|line| line.role == role).fold(Sums::default(), add)
    }

    /// Everything that does not add up: at a node, or on the way from nodes to the next. Holds once
    /// the gateway has stopped; while it runs, data is between the counters.
    pub fn imbalances(&self) -> Vec<String> {
        let mut wrong = Vec::new();
        for (at, line) in self.nodes.iter().enumerate() {
            let Line { role, id, sums, .. } = line;
            let place = line.pipeline.as_deref().unwrap_or(line.signal);
            if !sums.balances() {
                wrong.push(format!("{role:?} {id} of {place} does not balance: {sums:?}"));
            }
            let before: Vec<_> = self.nodes.iter().filter(|before| before.next.contains(&at)).collect();
            let came: u64 = before.iter().map(|before| before.sums.left).sum();
            let ports = before.iter().any(|before| before.role == Role::Connector);
            if !before.is_empty() && !ports && came != sums.entered {
                wrong.push(format!(
                    "{came} items left for {role:?} {id} of {place}, {} entered",
                    sums.entered
                ));
            }
            if *role == Role::Connector && self.entered(&line.next) != sums.left {
                let entered = self.entered(&line.next);
                wrong.push(format!(
                    "{} items left {role:?} {id} of {place}, {entered} entered its ports",
                    sums.left
                ));
            }
        }
        wrong
    }

    /// Items that entered these nodes together.
    fn entered(&self, nodes: &[usize]) -> u64 {
        nodes.iter().filter_map(|&at| self.nodes.get(at)).map(|line| line.sums.entered).sum()
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (taken, sent) = (self.total(Role::Receiver), self.total(Role::Exporter));
        let dropped: u64 = self.nodes.iter().map(|line| line.sums.discarded).sum::<u64>() - sent.discarded;
        write!(
            f,
            "received {} delivered {} discarded {dropped} abandoned {}",
            taken.left, sent.left, sent.discarded
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(role: Role, next: &[usize]) -> Counted {
        Counted {
            role,
            id: "x".into(),
            pipeline: None,
            signal: Signal::Traces,
            next: next.to_vec(),
            counts: Arc::default(),
        }
    }

    #[test]
    fn what_leaves_one_node_must_enter_the_next() {
        let nodes = [node(Role::Receiver, &[1]), node(Role::Exporter, &[])];
        nodes[0].counts.enter(5);
        nodes[0].counts.leave(5);
        nodes[1].counts.enter(4);
        nodes[1].counts.leave(4);
        let wrong = Report::of(&nodes).imbalances();
        assert_eq!(wrong, ["5 items left for Exporter x of traces, 4 entered"]);
        nodes[1].counts.enter(1);
        nodes[1].counts.discard(1);
        let report = Report::of(&nodes);
        assert!(report.imbalances().is_empty());
        assert_eq!(report.to_string(), "received 5 delivered 4 discarded 0 abandoned 1");
    }

    #[test]
    fn a_connector_deals_its_output_out_to_its_ports() {
        let nodes = [node(Role::Connector, &[1, 2]), node(Role::FanOut, &[]), node(Role::FanOut, &[])];
        nodes[0].counts.enter(3);
        nodes[0].counts.leave(3);
        for (node, items) in nodes[1..].iter().zip([2, 1]) {
            node.counts.enter(items);
            node.counts.leave(items);
        }
        assert!(Report::of(&nodes).imbalances().is_empty());
        nodes[2].counts.enter(1);
        nodes[2].counts.leave(1);
        let wrong = Report::of(&nodes).imbalances();
        assert_eq!(wrong, ["3 items left Connector x of traces, 4 entered its ports"]);
    }

    #[test]
    fn a_node_that_loses_an_item_silently_is_found() {
        let lonely = node(Role::Processor, &[]);
        lonely.counts.enter(2);
        lonely.counts.leave(1);
        assert!(Report::of(&[lonely]).imbalances()[0].contains("does not balance"));
    }
}
