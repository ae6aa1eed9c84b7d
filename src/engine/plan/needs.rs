//! Extensions that components need: each must be configured, listed under `service.extensions`, and able
//! to do what is asked of it.

use super::find::Table;
use super::joints::listed;
use super::shelf::{All, Shelf};
use crate::component::{Capability, Extension, Kind};
use crate::config::{self, ComponentId, ConfigError, Errors, Section, Settings};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Adds an error for every extension that is needed and does not run.
pub(super) fn check(settings: &Settings, shelf: &Shelf, table: &Table, errors: &mut Errors) {
    let ids = |list: &[config::Component]| list.iter().map(|extension| extension.id.to_string()).collect();
    let running = settings.service.extensions.iter().map(|named| named.id.to_string()).collect();
    let mut check = Check {
        table,
        configured: ids(&settings.extensions),
        running,
        extensions: &shelf.extensions,
        errors,
    };
    check.all(&settings.receivers, &shelf.receivers);
    check.all(&settings.exporters, &shelf.exporters);
}

struct Check<'a> {
    table: &'a Table,
    configured: BTreeSet<String>,
    running: BTreeSet<String>,
    extensions: &'a All<Arc<dyn Extension>>,
    errors: &'a mut Errors,
}

impl Check<'_> {
    fn all<T>(&mut self, list: &[config::Component], shelf: &All<T>) {
        for config::Component { id, section, .. } in list {
            let Some(ready) = shelf.get(&id.to_string()) else { continue };
            for (at, needed, capability) in &ready.planned.facts.needs {
                if !self.running.contains(needed) {
                    self.errors.push(self.missing(section, at, needed));
                } else if !self.can(needed, *capability) {
                    self.errors.push(self.unable(section, at, needed, *capability));
                }
            }
        }
    }

    /// Whether an extension can do what is asked; one whose own section is wrong is not judged.
    fn can(&self, id: &str, capability: Capability) -> bool {
        self.extensions.get(id).is_none_or(|ready| ready.planned.facts.provides.contains(&capability))
    }

    fn unable(&self, section: &Section, at: &str, id: &str, capability: Capability) -> ConfigError {
        let task = match capability {
            Capability::Authenticator => "judge requests",
            Capability::Credentials => "give credentials",
            Capability::Storage => "keep a queue",
        };
        let able = self.running.iter().filter(|&other| other != id && self.can(other, capability));
        let able = listed(able.map(|id| format!("`{id}`")), "and");
        let hint = match able.is_empty() {
            true => "no extension that runs can: name another here, configure it and list it".to_owned(),
            false => format!("of those that run, these can: {able}"),
        };
        section.error(at, format!("extension `{id}`, as it is configured, cannot {task}")).hint(hint)
    }

    fn missing(&self, section: &Section, at: &str, needed: &str) -> ConfigError {
        if needed.is_empty() {
            return section
                .error(at, "an extension must be named here")
                .hint("write its id, or remove the block");
        }
        if self.configured.contains(needed) {
            let problem = format!("extension `{needed}` is configured, but it does not run");
            return section
                .error(at, problem)
                .hint(format!("list it: `service: {{extensions: [{needed}]}}`"));
        }
        let error = section.error(at, format!("extension `{needed}` is not configured"));
        let kind = needed.parse::<ComponentId>().map(|id| id.kind().to_owned()).unwrap_or_default();
        match self.table.find(Kind::Extension, &kind) {
            Some(_) => error.hint("configure it under `extensions` and list it under `service.extensions`"),
            None => {
                let (problem, hint) = self.table.unknown(Kind::Extension, &kind);
                ConfigError { problem, hint, ..error }
            }
        }
    }
}
