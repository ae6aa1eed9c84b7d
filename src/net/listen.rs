//! Opening a listening socket and taking connections from it.
//!
//! Failures of `accept` never end the loop: what belongs to one connection is skipped, and when the process is out of
//! descriptors it waits a moment instead of spinning. A unix socket's file is removed when its listener is dropped.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket, UnixListener};

use super::endpoint::{Bind, Family};
use super::io::{Io, PeerAddr, tune_tcp};

/// Connections that the kernel may hold before they are accepted.
const BACKLOG: u32 = 1024;
/// Pause when accepting fails because something is used up.
const EXHAUSTED_PAUSE: Duration = Duration::from_millis(50);

/// An endpoint that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {at}: {why}")]
pub struct ListenError {
    /// The endpoint as configured.
    pub at: String,
    /// The system's reason, in words.
    pub why: String,
    /// Whether somebody else has the address.
    pub in_use: bool,
}

impl ListenError {
    fn new(bind: &Bind, error: &io::Error) -> Self {
        let in_use = error.kind() == io::ErrorKind::AddrInUse;
        let why = match error.kind() {
            io::ErrorKind::AddrInUse => "the address is already in use".to_owned(),
            io::ErrorKind::PermissionDenied => {
                "permission denied (ports below 1024 need a privilege)".to_owned()
            }
            io::ErrorKind::AddrNotAvailable => "this machine does not have the address".to_owned(),
            _ => error.to_string(),
        };
        Self { at: bind.to_string(), why, in_use }
    }
}

/// A listening socket.
#[derive(Debug)]
pub struct Listener {
    socket: Socket,
}

#[derive(Debug)]
enum Socket {
    Tcp(TcpListener),
    Unix(UnixListener, Unlink),
}

/// Removes the socket's file at the end.
#[derive(Debug)]
struct Unlink(PathBuf);

impl Drop for Unlink {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Listener {
    /// Opens the endpoint.
    pub async fn bind(bind: &Bind) -> Result<Self, ListenError> {
        let socket = match bind {
            Bind::Tcp { host, port, family } => {
                Socket::Tcp(bind_tcp(host, *port, *family).await.map_err(|e| ListenError::new(bind, &e))?)
            }
            Bind::Unix { path, mode } => {
                let listener = bind_unix(path, *mode).map_err(|e| ListenError::new(bind, &e))?;
                Socket::Unix(listener, Unlink(path.clone()))
            }
        };
        Ok(Self { socket })
    }

    /// The address it got, with the port that the system chose if 0 was asked for; `None` for a unix socket.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        match &self.socket {
            Socket::Tcp(listener) => listener.local_addr().ok(),
            Socket::Unix(..) => None,
        }
    }

    /// The next connection. Never fails: see the module's words. Cancel safe.
    pub async fn accept(&self) -> (Io, PeerAddr) {
        loop {
            match self.try_accept().await {
                Ok(connection) => return connection,
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, listener = %self, "cannot accept connections for now");
                    tokio::time::sleep(EXHAUSTED_PAUSE).await;
                }
            }
        }
    }

    async fn try_accept(&self) -> io::Result<(Io, PeerAddr)> {
        match &self.socket {
            Socket::Tcp(listener) => {
                let (stream, addr) = listener.accept().await?;
                tune_tcp(&stream);
                Ok((Io::Tcp(stream), PeerAddr::Tcp(addr)))
            }
            Socket::Unix(listener, _) => {
                let (stream, _) = listener.accept().await?;
                Ok((Io::Unix(stream), PeerAddr::Local))
            }
        }
    }
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.socket, self.local_addr()) {
            (_, Some(addr)) => addr.fmt(f),
            (Socket::Unix(_, Unlink(path)), _) => write!(f, "unix:{}", path.display()),
            (Socket::Tcp(_), None) => f.write_str("tcp"),
        }
    }
}

/// A peer that went away between SYN and accept is no reason to pause.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}

async fn bind_tcp(host: &str, port: u16, family: Family) -> io::Result<TcpListener> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, format!("{host:?} has no address"));
    for addr in addresses(host, port, family).await? {
        match listen_tcp(addr) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Every address for an empty host: v6 (which takes v4 too) first, v4 where the machine has no v6.
async fn addresses(host: &str, port: u16, family: Family) -> io::Result<Vec<SocketAddr>> {
    let any =
        [SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)), SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))];
    let mut found: Vec<SocketAddr> =
        if host.is_empty() { any.into() } else { tokio::net::lookup_host((host, port)).await?.collect() };
    found.retain(|addr| match family {
        Family::Any => true,
        Family::V4 => addr.is_ipv4(),
        Family::V6 => addr.is_ipv6(),
    });
    if !host.is_empty() {
        // Clients of `localhost` try 127.0.0.1 when ::1 fails, but not all of them the other way round.
        found.sort_by_key(SocketAddr::is_ipv6);
    }
    Ok(found)
}

fn listen_tcp(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = if addr.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}

/// A file left by a dead process is replaced; one that somebody still listens on is not.
fn bind_unix(path: &Path, mode: Option<u32>) -> io::Result<UnixListener> {
    if let Ok(found) = std::fs::symlink_metadata(path) {
        if !found.file_type().is_socket() {
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, "the path exists and is not a socket"));
        }
        if std::os::unix::net::UnixStream::connect(path).is_ok() {
            return Err(io::ErrorKind::AddrInUse.into());
        }
        std::fs::remove_file(path)?;
    }
    let listener = UnixListener::bind(path)?;
    if let Some(mode) = mode {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))?;
    }
    Ok(listener)
}
