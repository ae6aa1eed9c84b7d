//! The error of one deserialisation: what serde says, made readable, and later the place it happened at.
//!
//! serde's errors know no place. The innermost node that sees one adds its own; every map and list above adds a step of
//! the path, until [`super::section`] makes a [`ConfigError`](super::ConfigError) of it.

use std::fmt;

use serde::de::{Error, Expected, Unexpected};

use super::node::{Key, Node};
use super::suggest::nearest;

/// Why a pass over a section ended.
#[derive(Debug, Clone)]
pub(super) struct Fault(Box<Why>);

#[derive(Debug, Clone)]
pub(super) struct Why {
    pub(super) kind: Kind,
    pub(super) hint: Option<String>,
    pub(super) known: Vec<&'static str>,
    /// The text that is none of the known values.
    pub(super) subject: Option<String>,
    pub(super) at: Option<Place>,
}

impl std::ops::Deref for Fault {
    type Target = Why;
    fn deref(&self) -> &Why {
        &self.0
    }
}

impl std::ops::DerefMut for Fault {
    fn deref_mut(&mut self) -> &mut Why {
        &mut self.0
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    /// A key that the struct does not have.
    UnknownField(String),
    /// A key that must be given.
    MissingField(&'static str),
    /// A null where a value is needed: the field keeps its default.
    Null,
    /// A value made up for a missing field did not do.
    MadeUp,
    /// Everything else, in words; `wants_text` if a string was asked for and a number or boolean given.
    Other { problem: String, wants_text: bool },
}

/// Where: the node (by identity), what the caret points at, and the keys from the section to there.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) node: usize,
    pub(super) origin: super::origin::Origin,
    /// From the innermost step outwards.
    pub(super) steps: Vec<String>,
    /// The nodes around, from the innermost outwards.
    pub(super) around: Vec<usize>,
    /// Whether it may have come through serde's own buffer, so that the node is only the nearest one known.
    pub(super) vague: bool,
}

/// The identity of a node within one parse: its address. The tree is borrowed and stands still.
pub(super) fn identity(node: &Node) -> usize {
    std::ptr::from_ref(node).addr()
}

impl Fault {
    pub(super) fn new(kind: Kind) -> Self {
        Self(Box::new(Why { kind, hint: None, known: Vec::new(), subject: None, at: None }))
    }

    pub(super) fn other(problem: impl Into<String>) -> Self {
        Self::new(Kind::Other { problem: problem.into(), wants_text: false })
    }

    pub(super) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    fn expecting(mut self, wrong: &str, known: &'static [&'static str]) -> Self {
        self.hint = suggestion(wrong, known);
        self.known = known.to_vec();
        self
    }

    /// Adds the place, unless a node further in did already.
    pub(super) fn at_node(mut self, node: &Node) -> Self {
        self.at.get_or_insert_with(|| place(node, node.origin.clone(), node.typed().is_none()));
        self
    }

    /// Adds the place of a key.
    pub(super) fn at_key(mut self, key: &Key, node: &Node) -> Self {
        self.at.get_or_insert_with(|| Place {
            steps: vec![key.text.to_string()],
            ..place(node, key.origin.clone(), false)
        });
        self
    }

    /// Adds a step outwards.
    pub(super) fn inside(mut self, step: String, around: &Node) -> Self {
        if let Some(at) = &mut self.at {
            at.steps.push(step);
            at.around.push(identity(around));
        }
        self
    }

    /// Adds only the node around (the step is there already).
    pub(super) fn around(mut self, around: &Node) -> Self {
        if let Some(at) = &mut self.at {
            at.around.push(identity(around));
        }
        self
    }

    /// The problem in words.
    pub(super) fn problem(&self) -> String {
        match &self.kind {
            Kind::UnknownField(name) => format!("unknown field `{name}`"),
            Kind::MissingField(name) => format!("missing field `{name}`"),
            Kind::Null | Kind::MadeUp => "expected a value, found nothing".to_owned(),
            Kind::Other { problem, .. } => problem.clone(),
        }
    }
}

fn place(node: &Node, origin: super::origin::Origin, vague: bool) -> Place {
    Place { node: identity(node), origin, steps: Vec::new(), around: Vec::new(), vague }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.problem())
    }
}

impl std::error::Error for Fault {}

impl Error for Fault {
    fn custom<T: fmt::Display>(text: T) -> Self {
        // serde's internally tagged enums and flattened structs only tell a field by words.
        Self::other(text.to_string().trim_end_matches('.').to_owned())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let wanted = wanted(expected);
        let wants_text = wanted == "a string"
            && matches!(
                found,
                Unexpected::Bool(_) | Unexpected::Signed(_) | Unexpected::Unsigned(_) | Unexpected::Float(_)
            );
        if matches!(found, Unexpected::Unit) {
            return Self::new(Kind::Null);
        }
        Self::new(Kind::Other { problem: format!("expected {wanted}, found {}", shown(found)), wants_text })
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::other(format!("expected {}, found {}", wanted(expected), shown(found)))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        Self::other(format!("expected {}, found {length} elements", wanted(expected)))
    }

    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        let mut fault = Self::other(format!("unknown value `{}`", clip(variant)));
        fault.subject = Some(variant.to_owned());
        fault.expecting(variant, expected)
    }

    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self::new(Kind::UnknownField(field.to_owned())).expecting(field, expected)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new(Kind::MissingField(field))
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::other(format!("field `{field}` is given twice under two names"))
    }
}

/// "did you mean `x`?", if one is near.
pub(super) fn suggestion(wrong: &str, known: &[&'static str]) -> Option<String> {
    nearest(wrong, known.iter().copied()).map(|name| format!("did you mean `{name}`?"))
}

/// What was expected, in the words of a person.
fn wanted(expected: &dyn Expected) -> String {
    let text = expected.to_string();
    let range = |low: i128, high: i128| format!("a whole number from {low} to {high}");
    match text.as_str() {
        "u8" => range(0, u8::MAX.into()),
        "u16" => range(0, u16::MAX.into()),
        "u32" => range(0, u32::MAX.into()),
        "u64" | "usize" => "a whole number of at least 0".to_owned(),
        "i8" => range(i8::MIN.into(), i8::MAX.into()),
        "i16" => range(i16::MIN.into(), i16::MAX.into()),
        "i32" => range(i32::MIN.into(), i32::MAX.into()),
        "i64" | "isize" => "a whole number of 64 bits".to_owned(),
        "f32" | "f64" => "a number".to_owned(),
        "a sequence" => "a list".to_owned(),
        // serde names the Rust type, which is nothing to a reader of YAML.
        text if text.starts_with("struct ") || text.starts_with("map ") => "a map".to_owned(),
        text if text.contains("variant identifier") || text.starts_with("enum ") => {
            "one of the known values".to_owned()
        }
        text => text.to_owned(),
    }
}

fn shown(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => format!("`{value}`"),
        Unexpected::Unsigned(value) => format!("`{value}`"),
        Unexpected::Signed(value) => format!("`{value}`"),
        Unexpected::Float(value) => format!("`{value}`"),
        Unexpected::Str(value) => format!("the string `{}`", clip(value)),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Map => "a map".to_owned(),
        other => other.to_string(),
    }
}

/// A value as it is quoted in a message.
pub(super) fn clip(text: &str) -> String {
    let mut shown: String = text.chars().take(60).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
