//! `verbosity: detailed`: every field of every record, as the Collector lays it out. Pure.
//!
//! Metrics' data points stand in [`super::points`].

use super::points;
use super::print::{Decoded, Page};
use super::text::{id, moment, typed};
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{Span, span};

/// Prints all of it.
pub(super) fn print(decoded: &Decoded, page: &mut Page) {
    match decoded {
        Decoded::Traces(all) => {
            for (number, one) in all.iter().enumerate() {
                resource("ResourceSpans", number, &one.schema_url, one.resource.as_ref(), page);
                for (number, of) in one.scope_spans.iter().enumerate() {
                    scope("ScopeSpans", number, &of.schema_url, of.scope.as_ref(), page);
                    of.spans.iter().enumerate().for_each(|(number, one)| span(number, one, page));
                }
            }
        }
        Decoded::Metrics(all) => {
            for (number, one) in all.iter().enumerate() {
                resource("ResourceMetrics", number, &one.schema_url, one.resource.as_ref(), page);
                for (number, of) in one.scope_metrics.iter().enumerate() {
                    scope("ScopeMetrics", number, &of.schema_url, of.scope.as_ref(), page);
                    of.metrics.iter().enumerate().for_each(|(number, one)| points::metric(number, one, page));
                }
            }
        }
        Decoded::Logs(all) => {
            for (number, one) in all.iter().enumerate() {
                resource("ResourceLog", number, &one.schema_url, one.resource.as_ref(), page);
                for (number, of) in one.scope_logs.iter().enumerate() {
                    scope("ScopeLogs", number, &of.schema_url, of.scope.as_ref(), page);
                    of.log_records.iter().enumerate().for_each(|(number, one)| record(number, one, page));
                }
            }
        }
    }
}

