//! The entries of a map while it is read: in order, each key once, with what `<<` merges behind what it says itself.

use std::collections::HashMap;
use std::sync::Arc;

use super::node::{Key, Node};
use super::origin::Origin;

/// The entries of a map under way, in order, found by key.
#[derive(Default)]
pub(super) struct Entries {
    pub(super) list: Vec<(Key, Node)>,
    first: HashMap<Arc<str>, Origin>,
}

impl Entries {
    /// Adds an entry, or gives the place where the key already stands.
    pub(super) fn insert(&mut self, key: Key, value: Node) -> Option<Origin> {
        if let Some(first) = self.first.get(&key.text) {
            return Some(first.clone());
        }
        self.first.insert(Arc::clone(&key.text), key.origin.clone());
        self.list.push((key, value));
        None
    }

    /// What the map says itself wins over what it merges, wherever `<<` stands.
    pub(super) fn merge(&mut self, merged: Vec<Vec<(Key, Node)>>) {
        for (key, value) in merged.into_iter().flatten() {
            let _ = self.insert(key, value);
        }
    }
}
