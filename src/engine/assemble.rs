//! Puts a gateway together: channels between the nodes, counters on each, tasks that are not started.
//!
//! Exporters come first and receivers last, since each needs the way into what is behind it.

use super::account::Accounts;
use super::attempt::Attempts;
use super::counts::Counts;
use super::dispatch::Dispatch;
use super::fanout::{Branch, FanOut};
use super::ledger::Ledger;
use super::outbox::Outbox;
use super::plan::{Exit, Plan, Planned, PlannedConnector, PlannedExporter, PlannedPipeline, PlannedReceiver};
use super::report::{Counted, Role};
use super::worker::{Node, Worker};
use super::writing::{SignalBook, Writing};
use crate::batch::{Gather, Thresholds};
use crate::component::{
    AnyExporter, AnyWriter, Arriving, Delivery, Env, Fault, Ingress, Inlet, Processor, Receiver, Sink, Stop,
    Transit,
};
use crate::otlp::Signal;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Batches that may wait in front of a pipeline. Their memory is charged, so this bounds only delay.
const DEPTH: usize = 32;

/// The parts of a gateway.
pub(super) struct Parts {
    pub(super) receivers: Vec<(Arc<str>, Box<dyn Receiver>, Ingress)>,
    pub(super) workers: Vec<Worker>,
    pub(super) dispatches: Vec<Dispatch>,
    pub(super) writings: Vec<Writing>,
    pub(super) nodes: Vec<Counted>,
    pub(super) ledgers: Vec<Ledger>,
}

/// A worker's ends of its inlet.
struct Input {
    inlet: Inlet,
    receiver: mpsc::Receiver<Arriving>,
    transit: Arc<Transit>,
}

impl Input {
    fn new() -> Self {
        let (inlet, receiver, transit) = Inlet::new(DEPTH);
        Self { inlet, receiver, transit }
    }
}

/// A way into something, and the node that counts what enters.
type Door<T> = (T, usize);

struct Assembly<'a> {
    env: &'a Env,
    stop: &'a Stop,
    parts: Parts,
    /// By exporter and signal.
    outboxes: Vec<[Option<Door<Outbox>>; 3]>,
    pipelines: Vec<Door<Inlet>>,
    connectors: Vec<Door<Inlet>>,
}

/// The parts of the gateway that `plan` describes.
pub(super) fn assemble(plan: &Plan, env: &Env, stop: &Stop) -> Result<Parts, Fault> {
    let parts = Parts {
        receivers: Vec::new(),
        workers: Vec::new(),
        dispatches: Vec::new(),
        writings: Vec::new(),
        nodes: Vec::new(),
        ledgers: Vec::new(),
    };
    let (outboxes, pipelines, connectors) = (Vec::new(), Vec::new(), Vec::new());
    let mut assembly = Assembly { env, stop, parts, outboxes, pipelines, connectors };
    for exporter in &plan.exporters {
        assembly.exporter(exporter)?;
    }
    assembly.workers(plan)?;
    for receiver in &plan.receivers {
        assembly.receiver(receiver)?;
    }
    Ok(assembly.parts)
}

