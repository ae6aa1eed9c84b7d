//! The plain answer: 200 or 503, in the Collector's words.

use super::config::{Bodies, Plain};
use super::shown::timestamp;
use crate::batch::Time;
use crate::config::units::GoDuration;
use crate::net::body::Pieces;
use http::header::{CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode};
use serde::Serialize;

#[derive(Serialize)]
struct Answer {
    status: &'static str,
    #[serde(rename = "upSince")]
    up_since: String,
    uptime: String,
}

/// The answer to a request for `path`.
pub(super) fn answer(config: &Plain, path: &str, ready: bool, started: Time, now: Time) -> Response<Pieces> {
    if !serves(&config.path, path) {
        return respond(
            StatusCode::NOT_FOUND,
            "text/plain; charset=utf-8",
            "404 page not found\n".to_owned(),
        );
    }
    let code = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    match &config.bodies {
        Some(Bodies { healthy, unhealthy }) => {
            let body = if ready { healthy } else { unhealthy };
            respond(code, "text/plain; charset=utf-8", body.clone())
        }
        None => respond(code, "application/json", usual(ready, started, now)),
    }
}

/// A path that ends in a slash stands for all below it, as in Go's servers.
fn serves(configured: &str, asked: &str) -> bool {
    asked == configured || (configured.ends_with('/') && asked.starts_with(configured))
}

fn usual(ready: bool, started: Time, now: Time) -> String {
    let uptime = i64::try_from(now.since(started).as_nanos()).unwrap_or(i64::MAX);
    let answer = if ready {
        let uptime = GoDuration::from_nanos(uptime).to_string();
        Answer { status: "Server available", up_since: timestamp(Some(started.unix)), uptime }
    } else {
        Answer { status: "Server not available", up_since: timestamp(None), uptime: String::new() }
    };
    serde_json::to_string(&answer).unwrap_or_default()
}

/// A response that nobody keeps.
pub(super) fn respond(code: StatusCode, kind: &'static str, body: String) -> Response<Pieces> {
    let mut response = Response::new(Pieces::from(body));
    *response.status_mut() = code;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(kind));
    response
}
