//! Where a value came from: a source (file, `--set`, inline YAML) and a place in it.
//!
//! Every key and every value carries an [`Origin`], so an error can show the line and `explain` can name the file.
//! A value that an environment variable gave keeps the place of its `${…}` in the file, and the variable's name in
//! [`Origin::via`]: the variable's text itself is never kept here, since it may be a secret.

use std::fmt;
use std::sync::Arc;

/// One text that configuration was read from, kept whole so that errors can quote it.
#[derive(Debug)]
pub struct Source {
    name: Box<str>,
    text: Box<str>,
    numbered: bool,
}

impl Source {
    /// A file (or a text like one): its places print as `name:line:col`.
    pub fn file(name: impl Into<Box<str>>, text: impl Into<Box<str>>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into(), numbered: true })
    }

    /// A text of one line (`--set`, `yaml:…`, an environment variable): its places print as the name alone.
    pub fn inline(name: impl Into<Box<str>>, text: impl Into<Box<str>>) -> Arc<Self> {
        Arc::new(Self { name: name.into(), text: text.into(), numbered: false })
    }

    /// The name as it was given, not made absolute.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Line `number` (from 1) without its end, if there is such a line.
    pub fn line(&self, number: u32) -> Option<&str> {
        self.text.lines().nth(usize::try_from(number).ok()?.checked_sub(1)?)
    }
}

/// A place in a [`Source`]; lines and columns count from 1, columns in characters.
#[derive(Clone)]
pub struct Origin {
    source: Arc<Source>,
    line: u32,
    col: u32,
    width: u32,
    /// Thin, so that errors stay small.
    via: Option<Arc<Box<str>>>,
}

impl Origin {
    /// The place `line:col` of a source, `width` characters wide (what the carets underline).
    pub fn new(source: Arc<Source>, line: u32, col: u32, width: u32) -> Self {
        Self { source, line, col, width, via: None }
    }

    /// The beginning of a source.
    pub fn start(source: Arc<Source>) -> Self {
        Self::new(source, 1, 1, 1)
    }

    /// The same place, saying that an expansion (`${env:NAME}`) put the value there.
    pub fn with_via(mut self, via: impl Into<Box<str>>) -> Self {
        self.via = Some(Arc::new(via.into()));
        self
    }

    /// A place some characters further on the same line.
    pub fn shifted(&self, ahead: usize, width: usize) -> Self {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        Self { col: self.col.saturating_add(number(ahead)), width: number(width), ..self.clone() }
    }

    /// The file, or the name of what stands for one (`--set`, `yaml:`).
    pub fn file(&self) -> &str {
        self.source.name()
    }

    /// Line from 1.
    pub fn line(&self) -> u32 {
        self.line
    }

    /// Column from 1, in characters.
    pub fn col(&self) -> u32 {
        self.col
    }

    /// Characters to underline, at least 1.
    pub fn width(&self) -> u32 {
        self.width.max(1)
    }

    /// What the value was expanded from, e.g. `env:ENDPOINT`.
    pub fn via(&self) -> Option<&str> {
        self.via.as_ref().map(|via| &***via)
    }

    /// Whether places in this source are told by line and column.
    pub fn numbered(&self) -> bool {
        self.source.numbered
    }

    /// The text of the line.
    pub fn text(&self) -> Option<&str> {
        self.source.line(self.line)
    }

    /// Whether both stand in the same text.
    pub fn same_source(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.source, &other.source)
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.numbered() {
            write!(f, "{}:{}:{}", self.file(), self.line, self.col)
        } else {
            f.write_str(self.file())
        }
    }
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")?;
        self.via().map_or(Ok(()), |via| write!(f, " ({via})"))
    }
}
