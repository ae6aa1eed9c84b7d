//! The tree: null, scalar, list, map, each with the place it was written at.
//!
//! Scalars stay text until a field asks, so `version: 1.10` reaches a string as `1.10`. Maps keep the order of the
//! file. A value that an expansion gave also keeps the original text, which is what a string field receives.

use std::sync::Arc;

use super::origin::Origin;
use super::scalar::Typed;

/// How a scalar was written; only a plain one can mean anything else than a string.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Without quotes: typed when a field asks.
    Plain,
    /// Quoted, a block scalar, or spliced from pieces: always a string.
    Quoted,
}

/// One value with its place.
#[derive(Debug, Clone)]
pub struct Node {
    /// Where the value stands.
    pub origin: Origin,
    /// The value.
    pub value: Value,
    /// The text an expansion gave, before it was read as YAML.
    pub original: Option<Arc<str>>,
}

/// A value of the tree.
#[derive(Debug, Clone)]
pub enum Value {
    /// Nothing, `~` or `null`.
    Null,
    /// Text and how it was written.
    Scalar {
        /// The text, escapes and folding undone.
        text: Arc<str>,
        /// Plain or quoted.
        style: Style,
    },
    /// A sequence.
    List(Vec<Node>),
    /// A mapping; keys are unique.
    Map(Vec<(Key, Node)>),
}

/// A key with its place.
#[derive(Debug, Clone)]
pub struct Key {
    /// The text of the key.
    pub text: Arc<str>,
    /// Where the key stands.
    pub origin: Origin,
}

impl Node {
    /// A value at a place.
    pub fn new(origin: Origin, value: Value) -> Self {
        Self { origin, value, original: None }
    }

    /// A null at a place.
    pub fn null(origin: Origin) -> Self {
        Self::new(origin, Value::Null)
    }

    /// A string at a place.
    pub fn text(origin: Origin, text: impl Into<Arc<str>>) -> Self {
        Self::new(origin, Value::Scalar { text: text.into(), style: Style::Quoted })
    }

    /// The entries of a map; none for anything else.
    pub fn entries(&self) -> &[(Key, Self)] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The elements of a list; none for anything else.
    pub fn elements(&self) -> &[Self] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// The value of a key of this map.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|(_, value)| value)
    }

    /// Key and value of a key of this map.
    pub fn entry(&self, key: &str) -> Option<&(Key, Self)> {
        self.entries().iter().find(|(k, _)| &*k.text == key)
    }

    /// The value at a path of keys and list positions, e.g. `["processors", "batch", "timeout"]`.
    pub fn at<'k>(&self, path: impl IntoIterator<Item = &'k str>) -> Option<&Self> {
        path.into_iter().try_fold(self, |node, step| match &node.value {
            Value::List(items) => items.get(step.parse::<usize>().ok()?),
            _ => node.get(step),
        })
    }

    /// Whether the value is null, also one that an unset variable left.
    pub fn is_null(&self) -> bool {
        matches!(self.typed(), Some(Typed::Null))
    }

    /// The typed reading of a null or scalar; `None` for lists and maps.
    pub fn typed(&self) -> Option<Typed> {
        match &self.value {
            Value::Null => Some(Typed::Null),
            Value::Scalar { text, style: Style::Plain } => Some(Typed::of(text)),
            Value::Scalar { .. } => Some(Typed::Text),
            Value::List(_) | Value::Map(_) => None,
        }
    }

    /// What a string field receives: the original text of an expansion, else the scalar's text.
    pub fn as_text(&self) -> Option<&str> {
        match (&self.original, &self.value) {
            (Some(text), _) | (None, Value::Scalar { text, .. }) => Some(text),
            _ => None,
        }
    }

    /// A scalar's text as YAML reads it, for an expansion without what surrounds the value.
    pub fn plain_text(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar { text, .. } => Some(text),
            _ => None,
        }
    }

    /// The kind in words, for messages.
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
            Value::Null | Value::Scalar { .. } => self.typed().map_or("nothing", |t| t.kind()),
        }
    }
}

/// Equal values, wherever they were written: `1` and `"1"` differ, an original text does not matter.
impl PartialEq for Node {
    fn eq(&self, other: &Self) -> bool {
        match (&self.value, &other.value) {
            (Value::List(a), Value::List(b)) => a == b,
            (Value::Map(a), Value::Map(b)) => {
                a.len() == b.len() && a.iter().all(|(key, value)| other.get(&key.text) == Some(value))
            }
            (Value::Scalar { text: a, .. }, Value::Scalar { text: b, .. }) => {
                match (self.typed(), other.typed()) {
                    (Some(Typed::Text), Some(Typed::Text)) => a == b,
                    (Some(Typed::Float(x)), Some(Typed::Float(y))) => x.total_cmp(&y).is_eq(),
                    (x, y) => x == y,
                }
            }
            _ => self.is_null() && other.is_null(),
        }
    }
}
