//! `scheme:rest`, as `--config` and `${…}` write it: what it names, and the text it gives.
//!
//! Schemes are `file`, `env` and `yaml`. `http` and `https` are known and refused: a gateway does not start from what
//! a network answers today. Reading is bounded, and relative paths start at the working directory.

use std::io::Read;

use super::environment::{self, Environment};

/// What a location names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Location {
    /// A file.
    File(String),
    /// An environment variable, with the text to use if it is not set.
    Env {
        /// Its name.
        name: String,
        /// What stands after `:-`.
        default: Option<String>,
    },
    /// YAML itself.
    Yaml(String),
}

/// A location that cannot be used, and what to write instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadLocation {
    /// The problem.
    pub problem: String,
    /// What would be right.
    pub hint: Option<String>,
}

impl BadLocation {
    fn new(problem: String, hint: Option<&str>) -> Self {
        Self { problem, hint: hint.map(Into::into) }
    }
}

impl Location {
    /// Reads the argument of `--config`: without a scheme it is a path.
    pub fn of_argument(text: &str) -> Result<Self, BadLocation> {
        match scheme(text) {
            Some((scheme, rest)) => Self::of_scheme(scheme, rest),
            None => Ok(Self::File(text.to_owned())),
        }
    }

    /// Reads what stands inside `${…}`: without a scheme it is a variable.
    pub fn of_expression(text: &str) -> Result<Self, BadLocation> {
        // Only a default may hold a `$`, and only an escaped one.
        let (name, default) = text.split_once(":-").unwrap_or((text, ""));
        if name.contains('$') || default.replace("$$", "").contains('$') {
            return Err(BadLocation::new(
                format!("the uri {text:?} contains unsupported characters ('$')"),
                None,
            ));
        }
        let short =
            text.split_once(":-").is_some_and(|(name, _)| environment::is_name(name) && !is_known(name));
        match scheme(text) {
            _ if short || !text.contains(':') => Self::env(text),
            Some((scheme, rest)) => Self::of_scheme(scheme, rest),
            None => Err(BadLocation::new(
                format!("invalid uri: {text:?}"),
                Some("write `${env:NAME}` or `${file:PATH}`"),
            )),
        }
    }

    fn of_scheme(scheme: &str, rest: &str) -> Result<Self, BadLocation> {
        match scheme {
            "file" => Ok(Self::File(rest.to_owned())),
            "yaml" => Ok(Self::Yaml(rest.to_owned())),
            "env" => Self::env(rest),
            "http" | "https" => Err(BadLocation::new(
                format!("scheme {scheme:?} is not supported: configuration is not read over the network"),
                Some("download it first and give the file"),
            )),
            _ => Err(BadLocation::new(
                format!("scheme {scheme:?} is not supported for uri \"{scheme}:{rest}\""),
                Some("known: env, file, yaml"),
            )),
        }
    }

    fn env(text: &str) -> Result<Self, BadLocation> {
        let (name, default) = match text.split_once(":-") {
            Some((name, default)) => (name, Some(default.to_owned())),
            None => (text, None),
        };
        if environment::is_name(name) {
            return Ok(Self::Env { name: name.to_owned(), default });
        }
        let problem = format!(
            "environment variable {name:?} has invalid name: must match regex ^[a-zA-Z_][a-zA-Z0-9_]*$"
        );
        Err(BadLocation::new(problem, None))
    }

    /// How a value that came from there is explained: `env:NAME`, `file:PATH`, `yaml:`.
    pub fn label(&self) -> String {
        match self {
            Self::File(path) => format!("file:{path}"),
            Self::Env { name, .. } => format!("env:{name}"),
            Self::Yaml(_) => "yaml:".to_owned(),
        }
    }

    /// The text, or `None` for a variable that is not set and has no default.
    pub fn read(&self, env: &dyn Environment, most: usize) -> Result<Option<String>, BadLocation> {
        match self {
            Self::Yaml(text) => Ok(Some(text.clone())),
            Self::Env { name, default } => Ok(env.variable(name).or_else(|| default.clone())),
            Self::File(path) => {
                read_file(path, most).map(Some).map_err(|problem| BadLocation::new(problem, None))
            }
        }
    }
}

fn is_known(scheme: &str) -> bool {
    matches!(scheme, "env" | "file" | "yaml" | "http" | "https")
}

/// `^[A-Za-z][A-Za-z0-9+.-]+:`; one letter is no scheme.
fn scheme(text: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = text.split_once(':')?;
    let tail = scheme.strip_prefix(|c: char| c.is_ascii_alphabetic())?;
    let legal = tail.bytes().all(|b| b.is_ascii_alphanumeric() || b"+.-".contains(&b));
    (legal && !tail.is_empty()).then_some((scheme, rest))
}

fn read_file(path: &str, most: usize) -> Result<String, String> {
    let fault = |problem: &dyn std::fmt::Display| format!("cannot read `{path}`: {problem}");
    let file = std::fs::File::open(path).map_err(|e| fault(&words(&e)))?;
    let mut bytes = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX);
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes).map_err(|e| fault(&words(&e)))?;
    if bytes.len() > most {
        return Err(fault(&format!("more than {most} bytes")));
    }
    String::from_utf8(bytes)
        .map_err(|e| fault(&format!("not UTF-8 at byte {}", e.utf8_error().valid_up_to())))
}

/// The system's words in our style: lower case, no number.
fn words(error: &std::io::Error) -> String {
    let text = error.to_string();
    let text = text.split(" (os error").next().unwrap_or_default();
    let mut chars = text.chars();
    chars.next().map(|first| first.to_lowercase().chain(chars).collect()).unwrap_or_default()
}
