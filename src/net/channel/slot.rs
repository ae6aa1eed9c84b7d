//! One address and its connection.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::time::Instant;

use crate::net::body::Pieces;
use crate::net::dial::{DIAL_TIMEOUT, DialError, open};
use crate::net::endpoint::Target;
use crate::net::serve::{CONNECTION_WINDOW, FRAME, HEADERS, STREAM_WINDOW};
use crate::net::settings::{KeepaliveClient, positive};
use crate::net::tls::Connector;

pub(super) type Sender = http2::SendRequest<Pieces>;

/// An address that failed is left alone for this long at first, twice as long each further time.
pub(super) const SHORTEST_BACKOFF: Duration = Duration::from_millis(100);
/// The longest a caller with no other address is turned away without a try.
const LONGEST_ALONE: Duration = Duration::from_secs(1);
/// The longest an address is left alone while others work.
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);
/// grpc-go's lower bound for the time between pings.
const SHORTEST_PING: Duration = Duration::from_secs(10);

/// How connections of a channel are made.
pub(super) struct Dialer {
    target: Target,
    tls: Option<Connector>,
    http2: http2::Builder<TokioExecutor>,
}

impl Dialer {
    pub(super) fn new(target: Target, tls: Option<Connector>, keepalive: Option<&KeepaliveClient>) -> Self {
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2
            .timer(TokioTimer::new())
            .max_frame_size(FRAME)
            .initial_stream_window_size(STREAM_WINDOW)
            .initial_connection_window_size(CONNECTION_WINDOW)
            .max_header_list_size(HEADERS);
        if let Some(keepalive) = keepalive {
            http2
                .keep_alive_interval(positive(keepalive.time).map(|time| time.max(SHORTEST_PING)))
                .keep_alive_timeout(positive(keepalive.timeout).unwrap_or(Duration::from_secs(20)))
                .keep_alive_while_idle(keepalive.permit_without_stream);
        }
        Self { target, tls, http2 }
    }

    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    pub(super) fn is_tls(&self) -> bool {
        self.tls.is_some()
    }

    async fn dial(&self, addr: Option<SocketAddr>) -> Result<Sender, DialError> {
        let io = open(&self.target, addr, self.tls.as_ref()).await?;
        let shaking = tokio::time::timeout(DIAL_TIMEOUT, self.http2.handshake(TokioIo::new(io))).await;
        let (sender, connection) = shaking
            .map_err(|_| DialError::new(&self.target, "no HTTP/2 handshake"))?
            .map_err(|error| DialError::new(&self.target, error))?;
        // Ends with the last sender, or when the connection breaks; its errors reach the requests.
        #[allow(
            clippy::disallowed_methods,
            reason = "owned by the senders: it ends when the channel is dropped"
        )]
        tokio::spawn(connection);
        Ok(sender)
    }
}

/// One address of a channel.
pub(super) struct Slot {
    addr: Option<SocketAddr>,
    sender: Mutex<Option<Sender>>,
    dialing: tokio::sync::Mutex<Failures>,
}

#[derive(Default)]
struct Failures {
    count: u32,
    last: Option<(Instant, DialError)>,
}

impl Failures {
    /// The last failure, if it is too recent to try again.
    fn recent(&self, longest: Duration) -> Option<DialError> {
        let (at, failed) = self.last.as_ref()?;
        let backoff = SHORTEST_BACKOFF.saturating_mul(1 << self.count.saturating_sub(1).min(12));
        (at.elapsed() < backoff.min(longest)).then(|| failed.clone())
    }
}

impl Slot {
    pub(super) fn new(addr: Option<SocketAddr>) -> Self {
        Self { addr, sender: Mutex::new(None), dialing: tokio::sync::Mutex::default() }
    }

    pub(super) fn addr(&self) -> Option<SocketAddr> {
        self.addr
    }

    pub(super) fn ready(&self) -> Option<Sender> {
        let sender = self.sender.lock().ok()?;
        sender.as_ref().filter(|sender| !sender.is_closed()).cloned()
    }

    pub(super) fn is_ready(&self) -> bool {
        self.sender.lock().is_ok_and(|sender| sender.as_ref().is_some_and(|sender| !sender.is_closed()))
    }

    /// Dials, or joins a dial that is under way; an address that has just failed fails again without a packet.
    pub(super) async fn dial(&self, dialer: &Dialer) -> Result<Sender, DialError> {
        let mut failures = self.dialing.lock().await;
        match self.ready() {
            Some(sender) => Ok(sender),
            None => self.try_dial(dialer, &mut failures, LONGEST_ALONE).await,
        }
    }

    /// Dials in the background, unless that is under way or the address has failed lately.
    pub(super) fn dial_later(self: &Arc<Self>, dialer: &Arc<Dialer>) {
        let (slot, dialer) = (Arc::clone(self), Arc::clone(dialer));
        if slot.dialing.try_lock().is_ok_and(|failures| failures.recent(LONGEST_BACKOFF).is_none()) {
            #[allow(clippy::disallowed_methods, reason = "ends by itself within the dial time-out")]
            tokio::spawn(async move {
                if let Ok(mut failures) = slot.dialing.try_lock()
                    && !slot.is_ready()
                {
                    let _ = slot.try_dial(&dialer, &mut failures, LONGEST_BACKOFF).await;
                }
            });
        }
    }

    async fn try_dial(
        &self,
        dialer: &Dialer,
        failures: &mut Failures,
        longest: Duration,
    ) -> Result<Sender, DialError> {
        if let Some(failed) = failures.recent(longest) {
            return Err(failed);
        }
        match dialer.dial(self.addr).await {
            Ok(sender) => {
                *failures = Failures::default();
                if let Ok(mut slot) = self.sender.lock() {
                    *slot = Some(sender.clone());
                }
                Ok(sender)
            }
            Err(failed) => {
                failures.count = failures.count.saturating_add(1);
                failures.last = Some((Instant::now(), failed.clone()));
                Err(failed)
            }
        }
    }
}
