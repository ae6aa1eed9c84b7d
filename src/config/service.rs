//! `service`: the pipelines, the extensions that run, and the gateway's own telemetry.

use std::collections::HashMap;

use super::error::{ConfigError, Errors};
use super::fault::{clip, suggestion};
use super::id::{self, ComponentId};
use super::node::{Key, Node, Value};
use super::origin::Origin;
use super::path;
use super::section::{Section, Warnings};
use super::settings::{map_of, unknown_keys};
use super::suggest::nearest;

/// Signals a pipeline can carry.
const SIGNALS: [&str; 3] = ["traces", "metrics", "logs"];

/// The `service` part.
#[derive(Debug, Clone)]
pub struct Service {
    /// `telemetry`; null if not given.
    pub telemetry: Section,
    /// `extensions`, in the order they start.
    pub extensions: Vec<Reference>,
    /// `pipelines`, in the order of the file.
    pub pipelines: Vec<Pipeline>,
    /// The place of the key `service`, or the start of the file.
    pub origin: Origin,
}

/// A component named somewhere.
#[derive(Debug, Clone)]
pub struct Reference {
    /// What is named.
    pub id: ComponentId,
    /// Where.
    pub origin: Origin,
    /// The path of the list and the position in it.
    pub path: String,
}

/// A pipeline's id: signal and name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PipelineId {
    /// `traces`, `metrics` or `logs`.
    pub signal: &'static str,
    /// What stands after the `/`; empty if nothing.
    pub name: Box<str>,
}

impl std::fmt::Display for PipelineId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &*self.name {
            "" => f.write_str(self.signal),
            name => write!(f, "{}/{name}", self.signal),
        }
    }
}

/// A pipeline.
#[derive(Debug, Clone)]
pub struct Pipeline {
    /// Its id.
    pub id: PipelineId,
    /// The place of the id.
    pub origin: Origin,
    /// What it receives from: receivers and connectors.
    pub receivers: Vec<Reference>,
    /// What it passes through, in order.
    pub processors: Vec<Reference>,
    /// What it sends to: exporters and connectors.
    pub exporters: Vec<Reference>,
}

impl Pipeline {
    /// Its path.
    pub fn path(&self) -> String {
        format!("service.pipelines.{}", self.id)
    }

    /// An error at one of its keys (`receivers`), or at the pipeline itself.
    pub fn error(&self, problem: impl Into<String>) -> ConfigError {
        ConfigError::new(Some(self.origin.clone()), self.path(), problem)
    }
}

/// The ids that may be referred to.
pub(super) struct Configured {
    pub(super) receivers: Vec<String>,
    pub(super) processors: Vec<String>,
    pub(super) exporters: Vec<String>,
    pub(super) extensions: Vec<String>,
}

/// Reads `service` from the top.
pub(super) fn read(root: &Node, warnings: &Warnings, errors: &mut Errors) -> Service {
    let entry = root.entry("service");
    let origin = entry.map_or(&root.origin, |(key, _)| &key.origin).clone();
    let _ = map_of(root, "service", "", errors);
    let nothing = Node::null(origin.clone());
    let node = entry.map_or(&nothing, |(_, node)| node);
    unknown_keys(node, "service", &["telemetry", "extensions", "pipelines"], errors);
    let telemetry = match node.entry("telemetry") {
        Some((key, value)) => Section::new("service.telemetry", key.origin.clone(), value.clone(), warnings),
        None => Section::new("service.telemetry", origin.clone(), nothing.clone(), warnings),
    };
    let extensions = references(node, "extensions", "service", errors);
    let pipelines = pipelines(node, errors);
    Service { telemetry, extensions, pipelines, origin }
}

fn pipelines(service: &Node, errors: &mut Errors) -> Vec<Pipeline> {
    let mut list: Vec<Pipeline> = Vec::new();
    for (key, node) in map_of(service, "pipelines", "service", errors) {
        let Some(id) = pipeline_id(key, errors) else { continue };
        let at = format!("service.pipelines.{}", key.text);
        if node.typed().is_some() && !node.is_null() || matches!(node.value, Value::List(_)) {
            let problem = format!("expected a map, found {}", node.kind());
            errors.push(ConfigError::new(Some(node.origin.clone()), &*at, problem));
            continue;
        }
        if let Some(first) = list.iter().find(|p| p.id == id) {
            let error =
                ConfigError::new(Some(key.origin.clone()), &*at, format!("duplicate pipeline `{id}`"));
            errors.push(error.also(first.origin.clone(), "first given here"));
        }
        unknown_keys(node, &at, &["receivers", "processors", "exporters"], errors);
        let [receivers, processors, exporters] =
            ["receivers", "processors", "exporters"].map(|name| references(node, name, &at, errors));
        list.push(Pipeline { id, origin: key.origin.clone(), receivers, processors, exporters });
    }
    list
}

