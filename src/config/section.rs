//! One component's part of the configuration, as the component gets it.
//!
//! A [`Section`] knows its path and place, is read into a struct with [`Section::parse`], and makes errors for what the
//! types cannot say. Blocks that many components share (`tls`, `sending_queue`) are read from the same section with
//! [`Section::take`], which loses no place; `#[serde(flatten)]` works too, at the price of searching for the place.

use std::fmt;
use std::sync::{Arc, Mutex};

use serde::de::DeserializeOwned;

use super::error::{ConfigError, Errors};
use super::fault::{Kind, clip, suggestion};
use super::node::{Node, Value};
use super::origin::Origin;
use super::path;
use super::strict::{self, Report};

/// Where warnings of all sections gather. Clones share one list.
#[derive(Debug, Clone, Default)]
pub struct Warnings(Arc<Mutex<Vec<ConfigError>>>);

impl Warnings {
    /// Adds one.
    pub fn push(&self, warning: ConfigError) {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).push(warning.warning());
    }

    /// Takes all that gathered, in order.
    pub fn take(&self) -> Vec<ConfigError> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(|e| e.into_inner()))
    }
}

/// A part of the tree with its path.
#[derive(Clone)]
pub struct Section {
    path: Arc<str>,
    key: Origin,
    node: Arc<Node>,
    /// Names that were taken out and are known to the component all the same.
    taken: Arc<[&'static str]>,
    warnings: Warnings,
}

impl Section {
    /// The value at a path; `key` is the place of its key.
    pub fn new(path: impl Into<Arc<str>>, key: Origin, node: Node, warnings: &Warnings) -> Self {
        let (path, node) = (path.into(), Arc::new(node));
        Self { path, key, node, taken: Arc::from([]), warnings: warnings.clone() }
    }

    /// A section from YAML alone, for tests and defaults; its place is `name`.
    pub fn from_yaml(path: &str, name: &str, text: &str) -> Result<Self, Errors> {
        let source = super::Source::file(name, text);
        let node = super::parse(&source, text, &super::Limits::default())?;
        Ok(Self::new(path, Origin::start(source), node, &Warnings::default()))
    }

    /// The path, e.g. `processors.batch/fast`.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The value.
    pub fn node(&self) -> &Node {
        &self.node
    }

    /// The place of the section's key.
    pub fn origin(&self) -> &Origin {
        &self.key
    }

    /// Whether nothing stands there.
    pub fn is_null(&self) -> bool {
        self.node.is_null()
    }

    /// Reads the section: strict, and with all its errors. A null section gives the defaults. Warnings go to the
    /// document.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, Errors> {
        let outcome = strict::read::<T>(&self.node);
        if outcome.reports.is_empty()
            && let Some(value) = outcome.value
        {
            outcome.remarks.into_iter().for_each(|(node, words)| self.remark(node, words));
            return Ok(value);
        }
        let mut errors = Errors(outcome.reports.into_iter().map(|report| self.reported(report)).collect());
        if errors.is_empty() {
            errors.push(self.error("", "cannot be read"));
        }
        errors.sort();
        Err(errors)
    }

    /// An error at a path below the section (`protocols.grpc.endpoint`, `policies[0].name`); "" is the section itself.
    /// If the path does not exist, the error stands at the last key of it that does.
    pub fn error(&self, at: &str, problem: impl Into<String>) -> ConfigError {
        let found = path::follow(&self.node, at);
        let origin = match found.key {
            _ if found.missing.is_empty() && found.node.typed().is_some() && !found.node.is_null() => {
                &found.node.origin
            }
            Some(key) => &key.origin,
            None => &self.key,
        };
        let node = Some(found.node).filter(|_| found.missing.is_empty());
        ConfigError::new(
            Some(origin.clone()),
            path::concat(&self.path, at),
            without_value(problem.into(), node),
        )
    }

    /// Adds a warning to the document's.
    pub fn warn(&self, warning: ConfigError) {
        self.warnings.push(warning);
    }

    /// Whether a key is given, even with nothing behind it.
    pub fn has(&self, at: &str) -> bool {
        path::follow(&self.node, at).missing.is_empty()
    }

    /// The part at a path; a null one if it does not exist.
    pub fn child(&self, at: &str) -> Self {
        let found = path::follow(&self.node, at);
        let key = found.key.map_or(&self.key, |key| &key.origin).clone();
        let node = if found.missing.is_empty() { found.node.clone() } else { Node::null(key.clone()) };
        Self::new(path::concat(&self.path, at), key, node, &self.warnings)
    }

