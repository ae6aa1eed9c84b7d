//! Connectors: each must stand at the end of one pipeline and at the beginning of another, with
//! signals that it can join. A loose end would lose data in silence.

use super::shelf::Shelf;
use crate::component::{Component, Prepare};
use crate::config::{ConfigError, Errors, Pipeline, Reference, Settings};
use crate::otlp::Signal;

/// The pairs of signals that a connector joins.
pub(super) fn joins(component: &Component) -> &'static [(Signal, Signal)] {
    match component.prepare {
        Prepare::Connector(joins, _) => joins,
        _ => &[],
    }
}

/// Adds an error for every loose end, one for each mistake.
pub(super) fn check(settings: &Settings, shelf: &Shelf, errors: &mut Errors) {
    for connector in &settings.connectors {
        let id = connector.id.to_string();
        let Some(ready) = shelf.connectors.get(&id) else { continue };
        let uses = |of: fn(&Pipeline) -> &[Reference]| uses(settings, &id, of);
        let (takes, gives) = (uses(|pipeline| &pipeline.exporters), uses(|pipeline| &pipeline.receivers));
        Connector { id: &id, joins: joins(ready.component), takes, gives }.check(errors);
    }
}

/// Where a connector is named, with the pipeline's signal.
type Uses<'a> = Vec<(&'a Reference, Signal)>;

fn uses<'a>(settings: &'a Settings, id: &str, of: fn(&Pipeline) -> &[Reference]) -> Uses<'a> {
    let pipelines = settings.service.pipelines.iter();
    let signals =
        pipelines.filter_map(|pipeline| Some((pipeline, pipeline.id.signal.parse::<Signal>().ok()?)));
    let named = signals.flat_map(|(pipeline, signal)| of(pipeline).iter().map(move |named| (named, signal)));
    named.filter(|(named, _)| named.id.to_string() == id).collect()
}

struct Connector<'a> {
    id: &'a str,
    joins: &'static [(Signal, Signal)],
    takes: Uses<'a>,
    gives: Uses<'a>,
}

impl Connector<'_> {
    fn check(&self, errors: &mut Errors) {
        let before = errors.len();
        self.unable(errors);
        if errors.len() > before {
            return;
        }
        let loose_in: Vec<_> = self.takes.iter().filter(|(_, signal)| !self.is_tied(*signal, true)).collect();
        let loose_out: Vec<_> =
            self.gives.iter().filter(|(_, signal)| !self.is_tied(*signal, false)).collect();
        match (loose_in.first(), loose_out.first()) {
            (Some((one, from)), Some((other, to))) => {
                let problem = format!("connector `{}` cannot make {to} of {from}", self.id);
                let error = error(one, problem).hint(format!("it joins {}", self.pairs()));
                errors.push(error.also(other.origin.clone(), "named as a receiver here"));
            }
            (Some(_), None) => loose_in.iter().for_each(|end| errors.push(self.loose(end, true))),
            _ => loose_out.iter().for_each(|end| errors.push(self.loose(end, false))),
        }
    }

    /// Signals that the connector never takes or never gives.
    fn unable(&self, errors: &mut Errors) {
        for (named, signal) in self.takes.iter().filter(|(_, signal)| self.beyond(*signal, true).is_empty()) {
            let problem = format!("connector `{}` does not take {signal}", self.id);
            errors.push(error(named, problem).hint(format!("it joins {}", self.pairs())));
        }
        for (named, signal) in self.gives.iter().filter(|(_, signal)| self.beyond(*signal, false).is_empty())
        {
            let problem = format!("connector `{}` does not give {signal}", self.id);
            errors.push(error(named, problem).hint(format!("it joins {}", self.pairs())));
        }
    }

    /// Whether an end of this signal has another end that fits; `takes` is the end that takes data in.
    fn is_tied(&self, signal: Signal, takes: bool) -> bool {
        let others = if takes { &self.gives } else { &self.takes };
        let fitting = self.beyond(signal, takes);
        others.iter().any(|(_, other)| fitting.contains(other))
    }

    /// The signals on the other side of one.
    fn beyond(&self, signal: Signal, takes: bool) -> Vec<Signal> {
        let pairs = self.joins.iter().map(|&(from, to)| if takes { (from, to) } else { (to, from) });
        pairs.filter(|(near, _)| *near == signal).map(|(_, far)| far).collect()
    }

    fn loose(&self, (named, signal): &(&Reference, Signal), takes: bool) -> ConfigError {
        let Self { id, .. } = self;
        let far = listed(self.beyond(*signal, takes).iter().map(Signal::to_string), "or");
        let problem = match takes {
            true => {
                format!("connector `{id}` takes {signal} here, and no pipeline has it as a receiver of {far}")
            }
            false => format!(
                "connector `{id}` feeds {signal} here, and no pipeline has it as an exporter of {far}"
            ),
        };
        let side = if takes { "receivers" } else { "exporters" };
        error(named, problem)
            .hint(format!("name it under `{side}` of another {far} pipeline, or remove it here"))
    }

    fn pairs(&self) -> String {
        listed(self.joins.iter().map(|(from, to)| format!("{from} to {to}")), "and")
    }
}

fn error(named: &Reference, problem: String) -> ConfigError {
    ConfigError::new(Some(named.origin.clone()), &*named.path, problem)
}

/// `a, b and c`.
pub(super) fn listed(words: impl IntoIterator<Item = String>, last: &str) -> String {
    let words: Vec<_> = words.into_iter().collect();
    match words.split_last() {
        Some((end, [])) => end.clone(),
        Some((end, before)) => format!("{} {last} {end}", before.join(", ")),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn words_are_listed_as_people_do() {
        let words = |count: usize| ["a", "b", "c"].map(str::to_owned).into_iter().take(count);
        let all: Vec<_> = (0..4).map(|count| listed(words(count), "or")).collect();
        assert_eq!(all, ["", "a", "a or b", "a, b or c"]);
    }
}
