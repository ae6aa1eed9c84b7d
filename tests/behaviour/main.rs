//! The binary as its users meet it: real processes, real sockets, a configuration in a file.
//!
//! What comes out is compared with what went in by clients and readers that share no code with weft: HTTP/1.1 written
//! by hand, gRPC over hyper and tonic, the structs of `opentelemetry-proto`. Nothing here knows weft's inside.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod client;
mod delivery;
mod encode;
mod endings;
mod metrics;
mod outage;
mod process;
mod refusals;
mod sink;
mod tls;
