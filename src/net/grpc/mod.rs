//! gRPC over raw bytes: unary calls, both sides, without a message type.
//!
//! A message is a prefix of five bytes (flag "compressed", length) and its bytes; the outcome stands in trailers
//! (<https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md>). A call carries exactly one message each way here;
//! streaming calls are refused. Codes and [`Status`] are tonic's, for the sake of those who use its generated code; its
//! server and codec are not used, because they copy, and answer OUT_OF_RANGE for a message that is too large, which
//! makes clients resend it for ever.

mod client;
mod frame;
mod server;
mod status;
mod timeout;

pub use client::{Call, Reply, unary};
pub use frame::{Framed, Message, frame};
pub use server::{ACCEPTED_ENCODINGS, RequestError, is_grpc, read_request, refuse, reply};
pub use status::{add_status, read_status};
pub use timeout::{parse_timeout, timeout_of, timeout_value};
pub use tonic::{Code, Status};

use http::HeaderName;

pub(crate) const GRPC_ENCODING: HeaderName = HeaderName::from_static("grpc-encoding");
pub(crate) const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");
pub(crate) const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");
pub(crate) const GRPC_STATUS: HeaderName = HeaderName::from_static("grpc-status");
pub(crate) const GRPC_MESSAGE: HeaderName = HeaderName::from_static("grpc-message");
pub(crate) const GRPC_DETAILS: HeaderName = HeaderName::from_static("grpc-status-details-bin");
