//! The edges: sockets, TLS, HTTP/1.1 and HTTP/2 on both sides, encodings, and gRPC framing over raw bytes.
//!
//! Everything that crosses it is bytes and headers: it knows nothing of batches, signals or tenants. Whatever comes from
//! a peer is read under a cap, a deadline and a permit that grows as bytes arrive; whatever goes out is a list of
//! `Bytes` that is never copied together. The settings structs ([`settings`]) mirror the Collector's YAML.

pub mod body;
pub mod channel;
pub mod cors;
pub mod dial;
pub mod encoding;
pub mod endpoint;
pub mod grpc;
pub mod http_client;
pub mod io;
pub mod listen;
pub mod retry_after;
pub mod serve;
pub mod settings;
pub mod site;
pub mod tls;
pub mod watched;

#[cfg(test)]
mod tests;
