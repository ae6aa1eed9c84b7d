//! The server's side of a unary call: a request's message out of its body, and the response.

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, HeaderValue, Response};
use http_body::Body;
use tokio::time::Instant;

use super::frame::{FrameError, Message, prefix, read_message};
use super::status::add_status;
use super::{GRPC_ACCEPT_ENCODING, GRPC_ENCODING, GRPC_STATUS, Status};
use crate::net::body::{Pieces, ReadError};
use crate::net::encoding::Encoding;

/// What `grpc-encoding` may be.
pub const ACCEPTED_ENCODINGS: &str = "identity,gzip,zstd,snappy";

const GRPC: HeaderValue = HeaderValue::from_static("application/grpc");

/// Why a request was not read.
#[derive(Debug)]
pub enum RequestError<E> {
    /// Answer this.
    Status(Status),
    /// The caller's `grow` refused, so the caller knows what to answer.
    Refused(E),
}

impl<E> From<FrameError<E>> for RequestError<E> {
    fn from(error: FrameError<E>) -> Self {
        Self::Status(match error {
            FrameError::Status(status) => status,
            FrameError::Read(ReadError::Refused(why)) => return Self::Refused(why),
            FrameError::Read(ReadError::Late) => {
                Status::deadline_exceeded("the message did not arrive in time")
            }
            FrameError::Read(ReadError::Broken(why)) => {
                Status::cancelled(format!("the stream broke off: {why}"))
            }
            FrameError::Read(ReadError::TooLarge { limit }) => {
                Status::resource_exhausted(format!("the message is larger than {limit} bytes"))
            }
        })
    }
}

/// Whether a request is gRPC, by its content type.
pub fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    kind.strip_prefix(b"application/grpc")
        .is_some_and(|rest| rest.first().is_none_or(|next| matches!(next, b'+' | b';')))
}

/// Reads the one message of a request, still encoded, at most `limit` bytes of it; `grow(n)` is asked as bytes arrive.
pub async fn read_request<B, E>(
    headers: &HeaderMap,
    mut body: B,
    limit: usize,
    deadline: Option<Instant>,
    mut grow: impl FnMut(usize) -> Result<(), E>,
) -> Result<Message, RequestError<E>>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: std::fmt::Display,
{
    let encoding = encoding(headers).map_err(RequestError::Status)?;
    let message = read_message(&mut body, encoding, limit, deadline, &mut grow).await?;
    message.ok_or_else(|| RequestError::Status(Status::internal("the call carries no message")))
}

fn encoding(headers: &HeaderMap) -> Result<Option<Encoding>, Status> {
    let Some(value) = headers.get(GRPC_ENCODING) else { return Ok(None) };
    let known = value.to_str().ok().and_then(|name| name.parse::<Encoding>().ok()).filter(|e| e.suits_grpc());
    known.map(Some).ok_or_else(|| {
        let mut status = Status::unimplemented(format!("grpc-encoding must be one of {ACCEPTED_ENCODINGS}"));
        let accepted =
            HeaderMap::from_iter([(GRPC_ACCEPT_ENCODING, HeaderValue::from_static(ACCEPTED_ENCODINGS))]);
        *status.metadata_mut() = tonic::metadata::MetadataMap::from_headers(accepted);
        status
    })
}

/// A response with a message, and status OK.
pub fn reply(message: Bytes) -> Response<Pieces> {
    let trailers = HeaderMap::from_iter([(GRPC_STATUS, HeaderValue::from_static("0"))]);
    let head = prefix(false, message.len());
    let mut response = Response::new(Pieces::new([head, message]).with_trailers(trailers));
    response.headers_mut().insert(CONTENT_TYPE, GRPC);
    response
}

/// A response without a message.
pub fn refuse(status: &Status) -> Response<Pieces> {
    let mut response = Response::new(Pieces::empty());
    response.headers_mut().insert(CONTENT_TYPE, GRPC);
    add_status(status, response.headers_mut());
    response
}
