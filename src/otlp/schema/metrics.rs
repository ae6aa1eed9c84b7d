//! Tables of metrics.

use super::common::{AGGREGATION_TEMPORALITY, KEY_VALUE, attributes};
use super::records::{resource, schema_url, scope, span_id, trace_id};
use super::{Field, Kind, Message, many, message, one, oneof, optional};

/// `opentelemetry.proto.collector.metrics.v1.ExportMetricsServiceRequest` (and `MetricsData`, which is the same).
pub static METRICS_REQUEST: Message = message(
    "ExportMetricsServiceRequest",
    &[many(1, "resource_metrics", "resourceMetrics", Kind::Message(&RESOURCE_METRICS))],
);

/// `opentelemetry.proto.metrics.v1.ResourceMetrics`.
pub static RESOURCE_METRICS: Message = message(
    "ResourceMetrics",
    &[resource(), many(2, "scope_metrics", "scopeMetrics", Kind::Message(&SCOPE_METRICS)), schema_url()],
);

/// `opentelemetry.proto.metrics.v1.ScopeMetrics`.
pub static SCOPE_METRICS: Message =
    message("ScopeMetrics", &[scope(), many(2, "metrics", "metrics", Kind::Message(&METRIC)), schema_url()]);

/// `opentelemetry.proto.metrics.v1.Metric`.
pub static METRIC: Message = message(
    "Metric",
    &[
        one(1, "name", "name", Kind::String),
        one(2, "description", "description", Kind::String),
        one(3, "unit", "unit", Kind::String),
        oneof(5, "gauge", "gauge", Kind::Message(&GAUGE)),
        oneof(7, "sum", "sum", Kind::Message(&SUM)),
        oneof(9, "histogram", "histogram", Kind::Message(&HISTOGRAM)),
        oneof(10, "exponential_histogram", "exponentialHistogram", Kind::Message(&EXPONENTIAL_HISTOGRAM)),
        oneof(11, "summary", "summary", Kind::Message(&SUMMARY)),
        many(12, "metadata", "metadata", Kind::Message(&KEY_VALUE)),
    ],
);

/// `opentelemetry.proto.metrics.v1.Gauge`.
pub static GAUGE: Message = message("Gauge", &[data_points(&NUMBER_DATA_POINT)]);

/// `opentelemetry.proto.metrics.v1.Sum`.
pub static SUM: Message = message(
    "Sum",
    &[data_points(&NUMBER_DATA_POINT), temporality(), one(3, "is_monotonic", "isMonotonic", Kind::Bool)],
);

/// `opentelemetry.proto.metrics.v1.Histogram`.
pub static HISTOGRAM: Message = message("Histogram", &[data_points(&HISTOGRAM_DATA_POINT), temporality()]);

/// `opentelemetry.proto.metrics.v1.ExponentialHistogram`.
pub static EXPONENTIAL_HISTOGRAM: Message =
    message("ExponentialHistogram", &[data_points(&EXPONENTIAL_HISTOGRAM_DATA_POINT), temporality()]);

/// `opentelemetry.proto.metrics.v1.Summary`.
pub static SUMMARY: Message = message("Summary", &[data_points(&SUMMARY_DATA_POINT)]);

/// `opentelemetry.proto.metrics.v1.NumberDataPoint`.
pub static NUMBER_DATA_POINT: Message = message(
    "NumberDataPoint",
    &[
        attributes(7),
        start_time(),
        one(3, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
        oneof(4, "as_double", "asDouble", Kind::Double),
        oneof(6, "as_int", "asInt", Kind::Sfixed64),
        exemplars(5),
        flags(8),
    ],
);

/// `opentelemetry.proto.metrics.v1.HistogramDataPoint`.
pub static HISTOGRAM_DATA_POINT: Message = message(
    "HistogramDataPoint",
    &[
        attributes(9),
        start_time(),
        one(3, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
        count(),
        optional(5, "sum", "sum", Kind::Double),
        many(6, "bucket_counts", "bucketCounts", Kind::Fixed64),
        many(7, "explicit_bounds", "explicitBounds", Kind::Double),
        exemplars(8),
        flags(10),
        optional(11, "min", "min", Kind::Double),
        optional(12, "max", "max", Kind::Double),
    ],
);

/// `opentelemetry.proto.metrics.v1.ExponentialHistogramDataPoint`.
pub static EXPONENTIAL_HISTOGRAM_DATA_POINT: Message = message(
    "ExponentialHistogramDataPoint",
    &[
        attributes(1),
        start_time(),
        one(3, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
        count(),
        optional(5, "sum", "sum", Kind::Double),
        one(6, "scale", "scale", Kind::Sint32),
        one(7, "zero_count", "zeroCount", Kind::Fixed64),
        one(8, "positive", "positive", Kind::Message(&BUCKETS)),
        one(9, "negative", "negative", Kind::Message(&BUCKETS)),
        flags(10),
        exemplars(11),
        optional(12, "min", "min", Kind::Double),
        optional(13, "max", "max", Kind::Double),
        one(14, "zero_threshold", "zeroThreshold", Kind::Double),
    ],
);

/// `opentelemetry.proto.metrics.v1.ExponentialHistogramDataPoint.Buckets`.
pub static BUCKETS: Message = message(
    "Buckets",
    &[one(1, "offset", "offset", Kind::Sint32), many(2, "bucket_counts", "bucketCounts", Kind::Uint64)],
);

/// `opentelemetry.proto.metrics.v1.SummaryDataPoint`.
pub static SUMMARY_DATA_POINT: Message = message(
    "SummaryDataPoint",
    &[
        attributes(7),
        start_time(),
        one(3, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
        count(),
        one(5, "sum", "sum", Kind::Double),
        many(6, "quantile_values", "quantileValues", Kind::Message(&VALUE_AT_QUANTILE)),
        flags(8),
    ],
);

/// `opentelemetry.proto.metrics.v1.SummaryDataPoint.ValueAtQuantile`.
pub static VALUE_AT_QUANTILE: Message = message(
    "ValueAtQuantile",
    &[one(1, "quantile", "quantile", Kind::Double), one(2, "value", "value", Kind::Double)],
);

/// `opentelemetry.proto.metrics.v1.Exemplar`.
pub static EXEMPLAR: Message = message(
    "Exemplar",
    &[
        many(7, "filtered_attributes", "filteredAttributes", Kind::Message(&KEY_VALUE)),
        one(2, "time_unix_nano", "timeUnixNano", Kind::Fixed64),
        oneof(3, "as_double", "asDouble", Kind::Double),
        oneof(6, "as_int", "asInt", Kind::Sfixed64),
        trace_id(5),
        span_id(4),
    ],
);

const fn data_points(message: &'static Message) -> Field {
    many(1, "data_points", "dataPoints", Kind::Message(message))
}

const fn temporality() -> Field {
    one(2, "aggregation_temporality", "aggregationTemporality", Kind::Enum(&AGGREGATION_TEMPORALITY))
}

const fn start_time() -> Field {
    one(2, "start_time_unix_nano", "startTimeUnixNano", Kind::Fixed64)
}

const fn count() -> Field {
    one(4, "count", "count", Kind::Fixed64)
}

const fn exemplars(number: u32) -> Field {
    many(number, "exemplars", "exemplars", Kind::Message(&EXEMPLAR))
}

const fn flags(number: u32) -> Field {
    one(number, "flags", "flags", Kind::Uint32)
}