fn pipeline_id(key: &Key, errors: &mut Errors) -> Option<PipelineId> {
    let at = "service.pipelines";
    let fail = |problem: String| ConfigError::new(Some(key.origin.clone()), at, problem);
    let (signal, name) = match id::split(&key.text) {
        Ok(parts) => parts,
        Err(bad) => {
            errors.push(fail(bad.to_string()).hint("a pipeline is `signal` or `signal/name`"));
            return None;
        }
    };
    if let Some(signal) = SIGNALS.into_iter().find(|known| *known == signal) {
        return Some(PipelineId { signal, name: name.into() });
    }
    let error = fail(format!("unknown signal `{}` of pipeline `{}`", clip(signal), clip(&key.text)));
    let hint = match signal {
        "profiles" => Some("weft carries no profiles yet".to_owned()),
        _ => suggestion(signal, &SIGNALS),
    };
    errors.push(ConfigError { hint, ..error }.known(SIGNALS));
    None
}

fn references(parent: &Node, name: &str, at: &str, errors: &mut Errors) -> Vec<Reference> {
    let Some(node) = parent.get(name) else { return Vec::new() };
    let at = path::concat(at, name);
    match &node.value {
        Value::List(items) => {
            let all = items.iter().enumerate();
            all.filter_map(|(i, item)| errors.keep(reference(item, format!("{at}[{i}]")))).collect()
        }
        _ if node.is_null() => Vec::new(),
        value => {
            let error = ConfigError::new(
                Some(node.origin.clone()),
                at,
                format!("expected a list of component ids, found {}", node.kind()),
            );
            errors.push(match value {
                Value::Scalar { text, .. } => error.hint(format!("write `[{}]`", clip(text))),
                _ => error,
            });
            Vec::new()
        }
    }
}

fn reference(node: &Node, path: String) -> Result<Reference, Errors> {
    let fail = |problem: String| Errors::from(ConfigError::new(Some(node.origin.clone()), &*path, problem));
    match node.as_text().filter(|_| node.typed().is_some()) {
        Some(text) => match text.parse() {
            Ok(id) => Ok(Reference { id, origin: node.origin.clone(), path }),
            Err(bad) => Err(fail(bad.to_string())),
        },
        None => Err(fail(format!("expected a component id, found {}", node.kind()))),
    }
}

/// What can be said of the pipelines without knowing a component.
pub(super) fn check(service: &Service, configured: &Configured, errors: &mut Errors) {
    for reference in &service.extensions {
        dangling(reference, "service::extensions", "extension", configured, errors);
    }
    let any = service.pipelines.is_empty() && !errors.iter().any(|e| e.path.starts_with("service"));
    if any {
        let error = ConfigError::new(
            Some(service.origin.clone()),
            "service",
            "service must have at least one pipeline",
        );
        errors.push(error.hint("add e.g. `pipelines: {traces: {receivers: [otlp], exporters: [otlp]}}`"));
    }
    service.pipelines.iter().for_each(|pipeline| check_pipeline(pipeline, configured, errors));
}

fn check_pipeline(pipeline: &Pipeline, configured: &Configured, errors: &mut Errors) {
    let at = format!("service::pipelines::{}", pipeline.id);
    for (kind, list) in [
        ("receiver", &pipeline.receivers),
        ("processor", &pipeline.processors),
        ("exporter", &pipeline.exporters),
    ] {
        let broken = errors.iter().any(|e| e.path.starts_with(&format!("{}.{kind}s", pipeline.path())));
        if list.is_empty() && kind != "processor" && !broken {
            errors.push(pipeline.error(format!("{at}: must have at least one {kind}")));
        }
        list.iter().for_each(|reference| dangling(reference, &at, kind, configured, errors));
        twice(list, &at, kind, errors);
    }
}

fn dangling(reference: &Reference, at: &str, kind: &str, configured: &Configured, errors: &mut Errors) {
    let id = reference.id.to_string();
    let lists = [
        ("receiver", &configured.receivers),
        ("processor", &configured.processors),
        ("exporter", &configured.exporters),
        ("extension", &configured.extensions),
    ];
    let known = lists.iter().find(|(other, _)| *other == kind).map(|(_, list)| &list[..]).unwrap_or_default();
    if known.contains(&id) {
        return;
    }
    let problem = format!("{at}: references {kind} {id:?} which is not configured");
    let error = ConfigError::new(Some(reference.origin.clone()), &*reference.path, problem);
    let elsewhere = lists.iter().find(|(_, list)| list.contains(&id)).map(|(other, _)| other);
    let hint = match (elsewhere, nearest(&id, known.iter().map(String::as_str))) {
        (Some(other), _) => Some(format!("`{id}` is configured under `{other}s`, not under `{kind}s`")),
        (None, near) => near.map(|name| format!("did you mean `{name}`?")),
    };
    errors.push(ConfigError { hint, ..error }.known(known));
}

fn twice(list: &[Reference], at: &str, kind: &str, errors: &mut Errors) {
    let mut seen: HashMap<&ComponentId, &Origin> = HashMap::new();
    for reference in list {
        if let Some(first) = seen.insert(&reference.id, &reference.origin) {
            let problem = format!("{at}: references {kind} {:?} multiple times", reference.id.to_string());
            let error = ConfigError::new(Some(reference.origin.clone()), &*reference.path, problem);
            errors.push(error.also(first.clone(), "first named here"));
        }
    }
}
