//! YAML text → [`Node`], each key and value with its place.
//!
//! Built on the events of `saphyr-parser`. What a hostile text could use is bounded: its size, its depth, and the
//! nodes that aliases multiply. A key given twice is an error that shows both places; more than one document is
//! refused (the Collector silently reads the first). A syntax error ends the text; duplicate keys are all reported.

use std::collections::HashMap;
use std::sync::Arc;

use saphyr_parser::{Event, Marker, Parser, ScalarStyle, ScanError, Span, StrInput, Tag};

use super::entries::Entries;
use super::error::{ConfigError, Errors};
use super::node::{Key, Node, Style, Value};
use super::origin::{Origin, Source};

/// Bounds of one text.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of text.
    pub bytes: usize,
    /// Lists and maps inside each other.
    pub depth: usize,
    /// Values, counted again wherever an alias repeats them.
    pub nodes: usize,
    /// Bytes of scalars, counted again wherever an alias repeats them.
    pub expanded_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 4 << 20, depth: 64, nodes: 500_000, expanded_bytes: 16 << 20 }
    }
}

/// Reads a whole text with places of its own.
pub fn parse(source: &Arc<Source>, text: &str, limits: &Limits) -> Result<Node, Errors> {
    Reader::new(source, text, None, limits).document()
}

/// Reads the text of an expansion: every place is that of the expression that gave it.
pub(super) fn parse_at(origin: &Origin, text: &str, limits: &Limits) -> Result<Node, Errors> {
    Reader::new(&Source::inline("", ""), text, Some(origin), limits).document()
}

/// What a value cost, to charge it again where an alias repeats it.
#[derive(Clone, Copy, Default)]
struct Cost {
    nodes: usize,
    bytes: usize,
    depth: usize,
}

/// Where a list or map begins: its depth, anchor and place.
struct Open {
    depth: usize,
    anchor: usize,
    origin: Origin,
}

struct Reader<'a> {
    events: Parser<'a, StrInput<'a>>,
    source: Arc<Source>,
    text: &'a str,
    fixed: Option<&'a Origin>,
    limits: &'a Limits,
    spent: Cost,
    anchors: HashMap<usize, (Node, Cost)>,
    errors: Errors,
}

type Read<T> = Result<T, ConfigError>;

impl<'a> Reader<'a> {
    fn new(source: &Arc<Source>, text: &'a str, fixed: Option<&'a Origin>, limits: &'a Limits) -> Self {
        Self {
            events: Parser::new_from_str(text),
            source: Arc::clone(source),
            text,
            fixed,
            limits,
            spent: Cost::default(),
            anchors: HashMap::new(),
            errors: Errors::new(),
        }
    }

    fn document(mut self) -> Result<Node, Errors> {
        match self.whole() {
            Ok(node) => self.errors.finish(node),
            Err(error) => {
                self.errors.push(error);
                Err(self.errors)
            }
        }
    }

    fn whole(&mut self) -> Read<Node> {
        if self.text.len() > self.limits.bytes {
            let problem =
                format!("{} bytes of YAML, at most {} are read", self.text.len(), self.limits.bytes);
            return Err(self.error(self.start(), problem));
        }
        let mut root = None;
        loop {
            let (event, span) = self.next()?;
            match event {
                Event::StreamEnd => return Ok(root.unwrap_or_else(|| Node::null(self.start()))),
                Event::DocumentStart(_) if root.is_some() => {
                    let origin = self.origin(&span);
                    return Err(self
                        .error(origin, "a second YAML document".to_owned())
                        .hint("one document per file: give a second file with another `--config`"));
                }
                Event::DocumentStart(_) => root = Some(self.value(0)?),
                _ => {}
            }
        }
    }

    fn value(&mut self, depth: usize) -> Read<Node> {
        let (event, span) = self.next()?;
        self.value_of(event, &span, depth)
    }

