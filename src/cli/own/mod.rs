//! The gateway's own telemetry at work: log lines, and the metrics endpoint.

mod push;

use crate::component::{Stop, Stopper, stopper};
use crate::engine::Gateway;
use crate::net::body::Pieces;
use crate::net::endpoint::{Bind, Family};
use crate::net::listen::Listener;
use crate::net::serve::{Tuning, serve};
use crate::otlp::Signal;
use crate::telemetry::logs::{self, LogEvent, Outputs};
use crate::telemetry::otlp::{encode_logs, encode_metrics};
use crate::telemetry::render::{Style, render};
use crate::telemetry::settings::{LogSettings, Prometheus, Reader, Settings};
use crate::telemetry::{Level, Registry, Resource, names, process, registry};
use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use push::Push;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::task::JoinSet;
use tracing_subscriber::layer::SubscriberExt;

/// Own telemetry of a run.
pub(super) struct Own {
    pub(super) registry: Registry,
    tasks: JoinSet<()>,
    stopper: Stopper,
}

/// What a scrape is answered from.
struct Page {
    registry: Registry,
    resource: Resource,
    style: Style,
}

impl Own {
    /// Starts logs and readers.
    pub(super) async fn start(settings: &Settings) -> Result<Self, String> {
        let options = registry::Options {
            level: settings.metrics.level,
            views: settings.metrics.views.clone(),
            start_unix_nanos: unix_nanos(),
            ..registry::Options::default()
        };
        let registry = Registry::new(options);
        let resource = Resource::new(&settings.resource, "weft", env!("CARGO_PKG_VERSION"), &instance_id());
        let tap = start_logs(settings, &resource, &registry)?;
        process::observe(&registry, Path::new("/"));
        let (stopper, stop) = stopper();
        let mut own = Self { registry, tasks: JoinSet::new(), stopper };
        own.push_logs(settings, &resource, tap, &stop)?;
        if settings.metrics.level == Level::None {
            return Ok(own);
        }
        for reader in &settings.metrics.readers {
            own.read(reader, &resource, stop.clone()).await?;
        }
        Ok(own)
    }

    async fn read(&mut self, reader: &Reader, resource: &Resource, stop: Stop) -> Result<(), String> {
        match reader {
            Reader::Pull(prometheus) => {
                let Prometheus { host, port, style } = prometheus;
                let bind = Bind::Tcp { host: host.clone(), port: *port, family: Family::Any };
                let listener = Listener::bind(&bind).await;
                let listener = listener
                    .map_err(|error| format!("{error}, given by `service.telemetry.metrics.readers`"))?;
                let address = listener.local_addr().map_or_else(|| bind.to_string(), |at| at.to_string());
                tracing::info!(address, "metrics are served");
                let page = Page {
                    registry: self.registry.clone(),
                    resource: resource.clone(),
                    style: style.clone(),
                };
                self.tasks.spawn(serve_page(listener, Arc::new(page), stop));
                Ok(())
            }
            Reader::Periodic { interval, timeout: _, exporter } => {
                let push = Push::new(exporter, Signal::Metrics)?;
                let source = (self.registry.clone(), resource.clone());
                self.tasks.spawn(push_metrics(push, *interval, source, stop));
                Ok(())
            }
        }
    }

    /// Hands own log events to every one of `logs.processors`.
    fn push_logs(
        &mut self,
        settings: &Settings,
        resource: &Resource,
        tap: Tap,
        stop: &Stop,
    ) -> Result<(), String> {
        let Some(mut tap) = tap else { return Ok(()) };
        let mut taps = Vec::new();
        for processor in &settings.logs.processors {
            let most = processor.batching.map_or(1, |batching| batching.max_export_batch_size);
            let wait = processor
                .batching
                .and_then(|batching| batching.schedule_delay)
                .unwrap_or(Duration::from_secs(1));
            let room = processor.batching.map_or(most, |batching| batching.max_queue_size).max(1);
            let (sender, receiver) = tokio::sync::mpsc::channel(room);
            let push = Push::new(&processor.exporter, Signal::Logs)?;
            self.tasks.spawn(push_logs(push, receiver, resource.clone(), (most, wait), stop.clone()));
            taps.push(sender);
        }
        self.tasks.spawn(async move {
            while let Some(event) = tap.recv().await {
                // One that is behind loses lines; they stand on standard error in any case.
                taps.iter().for_each(|to| drop(to.try_send(event.clone())));
            }
        });
        Ok(())
    }

