//! Opens the doors and serves them until the stop.

use super::config::{Config, Door};
use super::http::Site;
use super::intake::{Intake, Parts};
use super::{grpc, http};
use crate::batch::Origin;
use crate::component::{Blame, BoxFuture, Env, Fault, Ingress, Receiver, Running, Stop};
use crate::net::body::Pieces;
use crate::net::cors::Cors;
use crate::net::listen::Listener;
use crate::net::serve::{PeerInfo, Protocols, Tuning, serve};
use crate::net::settings::{Auth, Headers, Problem, TlsServer};
use crate::net::tls::Acceptor;
use crate::telemetry::names;
use ::http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use hyper::body::Incoming;
use std::sync::Arc;
use std::time::Duration;

/// The receiver, not started yet.
pub(super) struct Otlp {
    pub(super) config: Arc<Config>,
    pub(super) env: Env,
}

/// What is served at one door.
struct Served {
    grpc: Option<Intake>,
    http: Option<Arc<Site>>,
    cors: Option<Cors>,
}

impl Receiver for Otlp {
    fn start(self: Box<Self>, ingress: Ingress, stop: Stop) -> BoxFuture<'static, Result<Running, Fault>> {
        Box::pin(async move {
            let mut open = Vec::new();
            for door in self.config.doors() {
                open.push(self.open(door, &ingress, stop.clone()).await?);
            }
            let all: Running = Box::pin(async move {
                futures_util::future::join_all(open).await;
                Ok(())
            });
            Ok(all)
        })
    }
}

impl Otlp {
    /// Binds one door; the future serves it until the stop.
    async fn open(&self, door: Door, ingress: &Ingress, stop: Stop) -> Result<BoxFuture<'static, ()>, Fault> {
        let listener = Listener::bind(&door.bind).await.map_err(|error| self.cannot_listen(&door, error))?;
        let address = listener.local_addr().map_or_else(|| door.bind.to_string(), |at| at.to_string());
        let (tuning, tls) = (tuning(&door), tls(&door)?);
        let what = what(&door);
        tracing::info!(receiver = %self.env.id, address, protocols = what, tls = tls.is_some(), "listening");
        let served = Arc::new(self.served(door, ingress)?);
        let service = move |request, _peer| {
            let served = Arc::clone(&served);
            async move { served.answer(request).await }
        };
        Ok(Box::pin(run(listener, tls, tuning, service, stop)))
    }

    fn cannot_listen(&self, door: &Door, error: crate::net::listen::ListenError) -> Fault {
        let key = if door.grpc.is_some() { "grpc" } else { "http" };
        let words = format!("{error}, given by `receivers.{}.protocols.{key}.endpoint`", self.env.id);
        Fault::lasting(Blame::Config, "listen", words)
    }

    fn served(&self, door: Door, ingress: &Ingress) -> Result<Served, Fault> {
        let grpc = match &door.grpc {
            Some(server) => Some(self.intake(
                ingress,
                "grpc",
                server.max_message(),
                server.include_metadata,
                server.auth.as_ref(),
            )?),
            None => None,
        };
        let cors = door.http.as_ref().and_then(|http| http.server.cors.as_ref()).and_then(Cors::new);
        let http = match door.http {
            Some(http) => {
                let server = &http.server;
                let intake = self.intake(
                    ingress,
                    "http",
                    server.max_body(),
                    server.include_metadata,
                    server.auth.as_ref(),
                )?;
                let headers = headers(&server.response_headers);
                Some(Arc::new(Site { intake, paths: http.paths, headers, settings: http.server }))
            }
            None => None,
        };
        Ok(Served { grpc, http, cors })
    }

    fn intake(
        &self,
        ingress: &Ingress,
        transport: &'static str,
        largest: usize,
        include_metadata: bool,
        auth: Option<&Auth>,
    ) -> Result<Intake, Fault> {
        let judge = auth.map(|auth| {
            let judge = self.env.extensions.authenticator(&auth.authenticator);
            let missing = || format!("extension `{}` cannot judge requests", auth.authenticator);
            let judge = judge.ok_or_else(|| Fault::lasting(Blame::Config, "auth", missing()))?;
            Ok::<_, Fault>((auth.authenticator.clone(), judge))
        });
        Ok(Intake(Arc::new(Parts {
            ingress: ingress.clone(),
            limits: self.config.limits,
            largest,
            transport,
            judge: judge.transpose()?,
            headers: if include_metadata { (*self.env.headers).clone() } else { Default::default() },
            clock: Arc::clone(&self.env.clock),
            compute: Arc::clone(&self.env.compute),
            repaired: self.env.registry.counter(&names::REPAIRED_STRINGS, &[("receiver", &*self.env.id)]),
            plain: Arc::new(Origin::default()),
        })))
    }
}

