//! What can only be seen in the whole chain: headers that a node reads and no receiver keeps, and
//! components that nothing uses. Each works, and is likely not what was meant: a warning.

use super::joints::listed;
use super::{Exit, Plan, Planned, PlannedReceiver};
use crate::component::Kind;
use crate::config::{self, ConfigError, Errors, Node, Section, Settings};
use std::collections::BTreeSet;

/// The warnings about a plan, in the order of the files.
pub(super) fn warnings(plan: &Plan, settings: &Settings) -> Vec<ConfigError> {
    let mut errors = Errors(unheard(plan, settings));
    errors.0.extend(unused(settings));
    errors.0.into_iter().map(ConfigError::warning).collect()
}

/// A node that reads headers, and the pipelines it stands in.
struct Listener<'a> {
    section: &'a Section,
    headers: &'a [String],
    pipelines: Vec<usize>,
}

/// Nodes that read headers which no receiver before them keeps.
fn unheard(plan: &Plan, settings: &Settings) -> Vec<ConfigError> {
    listeners(plan, settings).into_iter().filter_map(|listener| deaf(plan, listener)).collect()
}

fn listeners<'a>(plan: &'a Plan, settings: &'a Settings) -> Vec<Listener<'a>> {
    let mut all: Vec<Listener<'a>> = Vec::new();
    for (at, pipeline) in plan.pipelines.iter().enumerate() {
        let processors = pipeline.processors.iter().map(|node| reader(node, &settings.processors));
        let exits = pipeline.exits.iter().map(|exit| match *exit {
            Exit::Exporter(at) => reader(&plan.exporters[at].node, &settings.exporters),
            Exit::Connector(at) => reader(&plan.connectors[at].node, &settings.connectors),
        });
        for (section, headers) in processors.chain(exits).flatten() {
            match all.iter_mut().find(|known| known.section.path() == section.path()) {
                Some(known) => known.pipelines.push(at),
                None => all.push(Listener { section, headers, pipelines: vec![at] }),
            }
        }
    }
    all
}

fn reader<'a, T>(
    node: &'a Planned<T>,
    configured: &'a [config::Component],
) -> Option<(&'a Section, &'a [String])> {
    let configured = configured.iter().find(|one| one.id.to_string() == *node.id)?;
    let headers = &node.facts.reads_headers[..];
    (!headers.is_empty()).then_some((&configured.section, headers))
}

/// The warning about a node some of whose pipelines no kept header reaches.
fn deaf(plan: &Plan, listener: Listener<'_>) -> Option<ConfigError> {
    let Listener { section, headers, mut pipelines } = listener;
    let receivers = |at: usize| feeding(plan, at).into_iter().map(|at| &plan.receivers[at]);
    let keeps = |at: usize| receivers(at).any(|one| one.node.facts.keeps_headers.iter().any(|(_, set)| *set));
    pipelines.retain(|&at| !keeps(at));
    let names = listed(pipelines.iter().map(|&at| plan.pipelines[at].id.to_string()), "and");
    let doors: BTreeSet<_> = pipelines.iter().flat_map(|&at| receivers(at)).flat_map(doors).collect();
    let at = headers.iter().find_map(|header| place(section.node(), header, ""))?;
    let quoted = headers.iter().map(|header| format!("`{header}`"));
    let problem = format!(
        "{} {} never set here: no receiver of {names} keeps request headers",
        listed(quoted, "and"),
        if headers.len() == 1 { "is" } else { "are" },
    );
    let hint = match doors.is_empty() {
        true => "what feeds this pipeline has no request headers: remove the key".to_owned(),
        false => format!("set to true: {}", listed(doors, "and")),
    };
    (!pipelines.is_empty()).then(|| section.error(&at, problem).hint(hint))
}

/// The keys of a receiver that let request headers travel with the data.
fn doors(receiver: &PlannedReceiver) -> Vec<String> {
    let Planned { id, facts, .. } = &receiver.node;
    facts.keeps_headers.iter().map(|(key, _)| format!("receivers.{id}.{key}")).collect()
}

/// The receivers whose data reaches a pipeline, through connectors too.
fn feeding(plan: &Plan, pipeline: usize) -> BTreeSet<usize> {
    let (mut reached, mut next) = (BTreeSet::from([pipeline]), vec![pipeline]);
    while let Some(at) = next.pop() {
        let feeds =
            |exit: &Exit| matches!(*exit, Exit::Connector(c) if plan.connectors[c].ports.contains(&at));
        let before = plan.pipelines.iter().enumerate().filter(|(_, one)| one.exits.iter().any(feeds));
        let before: Vec<_> = before.map(|(at, _)| at).filter(|at| !reached.contains(at)).collect();
        reached.extend(&before);
        next.extend(before);
    }
    let feeds = |one: &PlannedReceiver| one.feeds.iter().flatten().any(|at| reached.contains(at));
    plan.receivers.iter().enumerate().filter(|(_, one)| feeds(one)).map(|(at, _)| at).collect()
}

/// The path of the value that names a header.
fn place(node: &Node, header: &str, path: &str) -> Option<String> {
    if node.as_text().is_some_and(|text| text.eq_ignore_ascii_case(header)) {
        return Some(path.to_owned());
    }
    let keys = node.entries().iter().map(|(key, value)| (value, key.text.to_string()));
    let items = node.elements().iter().enumerate().map(|(at, value)| (value, format!("[{at}]")));
    keys.chain(items).find_map(|(value, step)| place(value, header, &config::path::concat(path, &step)))
}

/// Components that are configured and named nowhere.
fn unused(settings: &Settings) -> impl Iterator<Item = ConfigError> {
    let pipelines = settings.service.pipelines.iter();
    let named = pipelines.flat_map(|one| one.receivers.iter().chain(&one.processors).chain(&one.exporters));
    let named: BTreeSet<_> = named.map(|reference| reference.id.to_string()).collect();
    let running: BTreeSet<_> = settings.service.extensions.iter().map(|named| named.id.to_string()).collect();
    let lists = [
        (Kind::Receiver, &settings.receivers),
        (Kind::Processor, &settings.processors),
        (Kind::Connector, &settings.connectors),
        (Kind::Exporter, &settings.exporters),
        (Kind::Extension, &settings.extensions),
    ];
    let all = lists.into_iter().flat_map(|(kind, list)| list.iter().map(move |one| (kind, one)));
    all.filter_map(move |(kind, config::Component { id, section, .. })| {
        let (used, place) = match kind {
            Kind::Extension => (&running, "`service.extensions` does not list it"),
            _ => (&named, "no pipeline names it"),
        };
        let (id, kind) = (id.to_string(), kind.name());
        let unused = || {
            section
                .error("", format!("{kind} `{id}` is not used: {place}"))
                .hint("name it there, or remove it")
        };
        (!used.contains(&id)).then(unused)
    })
}
