//! The table of a message: a row for every resource, scope and record, each pointing to its bytes.
//!
//! A row points into a piece of the message, or into the side buffer, where edits append. So an edit moves nothing, and
//! rows are small enough to drop, regroup and copy freely; the message is laid out once, by `layout`. Rows hold the
//! few columns that decisions are made by; attributes are never in a table, they are walked when asked for.

use super::columns::Columns;
use super::data::Piece;
use super::signal::Signal;
use super::wire::{Field, Fields, put_header};

/// Where some bytes are: in a piece, or in the side buffer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) piece: u32,
    pub(crate) start: u64,
    pub(crate) len: u32,
}

/// The number no piece has.
const SIDE: u32 = u32::MAX;

/// The fields of a resource or scope entry that are not its children: those in front of them and those behind.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Holder {
    pub(crate) head: Source,
    pub(crate) tail: Source,
    /// The row of the resource, if this is a scope.
    pub(crate) parent: u32,
}

/// A span, metric or log record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) body: Source,
    pub(crate) scope: u32,
    pub(crate) columns: Columns,
}

/// Rows in the order of the message: records of one scope stand together, scopes of one resource too.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rows {
    pub(crate) side: Side,
    pub(crate) resources: Vec<Holder>,
    pub(crate) scopes: Vec<Holder>,
    pub(crate) records: Vec<Row>,
    /// Fields of the request that are no resources: unknown ones, kept as they are.
    pub(crate) others: Vec<Source>,
}

/// All a source can point to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bytes<'a> {
    pub(crate) pieces: &'a [Piece],
    pub(crate) side: &'a [u8],
}

impl<'a> Bytes<'a> {
    #[inline]
    pub(crate) fn get(self, source: Source) -> &'a [u8] {
        let whole: &[u8] = match self.pieces.get(source.piece as usize) {
            Some(piece) => &piece.bytes,
            None => self.side,
        };
        let start = source.start as usize;
        whole.get(start..start + source.len as usize).unwrap_or_default()
    }
}

/// The side buffer, to which edits append.
#[derive(Clone, Debug, Default)]
pub(crate) struct Side {
    bytes: Vec<u8>,
    /// How much of it is elsewhere, in front of `bytes`.
    base: usize,
}

impl Side {
    /// What is going to be appended to a side buffer.
    pub(crate) fn behind(side: &Self) -> Self {
        Self { bytes: Vec::new(), base: side.bytes.len() }
    }

    /// Appends what was made by [`Side::behind`].
    pub(crate) fn append(&mut self, more: Self) {
        if self.bytes.is_empty() {
            self.bytes = more.bytes;
        } else {
            self.bytes.extend_from_slice(&more.bytes);
        }
    }

    /// Appends bytes. What is beyond 2 GiB, which no decoder takes, is left out.
    pub(crate) fn put(&mut self, body: &[u8]) -> Source {
        let Ok(len) = i32::try_from(body.len()) else { return Source::default() };
        let start = (self.base + self.bytes.len()) as u64;
        self.bytes.extend_from_slice(body);
        Source { piece: SIDE, start, len: len as u32 }
    }

    /// Appends a record, with a header in front: like in a piece, so that `layout` may copy both.
    pub(crate) fn put_record(&mut self, body: &[u8]) -> Source {
        put_header(&mut self.bytes, 2, body.len());
        self.put(body)
    }

    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}

impl Source {
    pub(crate) fn end(self) -> u64 {
        self.start + u64::from(self.len)
    }
}

impl Holder {
    pub(crate) fn len(self) -> usize {
        self.head.len as usize + self.tail.len as usize
    }

    pub(crate) fn fields<'a>(self, bytes: Bytes<'a>) -> impl Iterator<Item = Field<'a>> + Clone {
        Fields::new(bytes.get(self.head)).chain(Fields::new(bytes.get(self.tail)))
    }
}

impl Rows {
    /// The rows of these requests.
    pub(crate) fn of(signal: Signal, pieces: &[Piece]) -> Self {
        Self::with(pieces, |body| Columns::of(signal, body))
    }

    /// The rows of these requests, with no column but the number of items.
    pub(crate) fn counted(signal: Signal, pieces: &[Piece]) -> Self {
        Self::with(pieces, |body| Columns::counted(signal, body))
    }

