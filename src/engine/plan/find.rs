//! From a name in the configuration to a component of the table, or to words that help.

use super::absent::absent;
use crate::component::{Component, Kind};

/// The components that a gateway knows.
#[derive(Clone, Debug)]
pub struct Table(Vec<&'static Component>);

impl Table {
    /// A table of these components, in the order of the manual.
    pub fn new(components: impl IntoIterator<Item = &'static Component>) -> Self {
        Self(components.into_iter().collect())
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &'static Component> {
        self.0.iter().copied()
    }

    /// The components of a kind.
    pub fn of(&self, kind: Kind) -> impl Iterator<Item = &'static Component> {
        self.iter().filter(move |component| component.kind() == kind)
    }

    /// The component of this kind that is called `name`.
    pub fn find(&self, kind: Kind, name: &str) -> Option<&'static Component> {
        self.of(kind).find(|component| component.is_called(name))
    }

    /// What to write instead of a component of the Collector that is not in the table, and its kind.
    pub fn instead_of(&self, name: &str) -> Option<(Kind, &'static str)> {
        Kind::ALL.into_iter().find_map(|kind| Some((kind, absent(kind, name)?)))
    }

    /// What to say of a name that is not in the table: the problem and a hint.
    pub(super) fn unknown(&self, kind: Kind, name: &str) -> (String, Option<String>) {
        if let Some(advice) = absent(kind, name) {
            return (format!("weft has no {} `{name}`", kind.name()), Some(advice.to_owned()));
        }
        let elsewhere = Kind::ALL.into_iter().find(|&other| self.find(other, name).is_some());
        let names: Vec<_> = self.of(kind).flat_map(|one| one.aliases.iter().chain([&one.name])).collect();
        let near = crate::config::nearest(name, names.iter().map(|name| **name));
        let hint = match (near, elsewhere) {
            (Some(near), Some(other)) => {
                Some(format!("did you mean `{near}`? `{name}` belongs under `{}`", other.key()))
            }
            (Some(near), None) => Some(format!("did you mean `{near}`?")),
            (None, Some(other)) => Some(format!("`{name}` belongs under `{}`", other.key())),
            (None, None) => None,
        };
        (format!("unknown {} type `{name}`", kind.name()), hint)
    }
}