    fn value_of(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Read<Node> {
        let origin = self.origin(span);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.charge(Cost { nodes: 1, bytes: text.len(), depth: 0 }, &origin)?;
                let value = self.scalar(&text, style, tag.as_deref(), &origin)?;
                let node = Node::new(origin, value);
                self.remember(anchor, &node, Cost { nodes: 1, bytes: text.len(), depth: 0 });
                Ok(node)
            }
            Event::SequenceStart(anchor, tag) => {
                self.collection_tag(tag.as_deref(), "seq", &origin)?;
                self.nested(Open { depth, anchor, origin }, Self::list)
            }
            Event::MappingStart(anchor, tag) => {
                self.collection_tag(tag.as_deref(), "map", &origin)?;
                self.nested(Open { depth, anchor, origin }, Self::map)
            }
            Event::Alias(anchor) => self.alias(anchor, origin, depth),
            _ => Err(self.error(origin, "unexpected end of a value".to_owned())),
        }
    }

    fn nested(&mut self, open: Open, read: fn(&mut Self, usize) -> Read<Value>) -> Read<Node> {
        self.deep_enough(open.depth, &open.origin)?;
        let before = self.spent;
        self.charge(Cost { nodes: 1, ..Cost::default() }, &open.origin)?;
        let node = Node::new(open.origin, read(self, open.depth + 1)?);
        if open.anchor > 0 {
            let (nodes, bytes) = (self.spent.nodes - before.nodes, self.spent.bytes - before.bytes);
            let cost = Cost { nodes, bytes, depth: height(&node) };
            self.remember(open.anchor, &node, cost);
        }
        Ok(node)
    }

    fn list(&mut self, depth: usize) -> Read<Value> {
        let mut items = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::SequenceEnd) {
                return Ok(Value::List(items));
            }
            items.push(self.value_of(event, &span, depth)?);
        }
    }

    fn map(&mut self, depth: usize) -> Read<Value> {
        let mut entries = Entries::default();
        let mut merged = Vec::new();
        loop {
            let (event, span) = self.next()?;
            if matches!(event, Event::MappingEnd) {
                entries.merge(merged);
                return Ok(Value::Map(entries.list));
            }
            let merges = is_merge(&event);
            let key = self.key(event, &span, depth)?;
            let value = self.value(depth)?;
            if merges {
                merged.push(self.mergeable(value)?);
            } else if let Some(first) = entries.insert(key.clone(), value) {
                let problem = format!("key `{}` is given twice", key.text);
                let error =
                    self.error(key.origin, problem).hint("given again here").also(first, "first given here");
                self.errors.push(error);
            }
        }
    }

    fn key(&mut self, event: Event<'a>, span: &Span, depth: usize) -> Read<Key> {
        let node = self.value_of(event, span, depth)?;
        match node.value {
            Value::Scalar { text, .. } => Ok(Key { text, origin: node.origin }),
            _ => Err(self.error(node.origin.clone(), format!("expected a key, found {}", node.kind()))),
        }
    }

    /// What `<<` may stand for: a map, or a list of maps of which the first has precedence.
    fn mergeable(&self, node: Node) -> Read<Vec<(Key, Node)>> {
        match node.value {
            Value::Map(entries) => Ok(entries),
            Value::List(items) => {
                let maps = items.into_iter().map(|item| self.mergeable(item)).collect::<Read<Vec<_>>>()?;
                Ok(maps.into_iter().flatten().collect())
            }
            _ => {
                let problem = format!("`<<` merges a map or a list of maps, found {}", node.kind());
                Err(self.error(node.origin, problem))
            }
        }
    }

    fn alias(&mut self, anchor: usize, origin: Origin, depth: usize) -> Read<Node> {
        let Some((node, cost)) = self.anchors.get(&anchor).cloned() else {
            return Err(self.error(origin, "an alias inside the value it stands for".to_owned()));
        };
        self.charge(cost, &origin)?;
        if cost.depth > 0 {
            self.deep_enough(depth + cost.depth - 1, &origin)?;
        }
        Ok(node)
    }

    fn remember(&mut self, anchor: usize, node: &Node, cost: Cost) {
        if anchor > 0 {
            self.anchors.insert(anchor, (node.clone(), cost));
        }
    }

    fn charge(&mut self, cost: Cost, origin: &Origin) -> Read<()> {
        self.spent.nodes += cost.nodes;
        self.spent.bytes += cost.bytes;
        if self.spent.nodes > self.limits.nodes || self.spent.bytes > self.limits.expanded_bytes {
            let Limits { nodes, expanded_bytes, .. } = self.limits;
            let problem =
                format!("more than {nodes} values or {expanded_bytes} bytes, aliases counted each time");
            return Err(self.error(origin.clone(), problem));
        }
        Ok(())
    }

    fn deep_enough(&self, depth: usize, origin: &Origin) -> Read<()> {
        if depth < self.limits.depth {
            return Ok(());
        }
        Err(self.error(origin.clone(), format!("lists and maps nested deeper than {}", self.limits.depth)))
    }

    fn scalar(&self, text: &str, style: ScalarStyle, tag: Option<&Tag>, origin: &Origin) -> Read<Value> {
        let style = match tag {
            None if style == ScalarStyle::Plain => Style::Plain,
            None => Style::Quoted,
            Some(tag) => self.tagged(tag, origin)?,
        };
        let null = style == Style::Plain && matches!(text, "" | "~" | "null" | "Null" | "NULL");
        Ok(if null { Value::Null } else { Value::Scalar { text: text.into(), style } })
    }

    fn tagged(&self, tag: &Tag, origin: &Origin) -> Read<Style> {
        match (tag.is_yaml_core_schema(), &*tag.suffix) {
            (true, "str" | "timestamp") => Ok(Style::Quoted),
            (false, "" | "!") if tag.handle.len() + tag.suffix.len() == 1 => Ok(Style::Quoted),
            (true, "int" | "float" | "bool" | "null") => Ok(Style::Plain),
            _ => Err(self.unknown_tag(tag, origin)),
        }
    }

    fn collection_tag(&self, tag: Option<&Tag>, own: &str, origin: &Origin) -> Read<()> {
        match tag {
            Some(tag) if !(tag.is_yaml_core_schema() && tag.suffix == own) => {
                Err(self.unknown_tag(tag, origin))
            }
            _ => Ok(()),
        }
    }

    fn unknown_tag(&self, tag: &Tag, origin: &Origin) -> ConfigError {
        self.error(origin.clone(), format!("unknown tag `{tag}`"))
            .hint("known: !!str !!int !!float !!bool !!null")
    }

    fn next(&mut self) -> Read<(Event<'a>, Span)> {
        match self.events.next_event() {
            Some(Ok(event)) => Ok(event),
            Some(Err(error)) => Err(self.syntax(&error)),
            None => Ok((Event::StreamEnd, Span::default())),
        }
    }

    /// The parser's own words, except for the mistakes that everybody makes.
    fn syntax(&self, error: &ScanError) -> ConfigError {
        if let Some(tab) = self.tab_near(error.marker()) {
            return self
                .error(tab, "a tab in the indentation".to_owned())
                .hint("YAML is indented by spaces only");
        }
        let marker = self.within(*error.marker());
        let (problem, hint) = syntax_words(error.info());
        let made = self.error(self.origin(&Span::new(marker, marker)), format!("invalid YAML: {problem}"));
        match hint {
            Some(hint) => made.hint(hint),
            None => made,
        }
    }

    /// A place behind the last line is shown at the end of that line.
    fn within(&self, marker: Marker) -> Marker {
        let text = self.text.trim_end();
        let last = text.lines().count();
        match text.lines().last() {
            Some(line) if marker.line() > last => {
                Marker::new(0, last, line.chars().count().saturating_sub(1))
            }
            _ => marker,
        }
    }

    /// A tab in the indentation of the line of an error, or of the line before it.
    fn tab_near(&self, marker: &Marker) -> Option<Origin> {
        let lines = [Some(marker.line()), marker.line().checked_sub(1)];
        lines.into_iter().flatten().find_map(|line| {
            let text = self.text.lines().nth(line.checked_sub(1)?)?;
            let col = text.chars().take_while(|c| c.is_whitespace()).position(|c| c == '\t')?;
            let at = Marker::new(0, line, col);
            Some(self.origin(&Span::new(at, at)))
        })
    }

    fn start(&self) -> Origin {
        self.fixed.cloned().unwrap_or_else(|| Origin::start(Arc::clone(&self.source)))
    }

    fn origin(&self, span: &Span) -> Origin {
        if let Some(fixed) = self.fixed {
            return fixed.clone();
        }
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let width = if span.start.line() == span.end.line() {
            span.end.col().saturating_sub(span.start.col())
        } else {
            1
        };
        Origin::new(
            Arc::clone(&self.source),
            number(span.start.line()),
            number(span.start.col() + 1),
            number(width),
        )
    }

    fn error(&self, origin: Origin, problem: String) -> ConfigError {
        ConfigError::new(Some(origin), "", problem)
    }
}