    fn with(pieces: &[Piece], columns: impl Fn(&[u8]) -> Columns) -> Self {
        let mut rows = Self::default();
        rows.records.reserve(pieces.iter().map(|piece| piece.items as usize).sum());
        for (piece, index) in pieces.iter().zip(0..) {
            Reader { rows: &mut rows, whole: &piece.bytes, piece: index, columns: &columns }.request();
        }
        rows
    }

    pub(crate) fn bytes<'a>(&'a self, pieces: &'a [Piece]) -> Bytes<'a> {
        Bytes { pieces, side: &self.side.bytes }
    }

    /// Adds a record of `from`, with its scope and resource unless it has those of the record added before.
    pub(crate) fn adopt(&mut self, from: &Self, row: &Row, last: &mut Option<(u32, u32)>) {
        let Some(scope) = from.scopes.get(row.scope as usize) else { return };
        let Some(resource) = from.resources.get(scope.parent as usize) else { return };
        if last.is_none_or(|last| last.0 != scope.parent) {
            self.resources.push(*resource);
        }
        if last.is_none_or(|last| last != (scope.parent, row.scope)) {
            self.scopes.push(Holder { parent: self.resources.len() as u32 - 1, ..*scope });
        }
        *last = Some((scope.parent, row.scope));
        self.records.push(Row { scope: self.scopes.len() as u32 - 1, ..*row });
    }

    /// How much memory the tables take, without the bytes.
    pub(crate) fn heap_len(&self) -> usize {
        (self.resources.capacity() + self.scopes.capacity()) * size_of::<Holder>()
            + self.records.capacity() * size_of::<Row>()
            + self.others.capacity() * size_of::<Source>()
    }
}

struct Reader<'a, C> {
    rows: &'a mut Rows,
    whole: &'a [u8],
    piece: u32,
    columns: C,
}

impl<'a, C: Fn(&[u8]) -> Columns> Reader<'a, C> {
    fn request(&mut self) {
        for field in Fields::new(self.whole) {
            if field.number == 1 {
                self.resource(field.bytes());
            } else {
                let other = self.source(field.raw);
                self.rows.others.push(other);
            }
        }
    }

    fn resource(&mut self, body: &'a [u8]) {
        let index = self.rows.resources.len();
        self.rows.resources.push(Holder::default());
        let holder = self.holder(body, 0, |reader, scope| reader.scope(scope, index as u32));
        self.rows.resources.get_mut(index).into_iter().for_each(|row| *row = holder);
    }

    fn scope(&mut self, body: &'a [u8], resource: u32) {
        let index = self.rows.scopes.len();
        self.rows.scopes.push(Holder::default());
        let holder = self.holder(body, resource, |reader, record| {
            let row =
                Row { body: reader.source(record), scope: index as u32, columns: (reader.columns)(record) };
            reader.rows.records.push(row);
        });
        self.rows.scopes.get_mut(index).into_iter().for_each(|row| *row = holder);
    }

    /// Hands out the children (field 2 of resources and scopes alike); gives what stands around them.
    fn holder(&mut self, body: &'a [u8], parent: u32, mut child: impl FnMut(&mut Self, &'a [u8])) -> Holder {
        let mut at = 0;
        let mut children: Option<(usize, usize)> = None;
        let mut scattered = false;
        for field in Fields::new(body) {
            let end = at + field.raw.len();
            if field.number == 2 {
                scattered |= children.is_some_and(|(_, behind)| behind != at);
                children = Some((children.map_or(at, |found| found.0), end));
                child(self, field.bytes());
            }
            at = end;
        }
        let (first, behind) = children.unwrap_or((at, at));
        if scattered {
            return Holder { head: self.gathered(body), tail: Source::default(), parent };
        }
        let (head, tail) = (body.get(..first).unwrap_or_default(), body.get(behind..at).unwrap_or_default());
        Holder { head: self.source(head), tail: self.source(tail), parent }
    }

    /// Fields that stand between children as well, copied together.
    #[cold]
    fn gathered(&mut self, body: &[u8]) -> Source {
        let fields: Vec<u8> = Fields::new(body)
            .filter(|field| field.number != 2)
            .flat_map(|field| field.raw)
            .copied()
            .collect();
        self.rows.side.put(&fields)
    }

    fn source(&self, part: &[u8]) -> Source {
        let start = part.as_ptr().addr() - self.whole.as_ptr().addr();
        Source { piece: self.piece, start: start as u64, len: part.len() as u32 }
    }
}
