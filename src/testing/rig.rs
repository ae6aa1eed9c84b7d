//! A whole gateway in a test: real YAML, the real plan and engine, probes at both ends.
//!
//! The rig's table holds a receiver `probe` (key `answer`), an exporter `backend` (the delivery keys) and the
//! components that stand between. The plan is made from text like any other; then each probe gets its door and
//! each exporter what the test gives it. Nothing is global, so rigs run side by side.

use super::backend::Backend;
use super::door::{Door, Probe};
use crate::batch::{Budget, Wants};
use crate::component::{
    Component, Compute, Delivery, Env, Extensions, Facts, Fault, Prepare, Prepared, Receiver, Sink, SplitMix,
    Status, SystemClock,
};
use crate::config::{Errors, Loader, Section, Settings};
use crate::engine::{Gateway, Options, Plan, Table};
use crate::otlp::Signal;
use crate::telemetry::Registry;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// A gateway that is planned and not started.
#[derive(Debug)]
pub struct Rig {
    /// The plan; a test may exchange what is made in it.
    pub plan: Plan,
    /// What the gateway is given from outside.
    pub options: Options,
    doors: BTreeMap<String, Door>,
}

/// A gateway under test.
#[derive(Debug)]
pub struct Started {
    /// The gateway.
    pub gateway: Gateway,
    /// Where it counts.
    pub registry: Registry,
    doors: BTreeMap<String, Door>,
}

impl Rig {
    /// Plans the gateway of a configuration. Its exporters take everything until they are given a backend.
    pub fn new(yaml: &str) -> Result<Self, Errors> {
        let nothing = |_: &str| None;
        let settings = Settings::from_loaded(Loader::new(&nothing).config(format!("yaml:{yaml}")).load()?)?;
        let mut plan = Plan::of(&settings, &table())?;
        let mut doors = BTreeMap::new();
        for receiver in plan.receivers.iter_mut().filter(|receiver| receiver.node.component == PROBE.name) {
            let (probe, door) = Probe::new();
            receiver.node.make = Arc::new(move |_| Ok(probe.receiver()));
            doors.insert(receiver.node.id.to_string(), door);
        }
        Ok(Self { plan, options: options(), doors })
    }

    /// Gives the exporter `id` a backend.
    #[must_use]
    pub fn backend(self, id: &str, backend: &Backend) -> Self {
        let backend = backend.clone();
        self.sink(id, move |_| backend.sink())
    }

    /// Gives the exporter `id` anything.
    #[must_use]
    pub fn sink(mut self, id: &str, make: impl Fn(&Env) -> Sink + Send + Sync + 'static) -> Self {
        let make: crate::component::Make<Sink> = Arc::new(move |env| Ok(make(env)));
        let named = self.plan.exporters.iter_mut().filter(|exporter| *exporter.node.id == *id);
        named.for_each(|exporter| exporter.node.make = Arc::clone(&make));
        self
    }

    /// Starts it.
    pub async fn start(self) -> Result<Started, Fault> {
        let registry = self.options.registry.clone();
        let gateway = Gateway::start(&self.plan, self.options).await?;
        Ok(Started { gateway, registry, doors: self.doors })
    }
}

impl Started {
    /// The door of the probe `id`; without such a probe, one that nobody opens.
    pub fn door(&self, id: &str) -> Door {
        self.doors.get(id).cloned().unwrap_or_else(|| Probe::new().1)
    }

    /// Bytes held now.
    pub fn used(&self) -> usize {
        self.gateway.budget().used()
    }
}

/// What a gateway is given in tests: 1 GiB, two threads, and chance from a seed.
pub fn options() -> Options {
    Options {
        registry: Registry::default(),
        clock: Arc::new(SystemClock::new()),
        random: Arc::new(SplitMix::new(1)),
        memory: 1 << 30,
        threads: 2,
    }
}

/// What surrounds a component in its own tests.
pub fn env(id: &str) -> Env {
    let Options { registry, clock, random, memory, threads } = options();
    Env {
        id: id.into(),
        pipeline: Some("traces".into()),
        ports: Arc::new([]),
        headers: Arc::default(),
        clock,
        random,
        registry,
        budget: Budget::new(memory),
        compute: Arc::new(Compute::new(threads)),
        extensions: Extensions::default(),
        status: Arc::new(Quiet),
    }
}

/// A status of a gateway of which there is nothing to say.
struct Quiet;

impl Status for Quiet {
    fn is_ready(&self) -> bool {
        true
    }

    fn describe(&self) -> serde_json::Value {
        serde_json::Value::Null
    }

    fn failing(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

/// The components of a rig.
pub fn table() -> Table {
    Table::new([
        &PROBE,
        &BACKEND,
        &crate::processors::batch::COMPONENT,
        &crate::processors::memory_limiter::COMPONENT,
        &crate::connectors::forward::COMPONENT,
    ])
}

static PROBE: Component = Component {
    name: "probe",
    aliases: &[],
    signals: &Signal::ALL,
    summary: "takes in what a test submits",
    readme: "",
    example: "answer: held\n",
    prepare: Prepare::Receiver(prepare_probe),
};

static BACKEND: Component = Component {
    name: "backend",
    aliases: &[],
    signals: &Signal::ALL,
    summary: "sends to a backend that a test scripts",
    readme: "",
    example: "sending_queue: { queue_size: 10 }\n",
    prepare: Prepare::Exporter(prepare_backend),
};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct ProbeKeys {
    answer: Wants,
}

fn prepare_probe(section: &Section) -> Result<Prepared<Box<dyn Receiver>>, Errors> {
    let ProbeKeys { answer } = section.parse()?;
    let facts = Facts { answer, ..Facts::default() };
    Ok(Prepared::new(|_| Ok(Probe::new().0.receiver())).with(facts))
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct BackendKeys {}

fn prepare_backend(section: &Section) -> Result<Prepared<Sink>, Errors> {
    let (delivery, rest) = Delivery::take(section, Duration::from_secs(5))?;
    let BackendKeys {} = rest.parse()?;
    let facts = Facts { delivery: Some(delivery), ..Facts::default() };
    Ok(Prepared::new(|_| Ok(Backend::default().sink())).with(facts))
}
