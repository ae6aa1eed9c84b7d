//! Errors as text: in the manner of rustc, plain or coloured; as JSON, one object a line; as GitHub annotations.
//!
//! Only the line in question is quoted, never its neighbours: the next line may hold a password. Nothing from outside
//! reaches the terminal raw: control characters are replaced, long lines are cut around the caret.

use std::fmt::Write as _;

use super::error::{ConfigError, Severity};
use super::origin::Origin;

/// The column the place starts at, if the problem is short enough.
const PLACE_COLUMN: usize = 65;
/// The most characters of one line that are quoted.
const WIDEST: usize = 100;
/// The most known names that are listed.
const MOST_KNOWN: usize = 40;

/// How to write errors down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Text without escapes.
    Plain,
    /// Text with colours.
    Ansi,
    /// One JSON object per line: severity, file, line, col, path, problem, hint.
    Json,
    /// `::error file=…,line=…,col=…::…`, which GitHub shows in the diff.
    Github,
}

/// All errors, in order.
pub fn all(errors: &[ConfigError], style: Style) -> String {
    let blank = if matches!(style, Style::Plain | Style::Ansi) { "\n" } else { "" };
    errors.iter().map(|error| one(error, style)).collect::<Vec<_>>().join(blank)
}

/// One error, ending in a line break.
pub fn one(error: &ConfigError, style: Style) -> String {
    match style {
        Style::Plain => text(error, &Paint { on: false }),
        Style::Ansi => text(error, &Paint { on: true }),
        Style::Json => json(error),
        Style::Github => github(error),
    }
}

struct Paint {
    on: bool,
}

