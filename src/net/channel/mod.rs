//! A gRPC client's connections: HTTP/2, dialled when first needed, dialled again when broken.
//!
//! One connection per resolved address, any number of requests on each. A request takes the next connection that is
//! ready (`round_robin`); those that are not are dialled in the background, and only when none is ready does the request
//! wait for a dial. An address that fails is left alone for a while, so that many retrying callers make few packets.
//! Requests are not repeated here unless they were never sent: when to try again is the caller's decision.

mod slot;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use http::uri::Authority;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use hyper::body::Incoming;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::body::Pieces;
use super::dial::{DialError, resolve};
use super::endpoint::Target;
use super::grpc::Status;
use super::settings::{GrpcClient, Headers, Problem};
use super::tls::Connector;
use slot::{Dialer, Slot};

/// Names are not asked for again sooner than this while no address works.
const RESOLVE_EVERY: Duration = Duration::from_secs(1);
/// The same while some do.
const REFRESH_EVERY: Duration = Duration::from_secs(30);
/// How often a request that was never sent is handed to another connection.
const UNSENT_REPEATS: usize = 2;

/// A gRPC client's connections to one target. Cloning shares them.
#[derive(Clone)]
pub struct Channel {
    shared: Arc<Shared>,
}

struct Shared {
    dialer: Arc<Dialer>,
    authority: Authority,
    user_agent: HeaderValue,
    metadata: HeaderMap,
    round_robin: bool,
    wait_for_ready: bool,
    next: AtomicUsize,
    resolved: Mutex<Resolved>,
}

#[derive(Default)]
struct Resolved {
    slots: Arc<[Arc<Slot>]>,
    asked: Option<Instant>,
    failed: Option<DialError>,
}

impl Channel {
    /// Checks the settings and reads the TLS files; no packet is sent yet.
    pub fn new(settings: &GrpcClient) -> Result<Self, Problem> {
        let target = Target::parse_grpc(&settings.endpoint, settings.tls.insecure)?;
        let authority =
            if settings.authority.is_empty() { target.authority() } else { settings.authority.clone() };
        let authority = authority.parse().map_err(|_| {
            Problem::new("authority", format!("{authority:?} is no authority"), "write host:port")
        })?;
        let agent = if settings.user_agent.is_empty() { DEFAULT_AGENT } else { settings.user_agent.as_str() };
        let user_agent = HeaderValue::from_str(agent)
            .map_err(|_| Problem::new("user_agent", "not a header value", "use printable ASCII"))?;
        let tls = target.tls.then(|| Connector::new(&settings.tls, b"h2")).transpose();
        let tls = tls.map_err(|problem| problem.under("tls"))?;
        let shared = Shared {
            dialer: Arc::new(Dialer::new(target, tls, settings.keepalive.as_ref())),
            authority,
            user_agent,
            metadata: header_map(&settings.headers)?,
            round_robin: settings.balancer_name != "pick_first",
            wait_for_ready: settings.wait_for_ready,
            next: AtomicUsize::new(0),
            resolved: Mutex::default(),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Whether requests are encrypted.
    pub fn is_tls(&self) -> bool {
        self.shared.dialer.is_tls()
    }

    /// What goes into `:authority`.
    pub fn authority(&self) -> Authority {
        self.shared.authority.clone()
    }

    /// What goes into `user-agent`.
    pub fn user_agent(&self) -> &HeaderValue {
        &self.shared.user_agent
    }

    /// The settings' static headers.
    pub fn metadata(&self) -> &HeaderMap {
        &self.shared.metadata
    }

    /// Sends a request on a connection that is ready, dialling if there is none. The body's response is the caller's.
    pub async fn send(&self, request: Request<Pieces>) -> Result<Response<Incoming>, Status> {
        let mut request = request;
        for _ in 0..UNSENT_REPEATS {
            let mut sender = self.ready().await?;
            match sender.try_send_request(request).await {
                Ok(response) => return Ok(response),
                Err(mut failed) => match failed.take_message() {
                    Some(unsent) => request = unsent,
                    None => return Err(broken(self, failed.error())),
                },
            }
        }
        let mut sender = self.ready().await?;
        sender.send_request(request).await.map_err(|error| broken(self, &error))
    }

    /// A connection to send on. Fails at once if none comes about, or with `wait_for_ready` waits for ever.
    async fn ready(&self) -> Result<slot::Sender, Status> {
        loop {
            let failed = match self.slots().await {
                Ok(slots) => match self.pick(&slots).await {
                    Ok(sender) => return Ok(sender),
                    Err(failed) => failed,
                },
                Err(failed) => failed,
            };
            if !self.shared.wait_for_ready {
                return Err(Status::unavailable(failed.to_string()));
            }
            tokio::time::sleep(slot::SHORTEST_BACKOFF).await;
        }
    }

    async fn pick(&self, slots: &[Arc<Slot>]) -> Result<slot::Sender, DialError> {
        let start = if self.shared.round_robin { self.shared.next.fetch_add(1, Relaxed) } else { 0 };
        let order = || slots.iter().cycle().skip(start % slots.len().max(1)).take(slots.len());
        if self.shared.round_robin {
            let sleeping = slots.iter().filter(|slot| !slot.is_ready());
            // With none ready there is nothing to serve meanwhile: the request itself dials, below.
            if slots.iter().any(|slot| slot.is_ready()) {
                sleeping.for_each(|slot| slot.dial_later(&self.shared.dialer));
            }
        }
        if let Some(sender) = order().find_map(|slot| slot.ready()) {
            return Ok(sender);
        }
        let mut last = DialError::new(self, "the name has no address");
        for slot in order() {
            match slot.dial(&self.shared.dialer).await {
                Ok(sender) => return Ok(sender),
                Err(failed) => last = failed,
            }
        }
        Err(last)
    }

    /// The slots. Names are asked for again when an address does not work: before the request if none does, else beside.
    async fn slots(&self) -> Result<Arc<[Arc<Slot>]>, DialError> {
        let mut resolved = self.shared.resolved.lock().await;
        let ready = resolved.slots.iter().filter(|slot| slot.is_ready()).count();
        if ready > 0 {
            if ready < resolved.slots.len() && resolved.is_older_than(REFRESH_EVERY) {
                resolved.asked = Some(Instant::now());
                self.refresh_later();
            }
            return Ok(Arc::clone(&resolved.slots));
        }
        if resolved.is_older_than(RESOLVE_EVERY) {
            resolved.asked = Some(Instant::now());
            let found = resolve(self.shared.dialer.target()).await;
            resolved.take(found);
        }
        match &resolved.failed {
            Some(failed) if resolved.slots.is_empty() => Err(failed.clone()),
            _ => Ok(Arc::clone(&resolved.slots)),
        }
    }

    fn refresh_later(&self) {
        let shared = Arc::clone(&self.shared);
        #[allow(
            clippy::disallowed_methods,
            reason = "ends by itself when the name server answers or does not"
        )]
        tokio::spawn(async move {
            let found = resolve(shared.dialer.target()).await;
            shared.resolved.lock().await.take(found);
        });
    }
}

