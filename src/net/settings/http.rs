//! `confighttp`: the keys of an HTTP server and of an HTTP client.
//!
//! Defaults that belong to one component (an endpoint, a time-out of 30 s) are the component's: here they are empty.

use serde::Deserialize;

use super::{Auth, Headers, Middleware, Problem, TlsClient, TlsServer, known_transport, no_middlewares};
use crate::config::units::GoDuration;
use crate::net::encoding::{Encoding, Level};
use crate::net::endpoint::{Bind, Proxy, Target};

/// Largest body, also after decompression, if nothing else is configured: what the OTLP specification recommends.
pub(crate) const DEFAULT_MAX_BODY: u64 = 64 << 20;

/// An HTTP server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpServer {
    /// Where to listen: `host:port`, or a path with `transport: unix`.
    pub endpoint: String,
    /// `tcp` (default), `tcp4`, `tcp6` or `unix`.
    pub transport: String,
    /// Octal permissions of a unix socket, e.g. `"0660"`; default: what the umask leaves.
    pub socket_permissions: Option<String>,
    /// Serves TLS if present.
    pub tls: Option<TlsServer>,
    /// Lets pages of other origins send here.
    pub cors: Option<Cors>,
    /// Who checks the requests.
    pub auth: Option<Auth>,
    /// Largest body, before and after decompression, in bytes; 0 means the default of 64 MiB.
    pub max_request_body_size: u64,
    /// Whether request headers travel with the data.
    pub include_metadata: bool,
    /// Added to every response.
    pub response_headers: Headers,
    /// What a `Content-Encoding` may be; `""` stands for none.
    pub compression_algorithms: Vec<String>,
    /// Longest time for one request, body included; 0 (default) leaves it to the request's deadline.
    pub read_timeout: GoDuration,
    /// Longest time for a request's head, also from the connection's opening to the first one; default 10 s.
    pub read_header_timeout: Option<GoDuration>,
    /// Longest time from a request's head to its response; 0 (default) is none.
    pub write_timeout: GoDuration,
    /// A connection without requests for this long is closed; default 5 min.
    pub idle_timeout: Option<GoDuration>,
    /// Whether a connection may carry several requests.
    pub keep_alives_enabled: bool,
    /// Connections open at once; further ones are closed at once. 0 means the default of 10,000.
    pub max_connections: usize,
    /// Not supported: must be empty.
    pub middlewares: Vec<Middleware>,
}

impl Default for HttpServer {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            transport: "tcp".to_owned(),
            socket_permissions: None,
            tls: None,
            cors: None,
            auth: None,
            max_request_body_size: DEFAULT_MAX_BODY,
            include_metadata: false,
            response_headers: Headers::default(),
            compression_algorithms: ["", "gzip", "zstd", "zlib", "snappy", "deflate", "lz4"]
                .map(String::from)
                .into(),
            read_timeout: GoDuration::default(),
            read_header_timeout: None,
            write_timeout: GoDuration::default(),
            idle_timeout: None,
            keep_alives_enabled: true,
            max_connections: 0,
            middlewares: Vec::new(),
        }
    }
}

impl HttpServer {
    /// What serde could not see.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        known_transport(&self.transport, &mut problems);
        if let Err(problem) = Bind::parse(&self.endpoint, &self.transport, self.socket_permissions.as_deref())
        {
            problems.push(problem);
        }
        for (i, name) in self.compression_algorithms.iter().enumerate() {
            if let Err(unknown) = name.parse::<Encoding>() {
                problems.push(Problem::new(
                    &format!("compression_algorithms[{i}]"),
                    unknown.to_string(),
                    Encoding::KNOWN,
                ));
            }
        }
        self.response_headers.check("response_headers", &mut problems);
        no_middlewares(&self.middlewares, &mut problems);
        if let Some(tls) = &self.tls {
            problems.extend(tls.check().into_iter().map(|p| p.under("tls")));
        }
        problems
    }

    /// Largest body, in bytes.
    pub fn max_body(&self) -> usize {
        let bytes =
            if self.max_request_body_size == 0 { DEFAULT_MAX_BODY } else { self.max_request_body_size };
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// Whether a body may come in this encoding.
    pub fn admits(&self, encoding: Encoding) -> bool {
        self.compression_algorithms.iter().any(|name| {
            name.parse::<Encoding>().is_ok_and(|known| {
                known == encoding || (known == Encoding::Snappy && encoding == Encoding::SnappyFramed)
            })
        })
    }
}

