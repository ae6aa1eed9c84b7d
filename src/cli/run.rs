//! `weft run`: a gateway from start to end.
//!
//! SIGTERM and SIGINT end it: receivers stop, what is held goes out, and the report is printed. A
//! second signal ends it at once.

use super::args::{Run, Source};
use super::load::{self, Checked};
use super::own::Own;
use super::settings::Settings;
use crate::config::Errors;
use crate::engine::{Gateway, Options, Report, Table};
use crate::telemetry::process;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// The gateway of dev mode.
const DEV: &str = include_str!("../../configs/dev.yaml");

/// Runs until a signal; 0 if everything ended well.
pub(super) fn run(args: Run, table: &Table) -> ExitCode {
    let settings = match Settings::of(&args) {
        Ok(settings) => settings,
        Err(wrong) => return failure(&wrong),
    };
    let (locations, dev) = locations(&args.source);
    let checked = match load::check_locations(locations, &args.source, table) {
        Ok(checked) => checked,
        Err(errors) => {
            load::complain(&errors);
            return ExitCode::FAILURE;
        }
    };
    if dev {
        greet();
    }
    let limits = process::limits(Path::new("/"));
    let available = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = settings.threads(limits.threads(available));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return failure(&format!("cannot start {threads} threads: {error}")),
    };
    let ended = runtime.block_on(live(&args, &settings, checked, limits, threads));
    // What still blocks a thread (a file system that hangs) must not keep the process.
    runtime.shutdown_timeout(Duration::from_millis(100));
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(wrong) => failure(&wrong),
    }
}

fn failure(wrong: &str) -> ExitCode {
    eprintln!("error: {wrong}");
    ExitCode::FAILURE
}

/// What is run, and whether that is dev mode.
fn locations(source: &Source) -> (Vec<String>, bool) {
    let found = load::sources(source);
    if found.is_empty() { (vec![format!("yaml:{DEV}")], true) } else { (found, false) }
}

fn greet() {
    println!(
        "weft {} in dev mode: what arrives is printed here and kept nowhere\n\n\
         paste this where your application starts:\n\n\
         \x20 export OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:4318\n\
         \x20 export OTEL_EXPORTER_OTLP_PROTOCOL=http/protobuf\n\
         \x20 export OTEL_SERVICE_NAME=my-service\n\n\
         gRPC is on 127.0.0.1:4317; a gateway of your own: weft run --config FILE\n",
        env!("CARGO_PKG_VERSION")
    );
}

async fn live(
    args: &Run,
    settings: &Settings,
    checked: Checked,
    limits: process::Limits,
    threads: usize,
) -> Result<(), String> {
    let Checked { plan, warnings, .. } = checked;
    let own = Own::start(&plan.telemetry).await?;
    for warning in &Errors(warnings).0 {
        tracing::warn!("{}", warning.to_string().trim_end());
    }
    let memory = usize::try_from(limits.memory.unwrap_or(2 << 30)).unwrap_or(usize::MAX);
    let options = Options::of_machine(own.registry.clone(), memory, threads);
    let mut signals = Signals::new()?;
    let mut gateway = Gateway::start(&plan, options).await.map_err(|fault| fault.to_string())?;
    own.observe(&gateway);
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        threads,
        memory_limit_bytes = gateway.budget().limit() as u64,
        "everything is ready"
    );
    tracing::info!("{}", plan.guarantee);
    let failed = tokio::select! {
        name = signals.next() => {
            tracing::info!(signal = name, "stopping");
            None
        }
        fault = gateway.failed() => Some(fault),
    };
    let stopping = gateway.stop(settings.shutdown()?);
    let report = tokio::select! {
        report = stopping => report,
        name = signals.next() => return Err(format!("stopped at once by a second signal ({name})")),
    };
    tell(&report, args)?;
    own.stop().await;
    failed.map_or(Ok(()), |fault| Err(fault.to_string()))
}

fn tell(report: &Report, args: &Run) -> Result<(), String> {
    tracing::info!("stopped: {report}");
    for wrong in report.imbalances() {
        tracing::error!("the report does not balance: {wrong}");
    }
    let Some(path) = &args.report else { return Ok(()) };
    let text = serde_json::to_string_pretty(report).map_err(|error| error.to_string())?;
    std::fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

/// The signals that end the process.
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

impl Signals {
    fn new() -> Result<Self, String> {
        let listen = |kind| signal(kind).map_err(|error| format!("cannot listen for signals: {error}"));
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())? })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}
