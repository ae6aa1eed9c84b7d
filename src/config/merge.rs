//! Several sources become one tree, as confmap does it: maps merge deeply, everything else is replaced by the later.
//!
//! A later null replaces too: `processors:` in a second file removes what the first had there (the Collector's known
//! trap, kept). Keys with `::` in them are paths, as in the Collector: `typed::options: 1` is `typed: {options: 1}`.

use std::collections::HashMap;
use std::sync::Arc;

use super::error::{ConfigError, Errors};
use super::node::{Key, Node, Value};
use super::origin::Origin;

/// The earlier tree with the later one laid over it.
pub fn merge(earlier: Node, later: Node) -> Node {
    match (earlier.value, later.value) {
        (Value::Map(base), Value::Map(over)) => {
            let origin = earlier.origin;
            Node::new(origin, Value::Map(merge_entries(base, over)))
        }
        (_, value) => Node { value, origin: later.origin, original: later.original },
    }
}

fn merge_entries(base: Vec<(Key, Node)>, over: Vec<(Key, Node)>) -> Vec<(Key, Node)> {
    let mut entries: Vec<Option<(Key, Node)>> = base.into_iter().map(Some).collect();
    let places: HashMap<Arc<str>, usize> =
        entries.iter().enumerate().filter_map(|(i, e)| Some((Arc::clone(&e.as_ref()?.0.text), i))).collect();
    for (key, value) in over {
        let slot = places.get(&key.text).and_then(|at| entries.get_mut(*at));
        match slot {
            Some(slot) => {
                let merged = match slot.take() {
                    Some((old, before)) if both_maps(&before, &value) => (old, merge(before, value)),
                    _ => (key, value),
                };
                *slot = Some(merged);
            }
            None => entries.push(Some((key, value))),
        }
    }
    entries.into_iter().flatten().collect()
}

fn both_maps(a: &Node, b: &Node) -> bool {
    matches!((&a.value, &b.value), (Value::Map(_), Value::Map(_)))
}

/// The deepest that keys with `::` may nest.
pub(super) const DEEPEST: usize = 64;

/// Splits keys at `::` into nested maps. A part that would be empty (`::1`, an address) leaves the key whole.
pub(super) fn nest_keys(node: Node, depth: usize, errors: &mut Errors) -> Node {
    let value = match node.value {
        Value::List(items) => {
            Value::List(items.into_iter().map(|item| nest_keys(item, depth + 1, errors)).collect())
        }
        Value::Map(entries) => Value::Map(nest_entries(entries, depth, errors)),
        value => value,
    };
    Node { value, ..node }
}

fn nest_entries(entries: Vec<(Key, Node)>, depth: usize, errors: &mut Errors) -> Vec<(Key, Node)> {
    if !entries.iter().any(|(key, _)| is_path(&key.text)) {
        return entries.into_iter().map(|(key, value)| (key, nest_keys(value, depth + 1, errors))).collect();
    }
    let mut nested = Nested::default();
    for (key, value) in entries {
        let path: Vec<&str> =
            if is_path(&key.text) { key.text.split("::").collect() } else { vec![&key.text] };
        if depth + path.len() > DEEPEST {
            let problem = format!("keys joined by `::` nest deeper than {DEEPEST}");
            errors.push(ConfigError::new(Some(key.origin.clone()), "", problem));
            continue;
        }
        nested.add(&path, &key, nest_keys(value, depth + path.len(), errors), errors);
    }
    nested.into_entries()
}

/// A map under way in which paths meet: found by key, in the order of the file.
#[derive(Default)]
struct Nested {
    places: HashMap<Arc<str>, usize>,
    entries: Vec<(Key, Slot)>,
}

enum Slot {
    Leaf(Node),
    Below(Origin, Nested),
}

impl Nested {
    fn add(&mut self, path: &[&str], key: &Key, value: Node, errors: &mut Errors) {
        let Some((first, below)) = path.split_first() else { return };
        let at = *self.places.entry((*first).into()).or_insert(self.entries.len());
        let Some((old, slot)) = self.entries.get_mut(at) else {
            let own = Key { text: (*first).into(), origin: key.origin.clone() };
            self.entries.push((own, Slot::new(below, key, value, errors)));
            return;
        };
        if below.is_empty() && !matches!(value.value, Value::Map(_)) || !slot.open() {
            errors.push(twice(first, key, old));
        } else if let Slot::Below(_, nested) = slot {
            nested.add_all(below, key, value, errors);
        }
    }

    /// A map adds its entries one by one, so that both sides of a path may give some.
    fn add_all(&mut self, path: &[&str], key: &Key, value: Node, errors: &mut Errors) {
        match value.value {
            Value::Map(entries) if path.is_empty() => {
                entries.into_iter().for_each(|(k, v)| self.add(&[&*k.text], &k, v, errors));
            }
            _ => self.add(path, key, value, errors),
        }
    }

    fn into_entries(self) -> Vec<(Key, Node)> {
        self.entries.into_iter().map(|(key, slot)| (key, slot.into_node())).collect()
    }
}

impl Slot {
    fn new(below: &[&str], key: &Key, value: Node, errors: &mut Errors) -> Self {
        if below.is_empty() && !matches!(value.value, Value::Map(_)) {
            return Self::Leaf(value);
        }
        let mut nested = Nested::default();
        let origin = value.origin.clone();
        nested.add_all(below, key, value, errors);
        Self::Below(origin, nested)
    }

    fn open(&self) -> bool {
        matches!(self, Self::Below(..))
    }

    fn into_node(self) -> Node {
        match self {
            Self::Leaf(node) => node,
            Self::Below(origin, nested) => Node::new(origin, Value::Map(nested.into_entries())),
        }
    }
}

fn twice(name: &str, again: &Key, first: &Key) -> ConfigError {
    ConfigError::new(Some(again.origin.clone()), "", format!("key `{name}` is given twice"))
        .hint("given again here")
        .also(first.origin.clone(), "first given here")
}

fn is_path(key: &str) -> bool {
    key.contains("::") && key.split("::").all(|part| !part.is_empty())
}

/// `a::b::c: v` as the entry `a: {b: {c: v}}`.
pub(super) fn unfold(key: &Key, value: Node) -> (Key, Node) {
    let part = |text: &str| Key { text: text.into(), origin: key.origin.clone() };
    let mut parts: Vec<Key> = key.text.split("::").map(part).collect();
    let Some(innermost) = parts.pop() else { return (key.clone(), value) };
    parts.into_iter().rev().fold((innermost, value), |(inner, value), outer| {
        (outer, Node::new(inner.origin.clone(), Value::Map(vec![(inner, value)])))
    })
}
