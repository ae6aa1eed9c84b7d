//! From the command line's `--config` and `--set` to one resolved tree.
//!
//! Sources are read in order and merged, `--set` last; then everything is expanded at once, as confmap does, so that
//! a later file can replace an expression before it is ever read. All files are read even if one is wrong.

use super::environment::Environment;
use super::error::{ConfigError, Errors, Severity};
use super::expand;
use super::location::Location;
use super::merge::{DEEPEST, merge, nest_keys, unfold};
use super::node::{Key, Node, Value};
use super::origin::{Origin, Source};
use super::parse::{self, Limits};

/// Sources in `--config`, as in the Collector.
const MOST_SOURCES: usize = 100;

/// What to load, in order.
pub struct Loader<'a> {
    env: &'a dyn Environment,
    limits: Limits,
    configs: Vec<String>,
    sets: Vec<String>,
}

/// The resolved configuration.
#[derive(Debug)]
pub struct Loaded {
    /// The tree: merged and expanded, with the origin of every value.
    pub root: Node,
    /// What can run but is likely not meant.
    pub warnings: Vec<ConfigError>,
}

impl<'a> Loader<'a> {
    /// Nothing to load yet; `env` is what `${env:…}` reads.
    pub fn new(env: &'a dyn Environment) -> Self {
        Self { env, limits: Limits::default(), configs: Vec::new(), sets: Vec::new() }
    }

    /// Other bounds than the default ones.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Adds a source as `--config` names it: a path, `file:PATH`, `env:NAME`, `yaml:TEXT`.
    pub fn config(mut self, location: impl Into<String>) -> Self {
        self.configs.push(location.into());
        self
    }

    /// Adds a `--set a.b.c=value` (or `a::b::c=value`).
    pub fn set(mut self, assignment: impl Into<String>) -> Self {
        self.sets.push(assignment.into());
        self
    }

    /// Reads, merges and expands; all errors of all sources.
    pub fn load(self) -> Result<Loaded, Errors> {
        let mut errors = Errors::new();
        if self.configs.is_empty() {
            errors.push(
                ConfigError::new(None, "", "at least one config flag must be provided")
                    .hint("`--config FILE`"),
            );
        }
        if self.configs.len() > MOST_SOURCES {
            errors.push(ConfigError::new(None, "", format!("more than {MOST_SOURCES} `--config` sources")));
        }
        let configs = self.configs.iter().take(MOST_SOURCES).map(|text| self.read(text));
        let sets = self.sets.iter().map(|text| self.assignment(text));
        let mut trees = Vec::new();
        for result in configs.chain(sets) {
            let tree = errors.keep(result);
            trees.extend(tree.map(|tree| nest_keys(tree, 0, &mut errors)));
        }
        let merged = trees.into_iter().reduce(merge_sources);
        let nothing = || Node::null(Origin::start(Source::inline("", "")));
        self.expand(errors, merged.unwrap_or_else(nothing))
    }

    fn expand(&self, mut errors: Errors, merged: Node) -> Result<Loaded, Errors> {
        let (root, notes) = expand::expand(merged, self.env, &self.limits);
        let (wrong, warnings): (Vec<_>, Vec<_>) =
            notes.into_iter().partition(|n| n.severity == Severity::Error);
        errors.extend(Errors(wrong));
        errors.finish(Loaded { root, warnings })
    }

    fn read(&self, argument: &str) -> Result<Node, Errors> {
        let fail = |bad: super::location::BadLocation| {
            let error =
                ConfigError::new(None, "", format!("`--config {}`: {}", short(argument), bad.problem));
            Errors::from(ConfigError { hint: bad.hint, ..error })
        };
        let location = Location::of_argument(argument).map_err(fail)?;
        let text = location.read(self.env, self.limits.bytes).map_err(fail)?.unwrap_or_default();
        let source = match &location {
            Location::File(path) => Source::file(path.as_str(), text.as_str()),
            // What a variable holds is not kept: an error must not quote it.
            Location::Env { .. } => Source::file(location.label(), ""),
            Location::Yaml(_) => Source::file("yaml:", text.as_str()),
        };
        top_map(parse::parse(&source, &text, &self.limits)?)
    }

    fn assignment(&self, text: &str) -> Result<Node, Errors> {
        let source = Source::inline(format!("--set {}", short(text)), text);
        let fail = |problem: &str| {
            let origin = Origin::start(source.clone());
            Errors::from(
                ConfigError::new(Some(origin), "", problem).hint("write `--set receivers.otlp.key=value`"),
            )
        };
        let (path, value) = text.split_once('=').ok_or_else(|| fail("missing equal sign"))?;
        let path = path.trim().replace('.', "::");
        if path.split("::").any(str::is_empty) {
            return Err(fail("an empty key in the path before `=`"));
        }
        if path.split("::").count() > DEEPEST {
            return Err(fail("a path of too many keys before `=`"));
        }
        let width = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        let before = text.len() - value.trim_start().len();
        let col = width(text.get(..before).unwrap_or_default()).saturating_add(1);
        let at = Origin::new(source.clone(), 1, col, width(value.trim()));
        let node = parse::parse_at(&at, value.trim(), &self.limits)?;
        let key = Key { text: path.into(), origin: Origin::new(source.clone(), 1, 1, width(text).min(col)) };
        let (key, node) = unfold(&key, node);
        Ok(Node::new(key.origin.clone(), Value::Map(vec![(key, node)])))
    }
}

/// Sources merge as maps; one with nothing in it changes nothing.
fn merge_sources(earlier: Node, later: Node) -> Node {
    if later.is_null() { earlier } else { merge(earlier, later) }
}

fn top_map(node: Node) -> Result<Node, Errors> {
    match node.value {
        Value::Map(_) | Value::Null => Ok(node),
        _ => {
            let problem = format!("a configuration is a map, found {}", node.kind());
            let hint = "it begins with `receivers:`, `exporters:`, `service:`";
            Err(ConfigError::new(Some(node.origin), "", problem).hint(hint).into())
        }
    }
}

/// An argument as it is shown: long inline YAML is cut.
fn short(argument: &str) -> String {
    let mut shown: String = argument.chars().take(60).collect();
    if shown.len() < argument.len() {
        shown.push('…');
    }
    shown
}
