//! Servers and clients against each other, over loopback and in memory.

#![allow(clippy::disallowed_methods, reason = "a test's tasks end with its runtime")]

mod abuse;
mod channels;
mod listeners;
mod messages;
mod pools;
mod servers;
mod tls;

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use super::body::{self, Pieces};
use super::endpoint::Bind;
use super::listen::Listener;
use super::serve::{PeerInfo, Served, Tuning, serve};
use super::tls::Acceptor;

/// Longer than anything here takes, so that a hang is a failure.
const SOON: Duration = Duration::from_secs(20);

fn soon() -> Instant {
    Instant::now() + SOON
}

/// A server under test.
struct Running {
    addr: SocketAddr,
    stop: oneshot::Sender<()>,
    task: JoinHandle<Served>,
}

impl Running {
    async fn stop(self) -> Served {
        let _ = self.stop.send(());
        tokio::time::timeout(SOON, self.task).await.expect("the server hangs").unwrap()
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }
}

async fn start<S, F>(tuning: Tuning, tls: Option<Acceptor>, service: S) -> Running
where
    S: Fn(Request<Incoming>, Arc<PeerInfo>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Pieces>> + Send + 'static,
{
    start_at("127.0.0.1:0", SOON, tuning, tls, service).await
}

async fn start_at<S, F>(
    at: &str,
    grace: Duration,
    tuning: Tuning,
    tls: Option<Acceptor>,
    service: S,
) -> Running
where
    S: Fn(Request<Incoming>, Arc<PeerInfo>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Pieces>> + Send + 'static,
{
    let listener = Listener::bind(&Bind::parse(at, "tcp", None).unwrap()).await.unwrap();
    let addr = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel();
    let stopped = async move {
        let _ = stopped.await;
    };
    let task = tokio::spawn(serve(listener, tls, tuning, service, stopped, grace));
    Running { addr, stop, task }
}

/// Sends the request's body back.
async fn echo(request: Request<Incoming>, _: Arc<PeerInfo>) -> Response<Pieces> {
    match body::read(request.into_body(), 64 << 20, Some(soon()), |_| Ok::<_, ()>(())).await {
        Ok(bytes) => Response::new(Pieces::from(bytes)),
        Err(error) => Response::builder().status(400).body(Pieces::from(error.to_string())).unwrap(),
    }
}

/// Bytes that no encoding makes much of.
fn noise(len: usize) -> Bytes {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8
    };
    (0..len).map(|_| next()).collect()
}
