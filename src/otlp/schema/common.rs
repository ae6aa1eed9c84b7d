//! Tables of what the three signals share: values, attributes, resource, scope, and the answers.

use super::{Enum, Field, Kind, Message, many, message, one, oneof};

/// `opentelemetry.proto.common.v1.AnyValue`.
pub static ANY_VALUE: Message = message(
    "AnyValue",
    &[
        oneof(1, "string_value", "stringValue", Kind::String),
        oneof(2, "bool_value", "boolValue", Kind::Bool),
        oneof(3, "int_value", "intValue", Kind::Int64),
        oneof(4, "double_value", "doubleValue", Kind::Double),
        oneof(5, "array_value", "arrayValue", Kind::Message(&ARRAY_VALUE)),
        oneof(6, "kvlist_value", "kvlistValue", Kind::Message(&KEY_VALUE_LIST)),
        oneof(7, "bytes_value", "bytesValue", Kind::Bytes),
        oneof(8, "string_value_strindex", "stringValueStrindex", Kind::Int32),
    ],
);

/// `opentelemetry.proto.common.v1.ArrayValue`.
pub static ARRAY_VALUE: Message =
    message("ArrayValue", &[many(1, "values", "values", Kind::Message(&ANY_VALUE))]);

/// `opentelemetry.proto.common.v1.KeyValueList`.
pub static KEY_VALUE_LIST: Message =
    message("KeyValueList", &[many(1, "values", "values", Kind::Message(&KEY_VALUE))]);

/// `opentelemetry.proto.common.v1.KeyValue`, an attribute.
pub static KEY_VALUE: Message = message(
    "KeyValue",
    &[
        one(1, "key", "key", Kind::String),
        one(2, "value", "value", Kind::Message(&ANY_VALUE)),
        one(3, "key_strindex", "keyStrindex", Kind::Int32),
    ],
);

/// `opentelemetry.proto.common.v1.InstrumentationScope`.
pub static INSTRUMENTATION_SCOPE: Message = message(
    "InstrumentationScope",
    &[
        one(1, "name", "name", Kind::String),
        one(2, "version", "version", Kind::String),
        attributes(3),
        one(4, "dropped_attributes_count", "droppedAttributesCount", Kind::Uint32),
    ],
);

/// `opentelemetry.proto.common.v1.EntityRef`.
pub static ENTITY_REF: Message = message(
    "EntityRef",
    &[
        one(1, "schema_url", "schemaUrl", Kind::String),
        one(2, "type", "type", Kind::String),
        many(3, "id_keys", "idKeys", Kind::String),
        many(4, "description_keys", "descriptionKeys", Kind::String),
    ],
);

/// `opentelemetry.proto.resource.v1.Resource`.
pub static RESOURCE: Message = message(
    "Resource",
    &[
        attributes(1),
        one(2, "dropped_attributes_count", "droppedAttributesCount", Kind::Uint32),
        many(3, "entity_refs", "entityRefs", Kind::Message(&ENTITY_REF)),
    ],
);

/// `opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse`.
pub static TRACES_RESPONSE: Message =
    message("ExportTraceServiceResponse", &[partial_success(&TRACES_PARTIAL_SUCCESS)]);

/// `opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceResponse`.
pub static METRICS_RESPONSE: Message =
    message("ExportMetricsServiceResponse", &[partial_success(&METRICS_PARTIAL_SUCCESS)]);

/// `opentelemetry.proto.collector.logs.v1.ExportLogsServiceResponse`.
pub static LOGS_RESPONSE: Message =
    message("ExportLogsServiceResponse", &[partial_success(&LOGS_PARTIAL_SUCCESS)]);

/// `opentelemetry.proto.collector.trace.v1.ExportTracePartialSuccess`.
pub static TRACES_PARTIAL_SUCCESS: Message = message(
    "ExportTracePartialSuccess",
    &[
        one(1, "rejected_spans", "rejectedSpans", Kind::Int64),
        one(2, "error_message", "errorMessage", Kind::String),
    ],
);

