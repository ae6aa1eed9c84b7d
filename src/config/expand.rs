//! `${…}` in values, by the rules of confmap.
//!
//! - The innermost expression of a text is expanded first, until none is left; then `$$` becomes `$`. An expression
//!   behind an odd number of `$` is escaped. Keys are never expanded.
//! - A value that is one expression may become anything YAML can say; a string field still receives the original text
//!   (`0123` stays `0123`). Inside a longer text the original text is spliced, and the result is a string.
//! - A variable that is not set gives nothing, with a warning.
//!
//! Beyond the Collector: `${NAME:-default}` works without `env:`, and the line break that ends a file does not belong
//! to the text that `${file:…}` gives (in a password it is never meant).

use std::sync::Arc;

use super::environment::Environment;
use super::error::{ConfigError, Errors};
use super::location::{BadLocation, Location};
use super::node::{Node, Style, Value};
use super::origin::{Origin, Source};
use super::parse::{self, Limits};

/// Expansions of one value, as in the Collector.
const MOST_PER_VALUE: usize = 1000;
/// Expansions of a whole configuration.
const MOST_IN_ALL: usize = 50_000;
/// Bytes that one spliced text may have.
const LONGEST_TEXT: usize = 1 << 20;

/// Expands every value of a tree.
pub(super) fn expand(root: Node, env: &dyn Environment, limits: &Limits) -> (Node, Errors) {
    let mut expander = Expander {
        env,
        limits,
        notes: Errors::new(),
        path: Vec::new(),
        chain: Vec::new(),
        count: 0,
        bytes: 0,
    };
    let root = expander.node(root, 0);
    (root, expander.notes)
}

struct Expander<'a> {
    env: &'a dyn Environment,
    limits: &'a Limits,
    /// Errors and warnings, in the order of the file.
    notes: Errors,
    path: Vec<String>,
    /// The expressions whose values enclose the one at hand.
    chain: Vec<String>,
    count: usize,
    bytes: usize,
}

/// What an expression gave.
struct Given {
    text: Arc<str>,
    node: Node,
}

/// A text on its way: what it is now, and the value if it is exactly what one expression gave.
struct Text {
    now: String,
    whole: Option<Given>,
    /// What was expanded last, `None` if nothing was.
    via: Option<Box<str>>,
}

