//! `weft bench`: how much a gateway carries, what it costs, and whether everything arrives.
//!
//! Load and sink have a thread each and share nothing with the gateway, which is another process. CPU time counts from
//! the first measured request until all that was taken is delivered. Loss and duplicates are told by the items' numbers.

mod args;
mod child;
mod meter;
mod progress;
mod report;

pub(super) use args::Bench;

use crate::testing::load::{Received, Sender, Sink, Tally};
use child::Gateway;
use meter::Meter;
use progress::Progress;
use report::{Delivery, Process, Report};
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How long a target may take to answer a first connection.
const REACH: Duration = Duration::from_secs(5);
/// What was taken but has not arrived is waited for as long as something arrives at least this often.
const STILL: Duration = Duration::from_secs(3);
/// How often the sink and the process are looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Measures and prints; 1 if it could not, or if something was lost.
pub(super) fn bench(args: &Bench) -> ExitCode {
    let measured = runtime().and_then(|runtime| runtime.block_on(measure(args)));
    match measured {
        Ok(report) => {
            let text = if args.json { format!("{:#}\n", report.json()) } else { report.table() };
            print!("{text}");
            if report.lost_something() { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Err(wrong) => {
            eprintln!("error: {wrong}");
            ExitCode::FAILURE
        }
    }
}

fn runtime() -> Result<Runtime, String> {
    Builder::new_current_thread().enable_all().build().map_err(|error| format!("cannot start: {error}"))
}

async fn measure(args: &Bench) -> Result<Report, String> {
    let backend = match (&args.sink, &args.target) {
        (Some(address), _) => Some(Backend::start(address.clone()).await?),
        (None, None) => Some(Backend::start("127.0.0.1:0".into()).await?),
        (None, Some(_)) => None,
    };
    let gateway = match (&args.target, &backend) {
        (None, Some(backend)) => {
            Some(Gateway::start(backend.address, args.protocol(), args.encoding()).await?)
        }
        _ => None,
    };
    let started = gateway.as_ref().map(|gateway| gateway.target.clone());
    let target = args.target.clone().or(started).unwrap_or_default();
    reach(&target).await?;
    let pid = args.pid.or(gateway.as_ref().map(Gateway::pid));
    let meter = pid.map(|pid| Meter::new(Path::new("/"), pid)).transpose()?;
    let run = Run {
        args,
        sender: Sender::new(args.load(&target), args.shape())?,
        meter,
        backend: backend.as_ref(),
    };
    let report = run.measure().await;
    drop(run);
    if let Some(gateway) = gateway {
        gateway.end().await;
    }
    report
}

/// A first connection, so that a target that is not there is told once and at once.
async fn reach(target: &str) -> Result<(), String> {
    let tried = tokio::time::timeout(REACH, TcpStream::connect(target)).await;
    let why = match tried {
        Ok(Ok(_)) => return Ok(()),
        Ok(Err(error)) => error.to_string(),
        Err(_) => format!("no answer within {REACH:?}"),
    };
    Err(format!("nothing to measure at {target}: {why}\n  start a gateway there, or leave --target out"))
}

struct Run<'a> {
    args: &'a Bench,
    sender: Arc<Sender>,
    meter: Option<Meter>,
    backend: Option<&'a Backend>,
}

impl Run<'_> {
    async fn measure(&self) -> Result<Report, String> {
        let (warmup, seconds) = (self.args.warmup, self.args.seconds);
        let progress = Progress::new(warmup + seconds);
        let warm = self.load(warmup, &progress).await;
        if warmup > 0.0 && warm.accepted == 0 {
            let why = warm.reasons.keys().next().cloned().unwrap_or_else(|| "no request was answered".into());
            return Err(format!("the target takes nothing: {why}"));
        }
        self.arrive(warm.accepted).await;
        let before = self.cpu()?;
        if let Some(meter) = &self.meter {
            meter.forget_peak();
        }
        let tally = self.load(seconds, &progress).await;
        let resident = self.meter.as_ref().map(Meter::memory).unwrap_or_default();
        self.arrive(warm.accepted + tally.accepted).await;
        let used = self.cpu()?.saturating_sub(before);
        progress.end();
        let process = self.meter.as_ref().map(|meter| Process {
            cpu: used,
            peak_bytes: meter.memory().peak,
            resident_bytes: resident.resident,
            anonymous_bytes: resident.anonymous,
        });
        let delivery = self.backend.map(|backend| backend.delivery([&warm, &tally], self.args.shape().items));
        let (signal, bytes_per_item) =
            (self.args.shape().signal.name().to_owned(), self.sender.pool().bytes_per_item());
        Ok(Report { signal, bytes_per_item, tally, process, delivery })
    }

    fn cpu(&self) -> Result<Duration, String> {
        let cpu = self.meter.as_ref().map(Meter::cpu).transpose();
        Ok(cpu.map_err(|error| format!("the gateway's process is gone: {error}"))?.unwrap_or_default())
    }

    async fn load(&self, seconds: f64, progress: &Progress) -> Tally {
        if seconds <= 0.0 {
            return Tally::default();
        }
        let run = self.sender.run(Duration::from_secs_f64(seconds), u64::MAX);
        tokio::select! {
            tally = run => tally,
            () = progress.show(&self.sender) => Tally::default(),
        }
    }

    /// Waits until as many items have arrived, or nothing arrives any more.
    async fn arrive(&self, items: u64) {
        let Some(backend) = self.backend else { return };
        let mut last = (backend.items(), Instant::now());
        while last.0 < items && last.1.elapsed() < STILL {
            tokio::time::sleep(LOOK).await;
            let now = backend.items();
            if now > last.0 {
                last = (now, Instant::now());
            }
        }
    }
}

/// The sink on a thread of its own; it stops with this value.
struct Backend {
    address: SocketAddr,
    received: Arc<Mutex<Received>>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Backend {
    async fn start(address: String) -> Result<Self, String> {
        let (opened, ready) = oneshot::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = move || {
            let bound = runtime().and_then(|runtime| {
                let sink = runtime.block_on(Sink::bind(&address))?;
                let at = sink.address().ok_or("the sink has no address")?;
                Ok((runtime, sink, at))
            });
            match bound {
                Ok((runtime, sink, at)) => {
                    let _ = opened.send(Ok((at, sink.received())));
                    runtime.block_on(sink.serve(async { drop(stopped.await) }));
                }
                Err(wrong) => drop(opened.send(Err(wrong))),
            }
        };
        let thread = std::thread::Builder::new().name("sink".into()).spawn(serve);
        let thread = thread.map_err(|error| format!("cannot start the sink: {error}"))?;
        let (address, received) = ready.await.map_err(|_| "the sink ended before it was ready")??;
        Ok(Self { address, received, stop: Some(stop), thread: Some(thread) })
    }

    fn items(&self) -> u64 {
        self.received.lock().unwrap_or_else(PoisonError::into_inner).items
    }

    /// What became of the requests that were taken, of `items` items each.
    fn delivery(&self, runs: [&Tally; 2], items: u32) -> Delivery {
        let received = self.received.lock().unwrap_or_else(PoisonError::into_inner);
        let items = u64::from(items);
        let taken = runs.iter().flat_map(|run| &run.taken);
        Delivery {
            items: received.items,
            lost: taken.map(|index| received.seen.missing(index * items..(index + 1) * items)).sum(),
            duplicated: received.seen.duplicates(),
            malformed_requests: received.malformed,
        }
    }
}

impl Drop for Backend {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests;
