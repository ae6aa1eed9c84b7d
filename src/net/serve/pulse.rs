//! When a connection was last alive: what decides its head, idle and age limits.
//!
//! Shared by the stream below HTTP (which sees the first bytes), the service above it (which sees requests begin and
//! end) and the connection's own task (which keeps the timer). Milliseconds since the connection began, in atomics.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::net::io::Io;

/// The state of one connection.
#[derive(Debug)]
pub(super) struct Pulse {
    born: Instant,
    /// Requests being served.
    active: AtomicU32,
    /// When the current head (or, without one, the quiet) began.
    since: AtomicU64,
    /// Whether part of an HTTP/1.1 head has arrived, or nothing at all yet.
    in_head: AtomicBool,
    /// How many bytes of the HTTP/2 preface were recognised (3 are enough), or `NOT_HTTP2`.
    preface: AtomicU32,
}

const PREFACE: &[u8; 3] = b"PRI";
const NOT_HTTP2: u32 = u32::MAX;

/// What a connection may be waiting for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// A request is being served: its own deadline counts.
    Request,
    /// The rest of a head, since this instant.
    Head(Instant),
    /// The next request, since this instant.
    Idle(Instant),
}

impl Pulse {
    pub(super) fn new() -> Self {
        Self {
            born: Instant::now(),
            active: AtomicU32::new(0),
            since: AtomicU64::new(0),
            in_head: AtomicBool::new(true),
            preface: AtomicU32::new(0),
        }
    }

    pub(super) fn born(&self) -> Instant {
        self.born
    }

    pub(super) fn wait(&self) -> Wait {
        let since = self.born + Duration::from_millis(self.since.load(Relaxed));
        if self.active.load(Relaxed) > 0 {
            Wait::Request
        } else if self.in_head.load(Relaxed) {
            Wait::Head(since)
        } else {
            Wait::Idle(since)
        }
    }

    /// A request's head is complete; the guard lives as long as the request.
    pub(super) fn request(self: &Arc<Self>) -> Active {
        self.active.fetch_add(1, Relaxed);
        self.in_head.store(false, Relaxed);
        Active(Arc::clone(self))
    }

    fn stamp(&self) {
        let now = u64::try_from(self.born.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.since.store(now, Relaxed);
    }

    /// Bytes came in: between requests of HTTP/1.1 they begin a head.
    fn heard(&self, bytes: &[u8]) {
        if self.is_http2(bytes) {
            self.in_head.store(false, Relaxed);
        } else if self.active.load(Relaxed) == 0 && !self.in_head.swap(true, Relaxed) {
            self.stamp();
        }
    }

    fn is_http2(&self, bytes: &[u8]) -> bool {
        let mut seen = self.preface.load(Relaxed);
        for byte in bytes {
            match PREFACE.get(seen as usize) {
                Some(expected) if expected == byte => seen += 1,
                Some(_) => seen = NOT_HTTP2,
                None => break,
            }
        }
        self.preface.store(seen, Relaxed);
        seen == PREFACE.len() as u32
    }
}

/// A request that is being served.
#[derive(Debug)]
pub(super) struct Active(Arc<Pulse>);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.stamp();
        self.0.active.fetch_sub(1, Relaxed);
    }
}

/// A stream that tells the pulse of every read.
#[derive(Debug)]
pub(super) struct Heard {
    io: Io,
    pulse: Arc<Pulse>,
}

impl Heard {
    pub(super) fn new(io: Io, pulse: Arc<Pulse>) -> Self {
        Self { io, pulse }
    }
}

impl AsyncRead for Heard {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        if let Some(bytes) = buf.filled().get(before..).filter(|bytes| !bytes.is_empty()) {
            self.pulse.heard(bytes);
        }
        polled
    }
}

impl AsyncWrite for Heard {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}
