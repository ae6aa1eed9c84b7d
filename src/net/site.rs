//! A small server from its settings: bound, with TLS, CORS and response headers as configured.
//!
//! For what answers by itself from memory (health checks, pages of numbers): no body is read, so nothing is admitted or
//! charged. What a path means is the caller's. Who may ask is decided by the address and by client certificates; the
//! `auth` key of the settings is not looked at here.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::header::CONTENT_LENGTH;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response};
use hyper::body::Incoming;

use super::body::Pieces;
use super::cors::Cors;
use super::endpoint::Bind;
use super::listen::{ListenError, Listener};
use super::serve::{Protocols, Tuning, serve};
use super::settings::{GrpcServer, Headers, HttpServer, Problem, TlsServer};
use super::tls::Acceptor;

/// How long requests may still run once the server was asked to stop.
const GRACE: Duration = Duration::from_secs(1);

/// A bound server that does not serve yet.
#[derive(Debug)]
pub struct Site {
    listener: Listener,
    tls: Option<Acceptor>,
    tuning: Tuning,
    edge: Arc<Edge>,
}

/// What happens around every answer.
#[derive(Debug, Default)]
struct Edge {
    headers: HeaderMap,
    cors: Option<Cors>,
}

/// Why a server cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum SiteError {
    /// The endpoint cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The settings do not work, for example a certificate that cannot be read.
    #[error("{}: {} ({})", .0.at, .0.problem, .0.hint)]
    Settings(Problem),
}

impl Site {
    /// Binds an HTTP server.
    pub async fn http(settings: &HttpServer) -> Result<Self, SiteError> {
        let edge = Edge {
            headers: headers(&settings.response_headers),
            cors: settings.cors.as_ref().and_then(Cors::new),
        };
        let bind =
            Bind::parse(&settings.endpoint, &settings.transport, settings.socket_permissions.as_deref());
        Self::open(bind, settings.tls.as_ref(), Tuning::from(settings), edge).await
    }

    /// Binds a gRPC server.
    pub async fn grpc(settings: &GrpcServer) -> Result<Self, SiteError> {
        let bind =
            Bind::parse(&settings.endpoint, &settings.transport, settings.socket_permissions.as_deref());
        Self::open(bind, settings.tls.as_ref(), Tuning::from(settings), Edge::default()).await
    }

    async fn open(
        bind: Result<Bind, Problem>,
        tls: Option<&TlsServer>,
        tuning: Tuning,
        edge: Edge,
    ) -> Result<Self, SiteError> {
        let protocols: Protocols = tuning.protocols;
        let tls = tls.map(|tls| Acceptor::new(tls, protocols)).transpose();
        let tls = tls.map_err(|problem| SiteError::Settings(problem.under("tls")))?;
        let listener = Listener::bind(&bind.map_err(SiteError::Settings)?).await?;
        Ok(Self { listener, tls, tuning, edge: Arc::new(edge) })
    }

    /// Where it listens, with the port that the system chose if 0 was asked for; `None` for a unix socket.
    pub fn local_addr(&self) -> Option<SocketAddr> {
        self.listener.local_addr()
    }

    /// Where it listens, in words.
    pub fn address(&self) -> String {
        self.listener.to_string()
    }

    /// Serves until `stop` resolves. Answers to HEAD lose their bodies here, so `answer` need not know of it.
    pub async fn serve<S, F>(self, answer: S, stop: impl Future<Output = ()>)
    where
        S: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
        F: Future<Output = Response<Pieces>> + Send + 'static,
    {
        let edge = self.edge;
        let service = move |request: Request<Incoming>, _| {
            let (edge, answer) = (Arc::clone(&edge), answer.clone());
            async move { edge.around(request, answer).await }
        };
        serve(self.listener, self.tls, self.tuning, service, stop, GRACE).await;
    }
}

impl Edge {
    async fn around<S, F>(&self, request: Request<Incoming>, answer: S) -> Response<Pieces>
    where
        S: Fn(Request<Incoming>) -> F,
        F: Future<Output = Response<Pieces>>,
    {
        let preflight =
            self.cors.as_ref().and_then(|cors| cors.preflight(request.method(), request.headers()));
        if let Some(preflight) = preflight {
            return preflight;
        }
        let asked = self.cors.as_ref().map(|cors| (cors, request.headers().clone()));
        let is_head = request.method() == Method::HEAD;
        let mut response = answer(request).await;
        if let Some((cors, asked)) = asked {
            cors.decorate(&asked, response.headers_mut());
        }
        for (name, value) in &self.headers {
            response.headers_mut().insert(name, value.clone());
        }
        if is_head { without_body(response) } else { response }
    }
}

fn without_body(mut response: Response<Pieces>) -> Response<Pieces> {
    let length = HeaderValue::from(response.body().len());
    response.headers_mut().insert(CONTENT_LENGTH, length);
    response.map(|_| Pieces::empty())
}

fn headers(given: &Headers) -> HeaderMap {
    let pairs = given.iter().filter_map(|(name, value)| {
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value.reveal()).ok()?))
    });
    pairs.collect()
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "what a test spawns, it joins")]
mod tests {
    use super::*;
    use crate::config::Secret;
    use crate::net::http_client::HttpClient;
    use crate::net::settings;
    use tokio::sync::oneshot;
    use tokio::time::Instant;

    fn at_any_port() -> HttpServer {
        HttpServer {
            endpoint: "127.0.0.1:0".to_owned(),
            response_headers: Headers(vec![("x-answered-by".to_owned(), Secret::new("weft"))]),
            ..HttpServer::default()
        }
    }

    #[tokio::test]
    async fn answers_carry_the_configured_headers_and_heads_no_body() {
        let site = Site::http(&at_any_port()).await.unwrap();
        let url = format!("http://{}/", site.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let answer = |_| async { Response::new(Pieces::from("hello")) };
        let serving = tokio::spawn(site.serve(answer, async move { drop(stopped.await) }));

        let client = HttpClient::new(&settings::HttpClient::default(), false).unwrap();
        for (method, body) in [(Method::GET, "hello"), (Method::HEAD, "")] {
            let request = Request::builder().method(method).uri(&url).body(Pieces::empty()).unwrap();
            let soon = Instant::now() + Duration::from_secs(10);
            let got = client.send(request, 1 << 10, soon).await.unwrap();
            assert_eq!(got.body, body);
            assert_eq!(got.headers.get("x-answered-by").unwrap(), "weft");
            assert_eq!(got.headers.get("content-length").unwrap(), "5");
        }
        stop.send(()).unwrap();
        serving.await.unwrap();
    }

    #[tokio::test]
    async fn a_port_in_use_and_a_missing_certificate_are_told() {
        let first = Site::http(&at_any_port()).await.unwrap();
        let same = HttpServer { endpoint: first.address(), ..HttpServer::default() };
        let error = Site::http(&same).await.unwrap_err().to_string();
        assert!(error.contains("already in use"), "{error}");

        let tls: TlsServer =
            serde_json::from_str(r#"{"cert_file": "/nowhere.pem", "key_file": "/nowhere.key"}"#).unwrap();
        let error =
            Site::http(&HttpServer { tls: Some(tls), ..at_any_port() }).await.unwrap_err().to_string();
        assert!(error.starts_with("tls."), "{error}");
    }
}
