//! OTLP in JSON: any text is read or refused, and what was read is a request that survives the way there and back.
//!
//! The first byte chooses the signal, the rest is the text.

#![no_main]

use libfuzzer_sys::fuzz_target;
use opentelemetry_proto::tonic::common::v1::{AnyValue, InstrumentationScope};
use opentelemetry_proto::tonic::metrics::v1::exponential_histogram_data_point::Buckets;
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::Status;
use weft::otlp::{Data, Limits, Signal, json};
use weft_fuzz::{Request, encoded, signal};

fuzz_target!(|input: &[u8]| {
    let [choice, text @ ..] = input else { return };
    let signal = signal(*choice);
    let limits = Limits::default();
    let Ok(wire) = json::decode(signal, text, &limits) else { return };
    assert!(wire.len() <= 4 * text.len(), "{} bytes of text became {} on the wire", text.len(), wire.len());
    let data = Data::check(signal, wire.into(), &limits).expect("what was read can be let in").data;
    let written = written(signal, &data);
    let wire = json::decode(signal, &written, &limits).expect("what was written can be read");
    let again = Data::check(signal, wire.into(), &limits).expect("what was read can be let in");
    assert_eq!(again.repaired, 0, "what was written is UTF-8");
    same(signal, &data, &again.data);
    assert!(self::written(signal, &again.data) == written, "written twice, it is not the same");
});

fn written(signal: Signal, data: &Data) -> Vec<u8> {
    let mut text = Vec::new();
    json::encode(signal, &data.clone().encode(), &mut text).expect("what was let in can be written");
    text
}

/// Compares as prost reads it, where that reads it: its limit of nesting is lower.
fn same(signal: Signal, one: &Data, other: &Data) {
    assert_eq!(one.items(), other.items());
    let read = |data| Request::decode(signal, &encoded(data));
    match (read(one), read(other)) {
        (Ok(one), Ok(other)) => {
            assert!(normal(&one) == normal(&other), "there and back, it means something else")
        }
        (Err(one), _) => assert!(one.to_string().contains("recursion limit"), "{one}"),
        (_, Err(other)) => assert!(other.to_string().contains("recursion limit"), "{other}"),
    }
}

/// What a request says, without what says no more than its absence: the Collector writes every singular message, and
/// leaves out ids of zeros.
fn normal(request: &Request) -> String {
    let empty = [
        format!("{:?}", Some(Resource::default())),
        format!("{:?}", Some(InstrumentationScope::default())),
        format!("{:?}", Some(Status::default())),
        format!("{:?}", Some(AnyValue::default())),
        format!("{:?}", Some(Buckets::default())),
    ];
    let without_zeros = [16, 8].iter().fold(format!("{request:?}"), |text, length| {
        text.replace(&format!("_id: {:?}", vec![0; *length]), "_id: []")
    });
    let text = without_zeros.replace(": -0.0,", ": 0.0,").replace(": -0.0 }", ": 0.0 }");
    empty.iter().fold(text, |text, empty| text.replace(empty, "None"))
}