impl Paint {
    fn of(&self, code: &str, text: &str) -> String {
        if self.on { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }
    fn word(&self, severity: Severity) -> String {
        match severity {
            Severity::Error => self.of("1;31", "error"),
            Severity::Warning => self.of("1;33", "warning"),
        }
    }
    fn gutter(&self, text: &str) -> String {
        self.of("1;34", text)
    }
}

fn text(error: &ConfigError, paint: &Paint) -> String {
    let mut out = headline(error, paint);
    let places = error.origin.iter().chain(error.more.also.iter().map(|(origin, _)| origin));
    let digits = places.map(|o| o.line().to_string().len()).max().unwrap_or(1).max(3);
    if let Some(origin) = &error.origin {
        snippet(&mut out, origin, error.hint.as_deref(), digits, paint);
    } else if let Some(hint) = &error.hint {
        let _ = writeln!(out, "{:digits$} {} {}", "", paint.gutter("="), clean(hint));
    }
    for (origin, word) in &error.more.also {
        snippet(&mut out, origin, Some(&format!("{word} ({origin})")), digits, paint);
    }
    footer(&mut out, error, digits, paint);
    out
}

fn headline(error: &ConfigError, paint: &Paint) -> String {
    let problem = clean(&error.problem);
    let word = if error.severity == Severity::Error { "error" } else { "warning" };
    let mut out = format!("{}: {}", paint.word(error.severity), paint.of("1", &problem));
    if let Some(origin) = &error.origin {
        let used = word.len() + 2 + problem.chars().count();
        let gap = PLACE_COLUMN.saturating_sub(used).max(2);
        let _ = write!(out, "{:gap$}{}", "", clean(&origin.to_string()));
    }
    out.push('\n');
    out
}

/// The line and under it the carets with what would be right.
fn snippet(out: &mut String, origin: &Origin, label: Option<&str>, digits: usize, paint: &Paint) {
    let Some(line) = origin.text() else {
        if let Some(label) = label {
            let _ = writeln!(out, "{:digits$} {} {}", "", paint.gutter("="), clean(label));
        }
        return;
    };
    let (shown, before, width) = window(line, origin);
    let number = if origin.numbered() { origin.line().to_string() } else { String::new() };
    let _ = writeln!(out, "{} {shown}", paint.gutter(&format!("{number:>digits$} |")));
    let label = label.map(|l| format!(" {}", clean(l))).unwrap_or_default();
    let carets = paint.of("1;31", &format!("{}{label}", "^".repeat(width)));
    let _ = writeln!(out, "{} {:before$}{carets}", paint.gutter(&format!("{:digits$} |", "")), "");
}

/// The quoted part of a line, the characters before the caret in it, and the caret's width.
fn window(line: &str, origin: &Origin) -> (String, usize, usize) {
    let col = usize::try_from(origin.col()).unwrap_or(1).saturating_sub(1);
    let width = usize::try_from(origin.width()).unwrap_or(1);
    let skip = if col + 20 > WIDEST { col - WIDEST / 2 } else { 0 };
    let mut shown: String = line.chars().skip(skip).take(WIDEST).map(printable).collect();
    if skip > 0 {
        shown.replace_range(..shown.chars().next().map_or(0, char::len_utf8), "…");
    }
    if line.chars().count() > skip + WIDEST {
        shown.push('…');
    }
    let length = shown.chars().count();
    let before = (col - skip).min(length);
    (shown.trim_end().to_owned(), before, width.min(length.saturating_sub(before)).max(1))
}

/// `= at path · from env:X · known: a, b`.
fn footer(out: &mut String, error: &ConfigError, digits: usize, paint: &Paint) {
    let mut parts = Vec::new();
    if !error.path.is_empty() {
        parts.push(format!("at {}", error.path));
    }
    if let Some(via) = error.origin.as_ref().and_then(Origin::via) {
        parts.push(format!("from {via}"));
    }
    if !error.more.known.is_empty() {
        parts.push(format!("known: {}", known(&error.more.known)));
    }
    if !parts.is_empty() {
        let _ = writeln!(out, "{:digits$} {} {}", "", paint.gutter("="), clean(&parts.join(" · ")));
    }
}

fn known(names: &[String]) -> String {
    let shown = names.iter().take(MOST_KNOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().checked_sub(MOST_KNOWN) {
        Some(more) if more > 0 => format!("{shown} and {more} more"),
        _ => shown,
    }
}

fn full_hint(error: &ConfigError) -> Option<String> {
    let names = (!error.more.known.is_empty()).then(|| format!("known: {}", known(&error.more.known)));
    let also = error.more.also.iter().map(|(origin, word)| format!("{word} ({origin})"));
    let parts: Vec<String> = error.hint.clone().into_iter().chain(also).chain(names).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn json(error: &ConfigError) -> String {
    let origin = error.origin.as_ref();
    let numbered = origin.filter(|o| o.numbered());
    let object = serde_json::json!({
        "severity": if error.severity == Severity::Error { "error" } else { "warning" },
        "file": origin.map(Origin::file),
        "line": numbered.map(Origin::line),
        "col": numbered.map(Origin::col),
        "path": error.path,
        "problem": error.problem,
        "hint": full_hint(error),
    });
    format!("{object}\n")
}

fn github(error: &ConfigError) -> String {
    let word = if error.severity == Severity::Error { "error" } else { "warning" };
    let mut properties = Vec::new();
    if let Some(origin) = error.origin.as_ref() {
        properties.push(format!("file={}", escape(origin.file(), true)));
        if origin.numbered() {
            properties.push(format!("line={},col={}", origin.line(), origin.col()));
        }
    }
    let space = if properties.is_empty() { "" } else { " " };
    let at = if error.path.is_empty() { String::new() } else { format!(" (at {})", error.path) };
    let hint = full_hint(error).map(|h| format!(": {h}")).unwrap_or_default();
    let message = escape(&format!("{}{at}{hint}", error.problem), false);
    format!("::{word}{space}{}::{message}\n", properties.join(","))
}

/// The escapes of workflow commands: in a property `:` and `,` too.
fn escape(text: &str, property: bool) -> String {
    let base = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    if property { base.replace(':', "%3A").replace(',', "%2C") } else { base }
}

fn clean(text: &str) -> String {
    text.chars().map(printable).collect()
}

fn printable(c: char) -> char {
    match c {
        '\t' => ' ',
        // Right-to-left overrides and their like can make a terminal show another text than the file holds.
        c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => '\u{fffd}',
        c => c,
    }
}
