//! From settings to the graph: ties what stands on the [`Shelf`] to pipelines, and has every check
//! made that needs more than one section.

use super::find::Table;
use super::joints::{joins, listed};
use super::shelf::Shelf;
use super::{Exit, Plan, Planned, PlannedConnector, PlannedExporter, PlannedPipeline, PlannedReceiver};
use super::{chain, cycles, joints, needs, removed, words};
use crate::component::{Component, Extension, Processor};
use crate::config::{ConfigError, Errors, Reference, Settings};
use crate::otlp::Signal;
use crate::telemetry::settings::Settings as TelemetrySettings;
use std::collections::BTreeSet;
use std::sync::Arc;

/// The graph of these settings, or all that is wrong.
pub(super) fn link(settings: &Settings, table: &Table) -> Result<Plan, Errors> {
    let mut errors = Errors::new();
    let (shelf, telemetry) = sections(settings, table, &mut errors);
    joints::check(settings, &shelf, &mut errors);
    needs::check(settings, &shelf, table, &mut errors);
    let mut linking = Linking {
        settings,
        shelf,
        errors,
        pipelines: Vec::new(),
        connectors: Vec::new(),
        exporters: Vec::new(),
    };
    linking.pipelines();
    linking.ports();
    let receivers = linking.receivers();
    let extensions = linking.extensions();
    cycles::check(settings, &linking.pipelines, &linking.connectors, &mut linking.errors);
    let Linking { mut errors, pipelines, connectors, exporters, .. } = linking;
    let Some(telemetry) = telemetry.filter(|_| errors.is_empty()) else {
        errors.sort();
        return Err(errors);
    };
    let mut plan = Plan {
        receivers,
        pipelines,
        connectors,
        exporters,
        extensions,
        telemetry,
        warnings: settings.warnings.take(),
        memory: None,
        headers: BTreeSet::new(),
        guarantee: String::new(),
    };
    words::complete(&mut plan);
    plan.warnings.extend(chain::warnings(&plan, settings));
    let mut warnings = Errors(std::mem::take(&mut plan.warnings));
    warnings.sort();
    Ok(Plan { warnings: warnings.0, ..plan })
}

/// What is wrong inside of the sections: all that can be said where the graph cannot be tied.
pub(super) fn mistakes(settings: &Settings, table: &Table) -> Errors {
    let mut errors = Errors::new();
    sections(settings, table, &mut errors);
    errors
}

fn sections(settings: &Settings, table: &Table, errors: &mut Errors) -> (Shelf, Option<TelemetrySettings>) {
    let shelf = Shelf::fill(settings, table, errors);
    let telemetry = errors.keep(TelemetrySettings::load(&settings.service.telemetry));
    removed::explain(errors);
    (shelf, telemetry)
}

struct Linking<'a> {
    settings: &'a Settings,
    shelf: Shelf,
    errors: Errors,
    pipelines: Vec<PlannedPipeline>,
    connectors: Vec<PlannedConnector>,
    exporters: Vec<PlannedExporter>,
}

