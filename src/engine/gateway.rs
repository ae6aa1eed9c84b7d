//! A gateway's life: starting, ready, draining, flushing, stopped.
//!
//! Exporters and workers stand before the first receiver listens. At the end receivers stop first;
//! the workers' inputs close when the last receiver is gone, queues when the last worker is; so the
//! end flows through the graph by itself, and one deadline holds for all of it.

use super::assemble::{Parts, assemble};
use super::memory;
use super::plan::Plan;
use super::report::Report;
use super::status::{Condition, Parts as Standing};
use super::tasks::Tasks;
use crate::batch::Budget;
use crate::component::{
    Blame, Clock, Compute, Env, Extension, Extensions, Fault, Random, Running, SplitMix, Stop, Stopper,
    SystemClock, stopper,
};
use crate::telemetry::Registry;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::Instant;

/// What a gateway is given from outside.
#[derive(Clone)]
pub struct Options {
    /// Where everything is counted.
    pub registry: Registry,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Chance.
    pub random: Arc<dyn Random>,
    /// Memory of the cgroup or machine, in bytes.
    pub memory: usize,
    /// Threads for long computations.
    pub threads: usize,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Options")
            .field("memory", &self.memory)
            .field("threads", &self.threads)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// The machine's clock and its memory, counting in `registry`.
    pub fn of_machine(registry: Registry, memory: usize, threads: usize) -> Self {
        let (clock, random) = (Arc::new(SystemClock::new()), Arc::new(SplitMix::of_process()));
        Self { registry, clock, random, memory, threads }
    }
}

/// A running gateway.
pub struct Gateway {
    receivers: Group,
    workers: Tasks,
    sinks: Tasks,
    stop_sinks: Stopper,
    extensions: Group,
    condition: Arc<Condition>,
    budget: Arc<Budget>,
    failed: mpsc::Receiver<Fault>,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").finish_non_exhaustive()
    }
}

/// Tasks that stop together.
struct Group {
    tasks: Tasks,
    stopper: Stopper,
    stop: Stop,
    failures: mpsc::Sender<Fault>,
}

impl Group {
    fn new(failures: mpsc::Sender<Fault>) -> Self {
        let (stopper, stop) = stopper();
        Self { tasks: Tasks::default(), stopper, stop, failures }
    }

    /// Runs what serves until the stop; a failure before ends the gateway.
    fn run(&mut self, id: &Arc<str>, running: Running) {
        let (id, failures) = (Arc::clone(id), self.failures.clone());
        self.tasks.start(async move {
            if let Err(fault) = running.await {
                tracing::error!(component = %id, error = %fault, "component failed");
                // A second failure adds nothing: the gateway ends with the first.
                let _ = failures.try_send(named(&id, fault));
            }
        });
    }

    async fn stop(&mut self, by: Instant) -> usize {
        self.stopper.stop(by);
        self.tasks.join(by).await
    }
}

fn named(id: &str, fault: Fault) -> Fault {
    Fault { source: format!("{id}: {fault}").into(), ..fault }
}

/// How long what is past the deadline gets to count itself.
const GRACE: Duration = Duration::from_secs(1);

impl Gateway {
    /// Starts everything in the plan; what cannot start (a port in use) is the error.
    pub async fn start(plan: &Plan, options: Options) -> Result<Self, Fault> {
        let (failures, failed) = mpsc::channel(1);
        let condition = Arc::new(Condition::default());
        let budget = memory::budget(plan.memory, options.memory);
        let mut env = env(&options, &budget, &condition);
        env.headers = Arc::new(plan.headers.clone());
        let extensions = make_extensions(plan, &env)?;
        env.extensions =
            Extensions::new(extensions.iter().map(|(id, made)| (id.to_string(), Arc::clone(made))));
        let (stop_sinks, stop) = stopper();
        let parts = assemble(plan, &env, &stop)?;
        let mut gateway = Self {
            receivers: Group::new(failures.clone()),
            workers: Tasks::default(),
            sinks: Tasks::default(),
            stop_sinks,
            extensions: Group::new(failures),
            condition,
            budget,
            failed,
        };
        match gateway.bring_up(extensions, parts, &stop).await {
            Ok(()) => Ok(gateway),
            Err(fault) => {
                gateway.abort().await;
                Err(fault)
            }
        }
    }

