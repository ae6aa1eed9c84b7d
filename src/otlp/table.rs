//! What the check does with each field of each message, found by the first byte of the field's key.
//!
//! A key's first byte holds number and wire type of every field below 16, so one look-up in 256 entries answers both
//! "which field" and "is that its wire type". Whatever is not plain (longer keys, unknown fields, wrong wire types,
//! groups) is [`Action::Slow`]. The tables are made from `schema` when weft is compiled.

use super::schema::{self, Field, Kind, Label, WireType};

/// What the check does on seeing the first byte of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Ask the schema.
    Slow,
    Varint,
    Fixed64,
    Fixed32,
    Bytes,
    Text,
    /// One of repeated strings.
    Texts,
    /// Packed numbers.
    Varints,
    /// Packed numbers of eight bytes.
    Fixed64s,
    /// A message that is there once; the bit remembers it (members of a `oneof` share bit 0).
    One(Place, u8),
    /// One of repeated messages.
    Many(Place),
    /// One of repeated `KeyValue`s.
    Attribute,
    /// An `AnyValue` that is there once; with its bit.
    Value(u8),
    /// One of repeated `AnyValue`s.
    Values,
}

/// A message's place in the list of tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place(u8);

/// Everything the check knows of a message.
pub(crate) struct Table {
    pub(crate) actions: [Action; 256],
    pub(crate) message: &'static schema::Message,
    /// 1 for what counts as an item, else 0.
    pub(crate) items: u64,
}

impl Table {
    pub(crate) fn of(place: Place) -> &'static Self {
        TABLES.get(usize::from(place.0)).unwrap_or(&KEY_VALUE)
    }
}

pub(crate) static TRACES: Table = table(&schema::TRACES_REQUEST, 0);
pub(crate) static METRICS: Table = table(&schema::METRICS_REQUEST, 0);
pub(crate) static LOGS: Table = table(&schema::LOGS_REQUEST, 0);
pub(crate) static KEY_VALUE: Table = table(&schema::KEY_VALUE, 0);
pub(crate) static ANY_VALUE: Table = table(&schema::ANY_VALUE, 0);

/// All messages that are a field of another, except `KeyValue` and `AnyValue`.
static TABLES: [Table; 29] = [
    table(&schema::RESOURCE_SPANS, 0),
    table(&schema::SCOPE_SPANS, 0),
    table(&schema::SPAN, 1),
    table(&schema::SPAN_EVENT, 0),
    table(&schema::SPAN_LINK, 0),
    table(&schema::SPAN_STATUS, 0),
    table(&schema::RESOURCE_LOGS, 0),
    table(&schema::SCOPE_LOGS, 0),
    table(&schema::LOG_RECORD, 1),
    table(&schema::RESOURCE_METRICS, 0),
    table(&schema::SCOPE_METRICS, 0),
    table(&schema::METRIC, 0),
    table(&schema::GAUGE, 0),
    table(&schema::SUM, 0),
    table(&schema::HISTOGRAM, 0),
    table(&schema::EXPONENTIAL_HISTOGRAM, 0),
    table(&schema::SUMMARY, 0),
    table(&schema::NUMBER_DATA_POINT, 1),
    table(&schema::HISTOGRAM_DATA_POINT, 1),
    table(&schema::EXPONENTIAL_HISTOGRAM_DATA_POINT, 1),
    table(&schema::SUMMARY_DATA_POINT, 1),
    table(&schema::BUCKETS, 0),
    table(&schema::VALUE_AT_QUANTILE, 0),
    table(&schema::EXEMPLAR, 0),
    table(&schema::RESOURCE, 0),
    table(&schema::INSTRUMENTATION_SCOPE, 0),
    table(&schema::ENTITY_REF, 0),
    table(&schema::ARRAY_VALUE, 0),
    table(&schema::KEY_VALUE_LIST, 0),
];

/// The names of `TABLES`, in its order: a table cannot ask the list that it is being made for.
const NAMES: [&str; 29] = [
    "ResourceSpans",
    "ScopeSpans",
    "Span",
    "Event",
    "Link",
    "Status",
    "ResourceLogs",
    "ScopeLogs",
    "LogRecord",
    "ResourceMetrics",
    "ScopeMetrics",
    "Metric",
    "Gauge",
    "Sum",
    "Histogram",
    "ExponentialHistogram",
    "Summary",
    "NumberDataPoint",
    "HistogramDataPoint",
    "ExponentialHistogramDataPoint",
    "SummaryDataPoint",
    "Buckets",
    "ValueAtQuantile",
    "Exemplar",
    "Resource",
    "InstrumentationScope",
    "EntityRef",
    "ArrayValue",
    "KeyValueList",
];

