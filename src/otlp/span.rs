//! What a span says.

use super::record::{bits, bytes, text};
use super::rows::Row;
use super::text::Text;

/// A span.
#[derive(Clone, Copy, Debug)]
pub struct Span<'a> {
    body: &'a [u8],
    row: &'a Row,
}

impl<'a> Span<'a> {
    pub(crate) fn new(body: &'a [u8], row: &'a Row) -> Self {
        Self { body, row }
    }

    /// What the operation is called.
    #[must_use]
    pub fn name(&self) -> Text<'a> {
        text(self.body, 5)
    }

    /// Its kind, as `SpanKind` numbers it.
    #[must_use]
    pub fn kind(&self) -> i32 {
        bits(self.body, 6) as i32
    }

    /// The trace; all zero if the id has not 16 bytes.
    #[must_use]
    pub fn trace_id(&self) -> [u8; 16] {
        self.row.columns.trace_id
    }

    /// The span's id: 8 bytes in a valid span.
    #[must_use]
    pub fn span_id(&self) -> &'a [u8] {
        bytes(self.body, 2)
    }

    /// The parent's id; empty for a root.
    #[must_use]
    pub fn parent_span_id(&self) -> &'a [u8] {
        bytes(self.body, 4)
    }

    /// W3C trace state.
    #[must_use]
    pub fn trace_state(&self) -> Text<'a> {
        text(self.body, 3)
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.row.columns.start
    }

    /// Nanoseconds since 1970.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.row.columns.end
    }

    /// 0 unset, 1 ok, 2 error.
    #[must_use]
    pub fn status_code(&self) -> i32 {
        self.row.columns.code
    }

    /// What the status says.
    #[must_use]
    pub fn status_message(&self) -> Text<'a> {
        text(bytes(self.body, 15), 2)
    }

    /// W3C trace flags and whether the parent is remote.
    #[must_use]
    pub fn flags(&self) -> u32 {
        bits(self.body, 16) as u32
    }
}