    /// Ends what has been started: a port that was bound is free again when this returns.
    async fn abort(mut self) {
        let Self { receivers, workers, sinks, extensions, .. } = &mut self;
        for tasks in [&mut receivers.tasks, workers, sinks, &mut extensions.tasks] {
            tasks.join(Instant::now()).await;
        }
    }

    async fn bring_up(&mut self, extensions: Vec<Named>, parts: Parts, stop: &Stop) -> Result<(), Fault> {
        let Parts { receivers, workers, dispatches, writings, nodes, ledgers } = parts;
        self.condition.stands(Standing { nodes, ledgers, budget: Arc::clone(&self.budget) });
        for (id, extension) in extensions {
            let started = extension.start(self.extensions.stop.clone()).await;
            if let Some(running) = started.map_err(|fault| named(&id, fault))? {
                self.extensions.run(&id, running);
            }
        }
        dispatches.into_iter().for_each(|dispatch| self.sinks.start(dispatch.run(stop.clone())));
        writings.into_iter().for_each(|writing| self.sinks.start(writing.run(stop.clone())));
        workers.into_iter().for_each(|worker| self.workers.start(worker.run(stop.clone())));
        for (id, receiver, ingress) in receivers {
            let started = receiver.start(ingress, self.receivers.stop.clone()).await;
            self.receivers.run(&id, started.map_err(|fault| named(&id, fault))?);
        }
        self.condition.ready(true);
        Ok(())
    }

    /// Resolves if a component fails that was running.
    pub async fn failed(&mut self) -> Fault {
        let gone = || Fault::lasting(Blame::Weft, "internal", "every component has ended");
        self.failed.recv().await.unwrap_or_else(gone)
    }

    /// The counters as they are now.
    pub fn report(&self) -> Report {
        self.condition.report()
    }

    /// The memory of all.
    pub fn budget(&self) -> &Arc<Budget> {
        &self.budget
    }

    /// How the gateway fares.
    pub fn status(&self) -> Arc<dyn crate::component::Status> {
        Arc::clone(&self.condition) as Arc<dyn crate::component::Status>
    }

    /// Stops everything within the time and says what became of the data.
    pub async fn stop(mut self, within: Duration) -> Report {
        let by = Instant::now() + within;
        self.condition.ready(false);
        let cut_off = self.receivers.stop(by).await;
        if cut_off > 0 {
            tracing::warn!(receivers = cut_off, "receivers did not stop in time");
        }
        self.stop_sinks.stop(by);
        let late = self.workers.join(by + GRACE).await + self.sinks.join(by + GRACE).await;
        if late > 0 {
            tracing::warn!(tasks = late, "the deadline of the shutdown cut tasks off");
        }
        self.extensions.stop(by + GRACE).await;
        self.condition.report()
    }
}

fn env(options: &Options, budget: &Arc<Budget>, condition: &Arc<Condition>) -> Env {
    Env {
        id: "".into(),
        pipeline: None,
        ports: Arc::new([]),
        headers: Arc::default(),
        clock: Arc::clone(&options.clock),
        random: Arc::clone(&options.random),
        registry: options.registry.clone(),
        budget: Arc::clone(budget),
        compute: Arc::new(Compute::new(options.threads)),
        extensions: Extensions::default(),
        status: Arc::clone(condition) as Arc<dyn crate::component::Status>,
    }
}

/// An extension and its id.
type Named = (Arc<str>, Arc<dyn Extension>);

fn make_extensions(plan: &Plan, env: &Env) -> Result<Vec<Named>, Fault> {
    let make = |planned: &super::plan::PlannedExtension| {
        let env = Env { id: Arc::clone(&planned.id), ..env.clone() };
        (planned.make)(&env).map(|made| (Arc::clone(&planned.id), made))
    };
    plan.extensions.iter().map(make).collect()
}
