//! Every configured component, found in the table and with its section read: used or not, so that a
//! mistake in a part that is switched off today is found today.

use super::find::Table;
use super::{Planned, absent};
use crate::component::{Component, Delivery, Extension, Kind, Prepare, Prepared, Processor, Receiver, Sink};
use crate::config::{self, ConfigError, Errors, Section, Settings};
use std::collections::HashMap;
use std::sync::Arc;

/// A configured component after its section was read.
pub(super) struct Ready<T> {
    pub(super) planned: Planned<T>,
    pub(super) component: &'static Component,
}

/// The components of one kind, by id.
pub(super) type All<T> = HashMap<String, Ready<T>>;

/// Everything that is configured and could be read.
pub(super) struct Shelf {
    pub(super) receivers: All<Box<dyn Receiver>>,
    pub(super) processors: All<Box<dyn Processor>>,
    pub(super) connectors: All<Box<dyn Processor>>,
    pub(super) exporters: All<Sink>,
    pub(super) extensions: All<Arc<dyn Extension>>,
}

impl Shelf {
    /// Reads every section.
    pub(super) fn fill(settings: &Settings, table: &Table, errors: &mut Errors) -> Self {
        let mut reading = Reading { table, errors };
        Self {
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
}

struct Reading<'a> {
    table: &'a Table,
    errors: &'a mut Errors,
}

type PrepareFn<T> = fn(&Section) -> Result<Prepared<T>, Errors>;

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
            if let Some(delivery) = &facts.delivery {
                refuse_storage(delivery, section, self.errors);
            }
            for (at, word) in &facts.warnings {
                section.warn(section.error(at, word.clone()));
            }
            let planned = Planned { id: id.to_string().into(), component: component.name, facts, make };
            all.insert(id.to_string(), Ready { planned, component });
        }
        all
    }
}

/// A queue that is asked to survive a crash and would not is refused, never quietly kept in memory.
fn refuse_storage(delivery: &Delivery, section: &Section, errors: &mut Errors) {
    let Some(storage) = delivery.queue.storage.as_ref().filter(|_| delivery.queue.enabled) else { return };
    let problem = format!("weft keeps no queue on disk yet: `storage: {storage}` would be a queue in memory");
    errors.push(section.error("sending_queue.storage", problem).hint(absent::INSTEAD_OF_STORAGE));
}