#[expect(clippy::indexing_slicing, reason = "runs at compile time only")]
const fn table(message: &'static schema::Message, items: u64) -> Table {
    let mut actions = [Action::Slow; 256];
    let mut at = 0;
    while at < message.fields.len() {
        let field = &message.fields[at];
        if field.number < 16 {
            let key = (field.number as usize) << 3;
            let value = field.kind.wire_type() as usize;
            if matches!(field.label, Label::Repeated) {
                actions[key | value] = scalar(&field.kind);
            }
            actions[key | packed_wire_type(field) as usize] = action(field);
        }
        at += 1;
    }
    Table { actions, message, items }
}

/// The wire type a field is written with.
const fn packed_wire_type(field: &Field) -> WireType {
    if matches!(field.label, Label::Repeated) { WireType::Len } else { field.kind.wire_type() }
}

/// What to do with a field that has the wire type it is written with.
#[expect(clippy::cast_possible_truncation, reason = "field numbers here are below 32")]
pub(crate) const fn action(field: &Field) -> Action {
    let repeated = matches!(field.label, Label::Repeated);
    let bit = if matches!(field.label, Label::Oneof) { 0 } else { field.number as u8 };
    match (&field.kind, repeated) {
        (Kind::Message(message), true) if equal(message.name, "KeyValue") => Action::Attribute,
        (Kind::Message(message), true) if equal(message.name, "AnyValue") => Action::Values,
        (Kind::Message(message), false) if equal(message.name, "AnyValue") => Action::Value(bit),
        (Kind::Message(message), true) => Action::Many(place(message.name)),
        (Kind::Message(message), false) => Action::One(place(message.name), bit),
        (Kind::String, true) => Action::Texts,
        (kind, true) => match kind.wire_type() {
            WireType::Varint => Action::Varints,
            _ => Action::Fixed64s,
        },
        (kind, false) => scalar(kind),
    }
}

/// What to do with a single value of a kind that is no message.
pub(crate) const fn scalar(kind: &Kind) -> Action {
    match kind.wire_type() {
        WireType::Varint => Action::Varint,
        WireType::Fixed64 => Action::Fixed64,
        WireType::Fixed32 => Action::Fixed32,
        WireType::Len if matches!(kind, Kind::String) => Action::Text,
        WireType::Len => Action::Bytes,
    }
}

#[expect(clippy::cast_possible_truncation, clippy::indexing_slicing, reason = "the list has 29 entries")]
const fn place(name: &str) -> Place {
    let mut at = 0;
    while at < NAMES.len() && !equal(NAMES[at], name) {
        at += 1;
    }
    Place(at as u8)
}

#[expect(clippy::indexing_slicing, reason = "the index is below both lengths")]
const fn equal(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    let mut at = 0;
    while at < one.len() && at < other.len() && one[at] == other[at] {
        at += 1;
    }
    one.len() == other.len() && at == one.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = &'static Table> {
        TABLES.iter().chain([&TRACES, &METRICS, &LOGS, &KEY_VALUE, &ANY_VALUE])
    }

    /// Guarantees: every message field of the schema leads to the table of that very message.
    #[test]
    fn tables_are_linked_as_the_schema_is() {
        for field in all().flat_map(|table| table.message.fields) {
            let Kind::Message(inner) = field.kind else { continue };
            let reached = match action(field) {
                Action::One(place, _) | Action::Many(place) => Table::of(place),
                Action::Attribute => &KEY_VALUE,
                Action::Value(_) | Action::Values => &ANY_VALUE,
                other => panic!("{} is {other:?}", field.name),
            };
            assert!(std::ptr::eq(reached.message, inner), "{} leads to {}", field.name, reached.message.name);
        }
    }

    #[test]
    fn names_stand_in_the_order_of_the_tables() {
        assert!(TABLES.iter().map(|table| table.message.name).eq(NAMES));
    }

    #[test]
    fn keys_of_other_wire_types_are_not_answered_by_the_table() {
        for table in all() {
            let plain = table.actions.iter().filter(|action| **action != Action::Slow).count();
            let numbers = table.message.fields.iter().filter(|field| field.packed()).count();
            let long = table.message.fields.iter().filter(|field| field.number > 15).count();
            assert_eq!(plain, table.message.fields.len() + numbers - long, "{}", table.message.name);
        }
    }
}
