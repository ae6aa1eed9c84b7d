//! Editing: a new version of a record in the side buffer, and the row repointed to it.
//!
//! The message itself is never spliced. What an editor leaves of a record is appended to the side buffer, and in the same
//! function the row is repointed and its columns are read anew (unless only attributes changed, which no column
//! is about), so they cannot disagree. Edits of one pass over a record share its copy.

use super::check::check_record;
use super::columns::Columns;
use super::data::{Data, Piece};
use super::editor::{Editor, Scratch};
use super::error::WireError;
use super::metric::Point;
use super::points;
use super::record::{Record, attributes_number};
use super::rows::{Holder, Row, Rows, Side, Source};
use super::signal::Signal;
use super::value::AnyValueView;
use super::wire::put_bytes;
use std::ops::{Deref, DerefMut};

/// A span, log record or metric to be changed. Attributes and raw bytes are those of the [`Editor`] it leads to.
#[derive(Debug)]
pub struct RecordMut<'a> {
    editor: Editor<'a>,
    before: Record<'a>,
}

impl<'a> RecordMut<'a> {
    /// The record as it was before this edit, with its resource and scope.
    #[must_use]
    pub fn before(&self) -> Record<'a> {
        self.before
    }

    /// Names a span, a metric, or the event that a log record is.
    pub fn set_name(&mut self, name: &str) {
        let number = match self.before.signal() {
            Signal::Traces => 5,
            Signal::Metrics => 1,
            Signal::Logs => 12,
        };
        self.editor.set_field(number, name.as_bytes());
    }

    /// Gives a log record a body; other signals have none and stay as they are.
    pub fn set_body(&mut self, body: AnyValueView<'_>) {
        if self.before.signal() == Signal::Logs {
            let mut value = Vec::new();
            body.put(&mut value);
            self.editor.set_field(5, &value);
        }
    }

    /// Changes the data points of a metric; those for which `change` says `false` go.
    pub fn change_points(&mut self, mut change: impl FnMut(&mut PointMut<'_>) -> bool) {
        let Some(data) = points::data_field(self.editor.wire()) else { return };
        if self.before.signal() != Signal::Metrics {
            return;
        }
        let kind = data.number;
        let mut scratch = Scratch::default();
        let mut changed = false;
        let metric = points::rewritten(self.editor.wire(), |body, out| {
            let editor = Editor::new(body, points::attributes_number(kind), &mut scratch);
            let mut point = PointMut { editor, before: Point::new(body, kind) };
            let keep = change(&mut point);
            changed |= !keep || scratch.edited;
            out.extend_from_slice(scratch.result().unwrap_or(body));
            keep
        });
        if changed {
            self.editor.scratch.columns = true;
            self.editor.rewrite(|_, out| out.extend_from_slice(&metric));
        }
    }

    /// Puts another message in the record's place.
    ///
    /// # Errors
    /// If it is no span, log record or metric, as the signal demands; the record is then as before.
    pub fn replace(&mut self, message: &[u8]) -> Result<(), WireError> {
        let message = check_record(self.before.signal(), message)?;
        self.editor.scratch.columns = true;
        self.editor.rewrite(|_, out| out.extend_from_slice(&message));
        Ok(())
    }
}

/// A data point to be changed.
#[derive(Debug)]
pub struct PointMut<'a> {
    editor: Editor<'a>,
    before: Point<'a>,
}

impl<'a> PointMut<'a> {
    /// The point as it was before this edit.
    #[must_use]
    pub fn before(&self) -> Point<'a> {
        self.before
    }
}

/// A resource or scope to be changed.
#[derive(Debug)]
pub struct HolderMut<'a> {
    editor: Editor<'a>,
    index: usize,
}

impl HolderMut<'_> {
    /// The place of the resource or scope in the message.
    #[must_use]
    pub fn index(&self) -> usize {
        self.index
    }
}

macro_rules! leads_to_editor {
    ($($name:ident),*) => {$(
        impl<'a> Deref for $name<'a> {
            type Target = Editor<'a>;

            fn deref(&self) -> &Editor<'a> {
                &self.editor
            }
        }

        impl DerefMut for $name<'_> {
            fn deref_mut(&mut self) -> &mut Self::Target {
                &mut self.editor
            }
        }
    )*};
}

