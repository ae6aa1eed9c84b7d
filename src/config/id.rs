//! `type[/name]`: how components are called, by the Collector's grammar and with its words for what is wrong.

use std::fmt;
use std::str::FromStr;

/// The longest name after the `/`.
const LONGEST_NAME: usize = 1024;
/// The longest type.
const LONGEST_TYPE: usize = 63;

/// The id of a component, e.g. `otlp` or `otlp/tenant-a`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ComponentId {
    kind: Box<str>,
    name: Box<str>,
}

impl ComponentId {
    /// The type, before the `/`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The name after the `/`; empty if there is none.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for ComponentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.name {
            "" => f.write_str(&self.kind),
            name => write!(f, "{}/{name}", self.kind),
        }
    }
}

/// An id against the grammar, in the Collector's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadId(String);

impl fmt::Display for BadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadId {}

impl FromStr for ComponentId {
    type Err = BadId;

    fn from_str(text: &str) -> Result<Self, BadId> {
        let (kind, name) = split(text)?;
        if !is_type(kind) {
            return Err(BadId(format!("invalid character(s) in type {kind:?}")));
        }
        Ok(Self { kind: kind.into(), name: name.into() })
    }
}

/// Splits at the first `/`, drops space around, and checks the name.
pub(super) fn split(text: &str) -> Result<(&str, &str), BadId> {
    let (kind, name) = match text.split_once('/') {
        Some((kind, name)) => (kind.trim(), Some(name.trim())),
        None => (text.trim(), None),
    };
    match (kind, name) {
        ("", None) => Err(BadId("id must not be empty".to_owned())),
        ("", Some(_)) => Err(BadId(format!("in {text:?} id: the part before / should not be empty"))),
        (_, Some("")) => Err(BadId(format!("in {text:?} id: the part after / should not be empty"))),
        (_, Some(name)) => check_name(name).map(|()| (kind, name)),
        (_, None) => Ok((kind, "")),
    }
}

fn check_name(name: &str) -> Result<(), BadId> {
    let length = name.chars().count();
    if length > LONGEST_NAME {
        let start: String = name.chars().take(40).collect();
        let problem =
            format!("name \"{start}…\" is longer than {LONGEST_NAME} characters ({length} characters)");
        return Err(BadId(problem));
    }
    if name.chars().all(in_name) {
        Ok(())
    } else {
        Err(BadId(format!("invalid character(s) in name {name:?}")))
    }
}

/// `^[a-zA-Z][0-9a-zA-Z_]{0,62}$`.
fn is_type(kind: &str) -> bool {
    kind.starts_with(|c: char| c.is_ascii_alphabetic())
        && kind.len() <= LONGEST_TYPE
        && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}

/// `[^\pZ\pC\pS]`: no separators, control characters or symbols. Beyond ASCII, letters, digits, combining marks and
/// general punctuation are taken; the rest of Unicode's punctuation is refused although the Collector takes it.
fn in_name(c: char) -> bool {
    if c.is_ascii() {
        return c.is_ascii_graphic() && !"$+<=>^`|~".contains(c);
    }
    let punctuation = matches!(c, '\u{2010}'..='\u{2027}' | '\u{2030}'..='\u{205e}' | '\u{3001}'..='\u{3003}')
        && !matches!(c, '\u{2044}' | '\u{2052}');
    c.is_alphanumeric() || matches!(c, '\u{300}'..='\u{36f}') || punctuation
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_ids() {
        let mut longest = "a".repeat(63);
        for (text, kind, name) in [
            ("otlp", "otlp", ""),
            ("otlp/tenant-a", "otlp", "tenant-a"),
            ("otlp/a/b", "otlp", "a/b"),
            (" otlp / x ", "otlp", "x"),
            ("a_9/ü.1:2", "a_9", "ü.1:2"),
            (longest.clone().as_str(), longest.as_str(), ""),
        ] {
            let id: ComponentId = text.parse().expect(text);
            assert_eq!((id.kind(), id.name()), (kind, name));
        }
        longest.push('a');
        assert!(longest.parse::<ComponentId>().is_err());
    }

    #[test]
    fn bad_ids_in_the_collectors_words() {
        for (text, words) in [
            ("", "id must not be empty"),
            ("/x", "the part before / should not be empty"),
            ("otlp/", "the part after / should not be empty"),
            ("9p", "invalid character(s) in type \"9p\""),
            ("o-tlp", "invalid character(s) in type"),
            ("otlp/a b", "invalid character(s) in name \"a b\""),
            ("otlp/a$", "invalid character(s) in name"),
            ("otlp/€", "invalid character(s) in name"),
            (&format!("otlp/{}", "x".repeat(1025)), "longer than 1024 characters (1025 characters)"),
        ] {
            let error = text.parse::<ComponentId>().expect_err(text).to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
