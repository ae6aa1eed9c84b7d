//! OTLP over HTTP: protobuf and JSON, each answered in its own kind.

use super::intake::Intake;
use super::verdict::{Refusal, Verdict};
use crate::net::body::{self, Pieces, ReadError};
use crate::net::encoding::Encoding;
use crate::net::settings::HttpServer;
use crate::otlp::rpc::{PartialSuccess, RpcStatus};
use crate::otlp::{Limits, Signal, json};
use bytes::Bytes;
use http::header::{ALLOW, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

/// The HTTP side of a door.
pub(super) struct Site {
    pub(super) intake: Intake,
    /// The path of each signal, in the order of [`Signal::ALL`].
    pub(super) paths: [String; 3],
    pub(super) settings: HttpServer,
    /// Added to every response.
    pub(super) headers: HeaderMap,
}

/// The kind of a body, and of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Protobuf,
    Json,
}

impl Kind {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let given = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let essence = given.split(';').next().unwrap_or_default().trim();
        if essence.eq_ignore_ascii_case("application/x-protobuf") {
            Some(Self::Protobuf)
        } else if essence.eq_ignore_ascii_case("application/json") {
            Some(Self::Json)
        } else {
            None
        }
    }

    const fn content_type(self) -> HeaderValue {
        match self {
            Self::Protobuf => HeaderValue::from_static("application/x-protobuf"),
            Self::Json => HeaderValue::from_static("application/json"),
        }
    }

    const fn to_wire(self) -> fn(Signal, Bytes, &Limits) -> Result<Bytes, Refusal> {
        match self {
            Self::Protobuf => |_, body, _| Ok(body),
            Self::Json => |signal, body, limits| {
                let wire = json::decode(signal, &body, limits);
                wire.map(Bytes::from).map_err(|error| Refusal::malformed(error.to_string()))
            },
        }
    }
}

/// How much of a refused request is still read, so that its sender sees the answer and not a reset.
const READ_AFTER_REFUSAL: u64 = 1 << 20;

/// Answers one request.
pub(super) async fn answer(site: &Arc<Site>, request: Request<Incoming>) -> Response<Pieces> {
    let mut response = respond(site, request).await;
    for (name, value) in &site.headers {
        response.headers_mut().insert(name, value.clone());
    }
    response
}

async fn respond(site: &Site, request: Request<Incoming>) -> Response<Pieces> {
    let Some(at) = site.paths.iter().position(|path| path == request.uri().path()) else {
        return plain(StatusCode::NOT_FOUND, "404 page not found");
    };
    if request.method() != Method::POST {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "405 method not allowed, supported: [POST]");
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
        return response;
    }
    let Some(kind) = Kind::of(request.headers()) else {
        let words = "415 unsupported media type, supported: [application/json, application/x-protobuf]";
        return plain(StatusCode::UNSUPPORTED_MEDIA_TYPE, words);
    };
    let signal = Signal::ALL[at];
    match export(site, signal, kind, request).await {
        Verdict::Accepted { rejected, message } => accepted(signal, kind, rejected, &message),
        Verdict::Refused(refusal) => refused(kind, refusal),
    }
}

async fn export(site: &Site, signal: Signal, kind: Kind, request: Request<Incoming>) -> Verdict {
    let (head, mut body) = request.into_parts();
    let intake = &site.intake;
    let encoding = match encoding(&head.headers, &site.settings) {
        Ok(encoding) => encoding,
        Err(refusal) => return intake.refuse(signal, refusal),
    };
    let mut arrived = match intake.admit(signal, &head.headers, None).await {
        Ok(arrived) => arrived,
        Err(refusal) => return drained(&mut body, Verdict::Refused(refusal)).await,
    };
    let permit = &mut arrived.admitted.permit;
    let read = body::read(&mut body, intake.0.largest, Some(arrived.until), |more| permit.grow(more)).await;
    match read {
        Ok(bytes) => intake.take(arrived, encoding, bytes, kind.to_wire()).await,
        Err(error) => drained(&mut body, intake.refuse(signal, unread(error))).await,
    }
}

async fn drained(body: &mut Incoming, verdict: Verdict) -> Verdict {
    let until = tokio::time::Instant::now() + std::time::Duration::from_secs(1);
    body::discard(body, READ_AFTER_REFUSAL, until).await;
    verdict
}

fn encoding(headers: &HeaderMap, settings: &HttpServer) -> Result<Encoding, Refusal> {
    let unsupported =
        |words: String| Refusal::new(tonic::Code::InvalidArgument, StatusCode::UNSUPPORTED_MEDIA_TYPE, words);
    let encoding = Encoding::of(headers).map_err(|error| unsupported(error.to_string()))?;
    if settings.admits(encoding) {
        return Ok(encoding);
    }
    Err(unsupported(format!("unsupported Content-Encoding: {encoding}")))
}

fn unread(error: ReadError<crate::batch::Busy>) -> Refusal {
    match error {
        ReadError::TooLarge { .. } => Refusal::too_large(error.to_string()),
        ReadError::Late => Refusal::late(),
        ReadError::Broken(_) => Refusal::malformed("the body broke off"),
        ReadError::Refused(busy) => busy.into(),
    }
}

fn accepted(signal: Signal, kind: Kind, rejected: u64, message: &str) -> Response<Pieces> {
    let partial = PartialSuccess { rejected, message: message.to_owned() };
    let body = match kind {
        Kind::Protobuf => partial.encode(),
        Kind::Json => partial.encode_json(signal),
    };
    typed(StatusCode::OK, kind, body)
}

fn refused(kind: Kind, refusal: Refusal) -> Response<Pieces> {
    let Refusal { code, status, message, retry_after } = refusal;
    let details = RpcStatus::new(code as i32, message);
    let body = match kind {
        Kind::Protobuf => details.encode(),
        Kind::Json => details.encode_json(),
    };
    let mut response = typed(status, kind, body);
    if let Some(after) = retry_after {
        let seconds = after.as_millis().div_ceil(1000).max(1);
        let value = u64::try_from(seconds).unwrap_or(u64::MAX);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(value));
    }
    response
}

fn typed(status: StatusCode, kind: Kind, body: Vec<u8>) -> Response<Pieces> {
    let mut response = Response::new(Pieces::from(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, kind.content_type());
    response
}

fn plain(status: StatusCode, words: &'static str) -> Response<Pieces> {
    let mut response = Response::new(Pieces::from(words));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    response
}