impl Assembly<'_> {
    fn node(
        &mut self,
        role: Role,
        id: &Arc<str>,
        pipeline: Option<&Arc<str>>,
        signal: Signal,
    ) -> (usize, Arc<Counts>) {
        let counts = Arc::<Counts>::default();
        let (id, pipeline) = (Arc::clone(id), pipeline.cloned());
        let node = Counted { role, id, pipeline, signal, next: Vec::new(), counts: Arc::clone(&counts) };
        self.parts.nodes.push(node);
        (self.parts.nodes.len() - 1, counts)
    }

    fn env(&self, id: &Arc<str>, pipeline: Option<&Arc<str>>) -> Env {
        Env { id: Arc::clone(id), pipeline: pipeline.cloned(), ..self.env.clone() }
    }

    fn ledger(&mut self, role: Role, id: &Arc<str>, signal: Signal) -> Ledger {
        let ledger = Ledger::new(&self.env.registry, role, id, signal);
        self.parts.ledgers.push(ledger.clone());
        ledger
    }

    fn exporter(&mut self, planned: &PlannedExporter) -> Result<(), Fault> {
        let Planned { id, facts, make, .. } = &planned.node;
        let delivery = facts.delivery.clone().unwrap_or_else(Delivery::direct);
        let doors = match make(&self.env(id, None))? {
            Sink::Exporter(exporter) => self.sender(id, &exporter, &delivery, &planned.signals),
            Sink::Writer(writer) => self.writer(id, writer, &delivery),
        };
        self.outboxes.push(doors);
        Ok(())
    }

    /// A queue and a dispatcher for each signal.
    fn sender(
        &mut self,
        id: &Arc<str>,
        exporter: &Arc<dyn AnyExporter>,
        delivery: &Delivery,
        signals: &BTreeSet<Signal>,
    ) -> [Option<Door<Outbox>>; 3] {
        Signal::ALL.map(|signal| {
            signals.contains(&signal).then(|| {
                let (at, counts) = self.node(Role::Exporter, id, None, signal);
                let ledger = self.ledger(Role::Exporter, id, signal);
                let (outbox, input) = Outbox::new(&delivery.queue, Arc::clone(&counts), ledger.clone());
                ledger.watch(&outbox);
                let attempts = Attempts {
                    exporter: Arc::clone(exporter),
                    settings: delivery.clone(),
                    counts,
                    ledger,
                    random: Arc::clone(&self.env.random),
                    stop: self.stop.clone(),
                };
                self.parts.dispatches.push(Dispatch {
                    input,
                    gather: gather(delivery),
                    consumers: consumers(delivery),
                    attempts: Arc::new(attempts),
                    clock: Arc::clone(&self.env.clock),
                });
                (outbox, at)
            })
        })
    }

    /// One queue and one task for all signals.
    fn writer(
        &mut self,
        id: &Arc<str>,
        writer: Box<dyn AnyWriter>,
        delivery: &Delivery,
    ) -> [Option<Door<Outbox>>; 3] {
        let nodes = Signal::ALL.map(|signal| {
            let (at, counts) = self.node(Role::Exporter, id, None, signal);
            (at, Arc::new(SignalBook { counts, ledger: self.ledger(Role::Exporter, id, signal) }))
        });
        let (outbox, input) =
            Outbox::new(&delivery.queue, Arc::clone(&nodes[0].1.counts), nodes[0].1.ledger.clone());
        let books = nodes.each_ref().map(|(_, book)| Arc::clone(book));
        self.parts.writings.push(Writing { input, writer, books, clock: Arc::clone(&self.env.clock) });
        nodes.map(|(at, book)| Some((outbox.counted_by(Arc::clone(&book.counts), book.ledger.clone()), at)))
    }

    fn workers(&mut self, plan: &Plan) -> Result<(), Fault> {
        let pipelines: Vec<_> = plan.pipelines.iter().map(|_| Input::new()).collect();
        let connectors: Vec<_> = plan.connectors.iter().map(|_| Input::new()).collect();
        // The first node of each is known before its worker is made: processors, then fan-outs.
        self.connectors = connectors.iter().map(|input| (input.inlet.clone(), 0)).collect();
        self.pipelines = pipelines.iter().map(|input| (input.inlet.clone(), 0)).collect();
        let mut chains = Vec::new();
        for (at, pipeline) in plan.pipelines.iter().enumerate() {
            let first = self.parts.nodes.len();
            chains.push(self.chain(pipeline)?);
            self.pipelines[at].1 = first;
        }
        let mut joints = Vec::new();
        for (at, connector) in plan.connectors.iter().enumerate() {
            self.connectors[at].1 = self.parts.nodes.len();
            joints.push(self.joint(connector, plan)?);
        }
        for ((pipeline, input), (chain, exit)) in plan.pipelines.iter().zip(pipelines).zip(chains) {
            let outlet = self.fan_out(exit, &pipeline.exits, pipeline.signal);
            self.worker(input, chain, vec![outlet]);
        }
        for ((connector, input), node) in plan.connectors.iter().zip(connectors).zip(joints) {
            let outlets =
                connector.ports.iter().map(|&port| self.port(node.1, connector, plan, port)).collect();
            self.worker(input, vec![node.0], outlets);
        }
        Ok(())
    }

    fn worker(&mut self, input: Input, chain: Vec<Node>, outlets: Vec<FanOut>) {
        let Input { receiver, transit, .. } = input;
        let clock = Arc::clone(&self.env.clock);
        self.parts.workers.push(Worker { input: receiver, transit, chain, outlets, clock });
    }

    /// The processors of a pipeline, each linked to the next, and the node of its fan-out.
    fn chain(&mut self, pipeline: &PlannedPipeline) -> Result<(Vec<Node>, usize), Fault> {
        let mut chain = Vec::new();
        for Planned { id, make, .. } in &pipeline.processors {
            let processor = make(&self.env(id, Some(&pipeline.id)))?;
            let (at, counts) = self.node(Role::Processor, id, Some(&pipeline.id), pipeline.signal);
            self.parts.nodes[at].next.push(at + 1);
            let ledger = self.ledger(Role::Processor, id, pipeline.signal);
            chain.push(Node { processor, counts, ledger });
        }
        let (exit, _) =
            self.node(Role::FanOut, &Arc::clone(&pipeline.id), Some(&pipeline.id), pipeline.signal);
        Ok((chain, exit))
    }

    fn fan_out(&mut self, exit: usize, exits: &[Exit], signal: Signal) -> FanOut {
        let mut branches = Vec::new();
        // Places are reserved in one order everywhere: two pipelines that end in the same two full queues
        // would else wait for each other. Connectors first, since what they lead to may need a place too.
        let mut exits = exits.to_vec();
        exits.sort_unstable();
        for end in exits {
            let (branch, next) = match end {
                Exit::Connector(at) => {
                    let (inlet, node) = &self.connectors[at];
                    (Branch::Worker(inlet.clone()), *node)
                }
                Exit::Exporter(at) => {
                    let Some((outbox, node)) = &self.outboxes[at][signal as usize] else { continue };
                    (Branch::Outbox(outbox.clone()), *node)
                }
            };
            branches.push(branch);
            self.parts.nodes[exit].next.push(next);
        }
        FanOut::new(branches, Arc::clone(&self.parts.nodes[exit].counts))
    }

    fn joint(&mut self, connector: &PlannedConnector, plan: &Plan) -> Result<(Node, usize), Fault> {
        let Planned { id, make, .. } = &connector.node;
        let feeds = connector.ports.iter().map(|&port| &plan.pipelines[port]);
        let ports = feeds.map(|pipeline| (Arc::clone(&pipeline.id), pipeline.signal)).collect();
        let processor: Box<dyn Processor> = make(&Env { ports, ..self.env(id, None) })?;
        let (at, counts) = self.node(Role::Connector, id, None, connector.signal);
        let ledger = self.ledger(Role::Connector, id, connector.signal);
        Ok((Node { processor, counts, ledger }, at))
    }

    /// The way from a connector into one pipeline.
    fn port(&mut self, from: usize, connector: &PlannedConnector, plan: &Plan, port: usize) -> FanOut {
        let (inlet, first) = self.pipelines[port].clone();
        let pipeline = &plan.pipelines[port];
        let (at, counts) = self.node(Role::FanOut, &connector.node.id, Some(&pipeline.id), pipeline.signal);
        self.parts.nodes[at].next.push(first);
        self.parts.nodes[from].next.push(at);
        FanOut::new(vec![Branch::Worker(inlet)], counts)
    }

    fn receiver(&mut self, planned: &PlannedReceiver) -> Result<(), Fault> {
        let Planned { id, facts, make, .. } = &planned.node;
        let receiver = make(&self.env(id, None))?;
        let counts = Signal::ALL.map(|signal| {
            let (at, counts) = self.node(Role::Receiver, id, None, signal);
            self.parts.nodes[at].next =
                planned.feeds[signal as usize].iter().map(|&to| self.pipelines[to].1).collect();
            counts
        });
        let routes =
            planned.feeds.each_ref().map(|to| to.iter().map(|&to| self.pipelines[to].0.clone()).collect());
        let account = Arc::new(Accounts::new(id, &self.env.registry, counts));
        let ingress = Ingress::new(routes, Arc::clone(&self.env.budget), facts.answer, account);
        self.parts.receivers.push((Arc::clone(id), receiver, ingress));
        Ok(())
    }
}

fn gather(delivery: &Delivery) -> Option<Gather> {
    let batch = delivery.queue.batch.as_ref().filter(|_| delivery.queue.enabled)?;
    Some(Gather::new(Thresholds {
        min: batch.min_size,
        max: batch.max_size,
        sizer: batch.unit(delivery.queue.sizer),
        timeout: batch.flush_timeout.get(),
    }))
}

/// Requests sent at once by an exporter without a queue: its senders wait, so none needs a queue.
const DIRECT: usize = 64;

fn consumers(delivery: &Delivery) -> usize {
    if delivery.queue.enabled { delivery.queue.num_consumers as usize } else { DIRECT }
}
