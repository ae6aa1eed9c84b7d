//! All that is wrong with a section in one run.
//!
//! serde stops at the first error. So the faulty node is cut out and the section read again, until it can be read or
//! nothing is left to cut; a missing field is made up, so that a second one shows too. What the cuts themselves cause
//! (a field that is missing because its value was wrong) is not reported.
//!
//! `#[serde(flatten)]` and internally tagged enums read through a buffer of serde's that forgets places. There the
//! culprit is found by trial: the child without which the error is another one, and so on inwards. A flattened string
//! whose text looks like a number is found in the same way and read again as text.

use serde::de::DeserializeOwned;

use super::de::{Pass, Reader};
use super::fault::{Fault, Kind, Place, identity};
use super::node::{Node, Value};
use super::path;

/// Errors of one section that are looked for.
const MOST_ERRORS: usize = 50;
/// Times that one section is read.
const MOST_PASSES: usize = 1000;

/// A fault to report; its place is set.
pub(super) struct Report {
    pub(super) fault: Fault,
    pub(super) place: Place,
}

/// What came of reading a section.
pub(super) struct Outcome<T> {
    /// The value, if one could be read; only good if nothing is reported.
    pub(super) value: Option<T>,
    pub(super) reports: Vec<Report>,
    /// Nodes with a warning, and its words.
    pub(super) remarks: Vec<(usize, String)>,
}

/// Reads a value as often as it takes to know all that is wrong.
pub(super) fn read<T: DeserializeOwned>(root: &Node) -> Outcome<T> {
    let mut search = Search { root, pass: Pass::default(), reports: Vec::new(), passes: 0 };
    let mut value = None;
    while search.reports.len() < MOST_ERRORS && search.passes < MOST_PASSES {
        match search.attempt::<T>() {
            Ok(read) => {
                value = Some(read);
                break;
            }
            Err(fault) => {
                if !search.learn::<T>(fault) {
                    break;
                }
            }
        }
    }
    let remarks = search.pass.remarks.into_inner().unwrap_or_else(|e| e.into_inner());
    Outcome { value, reports: search.reports, remarks }
}

struct Search<'a> {
    root: &'a Node,
    pass: Pass,
    reports: Vec<Report>,
    passes: usize,
}