impl Linking<'_> {
    fn pipelines(&mut self) {
        let settings = self.settings;
        for pipeline in &settings.service.pipelines {
            let Ok(signal) = pipeline.id.signal.parse::<Signal>() else { continue };
            let processors = pipeline.processors.iter();
            let processors = processors.filter_map(|reference| self.processor(reference, signal)).collect();
            let exits =
                pipeline.exporters.iter().filter_map(|reference| self.exit(reference, signal)).collect();
            self.pipelines.push(PlannedPipeline {
                id: pipeline.id.to_string().into(),
                signal,
                processors,
                exits,
            });
        }
    }

    fn processor(&mut self, reference: &Reference, signal: Signal) -> Option<Planned<Box<dyn Processor>>> {
        let ready = self.shelf.processors.get(&reference.id.to_string())?;
        takes(ready.component, reference, signal, &mut self.errors).then(|| ready.planned.clone())
    }

    /// The exporter or connector that a pipeline names as its end.
    fn exit(&mut self, reference: &Reference, signal: Signal) -> Option<Exit> {
        let id = reference.id.to_string();
        if self.shelf.connectors.contains_key(&id) {
            return self.connector(&id, signal).map(Exit::Connector);
        }
        let ready = self.shelf.exporters.get(&id)?;
        if !takes(ready.component, reference, signal, &mut self.errors) {
            return None;
        }
        let known = self.exporters.iter().position(|exporter| *exporter.node.id == *id);
        let at = known.unwrap_or_else(|| {
            self.exporters.push(PlannedExporter { node: ready.planned.clone(), signals: BTreeSet::new() });
            self.exporters.len() - 1
        });
        self.exporters[at].signals.insert(signal);
        Some(Exit::Exporter(at))
    }

    fn connector(&mut self, id: &str, signal: Signal) -> Option<usize> {
        let ready = self.shelf.connectors.get(id)?;
        if !joins(ready.component).iter().any(|(from, _)| *from == signal) {
            return None;
        }
        let same = |connector: &PlannedConnector| *connector.node.id == *id && connector.signal == signal;
        Some(self.connectors.iter().position(same).unwrap_or_else(|| {
            self.connectors.push(PlannedConnector { node: ready.planned.clone(), signal, ports: Vec::new() });
            self.connectors.len() - 1
        }))
    }

    /// Ties connectors to the pipelines that name them as a receiver.
    fn ports(&mut self) {
        for (at, pipeline) in self.settings.service.pipelines.iter().enumerate() {
            let Ok(signal) = pipeline.id.signal.parse::<Signal>() else { continue };
            for reference in &pipeline.receivers {
                let id = reference.id.to_string();
                let Some(ready) = self.shelf.connectors.get(&id) else { continue };
                let joins = joins(ready.component);
                let fits = |one: &&mut PlannedConnector| {
                    *one.node.id == *id && joins.contains(&(one.signal, signal))
                };
                self.connectors.iter_mut().filter(fits).for_each(|connector| connector.ports.push(at));
            }
        }
    }

    fn receivers(&mut self) -> Vec<PlannedReceiver> {
        let mut receivers: Vec<PlannedReceiver> = Vec::new();
        for (at, pipeline) in self.settings.service.pipelines.iter().enumerate() {
            let Ok(signal) = pipeline.id.signal.parse::<Signal>() else { continue };
            for reference in &pipeline.receivers {
                let id = reference.id.to_string();
                let Some(ready) = self.shelf.receivers.get(&id) else { continue };
                if !takes(ready.component, reference, signal, &mut self.errors) {
                    continue;
                }
                let known = receivers.iter().position(|receiver| *receiver.node.id == *id);
                let place = known.unwrap_or_else(|| {
                    receivers
                        .push(PlannedReceiver { node: ready.planned.clone(), feeds: Default::default() });
                    receivers.len() - 1
                });
                receivers[place].feeds[signal as usize].push(at);
            }
        }
        receivers
    }

    fn extensions(&self) -> Vec<Planned<Arc<dyn Extension>>> {
        let named = self.settings.service.extensions.iter();
        named
            .filter_map(|reference| self.shelf.extensions.get(&reference.id.to_string()))
            .map(|ready| ready.planned.clone())
            .collect()
    }
}

/// Whether a component takes a signal; if not, that is an error where it is named.
fn takes(component: &Component, reference: &Reference, signal: Signal, errors: &mut Errors) -> bool {
    let takes = component.signals.contains(&signal);
    if !takes {
        let problem = format!("`{}` cannot carry {signal}", reference.id);
        let error = ConfigError::new(Some(reference.origin.clone()), &*reference.path, problem);
        let carried = listed(component.signals.iter().map(Signal::to_string), "and");
        errors.push(error.hint(format!("it carries {carried}")));
    }
    takes
}