/// Cross-origin requests (`cors`), as the Collector has them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cors {
    /// Origins that may send, e.g. `https://*.example.com`; `*` alone is any. Empty: CORS is off.
    pub allowed_origins: Vec<String>,
    /// Request headers they may set besides the simple ones; `*` is any.
    pub allowed_headers: Vec<String>,
    /// Response headers they may read.
    pub exposed_headers: Vec<String>,
    /// Seconds for which a browser may remember the answer to a preflight.
    pub max_age: u64,
}

/// An HTTP client.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HttpClient {
    /// `http://` or `https://` URL; the component appends its path.
    pub endpoint: String,
    /// `http://[user:password@]host:port`: requests go through this proxy.
    pub proxy_url: String,
    /// How `https://` is spoken.
    pub tls: TlsClient,
    /// No effect (see the module's list).
    pub read_buffer_size: u64,
    /// No effect (see the module's list).
    pub write_buffer_size: u64,
    /// Longest time for one request; absent: the component's default.
    pub timeout: Option<GoDuration>,
    /// Sent with every request; `Host` may be among them.
    pub headers: Headers,
    /// Who signs the requests.
    pub auth: Option<Auth>,
    /// `gzip`, `zstd`, `snappy`, `zlib`, `deflate`, `lz4`, `x-snappy-framed` or `none`; absent: the component's default.
    pub compression: Option<Encoding>,
    /// How hard to compress.
    pub compression_params: CompressionParams,
    /// Idle connections kept in all; 0 is no limit.
    pub max_idle_conns: usize,
    /// Idle connections kept per host; 0 is no limit of its own.
    pub max_idle_conns_per_host: usize,
    /// Connections per host, idle or not; 0 is no limit.
    pub max_conns_per_host: usize,
    /// An idle connection is closed after this long; 0 is never.
    pub idle_conn_timeout: GoDuration,
    /// A new connection for every request.
    pub disable_keep_alives: bool,
    /// No effect (see the module's list).
    pub http2_read_idle_timeout: GoDuration,
    /// No effect (see the module's list).
    pub http2_ping_timeout: GoDuration,
    /// Not supported: must be off.
    pub cookies: Option<Cookies>,
    /// No effect (see the module's list).
    pub force_attempt_http2: bool,
    /// Not supported: must be empty.
    pub middlewares: Vec<Middleware>,
}

impl Default for HttpClient {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            proxy_url: String::new(),
            tls: TlsClient::default(),
            read_buffer_size: 0,
            write_buffer_size: 512 * 1024,
            timeout: None,
            headers: Headers::default(),
            auth: None,
            compression: None,
            compression_params: CompressionParams::default(),
            max_idle_conns: 100,
            max_idle_conns_per_host: 0,
            max_conns_per_host: 0,
            idle_conn_timeout: GoDuration::from_secs(90),
            disable_keep_alives: false,
            http2_read_idle_timeout: GoDuration::default(),
            http2_ping_timeout: GoDuration::default(),
            cookies: None,
            force_attempt_http2: true,
            middlewares: Vec::new(),
        }
    }
}

impl HttpClient {
    /// What serde could not see. An empty endpoint is fine here: some components have one per signal instead.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if !self.endpoint.is_empty()
            && let Err(problem) = Target::parse_url("endpoint", &self.endpoint)
        {
            problems.push(problem);
        }
        if !self.proxy_url.is_empty()
            && let Err(problem) = Proxy::parse(&self.proxy_url)
        {
            problems.push(problem);
        }
        if self.cookies.as_ref().is_some_and(|cookies| cookies.enabled) {
            problems.push(Problem::new("cookies.enabled", "cookies are not kept", "set `enabled: false`"));
        }
        let encoding = self.compression.unwrap_or(Encoding::Gzip);
        if let Err(problem) = Level::checked(encoding, self.compression_params.level) {
            problems.push(Problem::new("compression_params.level", problem, Level::hint(encoding)));
        }
        self.headers.check("headers", &mut problems);
        no_middlewares(&self.middlewares, &mut problems);
        problems.extend(self.tls.check().into_iter().map(|p| p.under("tls")));
        problems
    }
}

/// `compression_params`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CompressionParams {
    /// gzip, zlib, deflate: 1 (default) to 9, -1 for their own default of 6; zstd: 1 (default) to 22.
    pub level: Option<i32>,
}

/// `cookies`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Cookies {
    /// Whether answers' cookies would be sent back.
    pub enabled: bool,
}
