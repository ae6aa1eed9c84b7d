//! The numbers of a server, made from the settings of a gRPC or HTTP block.

use std::time::Duration;

use crate::net::settings::{GrpcServer, HttpServer, positive};

/// What a listener speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocols {
    /// HTTP/1.1 only.
    Http1,
    /// HTTP/2 only.
    Http2,
    /// Whichever the client begins with (by ALPN under TLS).
    Both,
}

/// Limits and intervals of every connection of a listener.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tuning {
    /// What is spoken.
    pub protocols: Protocols,
    /// Connections open at once; further ones are closed at once.
    pub max_connections: usize,
    /// HTTP/2 streams open at once per connection.
    pub max_streams: u32,
    /// Longest time for a request's head, and from the connection's opening to the first byte.
    pub head_timeout: Duration,
    /// Time without a request after which a connection is closed.
    pub idle: Option<Duration>,
    /// Age at which a connection is asked to go (±10 %, so that not all go at once).
    pub age: Option<Duration>,
    /// How long requests may run once a connection was asked to go.
    pub age_grace: Duration,
    /// HTTP/2 pings.
    pub ping: Option<Duration>,
    /// How long a ping's answer may take.
    pub ping_timeout: Duration,
    /// Whether HTTP/1.1 connections carry several requests.
    pub keep_alive: bool,
    /// Longest time from a request's head to its response.
    pub request_timeout: Option<Duration>,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            protocols: Protocols::Both,
            max_connections: 10_000,
            max_streams: 128,
            head_timeout: Duration::from_secs(10),
            idle: Some(Duration::from_secs(300)),
            age: None,
            age_grace: Duration::from_secs(30),
            ping: Some(Duration::from_secs(7200)),
            ping_timeout: Duration::from_secs(20),
            keep_alive: true,
            request_timeout: None,
        }
    }
}

impl From<&GrpcServer> for Tuning {
    fn from(settings: &GrpcServer) -> Self {
        let defaults = Self::default();
        let keepalive = settings.keepalive.clone().unwrap_or_default().server_parameters.unwrap_or_default();
        Self {
            protocols: Protocols::Http2,
            max_connections: non_zero(settings.max_connections, defaults.max_connections),
            max_streams: if settings.max_concurrent_streams == 0 {
                defaults.max_streams
            } else {
                settings.max_concurrent_streams
            },
            // gRPC clients keep a connection open between exports for as long as they like.
            idle: positive(keepalive.max_connection_idle),
            age: positive(keepalive.max_connection_age),
            age_grace: positive(keepalive.max_connection_age_grace).unwrap_or(FOREVER),
            ping: positive(keepalive.time).or(defaults.ping),
            ping_timeout: positive(keepalive.timeout).unwrap_or(defaults.ping_timeout),
            ..defaults
        }
    }
}

impl From<&HttpServer> for Tuning {
    fn from(settings: &HttpServer) -> Self {
        let defaults = Self::default();
        let request = [settings.read_timeout, settings.write_timeout].map(|limit| positive(Some(limit)));
        Self {
            max_connections: non_zero(settings.max_connections, defaults.max_connections),
            head_timeout: settings.read_header_timeout.map_or(defaults.head_timeout, |d| or_forever(d.get())),
            idle: settings.idle_timeout.map_or(defaults.idle, |d| positive(Some(d))),
            keep_alive: settings.keep_alives_enabled,
            request_timeout: request.into_iter().flatten().min(),
            ..defaults
        }
    }
}

/// Long enough for "never", short enough for arithmetic on instants.
const FOREVER: Duration = Duration::from_secs(30 * 365 * 86_400);

fn or_forever(limit: Duration) -> Duration {
    if limit.is_zero() { FOREVER } else { limit }
}

fn non_zero(value: usize, default: usize) -> usize {
    // More slots than a semaphore counts are as good as no limit.
    if value == 0 { default } else { value.min(tokio::sync::Semaphore::MAX_PERMITS) }
}
