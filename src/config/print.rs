//! The tree as YAML again, for `explain`: block style, quotes only where needed, secrets masked.
//!
//! What is printed parses to an equal tree (a property test holds it to that). It is the resolved configuration: a `$`
//! in it is a `$`, so it is for reading and comparing, not for loading again.

use std::fmt::Write as _;

use super::node::{Node, Style, Value};
use super::path;
use super::scalar::Typed;
use super::secret::MASK;

/// Prints a tree; values at paths for which `is_secret` holds are masked, with all below them.
pub fn to_yaml(node: &Node, is_secret: &dyn Fn(&str) -> bool) -> String {
    Printer { is_secret, origins: false, out: String::new() }.document(node)
}

/// The same, each value with a comment saying where it was written.
pub fn to_yaml_with_origins(node: &Node, is_secret: &dyn Fn(&str) -> bool) -> String {
    Printer { is_secret, origins: true, out: String::new() }.document(node)
}

/// Characters that YAML allows between the beginning of a key and its colon (1.2.2, section 7.4.2), a few less.
const LONGEST_KEY: usize = 1000;

struct Printer<'a> {
    is_secret: &'a dyn Fn(&str) -> bool,
    origins: bool,
    out: String,
}

/// Where a value is printed.
struct At<'p> {
    path: &'p str,
    indent: usize,
    masked: bool,
}

impl Printer<'_> {
    fn document(mut self, node: &Node) -> String {
        let at = At { path: "", indent: 0, masked: (self.is_secret)("") };
        if is_block(node) {
            self.block(node, &at, false);
        } else {
            self.inline(node, &at);
        }
        self.out
    }

    /// A list or map with something in it. `first_inline`: its first line goes on the line of the dash before it.
    fn block(&mut self, node: &Node, at: &At<'_>, first_inline: bool) {
        let indent = |first: bool| if first && first_inline { String::new() } else { " ".repeat(at.indent) };
        for (i, (key, value)) in node.entries().iter().enumerate() {
            let _ = write!(self.out, "{}{}:", indent(i == 0), complete_key(&key.text, at.indent));
            self.child(value, &path::concat(at.path, &key.text), at);
        }
        for (i, value) in node.elements().iter().enumerate() {
            let _ = write!(self.out, "{}-", indent(i == 0));
            let below = path::concat(at.path, &format!("[{i}]"));
            self.element(value, &below, at);
        }
    }

    /// What follows `key:`.
    fn child(&mut self, value: &Node, path: &str, around: &At<'_>) {
        let at = At { path, indent: around.indent + 2, masked: around.masked || (self.is_secret)(path) };
        if is_block(value) {
            self.out.push('\n');
            self.block(value, &at, false);
        } else {
            self.out.push(' ');
            self.inline(value, &at);
        }
    }

    /// What follows `-`.
    fn element(&mut self, value: &Node, path: &str, around: &At<'_>) {
        let at = At { path, indent: around.indent + 2, masked: around.masked || (self.is_secret)(path) };
        self.out.push(' ');
        if is_block(value) {
            self.block(value, &at, true);
        } else {
            self.inline(value, &at);
        }
    }

    fn inline(&mut self, node: &Node, at: &At<'_>) {
        let text = match &node.value {
            Value::List(_) => "[]".to_owned(),
            Value::Map(_) => "{}".to_owned(),
            _ if node.is_null() => "null".to_owned(),
            _ if at.masked => format!("\"{MASK}\""),
            Value::Scalar { text, style } => scalar(text, *style),
            Value::Null => "null".to_owned(),
        };
        self.out.push_str(&text);
        if self.origins {
            let via = node.origin.via().map(|via| format!(" ({via})")).unwrap_or_default();
            let origin: String =
                format!("{}{via}", node.origin).chars().filter(|c| !c.is_control()).collect();
            let _ = write!(self.out, "  # {origin}");
        }
        self.out.push('\n');
    }
}

fn is_block(node: &Node) -> bool {
    !node.entries().is_empty() || !node.elements().is_empty()
}

fn scalar(text: &str, style: Style) -> String {
    let typed = Typed::of(text);
    match style {
        // A number or boolean, exactly as it was written.
        Style::Plain if typed != Typed::Text => text.to_owned(),
        _ if typed == Typed::Text && is_plain(text) => text.to_owned(),
        _ => quote(text),
    }
}

/// A key up to its colon. One that is too long to stand before a colon stands alone, which YAML allows.
fn complete_key(text: &str, indent: usize) -> String {
    let key = quoted_key(text);
    if key.chars().count() > LONGEST_KEY { format!("? {key}\n{}", " ".repeat(indent)) } else { key }
}

fn quoted_key(text: &str) -> String {
    if is_plain(text) && Typed::of(text) != Typed::Null { text.to_owned() } else { quote(text) }
}

/// Whether a text can stand without quotes and mean itself, for older readers of YAML too.
fn is_plain(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "_-./@:".contains(c);
    let word = text.to_ascii_lowercase();
    text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '/')
        && text.chars().all(legal)
        && !text.ends_with(':')
        && text.len() <= 200
        && !matches!(word.as_str(), "yes" | "no" | "on" | "off" | "y" | "n" | "true" | "false" | "null")
}

fn quote(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            // Line breaks and invisible characters by number, so that a reader sees them.
            c if c.is_control()
                || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{feff}') =>
            {
                let _ = write!(out, "\\U{:08x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
