//! The contract between the engine and what can be plugged into it.
//!
//! A component is an entry in a table: [`Component`]. Its `prepare` function turns a section of the
//! configuration into [`Prepared`]: everything wrong with it is told there, with its place, and
//! nothing is opened. What was prepared is made later, once for every place where it stands. An
//! outside crate adds its own components by the same types.

mod clock;
mod compute;
mod delivery;
mod exporter;
mod extension;
mod fault;
mod ingress;
mod processor;
mod stop;

pub use clock::{Clock, Random, SplitMix, SystemClock};
pub use compute::Compute;
pub use delivery::{Delivery, KEYS as DELIVERY_KEYS, Partition, Queue, QueueBatch, RetryOnFailure};
pub use exporter::{
    AnyExporter, AnyRequest, AnyWriter, Book, Exporter, Receipt, Request, Requests, Sent, Sink, Writer,
};
pub use extension::{Authenticator, Capability, Credentials, Denied, Extension, Extensions};
pub use fault::{Blame, BoxError, Fault};
pub use ingress::{Account, Admitted, Arriving, DEFAULT_DEADLINE, Ingress, Inlet, OnItsWay, Transit};
pub use processor::{Drain, Loss, Out, Processor, Question, State, Tally};
pub use stop::{Stop, Stopper, stopper};

use crate::batch::{Budget, Wants};
use crate::config::{Errors, Section};
use crate::otlp::Signal;
use crate::telemetry::Registry;
use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::Arc;

/// A boxed future that can move between threads.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What serves until it is told to stop.
pub type Running = BoxFuture<'static, Result<(), Fault>>;

/// Takes data in. Sockets and files are its own; memory and answers come from [`Ingress`].
pub trait Receiver: Send {
    /// Binds what it listens on and gives the future that serves until `stop`: a failure to bind
    /// stops the start of the gateway.
    fn start(self: Box<Self>, ingress: Ingress, stop: Stop) -> BoxFuture<'static, Result<Running, Fault>>;
}

/// An entry of the table of components.
#[derive(Clone, Copy, Debug)]
pub struct Component {
    /// The name of today, for example `otlp_grpc`.
    pub name: &'static str,
    /// Names that mean the same, for example older ones.
    pub aliases: &'static [&'static str],
    /// The signals it takes; empty for extensions.
    pub signals: &'static [Signal],
    /// One line for a list.
    pub summary: &'static str,
    /// Its manual: README.md of its folder.
    pub readme: &'static str,
    /// A section that works, as YAML.
    pub example: &'static str,
    /// How a section becomes a component.
    pub prepare: Prepare,
}

/// Reads and checks a section: the component, or all that is wrong with it.
pub type PrepareFn<T> = fn(&Section) -> Result<Prepared<T>, Errors>;

/// How a section of the configuration becomes a component, by kind.
#[derive(Clone, Copy, Debug)]
pub enum Prepare {
    /// Under `receivers`.
    Receiver(PrepareFn<Box<dyn Receiver>>),
    /// Under `processors`: made once for each pipeline that names it.
    Processor(PrepareFn<Box<dyn Processor>>),
    /// Under `connectors`: a processor whose ports are the pipelines that it feeds ([`Env::ports`]),
    /// with the pairs of signals that it joins.
    Connector(&'static [(Signal, Signal)], PrepareFn<Box<dyn Processor>>),
    /// Under `exporters`.
    Exporter(PrepareFn<Sink>),
    /// Under `extensions`.
    Extension(PrepareFn<Arc<dyn Extension>>),
}

/// The five maps of a configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Takes data in.
    Receiver,
    /// Changes, drops or holds it.
    Processor,
    /// Joins pipelines.
    Connector,
    /// Sends it out.
    Exporter,
    /// Stands beside the pipelines.
    Extension,
}

impl Kind {
    /// All kinds, in the order of the manual.
    pub const ALL: [Kind; 5] =
        [Kind::Receiver, Kind::Processor, Kind::Connector, Kind::Exporter, Kind::Extension];

    /// The name of one.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Receiver => "receiver",
            Kind::Processor => "processor",
            Kind::Connector => "connector",
            Kind::Exporter => "exporter",
            Kind::Extension => "extension",
        }
    }

    /// The key of its map in a configuration.
    pub const fn key(self) -> &'static str {
        match self {
            Kind::Receiver => "receivers",
            Kind::Processor => "processors",
            Kind::Connector => "connectors",
            Kind::Exporter => "exporters",
            Kind::Extension => "extensions",
        }
    }
}