impl Served {
    async fn answer(&self, request: Request<Incoming>) -> Response<Pieces> {
        match (&self.grpc, &self.http) {
            (Some(intake), _) if crate::net::grpc::is_grpc(request.headers()) => {
                grpc::answer(intake, request).await
            }
            (_, Some(site)) => self.http(site, request).await,
            _ => not_grpc(),
        }
    }

    async fn http(&self, site: &Arc<Site>, request: Request<Incoming>) -> Response<Pieces> {
        let Some(cors) = &self.cors else { return http::answer(site, request).await };
        if let Some(preflight) = cors.preflight(request.method(), request.headers()) {
            return preflight;
        }
        let asked = request.headers().clone();
        let mut response = http::answer(site, request).await;
        cors.decorate(&asked, response.headers_mut());
        response
    }
}

/// A gRPC port was spoken to by something else.
fn not_grpc() -> Response<Pieces> {
    let mut response =
        Response::new(Pieces::from("415 this port speaks gRPC (content-type application/grpc)"));
    *response.status_mut() = ::http::StatusCode::UNSUPPORTED_MEDIA_TYPE;
    response
}

/// Serves until the stop, and then until its deadline.
async fn run<S, F>(listener: Listener, tls: Option<Acceptor>, tuning: Tuning, service: S, mut stop: Stop)
where
    S: Fn(Request<Incoming>, Arc<PeerInfo>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Pieces>> + Send + 'static,
{
    let stopped = async move {
        stop.requested().await;
    };
    // The engine ends this future at the deadline of the stop, so the grace needs no end of its own.
    serve(listener, tls, tuning, service, stopped, Duration::MAX).await;
}

fn tuning(door: &Door) -> Tuning {
    match (&door.grpc, &door.http) {
        (Some(server), None) => Tuning::from(server),
        (None, Some(http)) => Tuning::from(&http.server),
        (Some(server), Some(http)) => {
            let max_streams = Tuning::from(server).max_streams;
            Tuning { protocols: Protocols::Both, max_streams, idle: None, ..Tuning::from(&http.server) }
        }
        (None, None) => Tuning::default(),
    }
}

fn tls(door: &Door) -> Result<Option<Acceptor>, Fault> {
    let grpc = door.grpc.as_ref().and_then(|server| server.tls.as_ref());
    let http = door.http.as_ref().and_then(|http| http.server.tls.as_ref());
    let protocols = tuning(door).protocols;
    let acceptor = |settings: &TlsServer| {
        Acceptor::new(settings, protocols).map_err(|Problem { at, problem, hint }| {
            Fault::lasting(Blame::Config, "tls", format!("tls.{at}: {problem} ({hint})"))
        })
    };
    grpc.or(http).map(acceptor).transpose()
}

fn what(door: &Door) -> &'static str {
    match (&door.grpc, &door.http) {
        (Some(_), Some(_)) => "grpc and http",
        (Some(_), None) => "grpc",
        _ => "http",
    }
}

fn headers(given: &Headers) -> HeaderMap {
    let pairs = given.iter().filter_map(|(name, value)| {
        Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value.reveal()).ok()?))
    });
    pairs.collect()
}