impl Search<'_> {
    fn attempt<T: DeserializeOwned>(&mut self) -> Result<T, Fault> {
        self.passes += 1;
        self.pass.remarks.get_mut().unwrap_or_else(|e| e.into_inner()).clear();
        let reader = Reader { node: self.root, pass: &self.pass, field: false };
        T::deserialize(reader).map_err(|fault| fault.at_node(self.root))
    }

    /// Reports the fault or not, and changes the next pass; `false` if there is nothing more to learn.
    fn learn<T: DeserializeOwned>(&mut self, mut fault: Fault) -> bool {
        let Some(mut place) = fault.at.take() else { return false };
        if place.vague && fault.kind != Kind::MadeUp {
            self.sharpen::<T>(&fault, &mut place);
        }
        let node = place.node;
        match fault.kind.clone() {
            Kind::MadeUp => return self.cut(&place),
            Kind::Null if self.null_keeps_default(&place) => return self.cut(&place),
            // Through serde's buffer a made-up value looks like a null.
            Kind::Null if !self.pass.supplied.is_empty() && !self.is_scalar(node) => return self.cut(&place),
            Kind::Other { wants_text: true, .. } if self.pass.text.insert(node) && self.is_scalar(node) => {
                return true;
            }
            Kind::MissingField(name) => {
                let supplied = self.pass.supplied.entry(node).or_default();
                let again = supplied.contains(&name);
                supplied.push(name);
                let caused = self.caused_missing(node, name);
                if !caused && !again {
                    self.reports.push(Report { fault, place: place.clone() });
                }
                return !again || self.cut(&place);
            }
            Kind::Other { .. } if self.contains_reported(node) => return self.cut(&place),
            _ => {}
        }
        self.reports.push(Report { fault, place: place.clone() });
        self.cut(&place)
    }

    fn cut(&mut self, place: &Place) -> bool {
        place.node != identity(self.root) && self.pass.cut.insert(place.node)
    }

    fn is_scalar(&self, id: usize) -> bool {
        find(self.root, id).is_some_and(|node| node.typed().is_some())
    }

    /// A null in a map is left out; in a list it is wrong.
    fn null_keeps_default(&self, place: &Place) -> bool {
        let around = place.around.first().and_then(|id| find(self.root, *id));
        let in_map = around.is_some_and(|node| matches!(node.value, Value::Map(_)));
        in_map && find(self.root, place.node).is_some_and(Node::is_null)
    }

    /// Whether a field is missing only because it, or a misspelling of it, was cut.
    fn caused_missing(&self, map: usize, name: &str) -> bool {
        self.reports.iter().filter(|report| report.place.around.first() == Some(&map)).any(|report| {
            let same = report.place.steps.first().is_some_and(|step| step == name);
            let meant =
                || report.fault.hint.as_deref().is_some_and(|hint| hint.contains(&format!("`{name}`")));
            same || matches!(report.fault.kind, Kind::UnknownField(_)) && meant()
        })
    }

    fn contains_reported(&self, node: usize) -> bool {
        self.reports.iter().any(|report| report.place.around.contains(&node) && report.place.node != node)
    }

    /// Goes inwards from a place that may be too far out, as long as one child is found to be the culprit.
    fn sharpen<T: DeserializeOwned>(&mut self, fault: &Fault, place: &mut Place) {
        while let Some(node) = find(self.root, place.node) {
            let Some((child, step, key)) = self.culprit::<T>(fault, node) else { return };
            place.around.insert(0, place.node);
            place.steps.insert(0, step);
            place.node = identity(child);
            let unknown =
                matches!(&fault.kind, Kind::UnknownField(name) if key.is_some_and(|k| *k.text == **name));
            place.origin = if unknown { key.map(|k| k.origin.clone()) } else { None }
                .unwrap_or_else(|| child.origin.clone());
            if unknown {
                return;
            }
        }
    }

    /// The child without which the fault is gone, or that holds the very text the fault is about.
    fn culprit<'n, T: DeserializeOwned>(&mut self, fault: &Fault, node: &'n Node) -> Option<Child<'n>> {
        let named =
            |child: &Child<'_>| fault.subject.is_some() && child.0.as_text() == fault.subject.as_deref();
        children(node)
            .find(|child| self.passes < MOST_PASSES && self.is_culprit::<T>(fault, node, child))
            .or_else(|| children(node).find(named))
    }

    fn is_culprit<T: DeserializeOwned>(&mut self, fault: &Fault, parent: &Node, child: &Child<'_>) -> bool {
        if !self.pass.cut.insert(identity(child.0)) {
            return false;
        }
        let without = self.attempt_without::<T>(identity(parent), &child.1);
        self.pass.cut.remove(&identity(child.0));
        let Err(other) = without else { return true };
        match (&other.kind, &fault.kind) {
            (Kind::MadeUp, _) | (Kind::MissingField(_), Kind::MissingField(_)) => false,
            (other, own) => other != own,
        }
    }

    /// An attempt in which a field that the cut made missing is made up.
    fn attempt_without<T: DeserializeOwned>(&mut self, parent: usize, key: &str) -> Result<(), Fault> {
        let first = self.attempt::<T>().map(drop);
        let Err(Kind::MissingField(name)) = first.as_ref().map_err(|fault| &fault.kind) else { return first };
        if *name != key {
            return first;
        }
        let before = self.pass.supplied.clone();
        self.pass.supplied.entry(parent).or_default().push(name);
        let second = self.attempt::<T>().map(drop);
        self.pass.supplied = before;
        second
    }
}

type Child<'a> = (&'a Node, String, Option<&'a super::node::Key>);

fn children(node: &Node) -> impl Iterator<Item = Child<'_>> {
    let entries = node.entries().iter().map(|(key, value)| (value, key.text.to_string(), Some(key)));
    entries.chain(node.elements().iter().enumerate().map(|(i, value)| (value, format!("[{i}]"), None)))
}

/// The path of the node with that identity.
pub(super) fn path_to(root: &Node, id: usize) -> Option<String> {
    if identity(root) == id {
        return Some(String::new());
    }
    children(root).find_map(|(child, step, _)| Some(path::concat(&step, &path_to(child, id)?)))
}

/// The node with that identity.
pub(super) fn find(root: &Node, id: usize) -> Option<&Node> {
    if identity(root) == id { Some(root) } else { children(root).find_map(|(child, ..)| find(child, id)) }
}
