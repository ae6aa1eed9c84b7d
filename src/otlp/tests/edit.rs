//! Rows, edits and layout against the same edits on prost's structs, compared after every single one.

use super::generate::requests;
use super::oracle::Request;
use crate::otlp::{AnyValueView, Change, Data, Limits, Record, Signal};
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use proptest::prelude::*;

fn data(signal: Signal, request: &Request) -> Data {
    Data::check(signal, request.encode().into(), &Limits::default()).unwrap().data
}

fn decoded(data: Data) -> Request {
    let signal = data.signal();
    Request::decode(signal, &data.encode().concat()).unwrap()
}

#[derive(Clone, Debug)]
enum Level {
    Resource,
    Scope,
    Record,
}

#[derive(Clone, Debug)]
enum Edit {
    Set(Level, usize, String, i64),
    Remove(Level, usize, String),
    Redact(usize, String),
    Name(usize, String),
    Drop(usize),
    Retain(usize),
    Compact,
    Append,
}

fn edits() -> impl Strategy<Value = Edit> {
    let level = || prop_oneof![Just(Level::Resource), Just(Level::Scope), Just(Level::Record)];
    let key = || (0..4).prop_map(|n| format!("key{n}"));
    prop_oneof![
        (level(), any::<usize>(), key(), any::<i64>()).prop_map(|(l, at, key, n)| Edit::Set(l, at, key, n)),
        (level(), any::<usize>(), key()).prop_map(|(level, at, key)| Edit::Remove(level, at, key)),
        (any::<usize>(), ".{0,9}").prop_map(|(at, text)| Edit::Redact(at, text)),
        (any::<usize>(), ".{0,200}").prop_map(|(at, name)| Edit::Name(at, name)),
        any::<usize>().prop_map(Edit::Drop),
        (1_usize..9).prop_map(Edit::Retain),
        Just(Edit::Compact),
        Just(Edit::Append),
    ]
}

fn set(attributes: &mut Vec<KeyValue>, key: &str, number: i64) {
    let value = Some(AnyValue { value: Some(Value::IntValue(number)) });
    let new = KeyValue { key: key.into(), value, key_strindex: 0 };
    let place = attributes.iter().position(|it| it.key == key).unwrap_or(attributes.len());
    remove(attributes, key);
    attributes.insert(place, new);
}

fn remove(attributes: &mut Vec<KeyValue>, key: &str) {
    attributes.retain(|it| it.key != key);
}

/// Replaces every string by `text` and removes every integer.
fn redact(attributes: &mut Vec<KeyValue>, text: &str) {
    attributes.retain(|it| !matches!(kind(it), Some(Value::IntValue(_))));
    for attribute in attributes {
        if let Some(Value::StringValue(_)) = kind(attribute) {
            attribute.value = Some(AnyValue { value: Some(Value::StringValue(text.into())) });
        }
    }
}

fn kind(attribute: &KeyValue) -> Option<&Value> {
    attribute.value.as_ref()?.value.as_ref()
}

/// The same edit on both sides.
fn apply(edit: &Edit, data: &mut Data, model: &mut Request) {
    let records = model.records();
    let place = |at: usize| at % records.max(1);
    match edit {
        Edit::Set(level, at, key, number) => {
            let at = place(*at);
            model.with(at, |parts| match level {
                Level::Resource => set(parts.resource, key, *number),
                Level::Scope => set(parts.scope, key, *number),
                Level::Record => set(parts.record, key, *number),
            });
            at_level(data, level, at, |editor| editor.set_attribute(key, AnyValueView::Int(*number)));
        }
        Edit::Remove(level, at, key) => {
            let at = place(*at);
            model.with(at, |parts| match level {
                Level::Resource => remove(parts.resource, key),
                Level::Scope => remove(parts.scope, key),
                Level::Record => remove(parts.record, key),
            });
            at_level(data, level, at, |editor| {
                editor.remove_attribute(key);
            });
        }
        Edit::Redact(at, text) => {
            let at = place(*at);
            model.with(at, |parts| redact(parts.record, text));
            at_level(data, &Level::Record, at, |editor| {
                editor.change_attributes(|attribute| match attribute.value() {
                    AnyValueView::Str(_) => Change::SetString(text.clone()),
                    AnyValueView::Int(_) => Change::Remove,
                    _ => Change::Keep,
                });
            });
        }
        Edit::Name(at, name) => {
            let at = place(*at);
            model.with(at, |parts| parts.name.clone_from(name));
            let mut index = 0..;
            data.edit(|record| {
                if index.next() == Some(at) {
                    record.set_name(name);
                }
            });
        }
        Edit::Drop(at) => {
            let at = place(*at);
            model.retain(|index| index != at);
            retain(data, |index| index != at);
        }
        Edit::Retain(every) => {
            model.retain(|index| index % every != 0);
            retain(data, |index| index % every != 0);
        }
        Edit::Compact => {
            data.compact();
        }
        Edit::Append => {
            // To itself, which also shows that clones do not disturb each other.
            let other = data.clone();
            data.append(other);
            let mut twice = model.encode();
            twice.extend(model.encode());
            *model = Request::decode(data.signal(), &twice).unwrap();
        }
    }
}

