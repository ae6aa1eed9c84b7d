//! `configgrpc`: the keys of a gRPC server and of a gRPC client.
//!
//! Defaults that belong to one component (an endpoint, gzip for the OTLP exporter) are the component's: here they are empty.

use serde::Deserialize;

use super::{Auth, Headers, Middleware, Problem, TlsClient, TlsServer, known_transport, no_middlewares};
use crate::config::units::GoDuration;
use crate::net::encoding::Encoding;
use crate::net::endpoint::{Bind, Target};

/// Largest message after decompression if nothing else is configured, in MiB: what the OTLP specification recommends.
pub(crate) const DEFAULT_MAX_RECV_MIB: u64 = 64;

/// A gRPC server.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GrpcServer {
    /// Where to listen: `host:port`, or a path with `transport: unix`.
    pub endpoint: String,
    /// `tcp` (default), `tcp4`, `tcp6` or `unix`.
    pub transport: String,
    /// Octal permissions of a unix socket, e.g. `"0660"`; default: what the umask leaves.
    pub socket_permissions: Option<String>,
    /// Serves TLS if present.
    pub tls: Option<TlsServer>,
    /// Largest message after decompression, in MiB; 0 means the default of 64.
    pub max_recv_msg_size_mib: u64,
    /// HTTP/2 streams open at once on a connection; 0 means the default of 128.
    pub max_concurrent_streams: u32,
    /// Connections open at once; further ones are closed at once. 0 means the default of 10,000.
    pub max_connections: usize,
    /// No effect (see the module's list).
    pub read_buffer_size: u64,
    /// No effect (see the module's list).
    pub write_buffer_size: u64,
    /// Idle limits, age limits and pings.
    pub keepalive: Option<KeepaliveServer>,
    /// Who checks the requests.
    pub auth: Option<Auth>,
    /// Whether request headers travel with the data.
    pub include_metadata: bool,
    /// Not supported: must be empty.
    pub middlewares: Vec<Middleware>,
}

impl Default for GrpcServer {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            transport: "tcp".to_owned(),
            socket_permissions: None,
            tls: None,
            max_recv_msg_size_mib: DEFAULT_MAX_RECV_MIB,
            max_concurrent_streams: 0,
            max_connections: 0,
            read_buffer_size: 512 * 1024,
            write_buffer_size: 0,
            keepalive: None,
            auth: None,
            include_metadata: false,
            middlewares: Vec::new(),
        }
    }
}

impl GrpcServer {
    /// What serde could not see.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        known_transport(&self.transport, &mut problems);
        if let Err(problem) = Bind::parse(&self.endpoint, &self.transport, self.socket_permissions.as_deref())
        {
            problems.push(problem);
        }
        no_middlewares(&self.middlewares, &mut problems);
        if let Some(tls) = &self.tls {
            problems.extend(tls.check().into_iter().map(|p| p.under("tls")));
        }
        problems
    }

    /// Largest message after decompression, in bytes.
    pub fn max_message(&self) -> usize {
        let mib =
            if self.max_recv_msg_size_mib == 0 { DEFAULT_MAX_RECV_MIB } else { self.max_recv_msg_size_mib };
        // 4 GiB is the most that the 5-byte prefix of a message can announce.
        usize::try_from(mib.min(4095) << 20).unwrap_or(usize::MAX)
    }
}

/// `keepalive` of a server.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeepaliveServer {
    /// What the server does by itself.
    pub server_parameters: Option<ServerParameters>,
    /// What it tolerates from clients.
    pub enforcement_policy: Option<EnforcementPolicy>,
}

/// Idle and age limits of a connection, and pings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ServerParameters {
    /// A connection without requests for this long is closed (default: none for gRPC).
    pub max_connection_idle: Option<GoDuration>,
    /// A connection this old is asked to go (±10 %), default never.
    pub max_connection_age: Option<GoDuration>,
    /// How long requests may still run after that, default for ever.
    pub max_connection_age_grace: Option<GoDuration>,
    /// Ping after this long without anything read, default 2 h.
    pub time: Option<GoDuration>,
    /// The connection is closed if a ping has no answer for this long, default 20 s.
    pub timeout: Option<GoDuration>,
}

/// What a server tolerates: pings from clients. HTTP/2 floods of any kind are bounded whatever stands here; clients that
/// ping more often than `min_time` are tolerated, because a ping costs nothing worth an outage.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnforcementPolicy {
    /// Shortest time between pings.
    pub min_time: Option<GoDuration>,
    /// Whether pings without open streams are fine (they are).
    pub permit_without_stream: bool,
}

/// A gRPC client.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GrpcClient {
    /// `host:port`, `http://host:port` (plain), `https://host:port` (TLS), `dns:///host:port` or `unix:/path`.
    pub endpoint: String,
    /// `gzip`, `snappy`, `zstd` or `none`; absent: the component's default.
    pub compression: Option<Encoding>,
    /// TLS is on unless `insecure: true` or an `http://` endpoint.
    pub tls: TlsClient,
    /// Pings; absent: none.
    pub keepalive: Option<KeepaliveClient>,
    /// No effect (see the module's list).
    pub read_buffer_size: u64,
    /// No effect (see the module's list).
    pub write_buffer_size: u64,
    /// Wait for a connection until the request's deadline instead of failing at once.
    pub wait_for_ready: bool,
    /// Sent with every request.
    pub headers: Headers,
    /// Overrides `user-agent`.
    pub user_agent: String,
    /// `round_robin` (default) or `pick_first` over the resolved addresses.
    pub balancer_name: String,
    /// Overrides `:authority`.
    pub authority: String,
    /// Who signs the requests.
    pub auth: Option<Auth>,
    /// Not supported: must be empty.
    pub middlewares: Vec<Middleware>,
}

impl Default for GrpcClient {
    fn default() -> Self {
        Self {
            endpoint: String::new(),
            compression: None,
            tls: TlsClient::default(),
            keepalive: None,
            read_buffer_size: 0,
            write_buffer_size: 512 * 1024,
            wait_for_ready: false,
            headers: Headers::default(),
            user_agent: String::new(),
            balancer_name: String::new(),
            authority: String::new(),
            auth: None,
            middlewares: Vec::new(),
        }
    }
}

impl GrpcClient {
    /// What serde could not see.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if let Err(problem) = Target::parse_grpc(&self.endpoint, self.tls.insecure) {
            problems.push(problem);
        }
        if let Some(encoding) = self.compression
            && !encoding.suits_grpc()
        {
            problems.push(Problem::new(
                "compression",
                format!("gRPC has no {encoding} compression"),
                "use gzip, snappy, zstd or none",
            ));
        }
        if !matches!(self.balancer_name.as_str(), "" | "round_robin" | "pick_first") {
            problems.push(Problem::new(
                "balancer_name",
                format!("unknown balancer {:?}", self.balancer_name),
                "use \"round_robin\" or \"pick_first\"",
            ));
        }
        self.headers.check("headers", &mut problems);
        no_middlewares(&self.middlewares, &mut problems);
        problems.extend(self.tls.check().into_iter().map(|p| p.under("tls")));
        problems
    }
}

/// `keepalive` of a client.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct KeepaliveClient {
    /// Ping after this long without anything read; at least 10 s, as in grpc-go.
    pub time: Option<GoDuration>,
    /// The connection is closed if a ping has no answer for this long, default 20 s.
    pub timeout: Option<GoDuration>,
    /// Ping also while no request is open.
    pub permit_without_stream: bool,
}
