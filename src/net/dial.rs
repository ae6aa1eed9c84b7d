//! Opening one connection: resolve, connect, shake hands, all under one time-out.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpStream, UnixStream};

use super::endpoint::{Place, Target};
use super::io::{Io, tune_tcp};
use super::tls::Connector;

/// Longest time from the first packet to the end of the TLS handshake.
pub const DIAL_TIMEOUT: Duration = Duration::from_secs(10);

/// A connection that did not come about; says what was to be reached and why not.
#[derive(Debug, Clone, thiserror::Error)]
#[error("cannot connect to {to}: {why}")]
pub struct DialError {
    to: String,
    why: String,
}

impl DialError {
    pub(crate) fn new(to: impl ToString, why: impl ToString) -> Self {
        Self { to: to.to_string(), why: why.to_string() }
    }
}

/// The addresses of a target: several for a name, one `None` for a unix socket.
pub(crate) async fn resolve(target: &Target) -> Result<Vec<Option<SocketAddr>>, DialError> {
    let Place::Tcp { host, port } = &target.at else { return Ok(vec![None]) };
    let lookup = tokio::net::lookup_host((host.as_str(), *port));
    let found = tokio::time::timeout(DIAL_TIMEOUT, lookup)
        .await
        .map_err(|_| DialError::new(target, "no answer from DNS"))?;
    let mut found: Vec<_> = found.map_err(|error| DialError::new(target, error))?.map(Some).collect();
    found.dedup();
    if found.is_empty() { Err(DialError::new(target, "the name has no address")) } else { Ok(found) }
}

/// Connects to one address of the target and, with `tls`, shakes hands.
pub(crate) async fn open(
    target: &Target,
    addr: Option<SocketAddr>,
    tls: Option<&Connector>,
) -> Result<Io, DialError> {
    let connecting = async {
        let io = connect(target, addr).await?;
        match tls {
            Some(tls) => tls.connect(io, target.host()).await,
            None => Ok(io),
        }
    };
    match tokio::time::timeout(DIAL_TIMEOUT, connecting).await {
        Ok(opened) => opened.map_err(|error| DialError::new(target, error)),
        Err(_) => Err(DialError::new(target, format!("no connection within {DIAL_TIMEOUT:?}"))),
    }
}

async fn connect(target: &Target, addr: Option<SocketAddr>) -> io::Result<Io> {
    match (&target.at, addr) {
        (Place::Unix(path), _) => Ok(Io::Unix(UnixStream::connect(path).await?)),
        (_, Some(addr)) => tcp(TcpStream::connect(addr).await?),
        (Place::Tcp { host, port }, None) => tcp(TcpStream::connect((host.as_str(), *port)).await?),
    }
}

fn tcp(stream: TcpStream) -> io::Result<Io> {
    tune_tcp(&stream);
    Ok(Io::Tcp(stream))
}
