//! Why a request is no OTLP.
//!
//! An error says what is wrong and where, and never shows a byte of the payload: it is sent back to the client and may
//! be logged. The path is found only when there is an error, by walking to its offset a second time.

use super::schema::{Kind, Message};
use super::signal::Signal;
use super::wire::{Fields, key};
use std::fmt;

/// A request that cannot be taken as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct WireError {
    problem: Problem,
    offset: usize,
    path: Box<str>,
}

/// What is wrong with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// A field ends after the message that holds it.
    #[error("truncated: a field is longer than what is left of its message")]
    Truncated,
    /// A varint that is cut off, longer than ten bytes or larger than 64 bits.
    #[error("malformed varint, expected at most 10 bytes and 64 bits")]
    Varint,
    /// A field number of 0 or beyond 2^29, or a key that is no varint.
    #[error("malformed field key, expected a field number from 1 to 536870911")]
    Key,
    /// A known field with another type on the wire.
    #[error("wire type {got}, expected {want}")]
    WireType {
        /// The wire type that was read.
        got: u8,
        /// The wire type the field has.
        want: u8,
    },
    /// A wire type that does not exist, or the end of a group that never began.
    #[error("wire type {0}, expected 0, 1, 2, 3 or 5")]
    NoWireType(u8),
    /// An unknown group that does not end, or is nested too deep.
    #[error("malformed group, expected an end of the same number and at most 64 levels")]
    Group,
    /// Values within values within values.
    #[error("values are nested deeper than {0} levels")]
    Depth(u32),
    /// Too many messages.
    #[error("more than {0} elements")]
    Elements(u64),
    /// Offsets are 32 bits wide.
    #[error("longer than 4294967295 bytes")]
    Length,
}

impl WireError {
    #[cold]
    pub(crate) fn new(signal: Signal, request: &[u8], problem: Problem, offset: usize) -> Self {
        Self { problem, offset, path: locate(signal.request(), request, offset).into() }
    }

    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> Problem {
        self.problem
    }

    /// At which byte of the (decompressed) request.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// The fields that lead there, as `resource_spans.scope_spans.spans`; empty at the top.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether a limit of ours was passed, rather than the format broken.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        matches!(self.problem, Problem::Depth(_) | Problem::Elements(_) | Problem::Length)
    }
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { problem, offset, path } = self;
        if path.is_empty() {
            write!(f, "{problem} (at byte {offset})")
        } else {
            write!(f, "{path}: {problem} (at byte {offset})")
        }
    }
}

impl fmt::Debug for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for WireError {}

/// Longest path that is told; nested values repeat the same three names.
const MAX_PATH: usize = 12;

fn locate(mut message: &'static Message, mut body: &[u8], mut offset: usize) -> String {
    let mut path = Vec::new();
    while path.len() < MAX_PATH {
        let mut skipped = 0;
        let Some(holder) = Fields::new(body).find(|field| {
            skipped += field.raw.len();
            skipped > offset
        }) else {
            path.extend(unreadable(message, body.get(skipped..)));
            break;
        };
        let inner = holder.bytes();
        let start = skipped - inner.len();
        let Some(field) = message.field(holder.number) else { break };
        path.push(field.name);
        let Kind::Message(next) = field.kind else { break };
        let Some(within) = offset.checked_sub(start) else { break };
        (message, body, offset) = (next, inner, within);
    }
    path.join(".")
}

/// The name of a field that cannot be read, if its key can.
fn unreadable(message: &Message, at: Option<&[u8]>) -> Option<&'static str> {
    let (number, ..) = key(at?)?;
    message.field(number).map(|field| field.name)
}
