//! Changing one message: its attributes and its single fields.
//!
//! An editor works in scratch buffers that are used again for the next message. Fields that stay are copied in runs, and
//! nothing is copied before the first field changes, so looking costs no more than looking.

use super::record::find;
use super::value::{AnyValueView, Attribute, put_attribute, repeated};
use super::wire::{Field, Fields, put_bytes};

/// What becomes of an attribute.
#[derive(Clone, Debug, PartialEq)]
pub enum Change<'v> {
    /// It stays.
    Keep,
    /// It goes.
    Remove,
    /// It gets this value.
    Set(AnyValueView<'v>),
    /// It gets this string as its value.
    SetString(String),
}

/// The attributes of a record, resource, scope or point, and its other fields, to be changed.
#[derive(Debug)]
pub struct Editor<'a> {
    original: &'a [u8],
    pub(super) scratch: &'a mut Scratch,
    attributes: u32,
}

/// Buffers that edits reuse.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// The message as it is now, if it is not the original any more.
    now: Vec<u8>,
    next: Vec<u8>,
    /// What stands in for one field.
    instead: Vec<u8>,
    pub(super) edited: bool,
    /// Whether anything but attributes was changed, which no column is about.
    pub(super) columns: bool,
}

impl<'a> Editor<'a> {
    pub(super) fn new(original: &'a [u8], attributes: u32, scratch: &'a mut Scratch) -> Self {
        scratch.edited = false;
        scratch.columns = false;
        Self { original, scratch, attributes }
    }

    /// The message as it is now.
    #[must_use]
    pub fn wire(&self) -> &[u8] {
        if self.scratch.edited { &self.scratch.now } else { self.original }
    }

    /// The attributes as they are now.
    pub fn attributes(&self) -> impl Iterator<Item = Attribute<'_>> + Clone {
        repeated(Fields::new(self.wire()), self.attributes).map(Attribute::read)
    }

    /// The first attribute of this key, as it is now.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<AnyValueView<'_>> {
        find(self.attributes(), key)
    }

    /// Gives an attribute a value. It is added if there is none; of several with this key the first one stays.
    pub fn set_attribute(&mut self, key: &str, value: AnyValueView<'_>) {
        let mut found = false;
        self.change_attributes(|attribute| match attribute.key == key {
            false => Change::Keep,
            true if std::mem::replace(&mut found, true) => Change::Remove,
            true => Change::Set(value),
        });
        if !found {
            let number = self.attributes;
            self.rewrite(|now, out| {
                out.extend_from_slice(now);
                put_attribute(out, number, key.as_bytes(), &value);
            });
        }
    }

    /// Removes all attributes of this key; says whether there was one.
    pub fn remove_attribute(&mut self, key: &str) -> bool {
        self.change_attributes(|it| if it.key == key { Change::Remove } else { Change::Keep })
    }

    /// Asks for each attribute what becomes of it, in one pass; says whether anything changed.
    pub fn change_attributes<'v>(&mut self, mut change: impl FnMut(Attribute<'_>) -> Change<'v>) -> bool {
        let number = self.attributes;
        self.rewrite_fields(|field, out| {
            if field.number != number {
                return false;
            }
            let attribute = Attribute::read(field.bytes());
            match change(attribute) {
                Change::Keep => return false,
                Change::Remove => {}
                Change::Set(value) => put_attribute(out, number, attribute.key.as_bytes(), &value),
                Change::SetString(text) => {
                    put_attribute(out, number, attribute.key.as_bytes(), &AnyValueView::from(text.as_str()));
                }
            }
            true
        })
    }

    /// Replaces a field that is there once.
    pub(super) fn set_field(&mut self, number: u32, body: &[u8]) {
        self.scratch.columns = true;
        self.rewrite_fields(|field, _| field.number == number);
        self.rewrite(|now, out| {
            out.extend_from_slice(now);
            put_bytes(out, number, body);
        });
    }

    /// Asks `change` for each field whether it has written something else (or nothing) in its place; says whether
    /// it has for any.
    pub(super) fn rewrite_fields(
        &mut self,
        mut change: impl FnMut(&Field<'_>, &mut Vec<u8>) -> bool,
    ) -> bool {
        let Scratch { now, next, instead, edited, .. } = &mut *self.scratch;
        let whole = if *edited { now.as_slice() } else { self.original };
        next.clear();
        // Fields that stay are copied in runs, once something behind them changes.
        let (mut copied, mut at, mut changed) = (0, 0, false);
        for field in Fields::new(whole) {
            instead.clear();
            let end = at + field.raw.len();
            if change(&field, instead) {
                next.extend_from_slice(whole.get(copied..at).unwrap_or_default());
                next.extend_from_slice(instead);
                copied = end;
                changed = true;
            }
            at = end;
        }
        if changed {
            next.extend_from_slice(whole.get(copied..).unwrap_or_default());
            self.scratch.turn();
        }
        changed
    }

    /// Writes the message anew.
    pub(super) fn rewrite(&mut self, write: impl FnOnce(&[u8], &mut Vec<u8>)) {
        let Scratch { now, next, edited, .. } = &mut *self.scratch;
        next.clear();
        write(if *edited { now } else { self.original }, next);
        self.scratch.turn();
    }
}

impl Scratch {
    /// Makes what was written the message as it is now.
    fn turn(&mut self) {
        std::mem::swap(&mut self.now, &mut self.next);
        self.edited = true;
    }

    /// The message after the editor has gone, if it was changed.
    pub(super) fn result(&self) -> Option<&[u8]> {
        self.edited.then_some(self.now.as_slice())
    }
}