    /// Splits the section into the given keys and the rest: two structs, one map in the YAML, every place kept.
    /// Errors of the rest still name the taken keys as known.
    pub fn take(&self, keys: &[&'static str]) -> (Self, Self) {
        let (mine, rest) = match &self.node.value {
            Value::Map(entries) => {
                let (mine, rest): (Vec<_>, Vec<_>) =
                    entries.iter().cloned().partition(|(key, _)| keys.contains(&&*key.text));
                (Value::Map(mine), Value::Map(rest))
            }
            value => (Value::Null, value.clone()),
        };
        let part = |value| Arc::new(Node { value, original: None, origin: self.node.origin.clone() });
        let known = self.taken.iter().chain(keys).copied().collect();
        let mine = Self { node: part(mine), ..self.clone() };
        (mine, Self { node: part(rest), taken: known, ..self.clone() })
    }

    fn reported(&self, report: Report) -> ConfigError {
        let Report { fault, place } = report;
        let unknown = matches!(fault.kind, Kind::UnknownField(_));
        let steps = place.steps.iter().skip(usize::from(unknown)).rev().map(String::as_str);
        let at = path::concat(&self.path, &path::join(steps));
        let origin = self.pointed(&fault.kind, &place);
        let node = strict::find(&self.node, place.node).filter(|_| !unknown);
        let error = ConfigError::new(Some(origin), at, without_value(fault.problem(), node));
        let mut known = fault.known.clone();
        let mut hint = fault.hint.clone();
        if node.is_some_and(|node| node.origin.via().is_some()) {
            let spliced = node.is_some_and(|node| node.original.is_none() && node.typed().is_some());
            // What would be right may say what is wrong.
            hint = hint.filter(|_| matches!(fault.kind, Kind::Other { .. }) && known.is_empty());
            hint = hint.map(|hint| without_value(hint, node)).filter(|hint| hint.starts_with("write e.g."));
            if spliced {
                let words = "a text with `${…}` in it is a string; let one variable be the whole value";
                hint = Some(words.to_owned());
            }
        }
        if let (Kind::UnknownField(name), true) = (&fault.kind, place.around.len() <= 1) {
            known.extend(self.taken.iter().copied());
            hint = suggestion(name, &known);
        }
        if unknown && known.is_empty() {
            hint = Some("nothing can be set here".to_owned());
        }
        ConfigError { hint, ..error }.known(known)
    }

    /// A missing field is shown at the key of the map that lacks it; a map or list of the wrong kind too.
    fn pointed(&self, kind: &Kind, place: &super::fault::Place) -> Origin {
        let node = strict::find(&self.node, place.node);
        let around = place.around.first().and_then(|id| strict::find(&self.node, *id));
        let key = around
            .and_then(|map| map.entries().iter().find(|(_, v)| super::fault::identity(v) == place.node));
        match (kind, node) {
            (Kind::UnknownField(_), _) => place.origin.clone(),
            (_, Some(node)) if node.typed().is_none() || node.is_null() => match key {
                Some((key, _)) => key.origin.clone(),
                None if around.is_none() => self.key.clone(),
                None => place.origin.clone(),
            },
            _ => place.origin.clone(),
        }
    }

    fn remark(&self, node: usize, words: String) {
        let Some(at) = strict::path_to(&self.node, node) else { return };
        self.warnings.push(self.error(&at, words));
    }
}

/// The problem without the value, if the value is not written in the file: a variable may hold a secret.
fn without_value(problem: String, node: Option<&Node>) -> String {
    let Some(node) = node.filter(|node| node.origin.via().is_some()) else { return problem };
    let texts = [node.as_text(), node.plain_text()];
    let held: Vec<_> = texts
        .into_iter()
        .flatten()
        .flat_map(|text| [text.to_owned(), clip(text), clip(text.trim())])
        .collect();
    ['`', '"'].into_iter().fold(problem, |problem, quote| {
        let parts = problem.split(quote).enumerate();
        // Every second part stands between quotes; what is a part of the value, is the value's.
        let masked = parts.map(|(at, part)| match at % 2 == 1 && !part.is_empty() && is_of(&held, part) {
            true => "…",
            false => part,
        });
        masked.collect::<Vec<_>>().join(&quote.to_string())
    })
}

fn is_of(values: &[String], part: &str) -> bool {
    values.iter().any(|value| value.contains(part) || value.contains(&part.replace("\\n", "\n")))
}

/// Only the path: what stands in the section may be secret.
impl fmt::Debug for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Section").field("path", &self.path).field("at", &self.key).finish_non_exhaustive()
    }
}
