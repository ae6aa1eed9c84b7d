//! What is wrong, where, and what to write instead.
//!
//! A [`ConfigError`] has one place (and sometimes a second, for a key given twice), the path of keys that leads there,
//! a problem in lower case, and a hint. [`Errors`] is what a run ends with: all of them, never only the first.

use std::fmt;

use super::origin::Origin;
use super::render;

/// Whether the configuration can be run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Severity {
    /// It cannot.
    Error,
    /// It can, though it is likely not what was meant.
    Warning,
}

/// One thing wrong with the configuration.
#[derive(Debug, Clone)]
pub struct ConfigError {
    /// Error, or only a warning.
    pub severity: Severity,
    /// Keys from the top, joined by `.`, e.g. `processors.batch`.
    pub path: String,
    /// The place; `None` if no text holds it (a file that cannot be read).
    pub origin: Option<Origin>,
    /// The problem, with the value that was wrong.
    pub problem: String,
    /// What would be right; stands at the caret.
    pub hint: Option<String>,
    /// What few errors have.
    pub more: Box<More>,
}

/// The rarer parts of an error, boxed so that results stay small.
#[derive(Debug, Clone, Default)]
pub struct More {
    /// The names that are known there.
    pub known: Vec<String>,
    /// Other places that belong to it, each with a word.
    pub also: Vec<(Origin, String)>,
}

impl ConfigError {
    /// An error at a place.
    pub fn new(origin: Option<Origin>, path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            path: path.into(),
            origin,
            problem: problem.into(),
            hint: None,
            more: Box::default(),
        }
    }

    /// Says what would be right.
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Names what is known there.
    pub fn known<S: Into<String>>(mut self, names: impl IntoIterator<Item = S>) -> Self {
        self.more.known = names.into_iter().map(Into::into).collect();
        self
    }

    /// Shows a second place.
    pub fn also(mut self, origin: Origin, word: impl Into<String>) -> Self {
        self.more.also.push((origin, word.into()));
        self
    }

    /// Makes a warning of it.
    pub fn warning(mut self) -> Self {
        self.severity = Severity::Warning;
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&render::one(self, render::Style::Plain))
    }
}

impl std::error::Error for ConfigError {}

/// All that is wrong, in the order of the files.
#[derive(Debug, Clone, Default)]
pub struct Errors(pub Vec<ConfigError>);

impl Errors {
    /// Nothing wrong so far.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    pub fn push(&mut self, error: ConfigError) {
        self.0.push(error);
    }

    /// Adds all of another.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Keeps the errors of a result and gives its value: for reading several sections and reporting all of them.
    pub fn keep<T>(&mut self, result: Result<T, Self>) -> Option<T> {
        result.map_err(|errors| self.extend(errors)).ok()
    }

    /// `Ok` with the value if nothing was wrong.
    pub fn finish<T>(self, value: T) -> Result<T, Self> {
        if self.is_empty() { Ok(value) } else { Err(self) }
    }

    /// Puts them in the order of their lines, files in the order of their first error.
    pub fn sort(&mut self) {
        let mut files: Vec<Origin> = Vec::new();
        let keys = self.0.iter().map(|error| {
            let origin = error.origin.as_ref()?;
            let known = files.iter().position(|f| f.file() == origin.file());
            let file = known.unwrap_or_else(|| {
                files.push(origin.clone());
                files.len() - 1
            });
            Some((file, origin.line(), origin.col()))
        });
        let keys: Vec<_> = keys.collect();
        let mut keyed: Vec<_> = keys.into_iter().zip(std::mem::take(&mut self.0)).collect();
        keyed.sort_by_key(|(key, _)| *key);
        self.0 = keyed.into_iter().map(|(_, error)| error).collect();
    }

    /// Whether nothing was wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// One after the other.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfigError> {
        self.0.iter()
    }

    /// All of them as text, one JSON object per line, or workflow commands.
    pub fn render(&self, style: render::Style) -> String {
        render::all(&self.0, style)
    }
}

impl From<ConfigError> for Errors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for Errors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.render(render::Style::Plain))
    }
}

impl std::error::Error for Errors {}

impl IntoIterator for Errors {
    type Item = ConfigError;
    type IntoIter = std::vec::IntoIter<ConfigError>;
    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
