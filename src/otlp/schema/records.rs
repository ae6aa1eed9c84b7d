//! Tables of traces and logs.

use super::common::{
    ANY_VALUE, INSTRUMENTATION_SCOPE, RESOURCE, SEVERITY_NUMBER, SPAN_KIND, STATUS_CODE, attributes,
};
use super::{Field, Kind, Message, many, message, one};

/// Bytes of a trace id.
pub const TRACE_ID_LEN: usize = 16;
/// Bytes of a span id.
pub const SPAN_ID_LEN: usize = 8;

/// `opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest` (and `TracesData`, which is the same).
pub static TRACES_REQUEST: Message = message(
    "ExportTraceServiceRequest",
    &[many(1, "resource_spans", "resourceSpans", Kind::Message(&RESOURCE_SPANS))],
);

/// `opentelemetry.proto.trace.v1.ResourceSpans`.
pub static RESOURCE_SPANS: Message = message(
    "ResourceSpans",
    &[resource(), many(2, "scope_spans", "scopeSpans", Kind::Message(&SCOPE_SPANS)), schema_url()],
);

/// `opentelemetry.proto.trace.v1.ScopeSpans`.
pub static SCOPE_SPANS: Message =
    message("ScopeSpans", &[scope(), many(2, "spans", "spans", Kind::Message(&SPAN)), schema_url()]);

/// `opentelemetry.proto.trace.v1.Span`.
pub static SPAN: Message = message(
    "Span",
    &[
        trace_id(1),
        span_id(2),
        one(3, "trace_state", "traceState", Kind::String),
        one(4, "parent_span_id", "parentSpanId", Kind::Id(SPAN_ID_LEN)),
        one(16, "flags", "flags", Kind::Fixed32),
        one(5, "name", "name", Kind::String),
        one(6, "kind", "kind", Kind::Enum(&SPAN_KIND)),
        one(7, "start_time_unix_nano", "startTimeUnixNano", Kind::Fixed64),
        one(8, "end_time_unix_nano", "endTimeUnixNano", Kind::Fixed64),
        attributes(9),
        one(10, "dropped_attributes_count", "droppedAttributesCount", Kind::Uint32),
        many(11, "events", "events", Kind::Message(&SPAN_EVENT)),
        one(12, "dropped_events_count", "droppedEventsCount", Kind::Uint32),
        many(13, "links", "links", Kind::Message(&SPAN_LINK)),
        one(14, "dropped_links_count", "droppedLinksCount", Kind::Uint32),
        one(15, "status", "status", Kind::Message(&SPAN_STATUS)),
    ],
);

/// `opentelemetry.proto.trace.v1.Span.Event`.
pub static SPAN_EVENT: Message = message(
    "Event",
    &[
        one(1, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
        one(2, "name", "name", Kind::String),
        attributes(3),
        one(4, "dropped_attributes_count", "droppedAttributesCount", Kind::Uint32),
    ],
);

/// `opentelemetry.proto.trace.v1.Span.Link`.
pub static SPAN_LINK: Message = message(
    "Link",
    &[
        trace_id(1),
        span_id(2),
        one(3, "trace_state", "traceState", Kind::String),
        attributes(4),
        one(5, "dropped_attributes_count", "droppedAttributesCount", Kind::Uint32),
        one(6, "flags", "flags", Kind::Fixed32),
    ],
);

/// `opentelemetry.proto.trace.v1.Status`.
pub static SPAN_STATUS: Message = message(
    "Status",
    &[one(2, "message", "message", Kind::String), one(3, "code", "code", Kind::Enum(&STATUS_CODE))],
);

/// `opentelemetry.proto.collector.logs.v1.ExportLogsServiceRequest` (and `LogsData`, which is the same).
pub static LOGS_REQUEST: Message = message(
    "ExportLogsServiceRequest",
    &[many(1, "resource_logs", "resourceLogs", Kind::Message(&RESOURCE_LOGS))],
);

/// `opentelemetry.proto.logs.v1.ResourceLogs`.
pub static RESOURCE_LOGS: Message = message(
    "ResourceLogs",
    &[resource(), many(2, "scope_logs", "scopeLogs", Kind::Message(&SCOPE_LOGS)), schema_url()],
);

/// `opentelemetry.proto.logs.v1.ScopeLogs`.
pub static SCOPE_LOGS: Message = message(
    "ScopeLogs",
    &[scope(), many(2, "log_records", "logRecords", Kind::Message(&LOG_RECORD)), schema_url()],
);

/// `opentelemetry.proto.logs.v1.LogRecord`.
pub static LOG_RECORD: Message = message(
    "LogRecord",
    &[
        one(1, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
        one(11, "observed_time_unix_nano", "observedTimeUnixNano", Kind::Fixed64),
        one(2, "severity_number", "severityNumber", Kind::Enum(&SEVERITY_NUMBER)),
        one(3, "severity_text", "severityText", Kind::String),
        one(5, "body", "body", Kind::Message(&ANY_VALUE)),
        attributes(6),
        one(7, "dropped_attributes_count", "droppedAttributesCount", Kind::Uint32),
        one(8, "flags", "flags", Kind::Fixed32),
        trace_id(9),
        span_id(10),
        one(12, "event_name", "eventName", Kind::String),
    ],
);

pub(super) const fn resource() -> Field {
    one(1, "resource", "resource", Kind::Message(&RESOURCE))
}

pub(super) const fn scope() -> Field {
    one(1, "scope", "scope", Kind::Message(&INSTRUMENTATION_SCOPE))
}

pub(super) const fn schema_url() -> Field {
    one(3, "schema_url", "schemaUrl", Kind::String)
}

pub(super) const fn trace_id(number: u32) -> Field {
    one(number, "trace_id", "traceId", Kind::Id(TRACE_ID_LEN))
}

pub(super) const fn span_id(number: u32) -> Field {
    one(number, "span_id", "spanId", Kind::Id(SPAN_ID_LEN))
}
