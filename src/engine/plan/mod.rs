//! The checked graph: what a configuration means, before anything is opened.
//!
//! [`Plan::of`] turns settings and a table of components into receivers, pipelines, connectors and
//! exporters that know each other by index. Whatever can be wrong is told here, all of it at once,
//! each with its place. `weft validate` stops after the plan; `run` goes on to the
//! [`Gateway`](super::Gateway).

mod absent;
mod chain;
mod cycles;
mod find;
mod joints;
mod link;
mod needs;
mod removed;
mod shelf;
mod words;

use crate::batch::Wants;
use crate::component::{Extension, Facts, Make, MemoryLimit, Processor, Receiver, Sink};
use crate::config::{ConfigError, Errors, Loaded, Settings};
use crate::otlp::Signal;
use crate::telemetry::settings::Settings as TelemetrySettings;
use std::collections::BTreeSet;
use std::sync::Arc;

pub use find::Table;

/// A gateway on paper.
#[derive(Debug)]
pub struct Plan {
    /// What takes data in.
    pub receivers: Vec<PlannedReceiver>,
    /// The pipelines, each of one signal.
    pub pipelines: Vec<PlannedPipeline>,
    /// What joins pipelines: one for each connector and incoming signal.
    pub connectors: Vec<PlannedConnector>,
    /// What sends data out.
    pub exporters: Vec<PlannedExporter>,
    /// What stands beside, in the order in which it starts.
    pub extensions: Vec<PlannedExtension>,
    /// `service.telemetry`.
    pub telemetry: TelemetrySettings,
    /// The smallest limit that a memory limiter sets.
    pub memory: Option<MemoryLimit>,
    /// Headers that some node reads, in lower case.
    pub headers: BTreeSet<String>,
    /// What works but deserves a word.
    pub warnings: Vec<ConfigError>,
    /// What a kill can cost, in a line.
    pub guarantee: String,
}

/// A component in its place.
pub struct Planned<T> {
    /// Its id, for example `otlp/edge`.
    pub id: Arc<str>,
    /// The name of its entry in the table.
    pub component: &'static str,
    /// What is known of it.
    pub facts: Facts,
    /// Makes it.
    pub make: Make<T>,
}

impl<T> Clone for Planned<T> {
    fn clone(&self) -> Self {
        let Self { id, component, facts, make } = self;
        Self { id: Arc::clone(id), component, facts: facts.clone(), make: Arc::clone(make) }
    }
}

impl<T> std::fmt::Debug for Planned<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.id, self.component)
    }
}

/// A receiver and the pipelines it feeds.
#[derive(Debug)]
pub struct PlannedReceiver {
    /// What it is.
    pub node: Planned<Box<dyn Receiver>>,
    /// Pipelines by signal, in the order of [`Signal::ALL`].
    pub feeds: [Vec<usize>; 3],
}

/// One pipeline.
#[derive(Debug)]
pub struct PlannedPipeline {
    /// Its id, for example `traces/edge`.
    pub id: Arc<str>,
    /// What flows through it.
    pub signal: Signal,
    /// In their order.
    pub processors: Vec<Planned<Box<dyn Processor>>>,
    /// In their order.
    pub exits: Vec<Exit>,
}

/// Where a pipeline ends. Ordered as places are reserved: connectors first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Exit {
    /// A connector, by index.
    Connector(usize),
    /// An exporter, by index.
    Exporter(usize),
}

/// A connector for one incoming signal.
#[derive(Debug)]
pub struct PlannedConnector {
    /// What it is.
    pub node: Planned<Box<dyn Processor>>,
    /// What it takes.
    pub signal: Signal,
    /// The pipelines that it feeds, by index.
    pub ports: Vec<usize>,
}

/// An exporter and the signals that reach it.
#[derive(Debug)]
pub struct PlannedExporter {
    /// What it is.
    pub node: Planned<Sink>,
    /// What it is given.
    pub signals: BTreeSet<Signal>,
}

/// An extension.
pub type PlannedExtension = Planned<Arc<dyn Extension>>;

impl Plan {
    /// The graph of these settings, or all that is wrong with it.
    pub fn of(settings: &Settings, table: &Table) -> Result<Self, Errors> {
        link::link(settings, table)
    }

    /// The settings and the graph of a loaded configuration, or all that is wrong with either: where
    /// the top level is wrong already, what is wrong inside of the components is told with it.
    pub fn read(loaded: Loaded, table: &Table) -> Result<(Settings, Self), Errors> {
        let (settings, mut errors) = Settings::read(loaded);
        if errors.is_empty() {
            return Self::of(&settings, table).map(|plan| (settings, plan));
        }
        errors.extend(link::mistakes(&settings, table));
        errors.sort();
        Err(errors)
    }

    /// Whether any sender waits for the backends.
    pub fn answers_delivered(&self) -> bool {
        self.receivers.iter().any(|receiver| receiver.node.facts.answer == Wants::Delivered)
    }
}
