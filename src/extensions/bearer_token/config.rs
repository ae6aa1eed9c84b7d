//! The keys of `bearertokenauth`.

use crate::config::units::GoDuration;
use crate::config::{Errors, Secret, Section};
use http::HeaderName;
use serde::Deserialize;
use std::path::PathBuf;
use std::time::Duration;

/// The shortest pause between two looks for the file: the default of the Collector, none, would spin.
const SHORTEST: Duration = Duration::from_millis(100);

/// The section, checked.
pub(super) struct Config {
    /// The header that holds the token.
    pub(super) header: HeaderName,
    /// What stands before the token; empty for nothing.
    pub(super) scheme: String,
    /// Where the tokens are.
    pub(super) source: Source,
}

/// Where the tokens are.
pub(super) enum Source {
    /// In the configuration.
    Here(Vec<Secret>),
    /// In a file, and what to do if it is not there at the start.
    In(PathBuf, Patience),
}

/// What to do about a file that is not there at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// Stop the start.
    None,
    /// Look again `interval` later, `max_retries` times (0: for ever), while the start waits or goes on.
    Retry { interval: Duration, max_retries: u64, start_waits: bool },
}

#[derive(Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Top {
    header: String,
    scheme: String,
    token: Secret,
    tokens: Vec<Secret>,
    filename: String,
    retry_on_failure: Retry,
    wait_for_token_file: bool,
}

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Retry {
    enabled: bool,
    max_retries: u64,
    interval: GoDuration,
}

impl Default for Top {
    fn default() -> Self {
        Self {
            header: "Authorization".to_owned(),
            scheme: "Bearer".to_owned(),
            token: Secret::default(),
            tokens: Vec::new(),
            filename: String::new(),
            retry_on_failure: Retry::default(),
            wait_for_token_file: false,
        }
    }
}

impl Config {
    /// The settings, and words about keys: where, and what.
    pub(super) fn of(section: &Section) -> Result<(Self, Vec<(String, String)>), Errors> {
        let top: Top = section.parse()?;
        let mut errors = Errors::new();
        let header = top.header.parse::<HeaderName>().map_err(|_| {
            let problem = format!("`{}` is not a header name", top.header);
            Errors::from(section.error("header", problem).hint("use letters, digits and `-`"))
        });
        let header = errors.keep(header);
        if !http::HeaderValue::from_str(&top.scheme).is_ok_and(|_| !top.scheme.contains(' ')) {
            errors.push(
                section.error("scheme", "it does not fit a header").hint("write one word, e.g. `Bearer`"),
            );
        }
        let warnings = ignored(&top);
        let scheme = top.scheme.clone();
        let source = errors.keep(source(section, top));
        match (header, source) {
            (Some(header), Some(source)) => errors.finish((Self { header, scheme, source }, warnings)),
            _ => Err(errors),
        }
    }
}

fn ignored(top: &Top) -> Vec<(String, String)> {
    let given = [("token", !top.token.is_empty()), ("tokens", !top.tokens.is_empty())];
    let ignored = given.into_iter().filter(|(_, given)| *given && !top.filename.is_empty());
    ignored.map(|(key, _)| (key.to_owned(), "is ignored: a filename is specified".to_owned())).collect()
}

fn source(section: &Section, top: Top) -> Result<Source, Errors> {
    let Top { token, tokens, filename, retry_on_failure, wait_for_token_file, .. } = top;
    let mut errors = Errors::new();
    if !token.is_empty() && !tokens.is_empty() {
        let problem = "either tokens or token should be provided, not both";
        errors.push(section.error("tokens", problem).hint("put all of them under `tokens`"));
    }
    let patience = errors.keep(patience(section, &filename, &retry_on_failure, wait_for_token_file));
    if !filename.is_empty() {
        return errors.finish(Source::In(filename.into(), patience.unwrap_or(Patience::None)));
    }
    let all: Vec<Secret> = if tokens.is_empty() { vec![token] } else { tokens };
    if let Some(at) = all.iter().position(Secret::is_empty) {
        let key = if all.len() > 1 { format!("tokens[{at}]") } else { String::new() };
        errors.push(
            section.error(&key, "no bearer token provided").hint("give `token`, `tokens` or `filename`"),
        );
    }
    for (at, token) in all.iter().enumerate() {
        if http::HeaderValue::from_str(token.reveal()).is_err() {
            let key = if section.has("tokens") { format!("tokens[{at}]") } else { "token".to_owned() };
            errors
                .push(section.error(&key, "it holds control characters").hint("remove line breaks from it"));
        }
    }
    errors.finish(Source::Here(all))
}

fn patience(section: &Section, filename: &str, retry: &Retry, start_waits: bool) -> Result<Patience, Errors> {
    if start_waits && (!retry.enabled || filename.is_empty()) {
        let problem = "wait_for_token_file requires retry_on_failure.enabled and filename";
        return Err(section.error("wait_for_token_file", problem).into());
    }
    if !retry.enabled {
        return Ok(Patience::None);
    }
    if filename.is_empty() {
        let error = section.error("retry_on_failure", "retry_on_failure requires filename");
        return Err(error.hint("remove it: there is no file to wait for").into());
    }
    if retry.interval.is_negative() {
        return Err(section
            .error("retry_on_failure.interval", "it is negative")
            .hint("write e.g. `2s`")
            .into());
    }
    let interval = retry.interval.get().max(SHORTEST);
    Ok(Patience::Retry { interval, max_retries: retry.max_retries, start_waits })
}
