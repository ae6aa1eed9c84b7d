//! Random pipelines under random scripts: what is promised must hold in all of them.
//!
//! A failing case prints the smallest script that still fails, and that script is all there is: nothing else is random.

use super::{is_accepted, label};
use crate::batch::{Outcome, Retry};
use crate::component::{Random, SplitMix};
use crate::engine::{Report, Role};
use crate::otlp::{Data, Signal};
use crate::testing::{Backend, Door, Generator, Rig, Verdict, seqs_of};
use proptest::prelude::*;
use std::collections::HashSet;
use std::fmt::Write as _;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// A gateway, and what happens to it.
#[derive(Clone, Debug)]
struct Script {
    limit_mib: usize,
    delivered: bool,
    batch: Option<Batching>,
    exporters: Vec<Exporting>,
    steps: Vec<Step>,
    stop_millis: u64,
}

#[derive(Clone, Copy, Debug)]
struct Batching {
    size: u32,
    cut: bool,
    millis: u32,
}

#[derive(Clone, Copy, Debug)]
struct Exporting {
    mood: Mood,
    seed: u64,
    queue: u32,
    consumers: u32,
    enabled: bool,
    blocks: bool,
    waits: bool,
    gathers: bool,
    retries: bool,
    lanes: bool,
}

#[derive(Clone, Copy, Debug)]
enum Mood {
    Healthy,
    Flaky,
    Bad,
    Dead,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Submit { items: u64, within_millis: u64 },
    Pass { millis: u64 },
}

fn scripts() -> impl Strategy<Value = Script> {
    let batch =
        (1..60u32, any::<bool>(), 1..2000u32).prop_map(|(size, cut, millis)| Batching { size, cut, millis });
    let mood = prop_oneof![3 => Just(Mood::Healthy), 2 => Just(Mood::Flaky), 1 => Just(Mood::Bad), 1 => Just(Mood::Dead)];
    let flags = (weighted(0.8), any::<bool>(), weighted(0.3), weighted(0.2), weighted(0.8), weighted(0.3));
    let exporter =
        (mood, any::<u64>(), 1..6u32, 1..4u32, flags).prop_map(|(mood, seed, queue, consumers, flags)| {
            let (enabled, blocks, waits, gathers, retries, lanes) = flags;
            Exporting { mood, seed, queue, consumers, enabled, blocks, waits, gathers, retries, lanes }
        });
    let items = prop_oneof![20 => 1..40u64, 1 => Just(2500u64)];
    let step = prop_oneof![
        3 => (items, 1..5000u64).prop_map(|(items, within_millis)| Step::Submit { items, within_millis }),
        2 => (0..3000u64).prop_map(|millis| Step::Pass { millis }),
    ];
    let exporters = prop::collection::vec(exporter, 1..=4);
    let steps = prop::collection::vec(step, 1..40);
    let limit = prop_oneof![Just(8usize), Just(1)];
    (limit, weighted(0.5), prop::option::of(batch), exporters, steps, 0..5000u64).prop_map(
        |(limit_mib, delivered, batch, exporters, steps, stop_millis)| Script {
            limit_mib,
            delivered,
            batch,
            exporters,
            steps,
            stop_millis,
        },
    )
}

fn weighted(probability: f64) -> impl Strategy<Value = bool> {
    prop::bool::weighted(probability)
}

impl Script {
    fn yaml(&self) -> String {
        let answer = if self.delivered { "delivered" } else { "held" };
        let mut yaml = format!("receivers: {{ probe: {{ answer: {answer} }} }}\nprocessors:\n");
        writeln!(yaml, "  memory_limiter: {{ check_interval: 1s, limit_mib: {} }}", self.limit_mib).unwrap();
        let mut chain = "memory_limiter".to_owned();
        if let Some(Batching { size, cut, millis }) = self.batch {
            let max = if cut { size } else { 0 };
            let keys = format!("send_batch_size: {size}, send_batch_max_size: {max}, timeout: {millis}ms");
            writeln!(yaml, "  batch: {{ {keys} }}").unwrap();
            chain.push_str(", batch");
        }
        yaml.push_str("exporters:\n");
        for (at, exporter) in self.exporters.iter().enumerate() {
            writeln!(yaml, "  backend/{at}: {{ {} }}", exporter.keys()).unwrap();
        }
        let ids: Vec<_> = (0..self.exporters.len()).map(|at| format!("backend/{at}")).collect();
        let ids = ids.join(", ");
        let pipeline = format!("receivers: [probe], processors: [{chain}], exporters: [{ids}]");
        writeln!(yaml, "service: {{ pipelines: {{ logs: {{ {pipeline} }} }} }}").unwrap();
        yaml
    }
}

impl Exporting {
    fn keys(&self) -> String {
        let Self { queue, consumers, enabled, blocks, waits, gathers, retries, .. } = self;
        let gather =
            if *gathers { ", batch: { min_size: 50, max_size: 70, flush_timeout: 300ms }" } else { "" };
        format!(
            "timeout: 700ms, retry_on_failure: {{ enabled: {retries}, initial_interval: 100ms, max_interval: 1s, \
             max_elapsed_time: 4s }}, sending_queue: {{ enabled: {enabled}, queue_size: {queue}, \
             num_consumers: {consumers}, block_on_overflow: {blocks}, wait_for_result: {waits}{gather} }}"
        )
    }

