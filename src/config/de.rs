//! serde over the tree: strict, and typed by what the field asks for.
//!
//! A string takes the text of any scalar; whole numbers, numbers and booleans take only what YAML reads as such (`"50"`
//! is no number, as in the Collector); a number with nothing behind the point (`1e3`) is whole; a string field gets
//! the original text of an expansion. A list of strings may be written `a,b`.
//!
//! A null stands for the default: a struct's field that is null is left out, unless it is an `Option` (`None`) or an
//! [`Optional`](super::Optional) (given, with its defaults). Elsewhere a null is an empty map, list or string.

use std::collections::{HashMap, HashSet};
use std::sync::Mutex;

use serde::de::{Deserializer, IntoDeserializer, Visitor};

use super::access::{Elements, Entries, NOTHING, Variant};
use super::fault::{Fault, Kind, clip, identity};
use super::node::{Node, Value};
use super::scalar::Typed;
use super::units;

/// The name by which [`GoDuration`](super::GoDuration) asks for itself.
pub(super) const DURATION: &str = "$weft::duration";
/// The name by which [`Optional`](super::Optional) asks for itself.
pub(super) const OPTIONAL: &str = "$weft::optional";

/// One pass over a section: what is left out, what is read as text, and what was remarked.
#[derive(Debug, Default)]
pub(super) struct Pass {
    /// Nodes that are read as if they were not there.
    pub(super) cut: HashSet<usize>,
    /// Scalars that serde's buffer must take as text.
    pub(super) text: HashSet<usize>,
    /// Fields that are missing from a map, made up so that the pass can go on to what else is wrong.
    pub(super) supplied: HashMap<usize, Vec<&'static str>>,
    /// Nodes a warning is for, and its words.
    pub(super) remarks: Mutex<Vec<(usize, String)>>,
}

impl Pass {
    pub(super) fn has_cut(&self, node: &Node) -> bool {
        self.cut.contains(&identity(node))
    }
}

/// A node on its way into a value.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(super) node: &'a Node,
    pub(super) pass: &'a Pass,
    /// Whether a null is a struct's field and so keeps its default.
    pub(super) field: bool,
}

pub(super) type Result<T> = std::result::Result<T, Fault>;

impl<'a> Reader<'a> {
    fn wrong(&self, expected: &str) -> Fault {
        match &self.node.value {
            Value::Scalar { text, .. } if self.node.typed() == Some(Typed::Text) => {
                Fault::other(format!("expected {expected}, found the string `{}`", clip(text)))
            }
            Value::Scalar { text, .. } => {
                Fault::other(format!("expected {expected}, found `{}`", clip(text)))
            }
            _ => Fault::other(format!("expected {expected}, found {}", self.node.kind())),
        }
    }

    fn nothing(&self, expected: &str) -> Fault {
        if self.field { Fault::new(Kind::Null) } else { self.wrong(expected) }
    }

    /// A null where a value is needed; `Ok` where null means "empty".
    fn empty(&self) -> Result<()> {
        if self.field { Err(Fault::new(Kind::Null)) } else { Ok(()) }
    }

    fn whole<T>(&self, visit: impl FnOnce(i128) -> Result<T>) -> Result<T> {
        match self.node.typed() {
            Some(Typed::Int(value)) => visit(value),
            Some(Typed::Float(value)) if value.fract() == 0.0 && value.abs() < 9.0e15 => {
                visit(whole_float(value))
            }
            Some(Typed::Null) => Err(self.nothing("a whole number")),
            _ => Err(self.quoted_hint(self.wrong("a whole number"), &Typed::Int(0))),
        }
    }

