//! The keys of `health_check`, in both ways.

use crate::config::units::GoDuration;
use crate::config::{Errors, Section};
use crate::net::settings::{Auth, GrpcServer, HttpServer, Problem};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::sync::Arc;
use std::time::Duration;

/// Words about keys: where, and what.
type Warnings = Vec<(String, String)>;

/// The section, checked.
#[derive(Clone, Debug)]
pub(super) enum Config {
    /// One path.
    Plain(Arc<Plain>),
    /// By component.
    Components(Arc<Components>),
}

/// The plain way.
#[derive(Debug)]
pub(super) struct Plain {
    pub(super) server: HttpServer,
    pub(super) path: String,
    /// Answers in place of the usual ones.
    pub(super) bodies: Option<Bodies>,
}

/// `response_body`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(super) struct Bodies {
    pub(super) healthy: String,
    pub(super) unhealthy: String,
}

/// The way by component.
#[derive(Debug)]
pub(super) struct Components {
    pub(super) http: Option<StatusPage>,
    pub(super) grpc: Option<GrpcServer>,
    /// How long a component may fail before that is unhealthy; `None`: for ever.
    pub(super) patience: Option<Duration>,
}

/// `http`.
#[derive(Debug)]
pub(super) struct StatusPage {
    pub(super) server: HttpServer,
    /// Where the status is; `None` if it is not served.
    pub(super) path: Option<String>,
    pub(super) verbose: bool,
    /// Whether `attributes` is in the answer. weft's components report none, so it is empty.
    pub(super) attributes: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Own {
    path: Option<String>,
    response_body: Option<Bodies>,
    check_collector_pipeline: Option<CheckPipeline>,
    use_v2: bool,
    http: IgnoredAny,
    grpc: IgnoredAny,
    component_health: Option<ComponentHealth>,
}

/// `check_collector_pipeline`, which the Collector ignores too.
#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct CheckPipeline {
    enabled: bool,
    interval: GoDuration,
    exporter_failure_threshold: i64,
}

