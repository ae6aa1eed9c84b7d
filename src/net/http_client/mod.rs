//! An HTTP/1.1 client: whole requests out, whole responses in, connections kept for the next request.
//!
//! HTTP/1.1 and not 2, because a body costs half the CPU on it and a pool gives the same concurrency. Redirects are not
//! followed: telemetry goes where the configuration says. A request is repeated only when a kept connection turned out
//! to be closed; all else is the caller's decision.

mod pool;
mod proxy;

use std::convert::Infallible;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_ENCODING, HOST, PROXY_AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Uri, Version};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::Instant;

use super::body::{self, Pieces, ReadError};
use super::channel::{DEFAULT_AGENT, header_map};
use super::dial::{DIAL_TIMEOUT, DialError, open};
use super::encoding::{Encoding, decompress};
use super::endpoint::{Proxy, Target};
use super::settings::{self, Problem};
use super::tls::Connector;
use pool::{Lease, Pool};

pub(crate) type Sender = http1::SendRequest<Pieces>;

/// Largest response head.
const MAX_HEAD: usize = 64 << 10;

/// A client with its pool of connections. Cloning shares them.
#[derive(Debug, Clone)]
pub struct HttpClient {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    tls: Option<Connector>,
    proxy: Option<Proxy>,
    headers: HeaderMap,
    pool: Arc<Pool>,
}

/// A response, read to its end.
#[derive(Debug, Clone)]
pub struct HttpResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, decompressed.
    pub body: Bytes,
}

/// Why there is no response.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HttpError {
    /// No connection came about.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The deadline passed.
    #[error("no answer from {0} in time")]
    Late(Target),
    /// The connection broke, or what came back was no HTTP.
    #[error("the connection to {0} broke: {1}")]
    Broken(Target, String),
    /// The response is larger than allowed.
    #[error("the answer of {0} is larger than {1} bytes")]
    TooLarge(Target, usize),
    /// The request itself cannot be sent.
    #[error("{0} is no http:// or https:// URL")]
    Invalid(Uri),
}

