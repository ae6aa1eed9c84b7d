//! Tests of `nop`.

use super::*;
use bytes::Bytes;

#[tokio::test]
async fn every_item_counts_as_sent() {
    let request = Bytes::from_static(&[0x0a, 0x06, 0x12, 0x04, 0x12, 0x00, 0x12, 0x00]);
    let data = Data::check(Signal::Logs, request, &crate::otlp::Limits::default()).unwrap().data;
    let mut out = Requests::default();
    Nop.encode(data, &Context::default(), &mut out).unwrap();
    assert_eq!(out.requests.iter().map(|request| request.items).collect::<Vec<_>>(), [2]);
    assert_eq!(Nop.send(&()).await.unwrap(), Sent::default());
}

#[test]
fn any_key_is_unknown() {
    let section = |text| Section::from_yaml("exporters.nop", "test.yaml", text).unwrap();
    let facts = prepare(&section(COMPONENT.example)).unwrap().facts;
    assert!(facts.delivery.is_some_and(|delivery| !delivery.queue.enabled && !delivery.retry.enabled));
    assert!(prepare(&section("endpoint: x\n")).is_err());
}
