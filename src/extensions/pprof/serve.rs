//! Answers requests for profiles, and takes one of the whole life if asked to.

use super::config::Config;
use super::profile::{encode, profile};
use super::sampler::{SampleError, Sampler};
use crate::component::{Blame, BoxFuture, Clock, Compute, Extension, Fault, Running, Stop};
use crate::net::body::Pieces;
use crate::net::site::Site;
use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue};
use http::{Response, StatusCode, Uri};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

const BASE: &str = "/debug/pprof";
/// How long a profile takes if the request does not say, in seconds; as in Go.
const USUAL: u64 = 30;
/// The longest profile, in seconds.
const LONGEST: u64 = 300;
/// What Go's runtime has besides, and why weft has not.
const ABSENT: [(&str, &str); 8] = [
    (
        "heap",
        "the allocator keeps no call sites; zpages with expvar shows how much memory is used and admitted",
    ),
    ("allocs", "the allocator keeps no call sites; use heaptrack or `perf record -e page-faults`"),
    ("goroutine", "weft has tasks, which keep no stacks; zpages shows what each component holds"),
    ("block", "the runtime does not count blocking; `perf trace -s` does"),
    ("mutex", "the runtime does not count contention; `perf lock` does"),
    ("threadcreate", "the runtime does not keep who created a thread"),
    ("trace", "weft has no execution trace; `perf sched record` has one"),
    ("cmdline", "the command line may hold secrets"),
];

/// The extension.
pub(super) struct Pprof {
    id: Arc<str>,
    config: Arc<Config>,
    clock: Arc<dyn Clock>,
    compute: Arc<Compute>,
}

/// An answer that is no profile.
pub(super) type Refusal = (StatusCode, String);

impl Pprof {
    pub(super) fn new(
        id: Arc<str>,
        config: Arc<Config>,
        clock: Arc<dyn Clock>,
        compute: Arc<Compute>,
    ) -> Self {
        Self { id, config, clock, compute }
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
        let ends = stop.clone();
        let answer = move |request: http::Request<_>| {
            let (pprof, ends, uri) = (Arc::clone(&self), ends.clone(), request.uri().clone());
            async move { pprof.answer(&uri, ends).await }
        };
        let stopped = async move {
            stop.requested().await;
        };
        site.serve(answer, stopped).await;
    }

    async fn answer(&self, uri: &Uri, stop: Stop) -> Response<Pieces> {
        let answered = match asked(uri) {
            Ok(Asked::Index) => return text(StatusCode::OK, index()),
            Ok(Asked::Profile(length)) => self.take(length, stop).await,
            Err(refusal) => Err(refusal),
        };
        match answered {
            Ok(gzip) => file(gzip),
            Err((code, words)) => text(code, format!("{words}\n")),
        }
    }

    /// Samples for `length`, or until the stop.
    async fn take(&self, length: Duration, mut stop: Stop) -> Result<Vec<u8>, Refusal> {
        let sampler = Sampler::start().map_err(refused)?;
        let start = self.clock.now().unix;
        tokio::select! {
            () = tokio::time::sleep(length) => {}
            _ = stop.requested() => {}
        }
        self.finish(sampler, start).await.map_err(refused)
    }

    /// The file of what was sampled since `start`.
    async fn finish(&self, sampler: Sampler, start: u64) -> Result<Vec<u8>, SampleError> {
        let duration = Duration::from_nanos(self.clock.now().unix.saturating_sub(start));
        // Resolving names reads the whole binary: no work for a thread that serves.
        let work = move || {
            let profile = profile(&sampler.stacks()?, start, duration);
            encode(&profile).map_err(|error| SampleError::Failed(error.to_string()))
        };
        let gone = || Err(SampleError::Failed("the computation ended".to_owned()));
        self.compute.run(work).await.unwrap_or_else(gone)
    }

