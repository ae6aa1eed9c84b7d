//! The keys of the `otlp` receiver.

use crate::batch::Wants;
use crate::config::{Errors, Section};
use crate::net::endpoint::Bind;
use crate::net::settings::{GrpcServer, HttpServer, Problem};
use crate::otlp::{Limits, Signal};
use serde::Deserialize;

/// The section, checked.
#[derive(Clone, Debug)]
pub(super) struct Config {
    /// Serves gRPC, if given.
    pub(super) grpc: Option<GrpcServer>,
    /// Serves HTTP, if given.
    pub(super) http: Option<Http>,
    /// When senders are answered.
    pub(super) answer: Wants,
    /// The bounds of one request's structure.
    pub(super) limits: Limits,
}

/// `protocols.http`.
#[derive(Clone, Debug)]
pub(super) struct Http {
    /// The server's keys.
    pub(super) server: HttpServer,
    /// The path of each signal, in the order of [`Signal::ALL`].
    pub(super) paths: [String; 3],
}

/// The top of the section; what is below is parsed block by block.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Top {
    protocols: Protocols,
    answer: Wants,
    max_elements: Option<u64>,
    max_depth: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Protocols {
    grpc: serde::de::IgnoredAny,
    http: serde::de::IgnoredAny,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Paths {
    traces_url_path: String,
    metrics_url_path: String,
    logs_url_path: String,
}

impl Default for Paths {
    fn default() -> Self {
        let path = |signal: &str| format!("/v1/{signal}");
        Self {
            traces_url_path: path("traces"),
            metrics_url_path: path("metrics"),
            logs_url_path: path("logs"),
        }
    }
}

/// The most that `max_depth` may say: what is read recursively must fit a small stack.
const DEEPEST: u32 = 64;

impl Config {
    pub(super) fn of(section: &Section) -> Result<Self, Errors> {
        let mut errors = Errors::new();
        let top: Top = errors.keep(section.parse()).unwrap_or_default();
        let grpc = section.has("protocols.grpc").then(|| errors.keep(grpc(section))).flatten();
        let http = section.has("protocols.http").then(|| errors.keep(http(section))).flatten();
        // A protocol that is misspelt or in the wrong place is an unknown field, and told already.
        let misplaced = section.has("grpc") || section.has("http");
        if section.child("protocols").node().entries().is_empty() && !misplaced {
            let problem = "must specify at least one protocol when using the OTLP receiver";
            errors.push(section.error("protocols", problem).hint("write `protocols: {grpc: , http: }`"));
        }
        let limits = limits(section, &top, &mut errors);
        errors.finish(Self { grpc, http, answer: top.answer, limits })
    }
}

fn limits(section: &Section, top: &Top, errors: &mut Errors) -> Limits {
    let mut limits = Limits::default();
    if let Some(depth) = top.max_depth {
        limits.depth = depth;
        if !(1..=DEEPEST).contains(&depth) {
            let problem = format!("max_depth {depth} is not from 1 to {DEEPEST}");
            errors.push(section.error("max_depth", problem).hint("the default is 64"));
        }
    }
    if let Some(elements) = top.max_elements {
        limits.elements = elements;
        if elements == 0 {
            errors.push(
                section.error("max_elements", "max_elements must be positive").hint("the default is 1000000"),
            );
        }
    }
    limits
}

fn grpc(section: &Section) -> Result<GrpcServer, Errors> {
    let block = section.child("protocols.grpc");
    let mut server: GrpcServer = block.parse()?;
    if server.endpoint.is_empty() && !block.has("endpoint") {
        server.endpoint = "localhost:4317".to_owned();
    }
    located(&block, server.check()).finish(server)
}

fn http(section: &Section) -> Result<Http, Errors> {
    let (paths, block) =
        section.child("protocols.http").take(&["traces_url_path", "metrics_url_path", "logs_url_path"]);
    let mut errors = Errors::new();
    let given: Paths = errors.keep(paths.parse()).unwrap_or_default();
    let mut server: HttpServer = errors.keep(block.parse()).unwrap_or_default();
    if server.endpoint.is_empty() && !block.has("endpoint") {
        server.endpoint = "localhost:4318".to_owned();
    }
    if errors.is_empty() {
        errors.extend(located(&block, server.check()));
    }
    let given = [
        ("traces_url_path", given.traces_url_path),
        ("metrics_url_path", given.metrics_url_path),
        ("logs_url_path", given.logs_url_path),
    ];
    let paths = given.map(|(key, path)| errors.keep(url_path(&paths, key, &path)).unwrap_or_default());
    same_paths(section, &paths, &mut errors);
    errors.finish(Http { server, paths })
}

/// A path as the Collector takes it: with or without the first slash.
fn url_path(section: &Section, key: &str, given: &str) -> Result<String, Errors> {
    let path = if given.starts_with('/') { given.to_owned() } else { format!("/{given}") };
    // As in Go: where a path has no first slash, a colon in front would make a scheme of it.
    let scheme = !given.starts_with('/') && given.split('/').next().is_some_and(|first| first.contains(':'));
    let usable = !scheme
        && path.len() > 1
        && path.parse::<http::uri::PathAndQuery>().is_ok_and(|parsed| parsed.query().is_none());
    if usable {
        return Ok(path);
    }
    let problem = if given.is_empty() {
        format!("invalid {key}: it is empty")
    } else {
        format!("invalid {key}: `{given}` is not the path of a URL")
    };
    Err(section.error(key, problem).hint("write e.g. `/v1/traces`").into())
}

fn same_paths(section: &Section, paths: &[String; 3], errors: &mut Errors) {
    for (at, path) in paths.iter().enumerate() {
        if !path.is_empty() && paths[..at].contains(path) {
            let problem = format!("two signals have the path `{path}`");
            let key = format!("protocols.http.{}_url_path", Signal::ALL[at]);
            errors.push(section.error(&key, problem).hint("give each signal a path of its own"));
        }
    }
}

/// Problems of a block with the places of its keys.
fn located(block: &Section, problems: Vec<Problem>) -> Errors {
    Errors(problems.into_iter().map(|found| block.error(&found.at, found.problem).hint(found.hint)).collect())
}

/// What to listen on: one address, with what is served there.
#[derive(Clone, Debug)]
pub(super) struct Door {
    /// The address.
    pub(super) bind: Bind,
    /// Serves gRPC here.
    pub(super) grpc: Option<GrpcServer>,
    /// Serves HTTP here.
    pub(super) http: Option<Http>,
}

impl Config {
    /// Each protocol's key that keeps request headers, and whether it is set.
    pub(super) fn keeps_headers(&self) -> Vec<(String, bool)> {
        let grpc = self.grpc.as_ref().map(|server| ("grpc", server.include_metadata));
        let http = self.http.as_ref().map(|http| ("http", http.server.include_metadata));
        let key = |(protocol, set)| (format!("protocols.{protocol}.include_metadata"), set);
        grpc.into_iter().chain(http).map(key).collect()
    }

    /// The doors: one for each protocol, or one for both where both have the same address.
    pub(super) fn doors(&self) -> Vec<Door> {
        let bind = |endpoint: &str, transport: &str, permissions: Option<&str>| {
            Bind::parse(endpoint, transport, permissions).ok()
        };
        let grpc = self.grpc.as_ref().and_then(|server| {
            let bind = bind(&server.endpoint, &server.transport, server.socket_permissions.as_deref())?;
            Some(Door { bind, grpc: Some(server.clone()), http: None })
        });
        let http = self.http.as_ref().and_then(|http| {
            let server = &http.server;
            let bind = bind(&server.endpoint, &server.transport, server.socket_permissions.as_deref())?;
            Some(Door { bind, grpc: None, http: Some(http.clone()) })
        });
        match (grpc, http) {
            (Some(grpc), Some(http)) if grpc.bind == http.bind && !is_any_port(&grpc.bind) => {
                vec![Door { http: http.http, ..grpc }]
            }
            (grpc, http) => grpc.into_iter().chain(http).collect(),
        }
    }
}

/// Port 0 is another port each time.
fn is_any_port(bind: &Bind) -> bool {
    matches!(bind, Bind::Tcp { port: 0, .. })
}
