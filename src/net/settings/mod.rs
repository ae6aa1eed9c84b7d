//! The keys of the shared blocks: `configgrpc`, `confighttp`, `configtls`, server and client side.
//!
//! The structs mirror the Collector's YAML exactly, so their field docs are the manual's text. Serde finds wrong types and
//! unknown keys; what only makes sense together (a certificate without its key, TLS 1.0) is found by `check()`, which
//! answers with [`Problem`]s whose paths are relative to the block, so that the caller can attach the position.
//!
//! Keys that are accepted though they change nothing here, each because nothing can be observed to differ:
//! - `read_buffer_size`, `write_buffer_size`: buffers of the Go runtime; here buffers follow the HTTP/2 windows and are
//!   bounded by them.
//! - `force_attempt_http2`, `http2_read_idle_timeout`, `http2_ping_timeout` of HTTP clients: these clients speak HTTP/1.1
//!   only (cheaper per byte, and every OTLP/HTTP server speaks it), so there is no HTTP/2 connection to tune.
//! - `keepalive.enforcement_policy` of servers: it tells how much pinging a client may do before it is thrown out; here
//!   no client is thrown out for pings, and floods are bounded in any case.
//! - `reload_interval` where all material is given as `_pem`: there is no file to look at again.
//!
//! It opens no file and no socket: see [`super::tls`] and [`super::listen`].

mod grpc;
mod http;
mod tls;

pub use grpc::{
    EnforcementPolicy, GrpcClient, GrpcServer, KeepaliveClient, KeepaliveServer, ServerParameters,
};
pub use http::{CompressionParams, Cookies, Cors, HttpClient, HttpServer};
pub use tls::{TlsClient, TlsCommon, TlsServer, Tpm, Version};

use std::fmt;
use std::time::Duration;

use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::config::Secret;
use crate::config::units::GoDuration;

/// Something in a block that serde could not see; `at` is the path from the block, `""` for the block itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Relative path of the key, joined by `.`.
    pub at: String,
    /// What is wrong, with the value.
    pub problem: String,
    /// What would be right.
    pub hint: String,
}

impl Problem {
    pub(crate) fn new(at: &str, problem: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { at: at.to_owned(), problem: problem.into(), hint: hint.into() }
    }

    /// The same problem, seen from the block that holds this one under `key`.
    #[must_use]
    pub fn under(mut self, key: &str) -> Self {
        self.at = if self.at.is_empty() { key.to_owned() } else { format!("{key}.{}", self.at) };
        self
    }
}

/// Who checks the requests of a server, or signs those of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Auth {
    /// Id of the extension, e.g. `bearertokenauth`.
    pub authenticator: String,
    /// HTTP servers only: query parameters that the authenticator may see besides the headers.
    pub request_params: Vec<String>,
}

/// One entry of `middlewares`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Middleware {
    /// Id of the extension.
    pub id: String,
}

pub(crate) fn no_middlewares(found: &[Middleware], problems: &mut Vec<Problem>) {
    if let Some(first) = found.first() {
        problems.push(Problem::new(
            "middlewares",
            format!("middleware {:?} is not known: weft has no middleware extensions", first.id),
            "remove `middlewares`; limits and authentication are keys of their own",
        ));
    }
}

/// Static headers, in the order given: a map `name: value`, or a list of `{name, value}`. Values are secrets.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Headers(pub Vec<(String, Secret)>);

impl Headers {
    /// The entries, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Secret)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value))
    }

    pub(crate) fn check(&self, at: &str, problems: &mut Vec<Problem>) {
        for (name, value) in self.iter() {
            let at = format!("{at}.{name}");
            if ::http::HeaderName::from_bytes(name.as_bytes()).is_err() {
                problems.push(Problem::new(
                    &at,
                    format!("{name:?} is not a header name"),
                    "use letters, digits and `-`",
                ));
            } else if ::http::HeaderValue::from_str(value.reveal()).is_err() {
                problems.push(Problem::new(
                    &at,
                    "the value holds control characters",
                    "remove line breaks from the value",
                ));
            }
        }
    }
}

impl<'de> Deserialize<'de> for Headers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(HeadersVisitor)
    }
}

struct HeadersVisitor;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamedValue {
    name: String,
    value: Secret,
}

impl<'de> Visitor<'de> for HeadersVisitor {
    type Value = Headers;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of header names to values")
    }

    fn visit_unit<E>(self) -> Result<Headers, E> {
        Ok(Headers::default())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Headers, A::Error> {
        let mut out = Vec::new();
        while let Some(entry) = map.next_entry()? {
            out.push(entry);
        }
        Ok(Headers(out))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Headers, A::Error> {
        let mut out = Vec::new();
        while let Some(NamedValue { name, value }) = seq.next_element()? {
            out.push((name, value));
        }
        Ok(Headers(out))
    }
}

/// A duration key where the Collector takes zero for "none".
pub(crate) fn positive(value: Option<GoDuration>) -> Option<Duration> {
    value.map(GoDuration::get).filter(|d| !d.is_zero())
}

pub(crate) fn known_transport(transport: &str, problems: &mut Vec<Problem>) {
    if !matches!(transport, "" | "tcp" | "tcp4" | "tcp6" | "unix") {
        problems.push(Problem::new(
            "transport",
            format!("transport {transport:?} cannot carry HTTP"),
            "use \"tcp\", \"tcp4\", \"tcp6\" or \"unix\"",
        ));
    }
}

#[cfg(test)]
mod tests;
