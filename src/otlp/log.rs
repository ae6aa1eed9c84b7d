//! What a log record says.

use super::record::{bits, bytes, text};
use super::rows::Row;
use super::text::Text;
use super::value::AnyValueView;

/// A log record.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    body: &'a [u8],
    row: &'a Row,
}

impl<'a> Log<'a> {
    pub(crate) fn new(body: &'a [u8], row: &'a Row) -> Self {
        Self { body, row }
    }

    /// When it happened; 0 if unknown. Nanoseconds since 1970.
    #[must_use]
    pub fn time(&self) -> u64 {
        self.row.columns.start
    }

    /// When it was observed. Nanoseconds since 1970.
    #[must_use]
    pub fn observed_time(&self) -> u64 {
        self.row.columns.end
    }

    /// 1 to 24, 0 if unknown.
    #[must_use]
    pub fn severity_number(&self) -> i32 {
        self.row.columns.code
    }

    /// The severity in the source's words.
    #[must_use]
    pub fn severity_text(&self) -> Text<'a> {
        text(self.body, 3)
    }

    /// What is logged.
    #[must_use]
    pub fn body(&self) -> AnyValueView<'a> {
        AnyValueView::read(bytes(self.body, 5))
    }

    /// The event's name; empty if it is none.
    #[must_use]
    pub fn event_name(&self) -> Text<'a> {
        text(self.body, 12)
    }

    /// The trace; all zero if none.
    #[must_use]
    pub fn trace_id(&self) -> [u8; 16] {
        self.row.columns.trace_id
    }

    /// The span's id; empty if none.
    #[must_use]
    pub fn span_id(&self) -> &'a [u8] {
        bytes(self.body, 10)
    }

    /// W3C trace flags.
    #[must_use]
    pub fn flags(&self) -> u32 {
        bits(self.body, 8) as u32
    }
}