leads_to_editor!(RecordMut, PointMut, HolderMut);

/// New versions of rows, before the rows know of them.
struct Edits {
    /// What is appended to the side buffer.
    side: Side,
    /// Which row, its new version, and whether that has other columns.
    rows: Vec<(usize, Source, bool)>,
}

impl Edits {
    fn new(rows: &Rows) -> Self {
        Self { side: Side::behind(&rows.side), rows: Vec::new() }
    }

    fn changed(&self) -> usize {
        self.rows.len()
    }
}

impl Data {
    /// Shows each record to `edit`; gives how many were changed. A message in which none was stays as it is.
    pub fn edit(&mut self, mut edit: impl FnMut(&mut RecordMut<'_>)) -> usize {
        let signal = self.signal;
        let mut scratch = Scratch::default();
        let mut edits = Edits::new(self.rows());
        for (index, before) in self.records().enumerate() {
            let editor = Editor::new(before.wire(), attributes_number(signal), &mut scratch);
            edit(&mut RecordMut { editor, before });
            if let Some(body) = scratch.result() {
                edits.rows.push((index, edits.side.put_record(body), scratch.columns));
            }
        }
        let changed = edits.changed();
        if changed > 0 {
            self.change(|rows, pieces| repoint(rows, pieces, signal, edits));
        }
        changed
    }

    /// Shows each resource to `edit`; gives how many were changed.
    pub fn edit_resources(&mut self, edit: impl FnMut(&mut HolderMut<'_>)) -> usize {
        let edits = edited(self.rows(), &self.pieces, &self.rows().resources, 1, edit);
        self.put_holders(edits, |rows| &mut rows.resources)
    }

    /// Shows each scope to `edit`; gives how many were changed.
    pub fn edit_scopes(&mut self, edit: impl FnMut(&mut HolderMut<'_>)) -> usize {
        let edits = edited(self.rows(), &self.pieces, &self.rows().scopes, 3, edit);
        self.put_holders(edits, |rows| &mut rows.scopes)
    }

    fn put_holders(&mut self, edits: Edits, holders: impl Fn(&mut Rows) -> &mut Vec<Holder>) -> usize {
        let changed = edits.changed();
        if changed > 0 {
            self.change(|rows, _| {
                rows.side.append(edits.side);
                for (index, head, _) in edits.rows {
                    let holder = holders(rows).get_mut(index).into_iter();
                    holder.for_each(|holder| *holder = Holder { head, tail: Source::default(), ..*holder });
                }
            });
        }
        changed
    }
}

/// Points the rows of records to their new versions, columns included.
fn repoint(rows: &mut Rows, pieces: &[Piece], signal: Signal, edits: Edits) {
    rows.side.append(edits.side);
    for (index, body, other) in edits.rows {
        let columns = other.then(|| Columns::of(signal, rows.bytes(pieces).get(body)));
        if let Some(row) = rows.records.get_mut(index) {
            *row = Row { body, columns: columns.unwrap_or(row.columns), ..*row };
        }
    }
}

/// The new fields of those resources or scopes that `edit` has changed.
fn edited(
    rows: &Rows,
    pieces: &[Piece],
    holders: &[Holder],
    attributes: u32,
    mut edit: impl FnMut(&mut HolderMut<'_>),
) -> Edits {
    let bytes = rows.bytes(pieces);
    let mut scratch = Scratch::default();
    let mut edits = Edits::new(rows);
    for (index, holder) in holders.iter().enumerate() {
        let own = holder.fields(bytes).find(|field| field.number == 1);
        let editor = Editor::new(own.map_or(&[], |field| field.bytes()), attributes, &mut scratch);
        edit(&mut HolderMut { editor, index });
        if let Some(message) = scratch.result() {
            let mut fields = Vec::with_capacity(holder.len() + 64);
            put_bytes(&mut fields, 1, message);
            let others = holder.fields(bytes).filter(|field| field.number != 1);
            others.for_each(|field| fields.extend_from_slice(field.raw));
            edits.rows.push((index, edits.side.put(&fields), false));
        }
    }
    edits
}
