//! The keys of the HTTP exporter.

use crate::component::{DELIVERY_KEYS, Delivery};
use crate::config::{Errors, Section};
use crate::net::encoding::{Encoding, Level};
use crate::net::endpoint::Target;
use crate::net::settings::{HttpClient, Problem};
use http::Uri;
use serde::Deserialize;
use std::time::Duration;

/// The time of one attempt if nothing else is said.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The section, checked.
#[derive(Clone, Debug)]
pub(super) struct Config {
    pub(super) client: HttpClient,
    pub(super) delivery: Delivery,
    /// Where each signal goes, in the order of [`Signal::ALL`](crate::otlp::Signal::ALL).
    pub(super) urls: [Option<Uri>; 3],
    pub(super) format: Format,
    pub(super) encoding: Encoding,
    pub(super) level: Level,
}

/// How a request is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Format {
    /// Protobuf.
    #[default]
    Proto,
    /// JSON.
    Json,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Own {
    traces_endpoint: String,
    metrics_endpoint: String,
    logs_endpoint: String,
    encoding: Format,
}

const OWN: [&str; 4] = ["traces_endpoint", "metrics_endpoint", "logs_endpoint", "encoding"];

impl Config {
    pub(super) fn of(section: &Section) -> Result<Self, Errors> {
        let mut errors = Errors::new();
        let delivery = errors.keep(Delivery::take(section, TIMEOUT).map(|(delivery, _)| delivery));
        let (_, rest) = section.take(&DELIVERY_KEYS);
        let (own, rest) = rest.take(&OWN);
        let own = errors.keep(own.parse::<Own>()).unwrap_or_default();
        let client = errors.keep(rest.parse::<HttpClient>());
        let urls = errors.keep(urls(section, &own, client.as_ref()));
        let encoding = client.as_ref().and_then(|client| client.compression).unwrap_or(Encoding::Gzip);
        let problems = client.iter().flat_map(HttpClient::check);
        problems.for_each(|found| errors.push(rest.error(&found.at, found.problem).hint(found.hint)));
        let level = client.as_ref().map(|client| client.compression_params.level);
        let level = level.and_then(|asked| Level::checked(encoding, asked).ok());
        match (client, delivery, urls, level) {
            (Some(client), Some(delivery), Some(urls), Some(level)) => {
                errors.finish(Self { client, delivery, urls, format: own.encoding, encoding, level })
            }
            _ => Err(errors),
        }
    }
}

/// Each signal's own endpoint, else the common one with the signal's path.
fn urls(section: &Section, own: &Own, client: Option<&HttpClient>) -> Result<[Option<Uri>; 3], Errors> {
    let mut errors = Errors::new();
    let base = client.map(|client| client.endpoint.trim_end_matches('/')).unwrap_or_default();
    let given = [
        ("traces_endpoint", &own.traces_endpoint),
        ("metrics_endpoint", &own.metrics_endpoint),
        ("logs_endpoint", &own.logs_endpoint),
    ];
    if base.is_empty() && given.iter().all(|(_, url)| url.is_empty()) && client.is_some() {
        let error = section.error("endpoint", "at least one endpoint must be specified");
        return Err(error.hint("write `endpoint: http://backend:4318`").into());
    }
    let urls = given.map(|(key, url)| match (url.is_empty(), base.is_empty()) {
        (false, _) => errors.keep(parse(section, key, url)),
        // A wrong base is told where the client is checked, once and not for each signal.
        (true, false) if Target::parse_url("endpoint", base).is_ok() => {
            let url = format!("{base}/v1/{}", key.trim_end_matches("_endpoint"));
            errors.keep(parse(section, "endpoint", &url))
        }
        (true, _) => None,
    });
    errors.finish(urls)
}

fn parse(section: &Section, key: &str, url: &str) -> Result<Uri, Errors> {
    let told = |found: Problem| section.error(&found.at, found.problem).hint(found.hint);
    Target::parse_url(key, url).map_err(told)?;
    let bad = |_| Problem::new(key, format!("{url:?} is not a URL"), "write http://host:port");
    Ok(url.parse::<Uri>().map_err(bad).map_err(told)?)
}