    fn backend(&self) -> Backend {
        let (mood, random) = (self.mood, SplitMix::new(self.seed));
        let backend = Backend::new(move |attempt| {
            let flaky = match random.next() % 8 {
                0 | 1 => Verdict::Fail(Retry::Backoff),
                2 => Verdict::Fail(Retry::After(Duration::from_millis(900))),
                3 => Verdict::Hang,
                4 => Verdict::Slow(Duration::from_millis(400)),
                _ => Verdict::Take,
            };
            match mood {
                Mood::Healthy => Verdict::Take,
                Mood::Flaky => flaky,
                Mood::Bad if attempt.seqs.iter().any(|seq| seq % 50 == 7) => Verdict::Divide,
                Mood::Bad => Verdict::Take,
                Mood::Dead => Verdict::Hang,
            }
        });
        if self.lanes { backend.in_lanes(3) } else { backend }
    }
}

/// A request and what became of it.
struct Sent {
    seqs: Vec<u64>,
    /// How long after its deadline the answer came.
    late: Duration,
    outcome: Outcome,
}

async fn send(door: Door, data: Data, within: Duration) -> Sent {
    let (seqs, until) = (seqs_of(&data), Instant::now() + within);
    let outcome = door.send(data, within).await;
    Sent { seqs, late: Instant::now().saturating_duration_since(until), outcome }
}

/// What is left to judge when all is over.
struct Run {
    sent: Vec<Sent>,
    report: Report,
    backends: Vec<Backend>,
    memory_left: usize,
    peak: usize,
}

async fn play(script: &Script) -> Run {
    let backends: Vec<_> = script.exporters.iter().map(Exporting::backend).collect();
    let rig = Rig::new(&script.yaml()).unwrap_or_else(|errors| panic!("{errors}\n{}", script.yaml()));
    let rig =
        (0..).zip(&backends).fold(rig, |rig, (at, backend)| rig.backend(&format!("backend/{at}"), backend));
    let started = rig.start().await.unwrap();
    let (door, mut generator, mut senders) = (started.door("probe"), Generator::default(), JoinSet::new());
    for step in &script.steps {
        match *step {
            Step::Pass { millis } => tokio::time::sleep(Duration::from_millis(millis)).await,
            Step::Submit { items, within_millis } => {
                let data = generator.data(Signal::Logs, items);
                senders.spawn(send(door.clone(), data, Duration::from_millis(within_millis)));
            }
        }
    }
    let budget = std::sync::Arc::clone(started.gateway.budget());
    let report = started.gateway.stop(Duration::from_millis(script.stop_millis)).await;
    let sent = senders.join_all().await;
    Run { sent, report, backends, memory_left: budget.used(), peak: budget.peak() }
}

/// The longest a request waits for memory, which a shorter deadline does not cut.
const PATIENCE: Duration = Duration::from_millis(250);

impl Run {
    fn judge(&self, script: &Script) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.report.imbalances(), Vec::<String>::new());
        prop_assert_eq!(self.memory_left, 0);
        prop_assert!(self.peak <= script.limit_mib << 20, "{} bytes held", self.peak);
        for sent in &self.sent {
            prop_assert!(sent.late <= PATIENCE, "answered {:?} after its deadline", sent.late);
        }
        for (at, backend) in self.backends.iter().enumerate() {
            self.judge_backend(script, &format!("backend/{at}"), backend)?;
        }
        Ok(())
    }

    fn judge_backend(&self, script: &Script, id: &str, backend: &Backend) -> Result<(), TestCaseError> {
        let all = backend.taken();
        let taken: HashSet<u64> = all.iter().copied().collect();
        prop_assert_eq!(all.len(), taken.len(), "{} got an item twice, and no sender repeats", id);
        prop_assert!(!backend.was_crowded());
        let missing = |sent: &&Sent| sent.seqs.iter().filter(|seq| !taken.contains(seq)).count() as u64;
        let accepted = || self.sent.iter().filter(|sent| is_accepted(&sent.outcome));
        let missed: u64 = accepted().map(|sent| missing(&sent)).sum();
        let given_up = |line: &&crate::engine::Line| *line.id == *id || line.role == Role::FanOut;
        let abandoned: u64 = self.report.nodes.iter().filter(given_up).map(|line| line.sums.discarded).sum();
        prop_assert!(
            missed <= abandoned,
            "{id}: {missed} accepted items are missing, {abandoned} are abandoned"
        );
        prop_assert!(!script.delivered || missed == 0, "{id}: answered as delivered, and {missed} are not");
        for sent in
            self.sent.iter().filter(|sent| ["busy", "queue_full", "memory"].contains(&label(&sent.outcome)))
        {
            let arrived = sent.seqs.len() as u64 - missing(&sent);
            prop_assert!(arrived == 0, "{id}: refused ({}), and {arrived} arrived", label(&sent.outcome));
        }
        Ok(())
    }
}

proptest! {
    // A quarter of the usual number, which PROPTEST_CASES sets.
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases / 4,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// Guarantees: every sender is answered by its deadline; what was accepted is delivered or abandoned and
    /// counted; nothing arrives twice; memory is given back; the report balances.
    #[test]
    fn what_is_promised_holds_in_every_script(script in scripts()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let run = runtime.expect("a runtime").block_on(play(&script));
        run.judge(&script)?;
    }
}
