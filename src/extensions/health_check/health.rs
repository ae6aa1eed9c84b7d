//! From what was seen to a verdict: of the gateway, of a pipeline, of each component in it.

use super::shown::timestamp;
use super::watch::{Phase, Seen};
use crate::batch::Time;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Which components are in which pipeline.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Graph(BTreeMap<String, BTreeSet<Member>>);

/// A component: its role and id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Member {
    role: String,
    id: String,
}

/// A node as the gateway describes it.
#[derive(Debug, Deserialize)]
struct Node {
    role: String,
    id: String,
    pipeline: Option<String>,
    #[serde(default)]
    next: Vec<usize>,
}

impl Graph {
    /// Reads the gateway's description of itself.
    pub(super) fn of(described: &Value) -> Self {
        let nodes =
            described.get("nodes").and_then(|nodes| Vec::<Node>::deserialize(nodes).ok()).unwrap_or_default();
        let mut pipelines: BTreeMap<String, BTreeSet<Member>> = BTreeMap::new();
        for node in &nodes {
            // Receivers and exporters belong to the pipelines on the other end of their edges.
            let after = node.next.iter().filter_map(|next| nodes.get(*next));
            for next in after {
                if let Some(pipeline) = &next.pipeline {
                    member(&mut pipelines, pipeline, node);
                }
                if let Some(pipeline) = &node.pipeline {
                    member(&mut pipelines, pipeline, next);
                }
            }
            if let Some(pipeline) = &node.pipeline {
                member(&mut pipelines, pipeline, node);
            }
        }
        Self(pipelines)
    }
}

fn member(pipelines: &mut BTreeMap<String, BTreeSet<Member>>, pipeline: &str, node: &Node) {
    let members = pipelines.entry(pipeline.to_owned()).or_default();
    // The end of a pipeline is weft's own, and what stands in another pipeline is no part of this one.
    if node.role != "fan_out" && node.pipeline.as_deref().is_none_or(|own| own == pipeline) {
        members.insert(Member { role: node.role.clone(), id: node.id.clone() });
    }
}

/// What is known of the whole, a pipeline or a component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Health {
    status: &'static str,
    error: Option<String>,
    since: Time,
    code: StatusCode,
}

/// Everything a verdict needs.
#[derive(Debug)]
pub(super) struct Judge<'a> {
    pub(super) seen: &'a Seen,
    pub(super) graph: &'a Graph,
    /// How long a component may fail before that is unhealthy; `None`: for ever.
    pub(super) patience: Option<Duration>,
    pub(super) now: Time,
}

impl Judge<'_> {
    /// Of the gateway (`None`) or a pipeline.
    pub(super) fn verdict(&self, pipeline: Option<&str>) -> Option<Health> {
        let Some(pipeline) = pipeline else {
            return Some(self.worst(|_| true));
        };
        let members = self.graph.0.get(pipeline)?;
        Some(self.worst(|id| members.iter().any(|member| member.id == id)))
    }

    /// The phase, or the longest of the failures that concern.
    fn worst(&self, concerns: impl Fn(&str) -> bool) -> Health {
        let Seen { phase, since, failing } = self.seen;
        let simple = |status, code| Health { status, error: None, since: *since, code };
        match phase {
            Phase::Starting => return simple("StatusStarting", StatusCode::SERVICE_UNAVAILABLE),
            Phase::Stopping => return simple("StatusStopping", StatusCode::SERVICE_UNAVAILABLE),
            Phase::Ready => {}
        }
        let failures = failing.iter().filter(|(id, _)| concerns(id)).map(|(_, failure)| failure);
        let Some(failure) = failures.min_by_key(|failure| failure.since.mono) else {
            return simple("StatusOK", StatusCode::OK);
        };
        let unhealthy = self.patience.is_some_and(|patience| self.now.since(failure.since) >= patience);
        let code = if unhealthy { StatusCode::INTERNAL_SERVER_ERROR } else { StatusCode::OK };
        let error = Some(failure.error.clone());
        Health { status: "StatusRecoverableError", error, since: failure.since, code }
    }

    /// The components of the answer: of all pipelines, or of one.
    pub(super) fn components(&self, pipeline: Option<&str>, attributes: bool) -> BTreeMap<String, Shown> {
        if let Some(pipeline) = pipeline {
            return self.members(pipeline, attributes);
        }
        let shown = |name: &String| {
            let health = self.verdict(Some(name))?;
            let components = Some(self.members(name, attributes));
            Some((format!("pipeline:{name}"), Shown { components, ..health.shown(attributes) }))
        };
        self.graph.0.keys().filter_map(shown).collect()
    }

    fn members(&self, pipeline: &str, attributes: bool) -> BTreeMap<String, Shown> {
        let members = self.graph.0.get(pipeline).into_iter().flatten();
        let shown = |Member { role, id }: &Member| {
            (format!("{role}:{id}"), self.worst(|failing| failing == id).shown(attributes))
        };
        members.map(shown).collect()
    }
}

/// A status as the Collector's JSON shows it.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Shown {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) start_time: Option<String>,
    healthy: bool,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    status_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    attributes: Option<Map<String, Value>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) components: Option<BTreeMap<String, Shown>>,
}

impl Health {
    /// 200, 500 if something fails for too long, 503 while the gateway starts or stops.
    pub(super) fn code(&self) -> StatusCode {
        self.code
    }

    /// Whether that is healthy.
    pub(super) fn is_healthy(&self) -> bool {
        self.code == StatusCode::OK
    }

    /// Without time of the start and components.
    pub(super) fn shown(&self, attributes: bool) -> Shown {
        Shown {
            start_time: None,
            healthy: self.is_healthy(),
            status: self.status,
            error: self.error.clone(),
            status_time: timestamp(Some(self.since.unix)),
            attributes: attributes.then(Map::new),
            components: None,
        }
    }
}