impl Expander<'_> {
    fn node(&mut self, node: Node, depth: usize) -> Node {
        if depth > self.limits.depth {
            let problem = format!("lists and maps nested deeper than {}", self.limits.depth);
            return self.fail(&node.origin, problem, None);
        }
        let Node { origin, value, original } = node;
        let value = match value {
            Value::Map(entries) => Value::Map(
                entries
                    .into_iter()
                    .map(|(key, v)| (key.clone(), self.step(key.text.to_string(), v, depth)))
                    .collect(),
            ),
            Value::List(items) => Value::List(
                items.into_iter().enumerate().map(|(i, v)| self.step(format!("[{i}]"), v, depth)).collect(),
            ),
            Value::Scalar { text, style } => {
                return self.scalar(Node { origin, value: Value::Scalar { text, style }, original }, depth);
            }
            Value::Null => Value::Null,
        };
        Node { origin, value, original }
    }

    fn step(&mut self, name: String, node: Node, depth: usize) -> Node {
        self.path.push(name);
        let node = self.node(node, depth + 1);
        self.path.pop();
        node
    }

    fn scalar(&mut self, node: Node, depth: usize) -> Node {
        let Value::Scalar { text, style } = &node.value else { return node };
        if !text.contains('$') {
            return node;
        }
        let mut at = Text { now: text.to_string(), whole: None, via: None };
        let own = self.chain.len();
        let outcome = self.text(&mut at, &node.origin);
        let done = match outcome {
            Ok(()) => self.settle(at, &node, *style, depth),
            Err((expression, bad)) => self.fail(&narrow(&node.origin, &expression), bad.problem, bad.hint),
        };
        self.chain.truncate(own);
        done
    }

    /// Expands expression after expression until none is left.
    fn text(&mut self, at: &mut Text, origin: &Origin) -> Result<(), (String, BadLocation)> {
        let mut round = 0;
        while let Some(range) = find(&at.now) {
            round += 1;
            self.count += 1;
            let expression = at.now.get(range.clone()).unwrap_or_default().to_owned();
            if round > MOST_PER_VALUE || self.count > MOST_IN_ALL {
                let problem = format!("too many recursive expansions, the last was `{expression}`");
                return Err((expression, bad(problem)));
            }
            let whole = range.len() == at.now.len();
            let given = match self.given(&expression, origin, whole) {
                Ok(given) => given,
                Err(bad) => return Err((expression, bad)),
            };
            at.via = given.node.origin.via().map(Into::into);
            if whole {
                at.now = given.text.to_string();
                at.whole = Some(given);
                // A map or list is expanded value by value, not as text.
                if at.whole.as_ref().is_some_and(|g| g.node.typed().is_none()) {
                    return Ok(());
                }
            } else {
                at.now.replace_range(range, &given.text);
                at.whole = None;
            }
            if at.now.len() > LONGEST_TEXT {
                return Err((
                    expression,
                    bad(format!("a text of more than {LONGEST_TEXT} bytes after expansion")),
                ));
            }
        }
        Ok(())
    }

    /// The node a fully expanded text stands for.
    fn settle(&mut self, at: Text, before: &Node, style: Style, depth: usize) -> Node {
        let text: Arc<str> = unescape(&at.now).into();
        let origin = before.origin.clone();
        match at.whole {
            None => match at.via {
                None => {
                    Node { origin, value: Value::Scalar { text, style }, original: before.original.clone() }
                }
                Some(via) => Node::text(origin.with_via(via), text),
            },
            Some(given) if given.node.typed().is_none() => {
                let original = self.original(&given.text);
                Node { original: Some(original), ..self.node(given.node, depth) }
            }
            Some(given) => typed(given.node, text),
        }
    }

    /// The original text of a map or list, for a string field; what cannot be expanded in it stays.
    fn original(&mut self, text: &str) -> Arc<str> {
        let mut at = Text { now: text.to_owned(), whole: None, via: None };
        let (notes, own) = (self.notes.len(), self.chain.len());
        let origin = Origin::start(Source::inline("", ""));
        let expanded = self.text(&mut at, &origin).map_or_else(|_| text.to_owned(), |()| at.now);
        self.notes.0.truncate(notes);
        self.chain.truncate(own);
        unescape(&expanded).into()
    }

    fn given(&mut self, expression: &str, origin: &Origin, whole: bool) -> Result<Given, BadLocation> {
        if self.chain.iter().any(|outer| outer == expression) {
            return Err(bad(format!("`{expression}` refers to itself")));
        }
        let inside = expression.strip_prefix("${").and_then(|e| e.strip_suffix('}')).unwrap_or_default();
        let location = Location::of_expression(inside)?;
        let read = location.read(self.env, self.limits.bytes)?;
        let text = match (read, &location) {
            (Some(text), Location::File(_)) => without_last_break(&text).to_owned(),
            (Some(text), _) => text,
            (None, _) => {
                self.unset(expression, &location, origin);
                String::new()
            }
        };
        if whole {
            self.chain.push(expression.to_owned());
        }
        self.charge(&text)?;
        let node = self.read(&location, &text, &narrow(origin, expression));
        Ok(Given { node, text: text.into() })
    }

    /// The text as YAML; a text that is none is a string, as in the Collector.
    fn read(&self, location: &Location, text: &str, origin: &Origin) -> Node {
        let via = origin.clone().with_via(location.label());
        let parsed = match location {
            Location::File(path) => parse::parse(&Source::file(path.as_str(), text), text, self.limits),
            _ => parse::parse_at(&via, text, self.limits),
        };
        match parsed {
            Ok(node) if node.typed().is_none() => node,
            Ok(node) => Node { origin: via, ..node },
            Err(_) => Node::text(via, text),
        }
    }

    /// Expansions multiply what they name, so what they give is bounded in sum.
    fn charge(&mut self, text: &str) -> Result<(), BadLocation> {
        self.bytes += text.len();
        if self.bytes > self.limits.expanded_bytes {
            return Err(bad(format!("expansions give more than {} bytes", self.limits.expanded_bytes)));
        }
        Ok(())
    }

    fn unset(&mut self, expression: &str, location: &Location, origin: &Origin) {
        let Location::Env { name, .. } = location else { return };
        let problem = format!("environment variable `{name}` is not set: the value is empty");
        let warning = ConfigError::new(Some(narrow(origin, expression)), self.place(), problem)
            .hint(format!("to say what it is then: `${{env:{name}:-default}}`"));
        self.notes.push(warning.warning());
    }

    fn fail(&mut self, origin: &Origin, problem: String, hint: Option<String>) -> Node {
        let error = ConfigError::new(Some(origin.clone()), self.place(), problem);
        self.notes.push(ConfigError { hint, ..error });
        Node::null(origin.clone())
    }

    fn place(&self) -> String {
        super::path::join(self.path.iter().map(String::as_str))
    }
}

fn bad(problem: String) -> BadLocation {
    BadLocation { problem, hint: None }
}

/// A scalar that one expression gave: typed as YAML reads it, a string by its original text.
fn typed(node: Node, text: Arc<str>) -> Node {
    let original = Some(Arc::clone(&text));
    let value = match node.value {
        Value::Scalar { style: Style::Quoted, .. } => Value::Scalar { text, style: Style::Quoted },
        Value::Scalar { text: plain, style } if !plain.contains('$') => Value::Scalar { text: plain, style },
        Value::Scalar { style, .. } => Value::Scalar { text, style },
        value => value,
    };
    Node { value, original, origin: node.origin }
}

/// The place of the expression inside the text, where its line shows it.
fn narrow(origin: &Origin, expression: &str) -> Origin {
    let skip = usize::try_from(origin.col()).unwrap_or(1).saturating_sub(1);
    let rest =
        origin.text().and_then(|line| line.char_indices().nth(skip).and_then(|(at, _)| line.get(at..)));
    match rest.and_then(|rest| Some(rest.get(..rest.find(expression)?)?.chars().count())) {
        Some(ahead) => origin.shifted(ahead, expression.chars().count()),
        None => origin.clone(),
    }
}

/// The range of the first expression to expand: the one whose `}` comes first. One behind an odd number of `$` is
/// escaped, and so is all that belongs to it.
fn find(text: &str) -> Option<std::ops::Range<usize>> {
    let bytes = text.as_bytes();
    let mut open: Vec<(usize, bool)> = Vec::new();
    let mut dollars = 0_usize;
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'{' if dollars > 0 => open.push((at - 1, dollars.is_multiple_of(2))),
            b'}' => {
                if let Some((start, false)) = open.pop() {
                    return Some(start..at + 1);
                }
            }
            _ => {}
        }
        dollars = if *byte == b'$' { dollars + 1 } else { 0 };
    }
    None
}

fn unescape(text: &str) -> String {
    text.replace("$$", "$")
}

fn without_last_break(text: &str) -> &str {
    let text = text.strip_suffix('\n').unwrap_or(text);
    text.strip_suffix('\r').unwrap_or(text)
}
