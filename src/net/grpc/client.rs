//! The client's side of a unary call.
//!
//! Every failure is a [`Status`]: what the server said, or UNAVAILABLE, DEADLINE_EXCEEDED and the like for what happened
//! on the way. Nothing is repeated here.

use std::convert::Infallible;
use std::time::Duration;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, TE, USER_AGENT};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use tokio::time::Instant;

use super::frame::{FrameError, Framed, read_message};
use super::status::read_status;
use super::timeout::timeout_value;
use super::{Code, GRPC_ACCEPT_ENCODING, GRPC_ENCODING, GRPC_TIMEOUT, Status};
use crate::net::body::{Pieces, ReadError};
use crate::net::channel::Channel;
use crate::net::encoding::{DecodeError, Encoding};

/// Largest response, in bytes, on the wire and inflated.
const MAX_RESPONSE: usize = 4 << 20;

/// A unary call.
#[derive(Debug)]
pub struct Call<'a> {
    /// `/package.Service/Method`.
    pub path: PathAndQuery,
    /// Sent as headers. Names that belong to HTTP or gRPC are overwritten.
    pub metadata: HeaderMap,
    /// The request.
    pub message: &'a Framed,
    /// Longest time; the server is told.
    pub timeout: Option<Duration>,
}

/// What a server answered with status OK.
#[derive(Debug)]
pub struct Reply {
    /// The message; empty also if it was the empty message.
    pub message: Bytes,
    /// The response's headers.
    pub metadata: HeaderMap,
}

/// Sends the request and reads the response, all within the call's time.
pub async fn unary(channel: &Channel, call: Call<'_>) -> Result<Reply, Status> {
    let timeout = call.timeout;
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    let run = async {
        let request = request(channel, call)?;
        let response = channel.send(request).await?;
        read_reply(response).await
    };
    match deadline {
        None => run.await,
        Some(at) => tokio::time::timeout_at(at, run).await.unwrap_or_else(|_| {
            Err(Status::deadline_exceeded(format!(
                "no answer from {} in {:?}",
                channel,
                timeout.unwrap_or_default()
            )))
        }),
    }
}

fn request(channel: &Channel, call: Call<'_>) -> Result<Request<Pieces>, Status> {
    let uri = Uri::builder()
        .scheme(if channel.is_tls() { "https" } else { "http" })
        .authority(channel.authority())
        .path_and_query(call.path)
        .build()
        .map_err(|error| Status::internal(error.to_string()))?;
    let mut request = Request::new(call.message.body());
    *request.method_mut() = Method::POST;
    *request.uri_mut() = uri;
    *request.version_mut() = Version::HTTP_2;
    let headers = request.headers_mut();
    *headers = channel.metadata().clone();
    headers.extend(call.metadata);
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(TE, HeaderValue::from_static("trailers"));
    headers.insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static(super::ACCEPTED_ENCODINGS));
    headers.insert(USER_AGENT, channel.user_agent().clone());
    headers.remove(GRPC_ENCODING);
    if call.message.encoding() != Encoding::Identity {
        headers.insert(GRPC_ENCODING, HeaderValue::from_static(call.message.encoding().name()));
    }
    headers.remove(GRPC_TIMEOUT);
    if let Some(timeout) = call.timeout {
        headers.insert(GRPC_TIMEOUT, timeout_value(timeout));
    }
    Ok(request)
}

async fn read_reply(response: Response<Incoming>) -> Result<Reply, Status> {
    let (parts, mut body) = response.into_parts();
    // Trailers-only: the status stands in the headers.
    if let Some(status) = read_status(&parts.headers) {
        return Err(no_message(status));
    }
    if parts.status != StatusCode::OK {
        return Err(of_http(parts.status));
    }
    let encoding = response_encoding(&parts.headers)?;
    let mut free = |_| Ok::<_, Infallible>(());
    let (message, trailers) = read_one(&mut body, encoding, &mut free).await?;
    let status = trailers.as_ref().and_then(read_status);
    let status = status.ok_or_else(|| Status::internal("the server's answer has no grpc-status"))?;
    if status.code() != Code::Ok {
        return Err(status);
    }
    let message = message.ok_or_else(|| no_message(status))?;
    Ok(Reply { message, metadata: parts.headers })
}

fn no_message(status: Status) -> Status {
    if status.code() == Code::Ok { Status::internal("the server's answer has no message") } else { status }
}

fn response_encoding(headers: &HeaderMap) -> Result<Option<Encoding>, Status> {
    let Some(name) = headers.get(GRPC_ENCODING) else { return Ok(None) };
    let known = name.to_str().ok().and_then(|name| name.parse::<Encoding>().ok()).filter(|e| e.suits_grpc());
    known.map(Some).ok_or_else(|| Status::internal("the server answered in an unknown grpc-encoding"))
}

/// The message, if there is one, and the trailers.
async fn read_one(
    body: &mut Incoming,
    encoding: Option<Encoding>,
    free: &mut impl FnMut(usize) -> Result<(), Infallible>,
) -> Result<(Option<Bytes>, Option<HeaderMap>), Status> {
    let mut watched = Trailing { body, trailers: None };
    let message = read_message(&mut watched, encoding, MAX_RESPONSE, None, free).await;
    let trailers = watched.trailers;
    let message = message.map_err(|error| match error {
        FrameError::Status(status) => status,
        FrameError::Read(ReadError::TooLarge { .. }) => too_large(),
        FrameError::Read(other) => Status::unavailable(format!("the answer broke off: {other}")),
    })?;
    let opened =
        message.map(|message| message.open(MAX_RESPONSE, free)).transpose().map_err(|error| match error {
            DecodeError::TooLarge { .. } => too_large(),
            other => Status::internal(other.to_string()),
        })?;
    Ok((opened, trailers))
}

fn too_large() -> Status {
    Status::internal(format!("the server's answer is larger than {MAX_RESPONSE} bytes"))
}

/// A body that keeps its trailers for later.
struct Trailing<'a> {
    body: &'a mut Incoming,
    trailers: Option<HeaderMap>,
}

impl http_body::Body for Trailing<'_> {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, hyper::Error>>> {
        let polled = std::pin::Pin::new(&mut *self.body).poll_frame(cx);
        polled.map(|frame| match frame?.map(http_body::Frame::into_trailers) {
            Ok(Ok(trailers)) => {
                self.trailers = Some(trailers);
                None
            }
            Ok(Err(data)) => Some(Ok(data)),
            Err(error) => Some(Err(error)),
        })
    }
}

/// What a proxy's plain HTTP answer means
/// (<https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md>).
fn of_http(status: StatusCode) -> Status {
    let code = match status.as_u16() {
        400 | 413 | 431 => Code::Internal,
        401 => Code::Unauthenticated,
        403 => Code::PermissionDenied,
        404 => Code::Unimplemented,
        429 | 502 | 503 | 504 => Code::Unavailable,
        _ => Code::Unknown,
    };
    Status::new(code, format!("the server answered HTTP {status} instead of gRPC"))
}