impl Resolved {
    fn is_older_than(&self, age: Duration) -> bool {
        self.asked.is_none_or(|at| at.elapsed() >= age)
    }

    /// Without an answer the addresses known so far stay in use.
    fn take(&mut self, found: Result<Vec<Option<SocketAddr>>, DialError>) {
        match found {
            Ok(found) => {
                self.failed = None;
                self.slots = merge(&self.slots, &found);
            }
            Err(failed) => self.failed = Some(failed),
        }
    }
}

/// Slots of addresses that are still there stay; the others' connections end when their requests have ended.
fn merge(known: &[Arc<Slot>], found: &[Option<SocketAddr>]) -> Arc<[Arc<Slot>]> {
    let keep = |addr: &Option<SocketAddr>| known.iter().find(|slot| slot.addr() == *addr).map(Arc::clone);
    found.iter().map(|addr| keep(addr).unwrap_or_else(|| Arc::new(Slot::new(*addr)))).collect()
}

fn broken(channel: &Channel, error: &hyper::Error) -> Status {
    let mut why = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        why = format!("{why}: {cause}");
        source = cause.source();
    }
    Status::unavailable(format!("the connection to {channel} broke: {why}"))
}

/// `user-agent` unless the settings have one.
pub(crate) const DEFAULT_AGENT: &str = concat!("weft/", env!("CARGO_PKG_VERSION"));

/// Static headers of the settings, marked as secrets where they may be.
pub(crate) fn header_map(headers: &Headers) -> Result<HeaderMap, Problem> {
    let mut map = HeaderMap::new();
    for (name, value) in headers.iter() {
        let bad = || Problem::new(&format!("headers.{name}"), "not a header", "use letters, digits and `-`");
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?;
        let mut value = HeaderValue::from_str(value.reveal()).map_err(|_| bad())?;
        value.set_sensitive(true);
        map.append(parsed, value);
    }
    Ok(map)
}

impl fmt::Display for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.shared.dialer.target().fmt(f)
    }
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Channel").field(&self.shared.dialer.target()).finish()
    }
}