fn retain(data: &mut Data, keep: impl Fn(usize) -> bool) {
    let before = data.items();
    let mut index = 0..;
    let gone = data.retain(|_| keep(index.next().unwrap()));
    assert_eq!(gone, before - data.items());
}

fn at_level(data: &mut Data, level: &Level, at: usize, mut edit: impl FnMut(&mut crate::otlp::Editor<'_>)) {
    let Some((resource, scope)) =
        data.records().nth(at).map(|it| (it.resource().index(), it.scope().index()))
    else {
        return;
    };
    match level {
        Level::Resource => data.edit_resources(|it| {
            if it.index() == resource {
                edit(it)
            }
        }),
        Level::Scope => data.edit_scopes(|it| {
            if it.index() == scope {
                edit(it)
            }
        }),
        Level::Record => {
            let mut index = 0..;
            data.edit(|record| {
                if index.next() == Some(at) {
                    edit(record)
                }
            })
        }
    };
}

/// What the table says of a record, to be compared with a table made anew.
fn told(record: Record<'_>) -> impl PartialEq + std::fmt::Debug {
    (
        record.row.columns,
        record.wire().to_vec(),
        record.resource().wire().to_vec(),
        record.scope().wire().to_vec(),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Guarantees: after each of any edits, tables and layout say what prost's structs say, in contents, in columns,
    /// in numbers and in lengths.
    #[test]
    fn tables_agree_with_structs_after_every_edit(
        (signal, request) in requests(), edits in prop::collection::vec(edits(), 1..8),
    ) {
        let mut model = request.clone();
        let mut data = data(signal, &request);
        let original = data.clone();
        for edit in &edits {
            apply(edit, &mut data, &mut model);
            model = model.pruned();
            prop_assert_eq!(decoded(data.clone()).pruned(), model.clone(), "after {:?}", edit);
            prop_assert_eq!(data.items(), model.items());
            prop_assert_eq!(data.wire_len(), data.clone().encode().concat().len());
            let again = Data::check(signal, data.clone().encode().concat().into(), &Limits::default()).unwrap().data;
            prop_assert!(data.records().map(told).eq(again.records().map(told)));
            if model.records() > 300 {
                break;
            }
        }
        prop_assert_eq!(decoded(original), request);
    }
}

#[test]
fn looking_changes_nothing() {
    let request = super::generate::Dice::new(3, 5, "x").request(Signal::Traces);
    let bytes = bytes::Bytes::from(request.encode());
    let mut data = Data::check(Signal::Traces, bytes.clone(), &Limits::default()).unwrap().data;
    assert!(data.records().len() > 5);
    assert_eq!(data.retain(|_| true), 0);
    assert_eq!(data.edit(|record| assert!(!record.remove_attribute("no such key"))), 0);
    assert_eq!(data.edit_resources(|_| {}), 0);
    assert_eq!(data.encode()[0].as_ptr(), bytes.as_ptr());
}

mod by_hand {
    use super::*;
    use crate::otlp::Problem;
    use crate::otlp::tests::generate::Dice;
    use crate::otlp::wire::put_bytes;

    fn framed(number: u32, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        put_bytes(&mut out, number, body);
        out
    }

    fn check(signal: Signal, bytes: &[u8]) -> Data {
        Data::check(signal, bytes.to_vec().into(), &Limits::default()).unwrap().data
    }

    #[test]
    fn unknown_fields_survive_on_every_level() {
        let unknown = |name: &str| framed(77, name.as_bytes());
        let span = [framed(5, b"old"), unknown("span")].concat();
        let between = [framed(2, &span), unknown("scope"), framed(2, &span)].concat();
        let resource =
            [unknown("before"), framed(2, &between), unknown("resource"), framed(2, &between)].concat();
        let mut data = check(Signal::Traces, &[unknown("request"), framed(1, &resource)].concat());
        data.edit(|record| record.set_name("new"));
        data.edit_resources(|resource| resource.set_attribute("k", "v".into()));
        data.edit_scopes(|scope| scope.set_attribute("k", "v".into()));
        let bytes = data.encode().concat();
        let count = |text: &str| bytes.windows(text.len()).filter(|it| *it == text.as_bytes()).count();
        assert_eq!(
            ["request", "before", "resource", "scope", "span", "new", "old"].map(count),
            [1, 1, 1, 2, 4, 4, 0]
        );
        assert_eq!(check(Signal::Traces, &bytes).items(), 4);
    }

    #[test]
    fn points_can_be_dropped_and_their_attributes_changed() {
        let point = |key: &str| framed(1, &framed(7, &[framed(1, key.as_bytes()), framed(2, &[])].concat()));
        let gauge = [point("a"), point("b"), point("c")].concat();
        let metric = [framed(5, &gauge), framed(1, b"cpu")].concat();
        let mut data = check(Signal::Metrics, &framed(1, &framed(2, &framed(2, &metric))));
        assert_eq!(data.items(), 3);
        let edited = data.edit(|metric| {
            metric.change_points(|point| {
                point.set_attribute("new", AnyValueView::Bool(true));
                point.before().attribute("b").is_none()
            });
        });
        assert_eq!((edited, data.items()), (1, 2));
        let metric = data.records().next().unwrap().metric().unwrap();
        let keys: Vec<_> = metric
            .points()
            .map(|it| it.attributes().map(|a| a.key.to_string()).collect::<Vec<_>>())
            .collect();
        assert_eq!(keys, [["a", "new"], ["c", "new"]]);
        assert_eq!(metric.name(), "cpu");
        assert_eq!(data.edit(|metric| metric.change_points(|_| true)), 0);
    }

    #[test]
    fn a_record_can_be_replaced_by_a_valid_one_only() {
        let mut data = check(Signal::Logs, &framed(1, &framed(2, &framed(2, &framed(3, b"INFO")))));
        data.edit(|record| {
            let error = record.replace(&[0x08, 1]).unwrap_err();
            assert_eq!(error.problem(), Problem::WireType { got: 0, want: 1 });
            record.replace(&framed(3, b"WARN\xff")).unwrap();
            record.set_body("text".into());
        });
        let log = data.records().next().unwrap().log().unwrap();
        assert_eq!(log.severity_text(), "WARN\u{fffd}");
        assert_eq!(log.body().as_str(), Some("text"));
    }

    #[test]
    fn a_batch_that_keeps_little_lets_go_of_the_rest() {
        let request =
            (0..).map(|seed| Dice::new(seed, 5, "x").request(Signal::Logs)).find(|it| it.records() > 9);
        let bytes = request.unwrap().encode();
        let mut data = check(Signal::Logs, &bytes);
        assert!(!data.compact());
        assert_eq!((data.pinned_len(), data.live_len()), (bytes.len(), bytes.len()));
        let mut index = 0..;
        data.retain(|_| index.next() == Some(0));
        assert_eq!(data.pinned_len(), bytes.len());
        assert!(data.rows_len() > 0);
        let kept = data.clone().encode();
        assert!(data.compact());
        assert_eq!(data.pinned_len(), data.live_len());
        assert_eq!((data.items(), data.encode()), (1, kept));
    }

    #[test]
    fn an_edit_of_one_clone_is_not_seen_by_the_other() {
        let data = check(Signal::Logs, &framed(1, &framed(2, &framed(2, &framed(12, b"one")))));
        assert_eq!(data.records().len(), 1);
        let mut other = data.clone();
        other.edit(|record| record.set_name("two"));
        let name = |data: &Data| data.records().next().unwrap().log().unwrap().event_name().to_string();
        assert_eq!((name(&data), name(&other)), ("one".to_owned(), "two".to_owned()));
    }
}
