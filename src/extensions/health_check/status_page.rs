//! The status by component, over HTTP.

use super::config::{Components, StatusPage};
use super::health::{Graph, Judge};
use super::plain::respond;
use super::shown::timestamp;
use super::watch::Watch;
use crate::net::body::Pieces;
use crate::net::endpoint::percent_decode;
use http::{Response, StatusCode, Uri};

/// The answer to a request for `uri`.
pub(super) fn answer(config: &Components, page: &StatusPage, watch: &Watch, uri: &Uri) -> Response<Pieces> {
    if page.path.as_deref() != Some(uri.path()) {
        return respond(
            StatusCode::NOT_FOUND,
            "text/plain; charset=utf-8",
            "404 page not found\n".to_owned(),
        );
    }
    let (pipeline, verbose) = asked(uri.query().unwrap_or_default());
    let (seen, graph) = (watch.look(), Graph::of(&watch.describe()));
    let judge = Judge { seen: &seen, graph: &graph, patience: config.patience, now: watch.now() };
    let Some(health) = judge.verdict(pipeline.as_deref()) else {
        return respond(StatusCode::NOT_FOUND, "text/plain; charset=utf-8", String::new());
    };
    let mut shown = health.shown(page.attributes);
    shown.start_time = Some(timestamp(Some(watch.started().unix)));
    if page.verbose || verbose {
        shown.components = Some(judge.components(pipeline.as_deref(), page.attributes));
    }
    let body = serde_json::to_string(&shown).unwrap_or_default();
    respond(health.code(), "application/json", body)
}

/// `pipeline=NAME` and `verbose` of a query.
fn asked(query: &str) -> (Option<String>, bool) {
    let (mut pipeline, mut verbose) = (None, false);
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match name {
            "pipeline" if !value.is_empty() && pipeline.is_none() => {
                // A name that cannot be decoded is the name of no pipeline.
                let decoded = percent_decode(value).and_then(|bytes| String::from_utf8(bytes).ok());
                pipeline = Some(decoded.unwrap_or_else(|| value.to_owned()));
            }
            "verbose" => verbose = value != "false",
            _ => {}
        }
    }
    (pipeline, verbose)
}
