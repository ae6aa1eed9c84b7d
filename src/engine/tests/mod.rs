//! Tests of the whole engine: real configurations, real plans, and backends that misbehave by script.
//!
//! Time is simulated: a minute of retries takes no time, and every moment is exact.

mod answers;
mod delivery;
mod fanout;
mod graph;
mod queue;
mod random;
mod shapes;
mod worker;

use super::{Report, Role};
use crate::batch::Outcome;
use crate::otlp::{Data, Signal};
use crate::testing::{Backend, Generator, Rig, Started};
use std::time::Duration;
use tokio::time::Instant;

/// Longer than anything in these tests takes.
const LONG: Duration = Duration::from_secs(100_000);

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

fn plan(yaml: &str) -> Rig {
    Rig::new(yaml).unwrap_or_else(|errors| panic!("{errors}\n{yaml}"))
}

/// One pipeline of logs from `probe` through `processors` to `backend`.
struct Line<'a> {
    /// Keys of the receiver.
    probe: &'a str,
    /// Sections of processors.
    processors: &'a str,
    /// Their ids in the pipeline.
    chain: &'a str,
    /// Keys of the exporter.
    backend: &'a str,
}

impl Line<'_> {
    const PLAIN: Line<'static> = Line { probe: "", processors: "", chain: "", backend: "" };

    fn rig(&self) -> Rig {
        let Self { probe, processors, chain, backend } = self;
        plan(&format!(
            "receivers: {{ probe: {{ {probe} }} }}\n\
             processors: {{ {processors} }}\n\
             exporters: {{ backend: {{ {backend} }} }}\n\
             service: {{ pipelines: {{ logs: {{ receivers: [probe], processors: [{chain}], exporters: [backend] }} }} }}\n"
        ))
    }

    async fn start(&self, backend: &Backend) -> Started {
        self.rig().backend("backend", backend).start().await.unwrap()
    }
}

/// An exporter with these keys and nothing else.
async fn exporter(keys: &str, backend: &Backend) -> Started {
    Line { backend: keys, ..Line::PLAIN }.start(backend).await
}

fn logs(first: u64, items: u64) -> Data {
    Generator::new(first).data(Signal::Logs, items)
}

/// Lets everything run that can, without letting time pass.
async fn run() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

/// Seconds since `start`, as the attempts of a backend were made.
fn times(backend: &Backend, start: Instant) -> Vec<u64> {
    backend.attempts().iter().map(|attempt| (attempt.at - start).as_secs()).collect()
}

/// Stops a gateway; everything must add up, and no memory may be left.
async fn stop(started: Started, within: Duration) -> Report {
    let budget = std::sync::Arc::clone(started.gateway.budget());
    let report = started.gateway.stop(within).await;
    assert_eq!(report.imbalances(), Vec::<String>::new());
    assert_eq!(budget.used(), 0, "memory is left");
    report
}

/// What an exporter delivered, abandoned and refused.
fn ends(report: &Report) -> (u64, u64, u64) {
    let sums = report.total(Role::Exporter);
    (sums.left, sums.discarded, sums.refused)
}

fn is_accepted(outcome: &Outcome) -> bool {
    outcome.retry.is_none()
}

fn label(outcome: &Outcome) -> &'static str {
    outcome.reason.as_ref().map_or("", |reason| reason.label)
}
