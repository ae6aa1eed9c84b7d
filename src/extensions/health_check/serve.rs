//! Opens what is configured and serves it until the gateway has stopped.

use super::config::{Components, Config, Plain, StatusPage};
use super::watch::Watch;
use super::{plain, service, status_page};
use crate::component::{Blame, BoxFuture, Clock, Extension, Fault, Running, Status, Stop};
use crate::net::settings::{GrpcServer, HttpServer};
use crate::net::site::{Site, SiteError};
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;

/// How often the gateway is looked at when nobody asks.
const EVERY: Duration = Duration::from_secs(1);

/// The extension.
pub(super) struct HealthCheck {
    id: Arc<str>,
    config: Config,
    watch: Arc<Watch>,
}

/// What was opened, not served yet.
pub(super) enum Door {
    Plain(Site, Arc<Plain>),
    Http(Site, Arc<Components>),
    Grpc(Site, Arc<Components>),
}

impl HealthCheck {
    pub(super) fn new(id: Arc<str>, config: Config, clock: Arc<dyn Clock>, status: Arc<dyn Status>) -> Self {
        Self { id, config, watch: Arc::new(Watch::new(clock, status)) }
    }

    /// Binds everything.
    pub(super) async fn open(&self) -> Result<Vec<Door>, Fault> {
        match &self.config {
            Config::Plain(plain) => {
                Ok(vec![Door::Plain(self.http("endpoint", &plain.server).await?, Arc::clone(plain))])
            }
            Config::Components(components) => {
                let mut doors = Vec::new();
                if let Some(StatusPage { server, .. }) = &components.http {
                    doors.push(Door::Http(self.http("http.endpoint", server).await?, Arc::clone(components)));
                }
                if let Some(server) = &components.grpc {
                    doors.push(Door::Grpc(self.grpc("grpc.endpoint", server).await?, Arc::clone(components)));
                }
                Ok(doors)
            }
        }
    }

    async fn http(&self, key: &str, server: &HttpServer) -> Result<Site, Fault> {
        self.opened(key, Site::http(server).await)
    }

    async fn grpc(&self, key: &str, server: &GrpcServer) -> Result<Site, Fault> {
        self.opened(key, Site::grpc(server).await)
    }

    fn opened(&self, key: &str, site: Result<Site, SiteError>) -> Result<Site, Fault> {
        let cannot = |error: SiteError| {
            let words = format!("{error}, given by `extensions.{}.{key}`", self.id);
            Fault::lasting(Blame::Config, "listen", words)
        };
        let site = site.map_err(cannot)?;
        tracing::info!(extension = %self.id, address = site.address(), "listening");
        Ok(site)
    }

    /// Serves everything until the stop.
    pub(super) async fn serve(&self, doors: Vec<Door>, mut stop: Stop) {
        let all = join_all(doors.into_iter().map(|door| door.serve(Arc::clone(&self.watch), stop.clone())));
        let looks = matches!(self.config, Config::Components(_));
        let watching = async {
            if looks {
                self.keep_looking(&mut stop).await;
            }
        };
        tokio::join!(all, watching);
    }

    /// Looks at the gateway until the stop, so that it is known since when what fails has failed.
    async fn keep_looking(&self, stop: &mut Stop) {
        loop {
            self.watch.look();
            tokio::select! {
                _ = stop.requested() => return,
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }
}

impl Extension for HealthCheck {
    fn start(self: Arc<Self>, stop: Stop) -> BoxFuture<'static, Result<Option<Running>, Fault>> {
        Box::pin(async move {
            let doors = self.open().await?;
            let running: Running = Box::pin(async move {
                self.serve(doors, stop).await;
                Ok(())
            });
            Ok(Some(running))
        })
    }
}

impl Door {
    async fn serve(self, watch: Arc<Watch>, mut stop: Stop) {
        let stopped = async move {
            stop.requested().await;
        };
        match self {
            Self::Plain(site, config) => {
                let answer = move |request: http::Request<_>| {
                    let ready = watch.is_ready();
                    let path = request.uri().path();
                    let response = plain::answer(&config, path, ready, watch.started(), watch.now());
                    async move { response }
                };
                site.serve(answer, stopped).await;
            }
            Self::Http(site, config) => {
                let answer = move |request: http::Request<_>| {
                    let page = config.http.as_ref();
                    let response = page.map(|page| status_page::answer(&config, page, &watch, request.uri()));
                    async move { response.unwrap_or_default() }
                };
                site.serve(answer, stopped).await;
            }
            Self::Grpc(site, config) => {
                let answer = move |request| {
                    let (config, watch) = (Arc::clone(&config), Arc::clone(&watch));
                    async move { service::answer(&config, &watch, request).await }
                };
                site.serve(answer, stopped).await;
            }
        }
    }

    /// Where it listens.
    #[cfg(test)]
    pub(super) fn address(&self) -> String {
        match self {
            Self::Plain(site, _) | Self::Http(site, _) | Self::Grpc(site, _) => site.address(),
        }
    }
}
