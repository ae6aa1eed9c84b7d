//! What went in and what came out, item by item, by the number that every item carries.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use weft::otlp::Signal;
use weft::testing::SEQ;

/// Every item by its number, as often as it came.
pub(crate) type Items = BTreeMap<u64, Vec<Value>>;

/// A request as JSON, written by `opentelemetry-proto`.
pub(crate) fn as_json(signal: Signal, request: &[u8]) -> Value {
    let value = match signal {
        Signal::Traces => serde_json::to_value(ExportTraceServiceRequest::decode(request).unwrap()),
        Signal::Metrics => serde_json::to_value(ExportMetricsServiceRequest::decode(request).unwrap()),
        Signal::Logs => serde_json::to_value(ExportLogsServiceRequest::decode(request).unwrap()),
    };
    value.unwrap()
}

/// The items of the JSON lines in a file.
pub(crate) fn items_of(path: &Path) -> Items {
    let mut items = Items::new();
    let text = std::fs::read_to_string(path).unwrap_or_default();
    // The last line may be half written.
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    for line in whole.lines() {
        collect(&serde_json::from_str(line).unwrap(), &Map::new(), &mut items);
    }
    items
}

/// The items of a request.
pub(crate) fn items_in(value: &Value) -> Items {
    let mut items = Items::new();
    collect(value, &Map::new(), &mut items);
    items
}

/// `around` is what an item belongs to: its resource, its scope, its metric's name and unit.
fn collect(value: &Value, around: &Map<String, Value>, items: &mut Items) {
    if let Some(number) = number(value) {
        let item = json!({"around": around, "item": bare(value)});
        items.entry(number).or_default().push(item);
        return;
    }
    match value {
        Value::Array(list) => list.iter().for_each(|value| collect(value, around, items)),
        Value::Object(map) => {
            let mut around = around.clone();
            for key in ["resource", "scope", "name", "unit", "schemaUrl"] {
                let own = map.get(key).map(bare).filter(|own| !says_nothing(own));
                around.extend(own.map(|own| (key.to_owned(), own)));
            }
            map.values().for_each(|value| collect(value, &around, items));
        }
        _ => {}
    }
}

fn number(value: &Value) -> Option<u64> {
    let attributes = value.get("attributes")?.as_array()?;
    let own = attributes.iter().find(|attribute| attribute["key"] == SEQ)?;
    own["value"]["intValue"].as_str()?.parse().ok()
}

/// Without what says nothing: writers differ in whether they write defaults.
fn bare(value: &Value) -> Value {
    match value {
        Value::Array(list) => list.iter().map(bare).collect(),
        Value::Object(map) => {
            let map = map.iter().map(|(key, value)| (key.clone(), bare(value)));
            Value::Object(map.filter(|(_, value)| !says_nothing(value)).collect())
        }
        // 1 and 1.0 are one number.
        Value::Number(number) => number.as_f64().into(),
        other => other.clone(),
    }
}

fn says_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty() || text == "0",
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

/// Fails unless both hold the same items, each of them `times` times in `came`.
pub(crate) fn assert_same(went: &Items, came: &Items, times: usize) {
    let missing: Vec<_> = went.keys().filter(|number| !came.contains_key(number)).collect();
    assert!(missing.is_empty(), "{} of {} items are missing: {missing:?}", missing.len(), went.len());
    for (number, copies) in came {
        let sent = went.get(number).unwrap_or_else(|| panic!("item {number} was never sent"));
        assert_eq!(copies.len(), times, "item {number} came {} times", copies.len());
        for copy in copies {
            assert!(copy == &sent[0], "item {number} came as {copy} and was {}", sent[0]);
        }
    }
}
