//! Why a text is no OTLP in JSON.
//!
//! As with the wire's errors, nothing of the payload is shown: the answer goes to the client and perhaps to a log.

use std::fmt;

/// What is wrong with the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JsonProblem {
    /// The text ends where more must come.
    #[error("unexpected end of the text")]
    End,
    /// Something follows the one value of the text.
    #[error("trailing characters, expected the end of the text")]
    Trailing,
    /// A value of another type.
    #[error("found {found}, expected {expected}")]
    Type {
        /// The type of the value that stands there.
        found: &'static str,
        /// What the field takes.
        expected: &'static str,
    },
    /// A character that JSON does not allow there.
    #[error("unexpected character, expected {0}")]
    Syntax(&'static str),
    /// A control character in a string, or an escape that does not exist.
    #[error("malformed string, expected control characters escaped and only the escapes of RFC 8259")]
    String,
    /// A value of the right type that the field cannot hold.
    #[error("unfit value, expected {0}")]
    Value(&'static str),
    /// The same field twice in one object, or two members of a oneof.
    #[error("field given twice, expected each field once and one member of a oneof")]
    Twice,
    /// Values within values within values.
    #[error("values are nested deeper than {0} levels")]
    Depth(u32),
    /// Objects and lists within each other, in fields that are not OTLP's.
    #[error("objects and lists are nested deeper than {0} levels")]
    Nesting(u32),
    /// Too many messages.
    #[error("more than {0} elements")]
    Elements(u64),
}

/// A text that cannot be taken as it is.
#[derive(Clone, PartialEq, Eq)]
pub struct JsonError {
    problem: JsonProblem,
    line: usize,
    column: usize,
    path: Box<str>,
}

impl JsonError {
    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> JsonProblem {
        self.problem
    }

    /// The line, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.line
    }

    /// The byte in the line, from 1.
    #[must_use]
    pub fn column(&self) -> usize {
        self.column
    }

    /// The fields that lead there, as `resourceSpans[0].scopeSpans[2].spans[1].traceId`; empty at the top.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether a limit of ours was passed, rather than the format broken.
    #[must_use]
    pub fn is_limit(&self) -> bool {
        matches!(self.problem, JsonProblem::Depth(_) | JsonProblem::Nesting(_) | JsonProblem::Elements(_))
    }
}

impl fmt::Display for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        write!(f, "{} (line {}, column {})", self.problem, self.line, self.column)
    }
}

impl fmt::Debug for JsonError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for JsonError {}

/// A problem on its way up, gathering the path innermost first. Boxed, for results are passed up at every value.
#[derive(Debug)]
pub(super) struct Trouble {
    problem: JsonProblem,
    offset: usize,
    path: Vec<(&'static str, Option<usize>)>,
}

/// Longest path that is told; nested values repeat the same three names.
const MAX_PATH: usize = 12;

impl Trouble {
    #[cold]
    pub(super) fn new(problem: JsonProblem, offset: usize) -> Box<Self> {
        Box::new(Self { problem, offset, path: Vec::new() })
    }

    #[cold]
    pub(super) fn within(mut self: Box<Self>, field: &'static str, index: Option<usize>) -> Box<Self> {
        self.path.push((field, index));
        self
    }

    pub(super) fn locate(self, text: &[u8]) -> JsonError {
        let before = text.get(..self.offset).unwrap_or(text);
        let line_start = before.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        JsonError {
            problem: self.problem,
            line: before.iter().filter(|&&byte| byte == b'\n').count() + 1,
            column: before.len() - line_start + 1,
            path: self.render().into(),
        }
    }

    fn render(&self) -> String {
        let steps = self.path.iter().rev().take(MAX_PATH).map(|(field, index)| match index {
            Some(index) => format!("{field}[{index}]"),
            None => (*field).to_owned(),
        });
        let mut path = steps.collect::<Vec<_>>().join(".");
        if self.path.len() > MAX_PATH {
            path.push('…');
        }
        path
    }
}
