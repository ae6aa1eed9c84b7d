//! The life of one connection: served by hyper, watched by a single lazily set timer.
//!
//! A head that does not come cuts the connection; idleness, age and the server's stop ask it to finish (GOAWAY, or
//! `connection: close`) and cut it when that takes too long.

use std::convert::Infallible;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep};

use super::PeerInfo;
use super::pulse::{Heard, Pulse, Wait};
use super::tuning::{Protocols, Tuning};
use crate::net::body::Pieces;
use crate::net::io::Io;

/// Largest HTTP/2 frame taken: at 16 KiB (the default) a request costs twice the CPU.
pub(crate) const FRAME: u32 = 1 << 20;
/// Bytes a peer may have in flight per stream.
pub(crate) const STREAM_WINDOW: u32 = 1 << 20;
/// Bytes a peer may have in flight per connection; also bounds what a connection can make us hold unread.
pub(crate) const CONNECTION_WINDOW: u32 = 2 << 20;
/// Largest list of headers.
pub(crate) const HEADERS: u32 = 16 << 10;
/// Largest HTTP/1.1 head, and what is read at once of a body: more would be memory that nobody has asked a permit for.
const HTTP1_BUFFER: usize = 64 << 10;
/// How long an idle connection may take to say goodbye.
const GOODBYE: Duration = Duration::from_secs(10);

pub(super) async fn drive<S, F>(
    io: Io,
    peer: Arc<PeerInfo>,
    tuning: &Tuning,
    service: S,
    mut closed: watch::Receiver<bool>,
) where
    S: Fn(Request<Incoming>, Arc<PeerInfo>) -> F + Send + Sync + 'static,
    F: Future<Output = Response<Pieces>> + Send + 'static,
{
    let pulse = Arc::new(Pulse::new());
    let io = TokioIo::new(Heard::new(io, Arc::clone(&pulse)));
    let limit = tuning.request_timeout;
    let watched = Arc::clone(&pulse);
    let service = service_fn(move |request| {
        let active = watched.request();
        let response = service(request, Arc::clone(&peer));
        async move {
            let response = within(limit, response).await;
            drop(active);
            Ok::<_, Infallible>(response)
        }
    });
    let builder = builder(tuning);
    let connection = builder.serve_connection(io, service);
    tokio::pin!(connection);
    let mut life = Life::new(&pulse, tuning);
    loop {
        let ending = tokio::select! {
            biased;
            _ = connection.as_mut() => return,
            verdict = poll_fn(|cx| life.poll(cx)) => verdict,
            _ = closed.wait_for(|closed| *closed), if !life.ending() => Verdict::Finish(None),
        };
        match ending {
            Verdict::Cut => return,
            // Half a head is nothing that could be finished.
            Verdict::Finish(None) if matches!(pulse.wait(), Wait::Head(_)) => return,
            Verdict::Finish(grace) => {
                connection.as_mut().graceful_shutdown();
                life.end_within(grace);
            }
        }
    }
}

async fn within(
    limit: Option<Duration>,
    response: impl Future<Output = Response<Pieces>>,
) -> Response<Pieces> {
    let Some(limit) = limit else { return response.await };
    tokio::time::timeout(limit, response).await.unwrap_or_else(|_| {
        let mut late = Response::new(Pieces::from("the request took too long\n"));
        *late.status_mut() = StatusCode::REQUEST_TIMEOUT;
        late
    })
}

fn builder(tuning: &Tuning) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder = match tuning.protocols {
        Protocols::Http1 => builder.http1_only(),
        Protocols::Http2 => builder.http2_only(),
        Protocols::Both => builder,
    };
    // No header_read_timeout: hyper's also runs while a connection is idle. See `pulse`.
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(None)
        .keep_alive(tuning.keep_alive)
        .max_buf_size(HTTP1_BUFFER);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_frame_size(FRAME)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_concurrent_streams(tuning.max_streams)
        .max_header_list_size(HEADERS)
        .max_pending_accept_reset_streams(20)
        .max_local_error_reset_streams(256)
        .keep_alive_interval(tuning.ping)
        .keep_alive_timeout(tuning.ping_timeout);
    builder
}

/// What the timer asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Close now.
    Cut,
    /// Finish what is open, within this time; `None` leaves it to whoever stops the server.
    Finish(Option<Duration>),
}

/// One timer for all the limits of a connection, moved only when it has to ring earlier than set.
struct Life<'a> {
    pulse: &'a Pulse,
    tuning: &'a Tuning,
    old: Option<Instant>,
    timer: Pin<Box<Sleep>>,
    /// Set once the connection was asked to finish: when it is cut.
    end: Option<Option<Instant>>,
}

impl<'a> Life<'a> {
    fn new(pulse: &'a Pulse, tuning: &'a Tuning) -> Self {
        let old = tuning.age.map(|age| pulse.born() + jittered(age, pulse));
        let timer = Box::pin(tokio::time::sleep_until(pulse.born() + tuning.head_timeout));
        Self { pulse, tuning, old, timer, end: None }
    }

    fn ending(&self) -> bool {
        self.end.is_some()
    }

    fn end_within(&mut self, grace: Option<Duration>) {
        self.end = Some(grace.map(|grace| Instant::now() + grace));
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Verdict> {
        loop {
            let Some((at, verdict)) = self.next() else { return Poll::Pending };
            if self.timer.is_elapsed() || at < self.timer.deadline() {
                self.timer.as_mut().reset(at);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if Instant::now() >= at {
                return Poll::Ready(verdict);
            }
        }
    }

    /// The nearest limit, given what the connection waits for now.
    fn next(&self) -> Option<(Instant, Verdict)> {
        if let Some(end) = self.end {
            return end.map(|at| (at, Verdict::Cut));
        }
        let age = self.old.map(|at| (at, Verdict::Finish(Some(self.tuning.age_grace))));
        let wait = match self.pulse.wait() {
            // Looked at again later: a request that ends elsewhere does not wake this timer.
            Wait::Request => {
                self.tuning.idle.map(|idle| (Instant::now() + idle, Verdict::Finish(Some(GOODBYE))))
            }
            Wait::Head(since) => Some((since + self.tuning.head_timeout, Verdict::Cut)),
            Wait::Idle(since) => self.tuning.idle.map(|idle| (since + idle, Verdict::Finish(Some(GOODBYE)))),
        };
        [age, wait].into_iter().flatten().min_by_key(|(at, _)| *at)
    }
}

/// ±10 %, from the address of the state: spread enough that connections opened together do not end together.
fn jittered(age: Duration, pulse: &Pulse) -> Duration {
    let spread = (std::ptr::from_ref(pulse).addr() >> 6) % 201;
    age.mul_f64(0.9 + spread as f64 / 1000.0)
}

#[cfg(test)]
mod tests;
