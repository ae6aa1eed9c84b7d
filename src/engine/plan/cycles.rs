//! Pipelines that feed each other through connectors must not come back to where they began.

use super::{Exit, PlannedConnector, PlannedPipeline};
use crate::config::{ConfigError, Errors, Settings};

/// Adds an error for every cycle, at the connector through which its first pipeline leaves.
pub(super) fn check(
    settings: &Settings,
    pipelines: &[PlannedPipeline],
    connectors: &[PlannedConnector],
    errors: &mut Errors,
) {
    let mut search =
        Search { pipelines, connectors, seen: vec![Seen::Not; pipelines.len()], path: Vec::new() };
    for start in 0..pipelines.len() {
        if let Some(cycle) = search.visit(start) {
            let links: Vec<_> = cycle.windows(2).map(|pair| search.link(pair[0], pair[1])).collect();
            let steps =
                cycle.iter().zip(&links).map(|(&at, link)| format!("{} → {link} → ", pipelines[at].id));
            let problem = format!("cycle detected: {}{}", steps.collect::<String>(), pipelines[cycle[0]].id);
            errors.push(error(settings, cycle[0], links[0], problem));
        }
    }
}

fn error(settings: &Settings, pipeline: usize, connector: &str, problem: String) -> ConfigError {
    let pipeline = settings.service.pipelines.get(pipeline);
    let named = pipeline.and_then(|one| one.exporters.iter().find(|named| named.id.to_string() == connector));
    let place = named.map(|named| (named.origin.clone(), named.path.clone())).unzip();
    let error = ConfigError::new(place.0, place.1.unwrap_or_default(), problem);
    error.hint("data would go round for ever: remove one of the connectors on the way")
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
        let next: Vec<usize> =
            self.pipelines[at].exits.iter().flat_map(|exit| self.ports(exit)).copied().collect();
        let cycle = next.into_iter().find_map(|next| self.visit(next));
        self.path.pop();
        self.seen[at] = Seen::Done;
        cycle
    }

    /// The connector that leads from one pipeline to another.
    fn link(&self, from: usize, to: usize) -> &str {
        let exits = self.pipelines[from].exits.iter();
        let leads = exits.filter_map(|exit| match *exit {
            Exit::Connector(at) => self.connectors.get(at).filter(|connector| connector.ports.contains(&to)),
            Exit::Exporter(_) => None,
        });
        leads.map(|connector| &*connector.node.id).next().unwrap_or_default()
    }

    fn ports(&self, exit: &Exit) -> &[usize] {
        match *exit {
            Exit::Connector(at) => {
                self.connectors.get(at).map(|connector| &connector.ports[..]).unwrap_or_default()
            }
            Exit::Exporter(_) => &[],
        }
    }
}
