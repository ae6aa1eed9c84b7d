//! The keys of the HTTP exporter.

use crate::component::{DELIVERY_KEYS, Delivery};
use crate::config::{Errors, Section};
use crate::net::encoding::{Encoding, Level};
use crate::net::endpoint::Target;
use crate::net::settings::HttpClient;
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
        if let Some(client) = &client {
            // The endpoint is checked with the signals' own.
            let problems = client.check().into_iter().filter(|found| found.at != "endpoint");
            problems.for_each(|found| errors.push(rest.error(&found.at, found.problem).hint(found.hint)));
        }
        let level = client.as_ref().map(|client| level(&rest, encoding, client));
        let level = level.and_then(|level| errors.keep(level));
        match (client, delivery, urls, level) {
            (Some(client), Some(delivery), Some(urls), Some(level)) => {
                errors.finish(Self { client, delivery, urls, format: own.encoding, encoding, level })
            }
            _ => Err(errors),
        }
    }
}

fn level(section: &Section, encoding: Encoding, client: &HttpClient) -> Result<Level, Errors> {
    let asked = client.compression_params.level;
    Level::checked(encoding, asked).map_err(|problem| {
        section.error("compression_params.level", problem).hint(Level::hint(encoding)).into()
    })
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
    let mut wrong_base = false;
    let urls = given.map(|(key, url)| {
        let signal = key.trim_end_matches("_endpoint");
        let (key, url) = match (url.is_empty(), base.is_empty()) {
            (false, _) => (key, url.clone()),
            (true, false) => ("endpoint", format!("{base}/v1/{signal}")),
            (true, true) => return None,
        };
        let parsed = Target::parse_url(key, &url).and_then(|_| {
            let bad = |_| crate::net::settings::Problem::new(key, format!("{url:?} is not a URL"), "write http://host:port");
            url.parse::<Uri>().map_err(bad)
        });
        match parsed {
            Ok(uri) => Some(uri),
            // The common endpoint is wrong once, not once for each signal.
            Err(_) if key == "endpoint" && std::mem::replace(&mut wrong_base, true) => None,
            Err(found) => {
                errors.push(section.error(&found.at, found.problem).hint(found.hint));
                None
            }
        }
    });
    errors.finish(urls)
}
