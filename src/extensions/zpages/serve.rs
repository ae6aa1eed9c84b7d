//! Opens the endpoint and serves the pages.

use super::config::Config;
use super::pages;
use crate::component::{Blame, BoxFuture, Extension, Fault, Running, Status, Stop};
use crate::net::body::Pieces;
use crate::net::site::Site;
use crate::telemetry::process::usage;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Response, StatusCode};
use std::path::Path;
use std::sync::Arc;

/// The extension.
pub(super) struct Zpages {
    id: Arc<str>,
    config: Arc<Config>,
    status: Arc<dyn Status>,
}

impl Zpages {
    pub(super) fn new(id: Arc<str>, config: Arc<Config>, status: Arc<dyn Status>) -> Self {
        Self { id, config, status }
    }

    /// Binds the endpoint.
    pub(super) async fn open(&self) -> Result<Site, Fault> {
        let site = Site::http(&self.config.server).await.map_err(|error| {
            Fault::lasting(
                Blame::Config,
                "listen",
                format!("{error}, given by `extensions.{}.endpoint`", self.id),
            )
        })?;
        tracing::info!(extension = %self.id, address = site.address(), "listening");
        Ok(site)
    }

    /// Serves until the stop.
    pub(super) async fn serve(self: Arc<Self>, site: Site, mut stop: Stop) {
        let answer = move |request: http::Request<_>| {
            let response = self.answer(request.uri().path());
            async move { response }
        };
        let stopped = async move {
            stop.requested().await;
        };
        site.serve(answer, stopped).await;
    }

    fn answer(&self, path: &str) -> Response<Pieces> {
        let page = pages::page(path, self.config.expvar, &self.status.describe(), || usage(Path::new("/")));
        let (code, body) = match page {
            Some(page) => (StatusCode::OK, format!("{page:#}\n")),
            None => (StatusCode::NOT_FOUND, "{\"error\": \"404 page not found\"}\n".to_owned()),
        };
        let mut response = Response::new(Pieces::from(body));
        *response.status_mut() = code;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers
            .insert(HeaderName::from_static("x-content-type-options"), HeaderValue::from_static("nosniff"));
        response
    }
}

impl Extension for Zpages {
    fn start(self: Arc<Self>, stop: Stop) -> BoxFuture<'static, Result<Option<Running>, Fault>> {
        Box::pin(async move {
            let site = self.open().await?;
            let running: Running = Box::pin(async move {
                self.serve(site, stop).await;
                Ok(())
            });
            Ok(Some(running))
        })
    }
}