impl Default for CheckPipeline {
    fn default() -> Self {
        Self { enabled: false, interval: GoDuration::from_secs(300), exporter_failure_threshold: 5 }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ComponentHealth {
    include_permanent_errors: bool,
    include_recoverable_errors: bool,
    recovery_duration: GoDuration,
}

#[derive(Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct PathSettings {
    enabled: bool,
    path: String,
    include_attributes: bool,
    verbose: bool,
}

impl Default for PathSettings {
    fn default() -> Self {
        Self { enabled: true, path: "/status".to_owned(), include_attributes: true, verbose: false }
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Paths {
    status: PathSettings,
    config: ConfigPath,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ConfigPath {
    enabled: bool,
    path: Option<String>,
}

const BY_COMPONENT: [&str; 3] = ["http", "grpc", "component_health"];
const OWN: [&str; 7] =
    ["path", "response_body", "check_collector_pipeline", "use_v2", "http", "grpc", "component_health"];
const NO_HTTP: &str = "http endpoint required";
const NO_SLASH: &str = "path must start with /";

impl Config {
    pub(super) fn of(section: &Section) -> Result<(Self, Warnings), Errors> {
        let (own, rest) = section.take(&OWN);
        let mut errors = Errors::new();
        let own = errors.keep(own.parse::<Own>());
        let server = errors.keep(rest.parse::<HttpServer>());
        let (Some(own), Some(server)) = (own, server) else { return Err(errors) };
        if own.use_v2 {
            let components = components(section, &rest, own)?;
            return Ok((Self::Components(Arc::new(components.0)), components.1));
        }
        for key in BY_COMPONENT.into_iter().filter(|key| section.has(key)) {
            let error = section.error(key, format!("`{key}` has no effect without `use_v2: true`"));
            errors.push(error.hint("add `use_v2: true`"));
        }
        let warnings = errors.keep(check_pipeline(section, own.check_collector_pipeline)).unwrap_or_default();
        let plain = errors.keep(plain(section, server, own.path, own.response_body));
        match plain {
            Some(plain) => errors.finish((Self::Plain(Arc::new(plain)), warnings)),
            None => Err(errors),
        }
    }
}

fn plain(
    section: &Section,
    mut server: HttpServer,
    path: Option<String>,
    bodies: Option<Bodies>,
) -> Result<Plain, Errors> {
    let mut errors = served(section, &mut server, "localhost:13133", NO_HTTP);
    let path = path.unwrap_or_else(|| "/".to_owned());
    if !path.starts_with('/') {
        errors.push(section.error("path", NO_SLASH).hint(format!("write `/{path}`")));
    }
    errors.finish(Plain { server, path, bodies })
}

fn check_pipeline(section: &Section, given: Option<CheckPipeline>) -> Result<Warnings, Errors> {
    let Some(CheckPipeline { enabled, interval, exporter_failure_threshold }) = given else {
        return Ok(Warnings::new());
    };
    if exporter_failure_threshold <= 0 {
        let problem = "bad config: exporter_failure_threshold expects a positive number";
        return Err(section.error("check_collector_pipeline.exporter_failure_threshold", problem).into());
    }
    if interval.is_negative() {
        return Err(section.error("check_collector_pipeline.interval", "it is negative").into());
    }
    let word = "has no effect, here as in the Collector: `use_v2: true` with `component_health` tells of failing exporters";
    Ok(if enabled { vec![("check_collector_pipeline".to_owned(), word.to_owned())] } else { Warnings::new() })
}

fn components(section: &Section, rest: &Section, own: Own) -> Result<(Components, Warnings), Errors> {
    let mut errors = Errors::new();
    let plain =
        ["path", "response_body", "check_collector_pipeline"].into_iter().filter(|key| section.has(key));
    let of_server = rest.node().entries().iter().map(|(key, _)| &*key.text);
    for key in plain.chain(of_server) {
        let error = section.error(key, format!("`{key}` has no effect with `use_v2: true`"));
        errors.push(error.hint("put the server's keys under `http` or `grpc`"));
    }
    if !section.has("http") && !section.has("grpc") {
        errors.push(section.error("", "must specify at least one protocol").hint("add `http:` or `grpc:`"));
    }
    let http = section.has("http").then(|| errors.keep(status_page(&section.child("http")))).flatten();
    let grpc = section.has("grpc").then(|| errors.keep(grpc(&section.child("grpc")))).flatten();
    let (patience, warnings) =
        errors.keep(patience(section, own.component_health.unwrap_or_default())).unwrap_or_default();
    errors.finish((Components { http, grpc, patience }, warnings))
}

/// What of `component_health` can be honoured: weft's exporters tell that they fail, not whether for good.
fn patience(section: &Section, given: ComponentHealth) -> Result<(Option<Duration>, Warnings), Errors> {
    let ComponentHealth { include_permanent_errors, include_recoverable_errors, recovery_duration } = given;
    if recovery_duration.is_negative() {
        return Err(section.error("component_health.recovery_duration", "it is negative").into());
    }
    let at = "component_health.include_permanent_errors";
    if include_permanent_errors && !include_recoverable_errors {
        let problem = "weft does not tell permanent errors of a component from others: each may end with the next success";
        let hint = "set `include_recoverable_errors: true` and a `recovery_duration` too";
        return Err(section.error(at, problem).hint(hint).into());
    }
    let word = "counts like a recoverable error: after `recovery_duration`";
    let warnings =
        if include_permanent_errors { vec![(at.to_owned(), word.to_owned())] } else { Warnings::new() };
    Ok((include_recoverable_errors.then(|| recovery_duration.get()), warnings))
}

fn status_page(block: &Section) -> Result<StatusPage, Errors> {
    let (own, rest) = block.take(&["status", "config"]);
    let mut errors = Errors::new();
    let paths = errors.keep(own.parse::<Paths>()).unwrap_or_default();
    let mut server: HttpServer = errors.keep(rest.parse()).unwrap_or_default();
    if errors.is_empty() {
        errors.extend(served(block, &mut server, "localhost:13133", NO_HTTP));
    }
    let Paths { status, config } = paths;
    if status.enabled && !status.path.starts_with('/') {
        errors.push(block.error("status.path", NO_SLASH).hint(format!("write `/{}`", status.path)));
    }
    if config.path.as_ref().is_some_and(|path| config.enabled && !path.starts_with('/')) {
        errors.push(block.error("config.path", NO_SLASH));
    } else if config.enabled {
        let error = block.error("config.enabled", "weft does not serve its configuration: it holds secrets");
        errors.push(error.hint("set `enabled: false`; `weft explain` prints it with the secrets masked"));
    }
    let path = status.enabled.then_some(status.path);
    errors.finish(StatusPage { server, path, verbose: status.verbose, attributes: status.include_attributes })
}

fn grpc(block: &Section) -> Result<GrpcServer, Errors> {
    let mut server: GrpcServer = block.parse()?;
    if !block.has("endpoint") {
        server.endpoint = "localhost:13132".to_owned();
    }
    let mut errors = Errors::new();
    if server.endpoint.is_empty() {
        errors.push(
            block.error("endpoint", "grpc endpoint required").hint("write `endpoint: localhost:13132`"),
        );
    } else {
        located(block, server.check(), &mut errors);
    }
    no_judge(block, server.auth.as_ref(), &mut errors);
    errors.finish(server)
}

/// Fills in the endpoint and checks the server's keys.
fn served(block: &Section, server: &mut HttpServer, default: &str, missing: &str) -> Errors {
    let mut errors = Errors::new();
    if !block.has("endpoint") {
        default.clone_into(&mut server.endpoint);
    }
    if server.endpoint.is_empty() {
        errors.push(block.error("endpoint", missing).hint(format!("write `endpoint: {default}`")));
    } else {
        located(block, server.check(), &mut errors);
    }
    no_judge(block, server.auth.as_ref(), &mut errors);
    errors
}

fn located(block: &Section, problems: Vec<Problem>, errors: &mut Errors) {
    problems
        .into_iter()
        .for_each(|found| errors.push(block.error(&found.at, found.problem).hint(found.hint)));
}

/// Probes carry no credentials, and extensions are made before they know each other.
fn no_judge(block: &Section, auth: Option<&Auth>, errors: &mut Errors) {
    if auth.is_some() {
        let error = block.error("auth", "an extension cannot ask another one to judge its requests");
        errors.push(error.hint("listen on localhost, or ask for certificates with `tls.client_ca_file`"));
    }
}