    /// Profiles from now to the stop, into the file.
    async fn save(&self, path: &Path, sampler: Sampler, mut stop: Stop) {
        let start = self.clock.now().unix;
        stop.requested().await;
        let saved = match self.finish(sampler, start).await {
            Ok(gzip) => std::fs::write(path, gzip).map_err(|error| error.to_string()),
            Err(error) => Err(error.to_string()),
        };
        if let Err(error) = saved {
            tracing::error!(extension = %self.id, file = %path.display(), error, "the profile is not saved");
        }
    }

    /// Begins the profile of the whole life, if there is to be one.
    fn sampler(&self) -> Result<Option<Sampler>, Fault> {
        let Some(path) = &self.config.save_to_file else { return Ok(None) };
        let fault = |words: String| Fault::lasting(Blame::Config, "save_to_file", words);
        // Now, not in hours when the profile is there.
        std::fs::File::create(path)
            .map_err(|error| fault(format!("cannot write save_to_file {}: {error}", path.display())))?;
        Sampler::start().map(Some).map_err(|error| fault(error.to_string()))
    }
}

impl Extension for Pprof {
    fn start(self: Arc<Self>, stop: Stop) -> BoxFuture<'static, Result<Option<Running>, Fault>> {
        Box::pin(async move {
            let sampler = self.sampler()?;
            let site = self.open().await?;
            let running: Running = Box::pin(async move {
                let serving = Arc::clone(&self).serve(site, stop.clone());
                let saving = async {
                    if let (Some(sampler), Some(path)) = (sampler, &self.config.save_to_file) {
                        self.save(path, sampler, stop).await;
                    }
                };
                tokio::join!(serving, saving);
                Ok(())
            });
            Ok(Some(running))
        })
    }
}

/// What a request asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// The list.
    Index,
    /// A CPU profile of this length.
    Profile(Duration),
}

/// Reads a request.
pub(super) fn asked(uri: &Uri) -> Result<Asked, Refusal> {
    let name = uri.path().strip_prefix(BASE).map(|rest| rest.trim_matches('/'));
    match name {
        Some("") => Ok(Asked::Index),
        Some("profile") => length(uri.query().unwrap_or_default()).map(Asked::Profile),
        Some(name) => {
            let absent = ABSENT.iter().find(|(absent, _)| *absent == name);
            let missing = (StatusCode::NOT_FOUND, "404 page not found".to_owned());
            Err(absent.map_or(missing, |(name, why)| {
                (StatusCode::NOT_IMPLEMENTED, format!("no profile `{name}`: {why}"))
            }))
        }
        None => Err((StatusCode::NOT_FOUND, "404 page not found".to_owned())),
    }
}

fn length(query: &str) -> Result<Duration, Refusal> {
    let given = query.split('&').find_map(|pair| pair.strip_prefix("seconds="));
    let seconds = given.map_or(Some(USUAL), |given| given.parse().ok());
    let seconds = seconds.filter(|seconds| (1..=LONGEST).contains(seconds));
    let wrong = || (StatusCode::BAD_REQUEST, format!("`seconds` must be a whole number from 1 to {LONGEST}"));
    seconds.map(Duration::from_secs).ok_or_else(wrong)
}

fn refused(error: SampleError) -> Refusal {
    let code = match error {
        SampleError::Busy => StatusCode::CONFLICT,
        SampleError::NotBuilt => StatusCode::NOT_IMPLEMENTED,
        SampleError::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
    };
    (code, error.to_string())
}

fn index() -> String {
    let absent: String = ABSENT.iter().map(|(name, why)| format!("{name}: not available: {why}\n")).collect();
    format!("{BASE}/profile?seconds={USUAL}: CPU, for `go tool pprof`\n{absent}")
}

fn text(code: StatusCode, words: String) -> Response<Pieces> {
    let mut response = Response::new(Pieces::from(words));
    *response.status_mut() = code;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

fn file(gzip: Vec<u8>) -> Response<Pieces> {
    let mut response = Response::new(Pieces::from(Bytes::from(gzip)));
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_DISPOSITION, HeaderValue::from_static("attachment; filename=\"profile\""));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
