//! The server's side: a configuration from the settings, and handshakes under a time-out.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use tokio::time::Instant;
use tokio_rustls::{TlsAcceptor, TlsStream};

use super::identity::Identity;
use super::material::{own, provider, roots_of_file, versions};
use super::reload::Fresh;
use crate::net::io::{Io, PeerAddr};
use crate::net::serve::Protocols;
use crate::net::settings::{Problem, TlsServer, positive};

/// Longest handshake.
const HANDSHAKE: Duration = Duration::from_secs(5);
/// At most one refused handshake per this time is logged.
const LOG_EVERY: Duration = Duration::from_secs(1);
/// How often `client_ca_file_reload` looks, if no interval is given.
const CLIENT_CA_EVERY: Duration = Duration::from_secs(10);

/// Takes TLS connections.
#[derive(Debug, Clone)]
pub struct Acceptor {
    config: Arc<Fresh<ServerConfig>>,
    refusals: Arc<Refusals>,
}

/// Why a handshake failed.
#[derive(Debug, thiserror::Error)]
pub enum HandshakeError {
    /// The peer took too long.
    #[error("no handshake within {HANDSHAKE:?}")]
    Late,
    /// TLS or the connection failed.
    #[error("{0}")]
    Failed(#[from] io::Error),
}

impl Acceptor {
    /// Reads the files and makes the configuration; problems are relative to the `tls` block.
    pub fn new(settings: &TlsServer, protocols: Protocols) -> Result<Self, Problem> {
        let asked = positive(Some(settings.reload_interval));
        let every = asked.or(settings.client_ca_file_reload.then_some(CLIENT_CA_EVERY));
        let settings = settings.clone();
        let config = Fresh::new(every, move || config(&settings, protocols).map(Arc::new))?;
        Ok(Self { config: Arc::new(config), refusals: Arc::default() })
    }

    /// Shakes hands; tells who the client's certificate says it is, where one was asked for.
    pub async fn accept(&self, io: Io) -> Result<(Io, Option<Identity>), HandshakeError> {
        let accepting = TlsAcceptor::from(self.config.get()).accept(io);
        let stream = tokio::time::timeout(HANDSHAKE, accepting).await.map_err(|_| HandshakeError::Late)??;
        let certificates = stream.get_ref().1.peer_certificates();
        let identity = certificates.and_then(|chain| chain.first()).and_then(Identity::of);
        Ok((Io::Tls(Box::new(TlsStream::Server(stream))), identity))
    }

    /// Logs why a peer was refused, not oftener than once a second.
    pub(crate) fn log_refusal(&self, peer: PeerAddr, error: &HandshakeError) {
        if let Some(suppressed) = self.refusals.may_log() {
            tracing::warn!(%peer, %error, suppressed, "TLS handshake refused");
        }
    }
}

fn config(settings: &TlsServer, protocols: Protocols) -> Result<ServerConfig, Problem> {
    let pair = own(settings)?;
    let (chain, key) = pair
        .ok_or_else(|| Problem::new("", "a TLS server needs a certificate", "add cert_file and key_file"))?;
    let versions = versions(settings)?;
    let builder = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&versions)
        .map_err(|error| Problem::new("min_version", error.to_string(), "use \"1.2\" or \"1.3\""))?;
    let builder = if settings.client_ca_file.is_empty() {
        builder.with_no_client_auth()
    } else {
        let roots = roots_of_file("client_ca_file", &settings.client_ca_file)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build();
        builder.with_client_cert_verifier(verifier.map_err(|error| {
            Problem::new("client_ca_file", error.to_string(), "give a PEM file with CA certificates")
        })?)
    };
    let mut config = builder.with_single_cert(chain, key).map_err(mismatch)?;
    config.alpn_protocols = match protocols {
        Protocols::Http1 => vec![b"http/1.1".to_vec()],
        Protocols::Http2 => vec![b"h2".to_vec()],
        Protocols::Both => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
    };
    Ok(config)
}

pub(super) fn mismatch(error: rustls::Error) -> Problem {
    match error {
        rustls::Error::InconsistentKeys(_) => Problem::new(
            "key_file",
            "the key does not belong to the certificate",
            "give the key it was made with",
        ),
        other => Problem::new(
            "cert_file",
            format!("certificate and key cannot be used: {other}"),
            "give another pair",
        ),
    }
}

/// Counts what is not logged.
#[derive(Debug, Default)]
struct Refusals {
    last: Mutex<Option<Instant>>,
    suppressed: AtomicU64,
}

impl Refusals {
    /// How many were not logged since the last line, if a line may be logged now.
    fn may_log(&self) -> Option<u64> {
        let now = Instant::now();
        let mut last = self.last.lock().ok()?;
        if last.is_some_and(|at| now.duration_since(at) < LOG_EVERY) {
            self.suppressed.fetch_add(1, Relaxed);
            return None;
        }
        *last = Some(now);
        Some(self.suppressed.swap(0, Relaxed))
    }
}