/// `opentelemetry.proto.collector.metrics.v1.ExportMetricsPartialSuccess`.
pub static METRICS_PARTIAL_SUCCESS: Message = message(
    "ExportMetricsPartialSuccess",
    &[
        one(1, "rejected_data_points", "rejectedDataPoints", Kind::Int64),
        one(2, "error_message", "errorMessage", Kind::String),
    ],
);

/// `opentelemetry.proto.collector.logs.v1.ExportLogsPartialSuccess`.
pub static LOGS_PARTIAL_SUCCESS: Message = message(
    "ExportLogsPartialSuccess",
    &[
        one(1, "rejected_log_records", "rejectedLogRecords", Kind::Int64),
        one(2, "error_message", "errorMessage", Kind::String),
    ],
);

/// `google.rpc.Status`, the body of an HTTP error and of `grpc-status-details-bin`.
pub static RPC_STATUS: Message = message(
    "Status",
    &[
        one(1, "code", "code", Kind::Int32),
        one(2, "message", "message", Kind::String),
        many(3, "details", "details", Kind::Message(&ANY)),
    ],
);

/// `google.protobuf.Any`. Its JSON is not that of these two fields but the packed message's own with `@type` added.
pub static ANY: Message =
    message("Any", &[one(1, "type_url", "typeUrl", Kind::String), one(2, "value", "value", Kind::Bytes)]);

/// `opentelemetry.proto.metrics.v1.AggregationTemporality`.
pub static AGGREGATION_TEMPORALITY: Enum = Enum {
    name: "AggregationTemporality",
    values: &[
        "AGGREGATION_TEMPORALITY_UNSPECIFIED",
        "AGGREGATION_TEMPORALITY_DELTA",
        "AGGREGATION_TEMPORALITY_CUMULATIVE",
    ],
};

/// `opentelemetry.proto.trace.v1.Span.SpanKind`.
pub static SPAN_KIND: Enum = Enum {
    name: "SpanKind",
    values: &[
        "SPAN_KIND_UNSPECIFIED",
        "SPAN_KIND_INTERNAL",
        "SPAN_KIND_SERVER",
        "SPAN_KIND_CLIENT",
        "SPAN_KIND_PRODUCER",
        "SPAN_KIND_CONSUMER",
    ],
};

/// `opentelemetry.proto.trace.v1.Status.StatusCode`.
pub static STATUS_CODE: Enum =
    Enum { name: "StatusCode", values: &["STATUS_CODE_UNSET", "STATUS_CODE_OK", "STATUS_CODE_ERROR"] };

/// `opentelemetry.proto.logs.v1.SeverityNumber`.
pub static SEVERITY_NUMBER: Enum = Enum {
    name: "SeverityNumber",
    values: &[
        "SEVERITY_NUMBER_UNSPECIFIED",
        "SEVERITY_NUMBER_TRACE",
        "SEVERITY_NUMBER_TRACE2",
        "SEVERITY_NUMBER_TRACE3",
        "SEVERITY_NUMBER_TRACE4",
        "SEVERITY_NUMBER_DEBUG",
        "SEVERITY_NUMBER_DEBUG2",
        "SEVERITY_NUMBER_DEBUG3",
        "SEVERITY_NUMBER_DEBUG4",
        "SEVERITY_NUMBER_INFO",
        "SEVERITY_NUMBER_INFO2",
        "SEVERITY_NUMBER_INFO3",
        "SEVERITY_NUMBER_INFO4",
        "SEVERITY_NUMBER_WARN",
        "SEVERITY_NUMBER_WARN2",
        "SEVERITY_NUMBER_WARN3",
        "SEVERITY_NUMBER_WARN4",
        "SEVERITY_NUMBER_ERROR",
        "SEVERITY_NUMBER_ERROR2",
        "SEVERITY_NUMBER_ERROR3",
        "SEVERITY_NUMBER_ERROR4",
        "SEVERITY_NUMBER_FATAL",
        "SEVERITY_NUMBER_FATAL2",
        "SEVERITY_NUMBER_FATAL3",
        "SEVERITY_NUMBER_FATAL4",
    ],
};

pub(super) const fn attributes(number: u32) -> Field {
    many(number, "attributes", "attributes", Kind::Message(&KEY_VALUE))
}

const fn partial_success(message: &'static Message) -> Field {
    one(1, "partial_success", "partialSuccess", Kind::Message(message))
}
