//! Pipelines that feed each other through connectors must not come back to where they began.

use super::{Exit, PlannedConnector, PlannedPipeline};
use crate::config::{Errors, Settings};

/// Adds an error for every cycle, at the pipeline where it is entered first.
pub(super) fn check(
    settings: &Settings,
    pipelines: &[PlannedPipeline],
    connectors: &[PlannedConnector],
    errors: &mut Errors,
) {
    let mut search = Search { pipelines, connectors, seen: vec![Seen::Not; pipelines.len()], path: Vec::new() };
    for start in 0..pipelines.len() {
        if let Some(cycle) = search.visit(start) {
            let names: Vec<_> = cycle.iter().map(|&at| &*pipelines[at].id).collect();
            let problem = format!("cycle detected: {}", names.join(" → "));
            if let Some(pipeline) = settings.service.pipelines.get(cycle[0]) {
                errors.push(pipeline.error(problem).hint("remove one of the connectors on the way"));
            }
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Seen {
    Not,
    OnTheWay,
    Done,
}

struct Search<'a> {
    pipelines: &'a [PlannedPipeline],
    connectors: &'a [PlannedConnector],
    seen: Vec<Seen>,
    path: Vec<usize>,
}

impl Search<'_> {
    /// Follows the connectors from a pipeline: the first cycle found, with its start at both ends.
    fn visit(&mut self, at: usize) -> Option<Vec<usize>> {
        match self.seen[at] {
            Seen::Done => return None,
            Seen::OnTheWay => {
                let start = self.path.iter().position(|&before| before == at)?;
                return Some(self.path[start..].iter().copied().chain([at]).collect());
            }
            Seen::Not => {}
        }
        self.seen[at] = Seen::OnTheWay;
        self.path.push(at);
        let next: Vec<usize> = self.pipelines[at].exits.iter().flat_map(|exit| self.ports(exit)).copied().collect();
        let cycle = next.into_iter().find_map(|next| self.visit(next));
        self.path.pop();
        self.seen[at] = Seen::Done;
        cycle
    }

    fn ports(&self, exit: &Exit) -> &[usize] {
        match *exit {
            Exit::Connector(at) => self.connectors.get(at).map(|connector| &connector.ports[..]).unwrap_or_default(),
            Exit::Exporter(_) => &[],
        }
    }
}