impl HttpClient {
    /// Checks the settings and reads the TLS files if `needs_tls`; no packet is sent yet.
    pub fn new(settings: &settings::HttpClient, needs_tls: bool) -> Result<Self, Problem> {
        let tls = needs_tls.then(|| Connector::new(&settings.tls, b"http/1.1")).transpose();
        let proxy =
            (!settings.proxy_url.is_empty()).then(|| Proxy::parse(&settings.proxy_url)).transpose()?;
        let shared = Shared {
            tls: tls.map_err(|problem| problem.under("tls"))?,
            proxy,
            headers: header_map(&settings.headers)?,
            pool: Arc::new(Pool::new(settings)),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Sends a request to its absolute URL and reads at most `limit` bytes of response, all until `deadline`. The
    /// settings' headers are added where the request has none of that name.
    pub async fn send(
        &self,
        mut request: Request<Pieces>,
        limit: usize,
        deadline: Instant,
    ) -> Result<HttpResponse, HttpError> {
        let target =
            Target::of_uri(request.uri()).ok_or_else(|| HttpError::Invalid(request.uri().clone()))?;
        self.prepare(&mut request, &target);
        let run = async {
            let mut lease = self.shared.pool.lease(&target).await;
            let response = self.exchange(&target, &mut lease, request).await?;
            let read = read(&target, response, limit).await?;
            lease.give_back();
            Ok(read)
        };
        tokio::time::timeout_at(deadline, run).await.unwrap_or(Err(HttpError::Late(target.clone())))
    }

    #[cfg(test)]
    pub(crate) fn idle(&self) -> usize {
        self.shared.pool.idle()
    }

    /// The request as HTTP/1.1 wants it: a path only, `Host`, and the settings' headers.
    fn prepare(&self, request: &mut Request<Pieces>, target: &Target) {
        *request.version_mut() = Version::HTTP_11;
        for (name, value) in &self.shared.headers {
            if !request.headers().contains_key(name) {
                request.headers_mut().insert(name, value.clone());
            }
        }
        let host =
            request.uri().authority().map(|a| a.as_str().rsplit('@').next().unwrap_or_default().to_owned());
        let headers = request.headers_mut();
        if !headers.contains_key(HOST)
            && let Some(host) = host.and_then(|host| HeaderValue::from_str(&host).ok())
        {
            headers.insert(HOST, host);
        }
        headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(DEFAULT_AGENT));
        match self.forwarding(target) {
            Some(proxy) => {
                if let Some(authorization) = &proxy.authorization {
                    headers.insert(PROXY_AUTHORIZATION, authorization.clone());
                }
            }
            None => *request.uri_mut() = path_only(request.uri()),
        }
    }

    /// The proxy that takes whole URLs for this target; encrypted targets are tunnelled instead.
    fn forwarding(&self, target: &Target) -> Option<&Proxy> {
        self.shared.proxy.as_ref().filter(|_| !target.tls)
    }

    /// On a kept connection if there is one, and once more on a new one if that had died.
    async fn exchange(
        &self,
        target: &Target,
        lease: &mut Lease,
        request: Request<Pieces>,
    ) -> Result<Response<Incoming>, HttpError> {
        while let Some(mut kept) = lease.take_kept() {
            if kept.ready().await.is_err() {
                continue;
            }
            if let Ok(response) = kept.send_request(request.clone()).await {
                lease.hold(kept);
                return Ok(response);
            }
        }
        let mut sender = self.dial(target).await?;
        let response = sender.send_request(request).await.map_err(|error| broken(target, &error))?;
        lease.hold(sender);
        Ok(response)
    }

    async fn dial(&self, target: &Target) -> Result<Sender, HttpError> {
        let tls = if target.tls {
            let missing = || DialError::new(target, "this client was made without TLS");
            Some(self.shared.tls.as_ref().ok_or_else(missing)?)
        } else {
            None
        };
        let io = match (&self.shared.proxy, tls) {
            (None, tls) => open(target, None, tls).await?,
            (Some(proxy), None) => open(&proxy.target, None, None).await?,
            (Some(proxy), Some(tls)) => {
                let tunnel = tokio::time::timeout(DIAL_TIMEOUT, proxy::tunnel(proxy, target, tls)).await;
                tunnel.map_err(|_| DialError::new(target, "no answer from the proxy"))??
            }
        };
        let mut builder = http1::Builder::new();
        builder.max_buf_size(MAX_HEAD);
        let (sender, connection) =
            builder.handshake(TokioIo::new(io)).await.map_err(|error| broken(target, &error))?;
        #[allow(clippy::disallowed_methods, reason = "owned by its sender: it ends when that is dropped")]
        tokio::spawn(connection);
        Ok(sender)
    }
}

fn path_only(uri: &Uri) -> Uri {
    uri.path_and_query().cloned().map_or_else(|| Uri::from_static("/"), Uri::from)
}

fn broken(target: &Target, error: &dyn std::error::Error) -> HttpError {
    let mut why = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        why = format!("{why}: {cause}");
        source = cause.source();
    }
    HttpError::Broken(target.clone(), why)
}

async fn read(
    target: &Target,
    response: Response<Incoming>,
    limit: usize,
) -> Result<HttpResponse, HttpError> {
    let (mut parts, incoming) = response.into_parts();
    let free = |_| Ok::<_, Infallible>(());
    let wire = body::read(incoming, limit, None, free).await.map_err(|error| match error {
        ReadError::TooLarge { limit } => HttpError::TooLarge(target.clone(), limit),
        other => HttpError::Broken(target.clone(), other.to_string()),
    })?;
    // Nothing was asked for encoded; an answer that is so all the same is read under the same limit.
    let encoding = Encoding::of(&parts.headers).unwrap_or(Encoding::Identity);
    let body = decompress(encoding, &wire, limit, free)
        .map_err(|error| HttpError::Broken(target.clone(), error.to_string()))?;
    if encoding != Encoding::Identity {
        parts.headers.remove(CONTENT_ENCODING);
    }
    Ok(HttpResponse { status: parts.status, headers: parts.headers, body })
}
