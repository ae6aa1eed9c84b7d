//! The whole configuration by its top level: five maps of components and `service`.
//!
//! Checked here is what the Collector checks before it knows any component: the keys, the ids, that pipelines exist
//! and name what is configured, each once. Places of all references are kept, so that the plan can show them too. What
//! a component's own settings mean is the component's business: it gets its [`Section`].

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use super::error::{ConfigError, Errors};
use super::fault::suggestion;
use super::id::ComponentId;
use super::loader::Loaded;
use super::node::{Key, Node, Value};
use super::origin::Origin;
use super::path;
use super::section::{Section, Warnings};
use super::service::{self, Service};

/// The top-level keys.
const TOP: [&str; 6] = ["receivers", "processors", "exporters", "connectors", "extensions", "service"];

/// A configured component.
#[derive(Debug, Clone)]
pub struct Component {
    /// Its id.
    pub id: ComponentId,
    /// The place of the id.
    pub origin: Origin,
    /// Its settings.
    pub section: Section,
}

/// The configuration, exactly as the YAML has it.
#[derive(Clone)]
pub struct Settings {
    /// `receivers`, in the order of the file, like all maps here.
    pub receivers: Vec<Component>,
    /// `processors`.
    pub processors: Vec<Component>,
    /// `exporters`.
    pub exporters: Vec<Component>,
    /// `connectors`.
    pub connectors: Vec<Component>,
    /// `extensions`.
    pub extensions: Vec<Component>,
    /// `service`.
    pub service: Service,
    /// The resolved tree, for `explain`.
    pub root: Arc<Node>,
    /// What can run but is likely not meant; parsing sections adds to it.
    pub warnings: Warnings,
}

impl Settings {
    /// Reads a resolved tree; all errors of the top level at once.
    pub fn from_loaded(loaded: Loaded) -> Result<Self, Errors> {
        let (settings, errors) = Self::read(loaded);
        errors.finish(settings)
    }

    /// Reads a resolved tree as far as it can be read, with all errors of the top level: so that the mistakes inside
    /// of components can be told in the same run.
    pub fn read(loaded: Loaded) -> (Self, Errors) {
        let Loaded { root, warnings: remarks } = loaded;
        let warnings = Warnings::default();
        remarks.into_iter().for_each(|warning| warnings.push(warning));
        let mut errors = Errors::new();
        unknown_keys(&root, "", &TOP, &mut errors);
        let mut map = |name: &str| components(&root, name, &warnings, &mut errors);
        let (receivers, processors, exporters) = (map("receivers"), map("processors"), map("exporters"));
        let (connectors, extensions) = (map("connectors"), map("extensions"));
        let service = service::read(&root, &warnings, &mut errors);
        let root = Arc::new(root);
        let settings =
            Self { receivers, processors, exporters, connectors, extensions, service, root, warnings };
        if settings.root.is_null() || settings.root.entries().is_empty() {
            let hint = "give receivers, exporters and service";
            return (settings, ConfigError::new(None, "", "empty configuration file").hint(hint).into());
        }
        settings.check(&mut errors);
        errors.sort();
        (settings, errors)
    }

    fn check(&self, errors: &mut Errors) {
        for (name, list) in [("receiver", &self.receivers), ("exporter", &self.exporters)] {
            let explained = errors.iter().any(|e| e.path == format!("{name}s"));
            if list.is_empty() && !explained {
                let problem = format!("no {name} configuration specified in config");
                let entry = self.root.entry(&format!("{name}s"));
                let error = ConfigError::new(entry.map(|(key, _)| key.origin.clone()), "", problem);
                errors.push(error.hint(format!("configure one under `{name}s:`")));
            }
        }
        self.ambiguous(errors);
        let lists = service::Configured {
            receivers: ids(&[&self.receivers, &self.connectors]),
            processors: ids(&[&self.processors]),
            exporters: ids(&[&self.exporters, &self.connectors]),
            extensions: ids(&[&self.extensions]),
        };
        service::check(&self.service, &lists, errors);
    }

    /// A connector is a receiver and an exporter at once, so its id must be free among both.
    fn ambiguous(&self, errors: &mut Errors) {
        for connector in &self.connectors {
            for (kind, list) in [("receiver", &self.receivers), ("exporter", &self.exporters)] {
                let Some(other) = list.iter().find(|c| c.id == connector.id) else { continue };
                let id = &connector.id;
                let problem = format!(
                    "connectors::{id}: ambiguous ID: found both \"{id}\" {kind} and \"{id}\" connector"
                );
                let error =
                    ConfigError::new(Some(connector.origin.clone()), format!("connectors.{id}"), problem)
                        .hint(format!("rename it, e.g. `{id}/connector`"));
                errors.push(error.also(other.origin.clone(), format!("the {kind} of that name")));
            }
        }
    }
}

/// Only what is configured, not its values: they may be secret.
impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Settings");
        shown.field("receivers", &self.receivers).field("processors", &self.processors);
        shown.field("exporters", &self.exporters).field("connectors", &self.connectors);
        shown.field("extensions", &self.extensions).field("service", &self.service).finish_non_exhaustive()
    }
}

fn ids(lists: &[&[Component]]) -> Vec<String> {
    lists.iter().flat_map(|list| list.iter()).map(|c| c.id.to_string()).collect()
}

/// Reports the keys of a map that are not among the known ones.
pub(super) fn unknown_keys(map: &Node, at: &str, known: &[&'static str], errors: &mut Errors) {
    for (key, _) in map.entries().iter().filter(|(key, _)| !known.contains(&&*key.text)) {
        let error = ConfigError::new(Some(key.origin.clone()), at, format!("unknown field `{}`", key.text));
        errors.push(ConfigError { hint: suggestion(&key.text, known), ..error }.known(known.iter().copied()));
    }
}

/// The entries of a map under a key; a null is none, anything else an error.
pub(super) fn map_of<'n>(parent: &'n Node, name: &str, at: &str, errors: &mut Errors) -> &'n [(Key, Node)] {
    let Some(node) = parent.get(name) else { return &[] };
    match &node.value {
        Value::Map(entries) => entries,
        _ if node.is_null() => &[],
        _ => {
            let problem = format!("expected a map, found {}", node.kind());
            errors.push(ConfigError::new(Some(node.origin.clone()), path::concat(at, name), problem));
            &[]
        }
    }
}

fn components(root: &Node, name: &str, warnings: &Warnings, errors: &mut Errors) -> Vec<Component> {
    let mut list: Vec<Component> = Vec::new();
    let mut seen: HashMap<ComponentId, Origin> = HashMap::new();
    for (key, node) in map_of(root, name, "", errors) {
        let at = path::concat(name, &key.text);
        let origin = key.origin.clone();
        let id = match key.text.parse::<ComponentId>() {
            Ok(id) => id,
            Err(bad) => {
                let error = ConfigError::new(Some(origin), name, bad.to_string());
                errors.push(error.hint("an id is `type` or `type/name`"));
                continue;
            }
        };
        if let Some(first) = seen.insert(id.clone(), origin.clone()) {
            let error = ConfigError::new(
                Some(origin.clone()),
                name,
                format!("duplicate ID `{id}` after trimming spaces"),
            );
            errors.push(error.also(first, "first given here"));
        }
        let section = Section::new(at, origin.clone(), node.clone(), warnings);
        list.push(Component { id, origin, section });
    }
    list
}