fn resource(title: &str, number: usize, schema: &str, resource: Option<&Resource>, page: &mut Page) {
    page.line(format_args!("{title} #{number}"));
    page.line(format_args!("Resource SchemaURL: {schema}"));
    let Some(resource) = resource else { return };
    attributes("", "Resource attributes", &resource.attributes, page);
    if !resource.entity_refs.is_empty() {
        page.line(format_args!("Resource entity refs:"));
    }
    for (number, entity) in resource.entity_refs.iter().enumerate() {
        page.line(format_args!("     -> Entity ref #{number}:"));
        page.line(format_args!("          -> Type: {}", entity.r#type));
        if !entity.schema_url.is_empty() {
            page.line(format_args!("          -> Schema URL: {}", entity.schema_url));
        }
        keys("ID keys", &entity.id_keys, page);
        keys("Description keys", &entity.description_keys, page);
    }
}

fn keys(title: &str, keys: &[String], page: &mut Page) {
    if !keys.is_empty() {
        page.line(format_args!("          -> {title}:"));
    }
    keys.iter().for_each(|key| page.line(format_args!("               -> {key}")));
}

fn scope(title: &str, number: usize, schema: &str, scope: Option<&InstrumentationScope>, page: &mut Page) {
    page.line(format_args!("{title} #{number}"));
    page.line(format_args!("{title} SchemaURL: {schema}"));
    let none = InstrumentationScope::default();
    let scope = scope.unwrap_or(&none);
    page.line(format_args!("InstrumentationScope {} {}", scope.name, scope.version));
    attributes("", "InstrumentationScope attributes", &scope.attributes, page);
}

/// A heading and the attributes below it, moved to the right by `indent`; nothing if there are none.
pub(super) fn attributes(indent: &str, title: &str, all: &[KeyValue], page: &mut Page) {
    if !all.is_empty() {
        let arrow = if indent.is_empty() { "" } else { "-> " };
        page.line(format_args!("{indent}{arrow}{title}:"));
    }
    for attribute in all {
        page.line(format_args!("{indent}     -> {}: {}", attribute.key, typed(attribute.value.as_ref())));
    }
}

fn span(number: usize, span: &Span, page: &mut Page) {
    page.line(format_args!("Span #{number}"));
    let mut field = |name: &str, value: &str| page.line(format_args!("    {name:<15}: {value}"));
    field("Trace ID", &id(&span.trace_id));
    field("Parent ID", &id(&span.parent_span_id));
    field("ID", &id(&span.span_id));
    field("Name", &span.name);
    field("Kind", named(span.kind, &KINDS));
    if !span.trace_state.is_empty() {
        field("TraceState", &span.trace_state);
    }
    field("Start time", &moment(span.start_time_unix_nano));
    field("End time", &moment(span.end_time_unix_nano));
    let (code, message) = span.status.as_ref().map_or((0, ""), |status| (status.code, &*status.message));
    field("Status code", named(code, &["Unset", "Ok", "Error"]));
    field("Status message", message);
    field("DroppedAttributesCount", &span.dropped_attributes_count.to_string());
    field("DroppedEventsCount", &span.dropped_events_count.to_string());
    field("DroppedLinksCount", &span.dropped_links_count.to_string());
    attributes("", "Attributes", &span.attributes, page);
    events(&span.events, page);
    links(&span.links, page);
}

const KINDS: [&str; 6] = ["Unspecified", "Internal", "Server", "Client", "Producer", "Consumer"];

/// The name of an enum's value; none for one that is not known.
pub(super) fn named(value: i32, names: &[&'static str]) -> &'static str {
    usize::try_from(value).ok().and_then(|value| names.get(value)).copied().unwrap_or_default()
}

fn events(events: &[span::Event], page: &mut Page) {
    if !events.is_empty() {
        page.line(format_args!("Events:"));
    }
    for (number, event) in events.iter().enumerate() {
        page.line(format_args!("SpanEvent #{number}"));
        page.line(format_args!("     -> Name: {}", event.name));
        page.line(format_args!("     -> Timestamp: {}", moment(event.time_unix_nano)));
        page.line(format_args!("     -> DroppedAttributesCount: {}", event.dropped_attributes_count));
        // The second colon is the Collector's.
        attributes("     ", "Attributes:", &event.attributes, page);
    }
}

fn links(links: &[span::Link], page: &mut Page) {
    if !links.is_empty() {
        page.line(format_args!("Links:"));
    }
    for (number, link) in links.iter().enumerate() {
        page.line(format_args!("SpanLink #{number}"));
        page.line(format_args!("     -> Trace ID: {}", id(&link.trace_id)));
        page.line(format_args!("     -> ID: {}", id(&link.span_id)));
        page.line(format_args!("     -> TraceState: {}", link.trace_state));
        page.line(format_args!("     -> DroppedAttributesCount: {}", link.dropped_attributes_count));
        attributes("     ", "Attributes:", &link.attributes, page);
    }
}

fn record(number: usize, record: &LogRecord, page: &mut Page) {
    let severity = record.severity_number;
    page.line(format_args!("LogRecord #{number}"));
    page.line(format_args!("ObservedTimestamp: {}", moment(record.observed_time_unix_nano)));
    page.line(format_args!("Timestamp: {}", moment(record.time_unix_nano)));
    page.line(format_args!("SeverityText: {}", record.severity_text));
    page.line(format_args!("SeverityNumber: {}({severity})", named(severity, &SEVERITIES)));
    if !record.event_name.is_empty() {
        page.line(format_args!("EventName: {}", record.event_name));
    }
    page.line(format_args!("Body: {}", typed(record.body.as_ref())));
    attributes("", "Attributes", &record.attributes, page);
    page.line(format_args!("Trace ID: {}", id(&record.trace_id)));
    page.line(format_args!("Span ID: {}", id(&record.span_id)));
    page.line(format_args!("Flags: {}", record.flags));
}

#[rustfmt::skip]
const SEVERITIES: [&str; 25] = [
    "Unspecified",
    "Trace", "Trace2", "Trace3", "Trace4",
    "Debug", "Debug2", "Debug3", "Debug4",
    "Info", "Info2", "Info3", "Info4",
    "Warn", "Warn2", "Warn3", "Warn4",
    "Error", "Error2", "Error3", "Error4",
    "Fatal", "Fatal2", "Fatal3", "Fatal4",
];
