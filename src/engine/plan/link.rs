//! From settings to the graph: finds each component, has it read its section, and ties the ends.
//!
//! Everything that is configured is prepared, used or not, so that a mistake in a part that is
//! switched off today is found today.

use super::find::Table;
use super::{Exit, Plan, Planned, PlannedConnector, PlannedExporter, PlannedPipeline, PlannedReceiver, cycles, words};
use crate::component::{Component, Extension, Kind, Prepare, Prepared, Processor, Receiver, Sink};
use crate::config::{self, ConfigError, Errors, Reference, Settings};
use crate::otlp::Signal;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// A configured component after its section was read.
struct Ready<T> {
    planned: Planned<T>,
    component: &'static Component,
}

type All<T> = HashMap<String, Ready<T>>;

/// Everything that is configured.
struct Shelf {
    receivers: All<Box<dyn Receiver>>,
    processors: All<Box<dyn Processor>>,
    connectors: All<Box<dyn Processor>>,
    exporters: All<Sink>,
    extensions: All<Arc<dyn Extension>>,
}

/// The graph of these settings, or all that is wrong.
pub(super) fn link(settings: &Settings, table: &Table) -> Result<Plan, Errors> {
    let mut errors = Errors::new();
    let shelf = shelf(settings, table, &mut errors);
    let telemetry = errors.keep(crate::telemetry::settings::Settings::load(&settings.service.telemetry));
    let mut linking = Linking { settings, shelf, errors, pipelines: Vec::new(), connectors: Vec::new(), exporters: Vec::new() };
    linking.pipelines();
    linking.ports();
    let receivers = linking.receivers();
    linking.needs();
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
    words::complete(&mut plan, settings);
    Ok(plan)
}

fn shelf(settings: &Settings, table: &Table, errors: &mut Errors) -> Shelf {
    let mut reading = Reading { table, errors };
    Shelf {
        receivers: reading.all(Kind::Receiver, &settings.receivers, |prepare| match prepare {
            Prepare::Receiver(prepare) => Some(prepare),
            _ => None,
        }),
        processors: reading.all(Kind::Processor, &settings.processors, |prepare| match prepare {
            Prepare::Processor(prepare) => Some(prepare),
            _ => None,
        }),
        connectors: reading.all(Kind::Connector, &settings.connectors, |prepare| match prepare {
            Prepare::Connector(_, prepare) => Some(prepare),
            _ => None,
        }),
        exporters: reading.all(Kind::Exporter, &settings.exporters, |prepare| match prepare {
            Prepare::Exporter(prepare) => Some(prepare),
            _ => None,
        }),
        extensions: reading.all(Kind::Extension, &settings.extensions, |prepare| match prepare {
            Prepare::Extension(prepare) => Some(prepare),
            _ => None,
        }),
    }
}

struct Reading<'a> {
    table: &'a Table,
    errors: &'a mut Errors,
}

type PrepareFn<T> = fn(&config::Section) -> Result<Prepared<T>, Errors>;