    /// Shows the memory budget of a gateway among the metrics.
    pub(super) fn observe(&self, gateway: &Gateway) {
        let gauge = |def| self.registry.gauge(def, &[]);
        let (used, limit, debt) =
            (gauge(&names::BUDGET_USED), gauge(&names::BUDGET_LIMIT), gauge(&names::BUDGET_DEBT));
        let budget = Arc::clone(gateway.budget());
        self.registry.on_snapshot(move || {
            used.set(budget.used() as f64);
            limit.set(budget.limit() as f64);
            debt.set(budget.used().saturating_sub(budget.admits_up_to()) as f64);
        });
    }

    /// Ends the readers; those that push get a moment for their last word.
    pub(super) async fn stop(mut self) {
        self.stopper.stop(tokio::time::Instant::now());
        let last = async { while self.tasks.join_next().await.is_some() {} };
        let _ = tokio::time::timeout(LAST_WORD, last).await;
        self.tasks.shutdown().await;
    }
}

/// How long own telemetry may take at the end.
const LAST_WORD: Duration = Duration::from_secs(2);

/// Own log events on their way to a processor, if there is one.
type Tap = Option<tokio::sync::mpsc::Receiver<LogEvent>>;

async fn push_metrics(mut push: Push, interval: Duration, source: (Registry, Resource), mut stop: Stop) {
    let (registry, resource) = source;
    loop {
        let ended = tokio::select! {
            () = tokio::time::sleep(interval) => false,
            _ = stop.requested() => true,
        };
        push.send(encode_metrics(&registry.snapshot(unix_nanos()), &resource)).await;
        if ended {
            return;
        }
    }
}

async fn push_logs(
    mut push: Push,
    mut tap: tokio::sync::mpsc::Receiver<LogEvent>,
    resource: Resource,
    (most, wait): (usize, Duration),
    mut stop: Stop,
) {
    let mut events = Vec::new();
    loop {
        let first = tokio::select! {
            first = tap.recv() => first,
            _ = stop.requested() => None,
        };
        let Some(first) = first else { break };
        events.push(first);
        let until = tokio::time::Instant::now() + wait;
        while events.len() < most
            && let Ok(Some(event)) = tokio::time::timeout_at(until, tap.recv()).await
        {
            events.push(event);
        }
        push.send(encode_logs(&events, &resource)).await;
        events.clear();
    }
    while let Ok(event) = tap.try_recv() {
        events.push(event);
    }
    if !events.is_empty() {
        push.send(encode_logs(&events, &resource)).await;
    }
}

fn start_logs(settings: &Settings, resource: &Resource, registry: &Registry) -> Result<Tap, String> {
    let LogSettings { output_paths, error_output_paths, .. } = &settings.logs;
    let colour = crate::config::process_environment("NO_COLOR").is_none();
    let outputs =
        Outputs::open(output_paths, error_output_paths, colour).map_err(|error| error.to_string())?;
    let built =
        logs::build(&settings.logs, resource, registry, outputs).map_err(|error| error.to_string())?;
    let subscriber = tracing_subscriber::registry().with(built.layer);
    tracing::subscriber::set_global_default(subscriber).map_err(|error| error.to_string())?;
    Ok(built.tap)
}

async fn serve_page(listener: Listener, page: Arc<Page>, mut stop: Stop) {
    let service = move |request: Request<Incoming>, _peer| {
        let response = page.answer(request.uri().path());
        async move { response }
    };
    let stopped = async move {
        stop.requested().await;
    };
    serve(listener, None, Tuning::default(), service, stopped, Duration::ZERO).await;
}

impl Page {
    fn answer(&self, path: &str) -> Response<Pieces> {
        if path != "/metrics" {
            let mut response = Response::new(Pieces::from("metrics are at /metrics"));
            *response.status_mut() = StatusCode::NOT_FOUND;
            return response;
        }
        let text = render(&self.registry.snapshot(unix_nanos()), &self.resource, &self.style);
        let mut response = Response::new(Pieces::from(text));
        let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, kind);
        response
    }
}

#[allow(clippy::disallowed_methods, reason = "the command line is where time enters")]
fn unix_nanos() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// A random id for this process, as the Collector makes one.
fn instance_id() -> String {
    let half = || RandomState::new().hash_one(std::process::id()).to_le_bytes();
    let (first, second) = (half(), half());
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&first);
    bytes[8..].copy_from_slice(&second);
    crate::telemetry::resource::instance_id(bytes)
}