impl Component {
    /// The map it stands in.
    pub const fn kind(&self) -> Kind {
        match self.prepare {
            Prepare::Receiver(_) => Kind::Receiver,
            Prepare::Processor(_) => Kind::Processor,
            Prepare::Connector(..) => Kind::Connector,
            Prepare::Exporter(_) => Kind::Exporter,
            Prepare::Extension(_) => Kind::Extension,
        }
    }

    /// Whether `name` means this component.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

/// A checked component, not made yet.
pub struct Prepared<T> {
    /// What the plan has to know of it.
    pub facts: Facts,
    /// Makes it: once for each place, without I/O.
    pub make: Make<T>,
}

/// Makes a component from what surrounds it.
pub type Make<T> = Arc<dyn Fn(&Env) -> Result<T, Fault> + Send + Sync>;

impl<T> Prepared<T> {
    /// A component about which there is nothing to know.
    pub fn new(make: impl Fn(&Env) -> Result<T, Fault> + Send + Sync + 'static) -> Self {
        Self { facts: Facts::default(), make: Arc::new(make) }
    }

    /// The same, with what is to be known of it.
    #[must_use]
    pub fn with(mut self, facts: Facts) -> Self {
        self.facts = facts;
        self
    }
}

impl<T> std::fmt::Debug for Prepared<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Prepared").field("facts", &self.facts).finish_non_exhaustive()
    }
}

/// What the plan has to know of a component.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// It answers the sender when it takes a batch, and keeps the batch in memory.
    pub holds: bool,
    /// Request headers that it reads, in lower case: they are kept from the door on.
    pub reads_headers: Vec<String>,
    /// A receiver's doors for requests that have headers: the key that lets them travel with the
    /// data, and whether it does.
    pub keeps_headers: Vec<(String, bool)>,
    /// It reads who the sender is.
    pub reads_identity: bool,
    /// Extensions it needs: the key that names them, the id, and what they must be able to do.
    pub needs: Vec<(String, String, Capability)>,
    /// What an extension can do for others.
    pub provides: Vec<Capability>,
    /// When a receiver's senders are answered.
    pub answer: Wants,
    /// How an exporter's batches are delivered.
    pub delivery: Option<Delivery>,
    /// A memory limit that it sets for the whole gateway.
    pub memory: Option<MemoryLimit>,
    /// What works but deserves a word: the key (empty for the whole section) and the word.
    pub warnings: Vec<(String, String)>,
}

/// The limits that a `memory_limiter` sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemoryLimit {
    /// Bytes: all of it, and the part that is refused to newcomers.
    Bytes(usize, usize),
    /// Percent of the memory of the cgroup or machine.
    Percent(u8, u8),
}

/// What surrounds a component when it is made.
#[derive(Clone)]
pub struct Env {
    /// Its id, for example `otlp/edge`.
    pub id: Arc<str>,
    /// The pipeline it stands in, where it stands in one.
    pub pipeline: Option<Arc<str>>,
    /// The pipelines that a connector feeds, in the order of its ports.
    pub ports: Arc<[(Arc<str>, Signal)]>,
    /// Request headers that some node reads, in lower case: a receiver keeps these and no others.
    pub headers: Arc<BTreeSet<String>>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Chance, for jitter and sampling.
    pub random: Arc<dyn Random>,
    /// Where it counts.
    pub registry: Registry,
    /// The memory of all.
    pub budget: Arc<Budget>,
    /// Threads for long computations.
    pub compute: Arc<Compute>,
    /// The extensions.
    pub extensions: Extensions,
    /// How the gateway fares.
    pub status: Arc<dyn Status>,
}

impl std::fmt::Debug for Env {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Env").field("id", &self.id).field("pipeline", &self.pipeline).finish_non_exhaustive()
    }
}

/// How the gateway fares, for health checks and pages.
pub trait Status: Send + Sync {
    /// Whether it takes data: started, and not about to stop.
    fn is_ready(&self) -> bool;
    /// The graph with its counts, as JSON.
    fn describe(&self) -> serde_json::Value;
    /// Components that fail now, each with its error.
    fn failing(&self) -> Vec<(String, String)>;
}