impl Reading<'_> {
    fn all<T>(
        &mut self,
        kind: Kind,
        configured: &[config::Component],
        of: impl Fn(Prepare) -> Option<PrepareFn<T>>,
    ) -> All<T> {
        let mut all = HashMap::new();
        for config::Component { id, origin, section } in configured {
            let Some(component) = self.table.find(kind, id.kind()) else {
                let (problem, hint) = self.table.unknown(kind, id.kind());
                let error = ConfigError::new(Some(origin.clone()), format!("{}.{id}", kind.key()), problem);
                let names = self.table.of(kind).map(|component| component.name);
                self.errors.push(ConfigError { hint, ..error }.known(names));
                continue;
            };
            let Some(prepare) = of(component.prepare) else { continue };
            let Some(Prepared { facts, make }) = self.errors.keep(prepare(section)) else { continue };
            for (at, word) in &facts.warnings {
                section.warn(section.error(at, word.clone()).warning());
            }
            let name: Arc<str> = id.to_string().into();
            let planned = Planned { id: Arc::clone(&name), component: component.name, facts, make };
            all.insert(name.to_string(), Ready { planned, component });
        }
        all
    }
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
            let exits = pipeline.exporters.iter().filter_map(|reference| self.exit(reference, signal)).collect();
            self.pipelines.push(PlannedPipeline { id: pipeline.id.to_string().into(), signal, processors, exits });
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
            return self.connector(&id, reference, signal).map(Exit::Connector);
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

    fn connector(&mut self, id: &str, reference: &Reference, signal: Signal) -> Option<usize> {
        let ready = self.shelf.connectors.get(id)?;
        if !joins(ready.component).iter().any(|(from, _)| *from == signal) {
            self.errors.push(cannot(reference, id, format!("take {signal}")));
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
        let settings = self.settings;
        let mut fed = BTreeSet::new();
        for (at, pipeline) in settings.service.pipelines.iter().enumerate() {
            let Ok(signal) = pipeline.id.signal.parse::<Signal>() else { continue };
            for reference in &pipeline.receivers {
                let id = reference.id.to_string();
                let Some(ready) = self.shelf.connectors.get(&id) else { continue };
                fed.insert(id.clone());
                let from = |from: Signal| joins(ready.component).contains(&(from, signal));
                let ends = self.connectors.iter_mut().filter(|connector| *connector.node.id == *id);
                let mut tied = 0;
                for connector in ends.filter(|connector| from(connector.signal)) {
                    connector.ports.push(at);
                    tied += 1;
                }
                if tied == 0 {
                    self.errors.push(loose(reference, &id, "receiver", "exporter"));
                }
            }
        }
        for pipeline in &settings.service.pipelines {
            for reference in &pipeline.exporters {
                let id = reference.id.to_string();
                if self.shelf.connectors.contains_key(&id) && !fed.contains(&id) {
                    self.errors.push(loose(reference, &id, "exporter", "receiver"));
                }
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
                    receivers.push(PlannedReceiver { node: ready.planned.clone(), feeds: Default::default() });
                    receivers.len() - 1
                });
                receivers[place].feeds[signal as usize].push(at);
            }
        }
        receivers
    }

    fn extensions(&self) -> Vec<Planned<Arc<dyn Extension>>> {
        let named = self.settings.service.extensions.iter();
        named.filter_map(|reference| self.shelf.extensions.get(&reference.id.to_string())).map(|ready| ready.planned.clone()).collect()
    }

    /// Every extension that a component needs must be configured and listed in `service.extensions`.
    fn needs(&mut self) {
        let running: BTreeSet<_> = self.settings.service.extensions.iter().map(|named| named.id.to_string()).collect();
        let of = |list: &[config::Component], needs: &dyn Fn(&str) -> Vec<(String, String)>, errors: &mut Errors| {
            for config::Component { id, section, .. } in list {
                for (at, needed) in needs(&id.to_string()) {
                    if !running.contains(&needed) {
                        let problem = format!("extension `{needed}` is not among those that run");
                        errors.push(section.error(&at, problem).hint("configure it and list it under `service.extensions`"));
                    }
                }
            }
        };
        let Shelf { receivers, exporters, .. } = &self.shelf;
        of(&self.settings.receivers, &|id| needed(receivers.get(id)), &mut self.errors);
        of(&self.settings.exporters, &|id| needed(exporters.get(id)), &mut self.errors);
    }
}

fn needed<T>(ready: Option<&Ready<T>>) -> Vec<(String, String)> {
    let needs = ready.into_iter().flat_map(|ready| &ready.planned.facts.needs);
    needs.map(|(at, id, _)| (at.clone(), id.clone())).collect()
}

fn joins(component: &Component) -> &'static [(Signal, Signal)] {
    match component.prepare {
        Prepare::Connector(joins, _) => joins,
        _ => &[],
    }
}

/// Whether a component takes a signal; if not, that is an error where it is named.
fn takes(component: &Component, reference: &Reference, signal: Signal, errors: &mut Errors) -> bool {
    let takes = component.signals.contains(&signal);
    if !takes {
        errors.push(cannot(reference, &reference.id.to_string(), format!("carry {signal}")));
    }
    takes
}

fn cannot(reference: &Reference, id: &str, what: String) -> ConfigError {
    ConfigError::new(Some(reference.origin.clone()), &*reference.path, format!("`{id}` cannot {what}"))
}

fn loose(reference: &Reference, id: &str, used: &str, missing: &str) -> ConfigError {
    let problem = format!("connector `{id}` is used as {used} but not as {missing} of a pipeline that fits");
    ConfigError::new(Some(reference.origin.clone()), &*reference.path, problem)
        .hint(format!("name it under `{missing}s` of another pipeline"))
}