    fn integer<V: Visitor<'a>>(&self, visitor: V) -> Result<V::Value> {
        self.whole(|value| match (u64::try_from(value), i64::try_from(value)) {
            (Ok(value), _) => visitor.visit_u64(value),
            (_, Ok(value)) => visitor.visit_i64(value),
            _ => Err(self.wrong("a whole number of 64 bits")),
        })
    }

    fn float<V: Visitor<'a>>(&self, visitor: V) -> Result<V::Value> {
        match self.node.typed() {
            Some(Typed::Float(value)) => visitor.visit_f64(value),
            Some(Typed::Int(value)) => visitor.visit_f64(int_float(value)),
            Some(Typed::Null) => Err(self.nothing("a number")),
            _ => Err(self.quoted_hint(self.wrong("a number"), &Typed::Float(0.0))),
        }
    }

    fn boolean<V: Visitor<'a>>(&self, visitor: V) -> Result<V::Value> {
        match self.node.typed() {
            Some(Typed::Bool(value)) => visitor.visit_bool(value),
            Some(Typed::Null) => Err(self.nothing("`true` or `false`")),
            _ => {
                Err(self.boolean_hint(self.quoted_hint(self.wrong("`true` or `false`"), &Typed::Bool(true))))
            }
        }
    }

    /// If the text would have been right without its quotes, says so.
    fn quoted_hint(&self, fault: Fault, wanted: &Typed) -> Fault {
        let Value::Scalar { text, .. } = &self.node.value else { return fault };
        let plain = Typed::of(text.trim());
        let would_do = match wanted {
            Typed::Int(_) => matches!(plain, Typed::Int(_)),
            Typed::Float(_) => matches!(plain, Typed::Int(_) | Typed::Float(_)),
            _ => matches!(plain, Typed::Bool(_)),
        };
        if self.node.typed() == Some(Typed::Text) && would_do {
            fault.with_hint(format!("write {} without quotes", clip(text.trim())))
        } else {
            fault
        }
    }

    fn boolean_hint(&self, fault: Fault) -> Fault {
        let word = self.node.as_text().map(str::to_ascii_lowercase);
        match word.as_deref() {
            Some("yes" | "on" | "y" | "1") => fault.with_hint("write `true`"),
            Some("no" | "off" | "n" | "0") => fault.with_hint("write `false`"),
            _ => fault,
        }
    }

    fn string<V: Visitor<'a>>(&self, visitor: V) -> Result<V::Value> {
        match (self.node.as_text(), &self.node.value) {
            (Some(text), _) => visitor.visit_borrowed_str(text),
            (None, Value::Null) => self.empty().and_then(|()| visitor.visit_borrowed_str("")),
            _ => Err(self.wrong("a string")),
        }
    }

    fn list<V: Visitor<'a>>(&self, visitor: V) -> Result<V::Value> {
        match (&self.node.value, self.node.typed()) {
            (Value::List(items), _) => visitor.visit_seq(Elements::new(*self, items)),
            (_, Some(Typed::Null)) => self.empty().and_then(|()| visitor.visit_seq(NOTHING)),
            (Value::Scalar { text, .. }, Some(Typed::Text)) => {
                let words = text.split(',').filter(|_| !text.is_empty());
                visitor.visit_seq(serde::de::value::SeqDeserializer::new(words)).map_err(|fault: Fault| {
                    match fault.kind {
                        // The elements are no strings, so a text never was meant.
                        Kind::Other { .. } | Kind::Null => self.wrong("a list"),
                        _ => fault,
                    }
                })
            }
            _ => Err(self.wrong("a list")),
        }
    }

    pub(super) fn map<V: Visitor<'a>>(&self, visitor: V, fields: bool) -> Result<V::Value> {
        match (&self.node.value, self.node.typed()) {
            (Value::Map(entries), _) => visitor.visit_map(Entries::new(*self, entries, fields)),
            (_, Some(Typed::Null)) => {
                self.empty()?;
                visitor.visit_map(Entries::new(*self, &[], fields))
            }
            _ => Err(self.wrong("a map")),
        }
    }

    fn any<V: Visitor<'a>>(&self, visitor: V) -> Result<V::Value> {
        if let (true, Some(text)) = (self.pass.text.contains(&identity(self.node)), self.node.as_text()) {
            return visitor.visit_borrowed_str(text);
        }
        match self.node.typed() {
            Some(Typed::Null) => visitor.visit_unit(),
            Some(Typed::Bool(value)) => visitor.visit_bool(value),
            Some(Typed::Int(_)) => self.integer(visitor),
            Some(Typed::Float(value)) => visitor.visit_f64(value),
            Some(Typed::Text) => self.string(visitor),
            None if matches!(self.node.value, Value::List(_)) => self.list(visitor),
            None => self.map(visitor, false),
        }
    }

    /// A duration as text; a whole number is nanoseconds, which is worth a remark.
    fn duration<V: Visitor<'a>>(&self, visitor: V) -> Result<V::Value> {
        match self.node.typed() {
            Some(Typed::Int(0)) => visitor.visit_i64(0),
            Some(Typed::Int(value)) => {
                let words = format!("`{value}` is {value} nanoseconds: give the unit, e.g. `{value}s`");
                self.pass
                    .remarks
                    .lock()
                    .unwrap_or_else(|e| e.into_inner())
                    .push((identity(self.node), words));
                self.integer(visitor)
            }
            Some(Typed::Text) => {
                let read = visitor.visit_str(self.node.as_text().unwrap_or_default());
                read.map_err(|fault: Fault| fault.with_hint(units::EXAMPLE))
            }
            Some(Typed::Null) => Err(self.nothing("a duration")),
            _ => Err(self.wrong("a duration").with_hint(units::EXAMPLE)),
        }
    }

    fn variant<V: Visitor<'a>>(&self, visitor: V) -> Result<V::Value> {
        match (&self.node.value, self.node.as_text()) {
            (Value::Map(entries), _) => {
                let mut left = entries.iter().filter(|(_, value)| !self.pass.has_cut(value));
                match (left.next(), left.next()) {
                    (Some((key, value)), None) => visitor.visit_enum(Variant::new(*self, key, value)),
                    _ => Err(Fault::other(format!("expected exactly one key, found {}", entries.len()))),
                }
            }
            _ if self.node.is_null() => Err(self.nothing("one of the known values")),
            (_, Some(text)) => visitor.visit_enum(IntoDeserializer::<Fault>::into_deserializer(text)),
            _ => Err(self.wrong("one of the known values")),
        }
    }

    pub(super) fn located<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|fault| fault.at_node(self.node))
    }
}

