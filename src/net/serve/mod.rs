//! The HTTP server: HTTP/1.1 and HTTP/2 on one socket, plain or TLS, until it is told to stop.
//!
//! Each connection is one task, owned and joined by [`serve`]. Its life (head time-out, idle, age, stop) is decided in
//! `connection`, its numbers stand in [`Tuning`]. What a request means is the service's business; so are body limits
//! and deadlines, which belong to the request.

mod connection;
mod pulse;
mod tuning;

pub(crate) use connection::{CONNECTION_WINDOW, FRAME, HEADERS, STREAM_WINDOW};
pub use tuning::{Protocols, Tuning};

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use hyper::body::Incoming;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use super::body::Pieces;
use super::io::{Io, PeerAddr};
use super::listen::Listener;
use super::tls::{Acceptor, Identity};

/// Who sent a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeerInfo {
    /// Where from.
    pub addr: PeerAddr,
    /// Who the client's certificate says it is, where the listener asks for one.
    pub identity: Option<Identity>,
    /// Whether the connection is encrypted.
    pub tls: bool,
}

/// What a server has done, told when it ends.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Served {
    /// Connections taken.
    pub connections: u64,
    /// Connections closed at once, because there were too many.
    pub over_cap: u64,
    /// Connections cut because they did not finish within the grace time.
    pub cut: u64,
}

/// Serves until `stop` resolves, then lets open requests finish for at most `grace`.
///
/// The service is called with each request; the response's body is sent as it stands. A panic in a service ends its
/// connection (HTTP/1.1) or stream (HTTP/2), nothing else.
pub async fn serve<S, F>(
    listener: Listener,
    tls: Option<Acceptor>,
    tuning: Tuning,
    service: S,
    stop: impl Future<Output = ()>,
    grace: Duration,
) -> Served
where
    S: Fn(Request<Incoming>, Arc<PeerInfo>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Pieces>> + Send + 'static,
{
    let (closing, closed) = watch::channel(false);
    let slots = Arc::new(Semaphore::new(tuning.max_connections));
    let each = Each { tls, tuning: Arc::new(tuning), service, closed };
    let mut tasks = JoinSet::new();
    let mut served = Served::default();
    tokio::pin!(stop);
    loop {
        let (io, addr) = tokio::select! {
            biased;
            () = &mut stop => break,
            Some(ended) = tasks.join_next(), if !tasks.is_empty() => {
                note_panic(ended);
                continue;
            }
            accepted = listener.accept() => accepted,
        };
        let Ok(slot) = Arc::clone(&slots).try_acquire_owned() else {
            served.over_cap += 1;
            continue;
        };
        served.connections += 1;
        let each = each.clone();
        tasks.spawn(async move {
            each.run(io, addr).await;
            drop(slot);
        });
    }
    drop(listener);
    let _ = closing.send(true);
    served.cut = join_within(tasks, grace).await;
    served
}

/// What every connection's task starts from.
#[derive(Clone)]
struct Each<S> {
    tls: Option<Acceptor>,
    tuning: Arc<Tuning>,
    service: S,
    closed: watch::Receiver<bool>,
}

impl<S, F> Each<S>
where
    S: Fn(Request<Incoming>, Arc<PeerInfo>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Pieces>> + Send + 'static,
{
    async fn run(mut self, io: Io, addr: PeerAddr) {
        let Some(tls) = &self.tls else {
            let peer = Arc::new(PeerInfo { addr, identity: None, tls: false });
            return connection::drive(io, peer, &self.tuning, self.service, self.closed).await;
        };
        let accepted = tokio::select! {
            accepted = tls.accept(io) => accepted,
            _ = self.closed.wait_for(|closed| *closed) => return,
        };
        match accepted {
            Ok((io, identity)) => {
                let peer = Arc::new(PeerInfo { addr, identity, tls: true });
                connection::drive(io, peer, &self.tuning, self.service, self.closed).await;
            }
            Err(error) => tls.log_refusal(addr, &error),
        }
    }
}

/// Waits for all connections, then cuts the rest; tells how many were cut.
async fn join_within(mut tasks: JoinSet<()>, grace: Duration) -> u64 {
    let all = async {
        while let Some(ended) = tasks.join_next().await {
            note_panic(ended);
        }
    };
    if tokio::time::timeout(grace, all).await.is_ok() {
        return 0;
    }
    let left = tasks.len() as u64;
    tasks.shutdown().await;
    left
}

fn note_panic(ended: Result<(), tokio::task::JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("a request's service panicked; its connection was closed");
    }
}
