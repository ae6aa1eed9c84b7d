//! The pages, made from the gateway's description of itself. Pure.

use crate::telemetry::process::Usage;
use serde_json::{Map, Value, json};

/// The pages and what they show.
const PAGES: [(&str, &str); 6] = [
    ("/debug/servicez", "the build, the process, whether it is ready"),
    ("/debug/pipelinez", "the pipelines with their components and counts"),
    ("/debug/extensionz", "the extensions that run"),
    ("/debug/featurez", "the feature gates"),
    ("/debug/tracez", "components that fail now, with their errors"),
    ("/debug/expvarz", "memory and CPU"),
];

/// The page at `path`, if there is one.
pub(super) fn page(path: &str, expvar: bool, status: &Value, usage: impl FnOnce() -> Usage) -> Option<Value> {
    let path = if path.len() > 1 { path.trim_end_matches('/') } else { path };
    Some(match path {
        "/" | "/debug" => index(expvar),
        "/debug/servicez" => service(status, &usage()),
        "/debug/pipelinez" => json!({ "pipelines": pipelines(status) }),
        "/debug/extensionz" => json!({ "extensions": part(status, "extensions") }),
        // Features are decided when weft is built or by keys of the configuration.
        "/debug/featurez" => json!({ "features": [] }),
        "/debug/tracez" => json!({ "failing": part(status, "failing") }),
        "/debug/expvarz" if expvar => process(status, &usage()),
        _ => return None,
    })
}

fn index(expvar: bool) -> Value {
    let served = PAGES.iter().filter(|(path, _)| expvar || *path != "/debug/expvarz");
    json!({ "pages": served.map(|(path, shows)| json!({ "path": path, "shows": shows })).collect::<Vec<_>>() })
}

/// A part of the description; an empty list before the gateway stands.
fn part(status: &Value, name: &str) -> Value {
    status.get(name).cloned().unwrap_or_else(|| json!([]))
}

fn service(status: &Value, usage: &Usage) -> Value {
    json!({
        "name": "weft",
        "version": env!("CARGO_PKG_VERSION"),
        "ready": status.get("ready").and_then(Value::as_bool).unwrap_or_default(),
        "uptime_seconds": usage.uptime.as_secs_f64(),
        "failing": part(status, "failing"),
    })
}

fn process(status: &Value, usage: &Usage) -> Value {
    json!({
        "memory": part(status, "memory"),
        "process": {
            "resident_bytes": usage.rss_bytes,
            "anonymous_bytes": usage.anonymous_bytes,
            "swapped_bytes": usage.swapped_bytes,
            "cpu_seconds": usage.cpu.as_secs_f64(),
            "uptime_seconds": usage.uptime.as_secs_f64(),
        },
    })
}

/// The nodes by pipeline, in the order of the graph; what pipelines share (receivers, exporters) stands in each of them.
fn pipelines(status: &Value) -> Map<String, Value> {
    let nodes = status.get("nodes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut pipelines: Map<String, Value> = Map::new();
    for node in nodes {
        let Some(name) = node.get("pipeline").and_then(Value::as_str) else { continue };
        if !pipelines.contains_key(name) {
            let members = nodes.iter().filter(|node| is_in(nodes, node, name)).map(shown).collect();
            pipelines.insert(name.to_owned(), Value::Array(members));
        }
    }
    pipelines
}

fn is_in(nodes: &[Value], node: &Value, pipeline: &str) -> bool {
    let own = |node: &Value| node.get("pipeline").and_then(Value::as_str).map(|own| own == pipeline);
    own(node).unwrap_or_else(|| {
        let feeds = after(nodes, node).any(|next| own(next) == Some(true));
        let position = nodes.iter().position(|other| std::ptr::eq(other, node));
        let mut before = nodes.iter().filter(|before| own(before) == Some(true));
        feeds || before.any(|before| edges(before).any(|next| Some(next) == position))
    })
}

fn edges(node: &Value) -> impl Iterator<Item = usize> {
    let next = node.get("next").and_then(Value::as_array).into_iter().flatten();
    next.filter_map(Value::as_u64).filter_map(|next| usize::try_from(next).ok())
}

fn after<'a>(nodes: &'a [Value], node: &'a Value) -> impl Iterator<Item = &'a Value> {
    edges(node).filter_map(|next| nodes.get(next))
}

/// A node without what only makes sense in the whole list.
fn shown(node: &Value) -> Value {
    let mut node = node.clone();
    if let Value::Object(fields) = &mut node {
        fields.remove("next");
        fields.remove("pipeline");
    }
    node
}