/// The parser's words and, where they say little, what is mostly the cause.
fn syntax_words(info: &str) -> (String, Option<&'static str>) {
    let lower = info.to_lowercase();
    let hint = if lower.contains("mapping values are not allowed") {
        Some("a value that contains `: ` must be quoted; or the indentation is wrong")
    } else if lower.contains("tab") {
        Some("YAML is indented by spaces only")
    } else if ["illegal placement of ':'", "flow", "node content"].iter().any(|words| lower.contains(words)) {
        Some("is a `[`, `{` or quote before this not closed?")
    } else if lower.contains("did not find expected") || lower.contains("simple key expect") {
        Some("check the indentation and that every key ends in `:`")
    } else if lower.contains("unknown anchor") {
        Some("an alias `*name` needs an anchor `&name` before it")
    } else {
        None
    };
    (info.trim_end_matches('.').to_owned(), hint)
}

fn is_merge(event: &Event<'_>) -> bool {
    matches!(event, Event::Scalar(text, ScalarStyle::Plain, _, None) if text == "<<")
}

fn height(node: &Node) -> usize {
    let below = node.entries().iter().map(|(_, v)| v).chain(node.elements()).map(height).max();
    match node.value {
        Value::List(_) | Value::Map(_) => 1 + below.unwrap_or(0),
        _ => 0,
    }
}