/// Only called with whole values below 2^53, which an `i128` holds exactly.
#[allow(clippy::cast_possible_truncation)]
fn whole_float(value: f64) -> i128 {
    value as i128
}

/// The nearest number, as every language reads `12345678901234567890` into a float.
#[allow(clippy::cast_precision_loss)]
fn int_float(value: i128) -> f64 {
    value as f64
}

macro_rules! ask {
    ($($method:ident => $read:ident),* $(,)?) => {
        $(fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> { self.located(self.$read(visitor)) })*
    };
}

impl<'de> Deserializer<'de> for Reader<'de> {
    type Error = Fault;

    ask! {
        deserialize_any => any,
        deserialize_bool => boolean,
        deserialize_i8 => integer, deserialize_i16 => integer, deserialize_i32 => integer, deserialize_i64 => integer,
        deserialize_u8 => integer, deserialize_u16 => integer, deserialize_u32 => integer, deserialize_u64 => integer,
        deserialize_f32 => float, deserialize_f64 => float,
        deserialize_char => string, deserialize_str => string, deserialize_string => string,
        deserialize_bytes => string, deserialize_byte_buf => string, deserialize_identifier => string,
        deserialize_seq => list,
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.node.is_null() { visitor.visit_none() } else { self.located(visitor.visit_some(self)) }
    }

    fn deserialize_unit<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.located(if self.node.is_null() { visitor.visit_unit() } else { Err(self.wrong("nothing")) })
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value> {
        self.deserialize_unit(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        match name {
            DURATION => self.located(self.duration(visitor)),
            // An `Optional` that is given is there, whatever stands behind its key.
            OPTIONAL => self.located(visitor.visit_newtype_struct(Reader { field: false, ..self })),
            _ => self.located(visitor.visit_newtype_struct(self)),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.located(self.map(visitor, false))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.located(self.map(visitor, true))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.located(self.variant(visitor))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        visitor.visit_unit()
    }
}
