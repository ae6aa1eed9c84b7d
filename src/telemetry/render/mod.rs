//! A snapshot as Prometheus text (exposition format 0.0.4), written as the Collector writes it.
//!
//! Families stand by name, labels by key. A counter's `_total` and a unit's suffix are the reader's choice
//! ([`Style`]); the resource stands once, in `target_info`, and on every line only when asked for. The text is made
//! for one scrape; nothing is kept between two.

mod name;
mod number;
#[cfg(test)]
mod tests;

use std::fmt::Write;

use super::registry::{Sample, Snapshot, Value};
use super::resource::Resource;
use super::wildcard::matches as wildcard;
use name::{family_name, label_name, type_name};
use number::number;

/// The content type of the text.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How a reader wants it: `service.telemetry.metrics.readers[].pull.exporter.prometheus`.
#[derive(Clone, Debug, PartialEq)]
pub struct Style {
    /// No `_total` on counters.
    pub without_type_suffix: bool,
    /// No `_bytes`, `_seconds`.
    pub without_units: bool,
    /// No `otel_scope_*` labels.
    pub without_scope_info: bool,
    /// Resource attributes to repeat on every line (wildcards), if any.
    pub constant_labels: Option<ConstantLabels>,
}

/// `with_resource_constant_labels`: which of the resource's attributes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ConstantLabels {
    /// These alone; none means all.
    pub included: Vec<String>,
    /// Not these.
    pub excluded: Vec<String>,
}

impl Default for Style {
    /// The Collector's defaults: bare names.
    fn default() -> Self {
        let (without_type_suffix, without_units, without_scope_info) = (true, true, true);
        Self { without_type_suffix, without_units, without_scope_info, constant_labels: None }
    }
}

/// A label as it is written.
type Pair<'a> = (String, &'a str);

/// The snapshot as text.
pub fn render(snapshot: &Snapshot, resource: &Resource, style: &Style) -> String {
    let texts: Vec<(String, String)> =
        resource.attributes.iter().map(|(key, value)| (label_name(key), value.to_string())).collect();
    let mut families: Vec<(String, &[Sample])> = snapshot
        .families()
        .filter_map(|samples| samples.first().map(|first| (family_name(first.def, style), samples)))
        .collect();
    families.sort_by(|a, b| a.0.cmp(&b.0));
    let mut out = String::with_capacity(families.len() * 256);
    let target = texts.iter().map(|(key, value)| (key.clone(), value.as_str()));
    let constant = constant_labels(resource, &texts, style);
    let before = families.partition_point(|(name, _)| name.as_str() < "target_info");
    let (head, tail) = families.split_at(before);
    for (name, samples) in head {
        family(&mut out, name, samples, &constant, style);
    }
    header(&mut out, "target_info", "Target metadata", "gauge");
    line(&mut out, "target_info", &merged(target, std::iter::empty()), "1");
    for (name, samples) in tail {
        family(&mut out, name, samples, &constant, style);
    }
    out
}

fn constant_labels<'a>(resource: &Resource, texts: &'a [(String, String)], style: &Style) -> Vec<Pair<'a>> {
    let Some(wanted) = &style.constant_labels else { return Vec::new() };
    let listed = |patterns: &[String], key: &str| patterns.iter().any(|pattern| wildcard(pattern, key));
    let keys = resource.attributes.iter().map(|(key, _)| key);
    keys.zip(texts)
        .filter(|(key, _)| wanted.included.is_empty() || listed(&wanted.included, key))
        .filter(|(key, _)| !listed(&wanted.excluded, key))
        .map(|(_, (name, value))| (name.clone(), value.as_str()))
        .collect()
}

fn family(out: &mut String, name: &str, samples: &[Sample], constant: &[Pair<'_>], style: &Style) {
    let Some(def) = samples.first().map(|sample| sample.def) else { return };
    header(out, name, def.description, type_name(def.kind));
    for sample in samples {
        let own = sample.labels.iter().map(|(key, value)| (label_name(key), &**value));
        let mut labels = merged(own, constant.iter().cloned());
        if !style.without_scope_info {
            labels = merged(labels.into_iter(), scope(def.scope).into_iter());
        }
        series(out, name, sample, &labels);
    }
}

fn scope(name: &str) -> [Pair<'_>; 3] {
    [
        ("otel_scope_name".into(), name),
        ("otel_scope_schema_url".into(), ""),
        ("otel_scope_version".into(), env!("CARGO_PKG_VERSION")),
    ]
}

/// Both, sorted by name; the first of two with one name wins.
fn merged<'a>(own: impl Iterator<Item = Pair<'a>>, more: impl Iterator<Item = Pair<'a>>) -> Vec<Pair<'a>> {
    let mut all: Vec<Pair<'a>> = own.chain(more).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    all.dedup_by(|later, first| later.0 == first.0);
    all
}

fn series(out: &mut String, name: &str, sample: &Sample, labels: &[Pair<'_>]) {
    match &sample.value {
        Value::Count(count) => line(out, name, labels, &number(*count as f64)),
        Value::Number(value) => line(out, name, labels, &number(*value)),
        Value::Buckets { counts, sum } => {
            let bounds = sample.def.bounds.iter().copied().chain([f64::INFINITY]);
            let mut total = 0_u64;
            for (bound, count) in bounds.zip(counts.iter()) {
                total = total.saturating_add(*count);
                let bound = number(bound);
                // Last, as Prometheus' own libraries write it.
                let mut labels = labels.to_vec();
                labels.push(("le".to_owned(), bound.as_str()));
                line(out, &format!("{name}_bucket"), &labels, &number(total as f64));
            }
            line(out, &format!("{name}_sum"), labels, &number(*sum));
            line(out, &format!("{name}_count"), labels, &number(total as f64));
        }
    }
}

fn header(out: &mut String, name: &str, help: &str, kind: &str) {
    let help = help.replace('\\', "\\\\").replace('\n', "\\n");
    // Writing to a string cannot fail.
    let _ = write!(out, "# HELP {name} {help}\n# TYPE {name} {kind}\n");
}

fn line(out: &mut String, name: &str, labels: &[Pair<'_>], value: &str) {
    out.push_str(name);
    for (index, (key, text)) in labels.iter().enumerate() {
        out.push(if index == 0 { '{' } else { ',' });
        let _ =
            write!(out, "{key}=\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"));
    }
    out.push_str(if labels.is_empty() { " " } else { "} " });
    out.push_str(value);
    out.push('\n');
}
