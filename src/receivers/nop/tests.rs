//! Tests of `nop`.

use super::*;
use crate::batch::{Budget, Wants};
use crate::component::{Account, stopper};
use futures_util::poll;
use std::sync::Arc;

struct Nobody;

impl Account for Nobody {
    fn handed(&self, _: Signal, _: u64) {}
    fn accepted(&self, _: Signal, _: &'static str, _: u64, _: u64) {}
    fn refused(&self, _: Signal, _: &'static str, _: u64, _: bool) {}
}

#[tokio::test(start_paused = true)]
async fn it_serves_until_it_is_told_to_stop() {
    let (stopper, stop) = stopper();
    let ingress = Ingress::new(Default::default(), Budget::new(1), Wants::Held, Arc::new(Nobody));
    let mut running = Box::new(Nop).start(ingress, stop).await.unwrap();
    assert!(poll!(&mut running).is_pending());
    stopper.stop(tokio::time::Instant::now());
    assert!(running.await.is_ok());
}

#[test]
fn any_key_is_unknown() {
    let section = |text| Section::from_yaml("receivers.nop", "test.yaml", text).unwrap();
    assert!(prepare(&section(COMPONENT.example)).is_ok());
    assert!(prepare(&section("endpoint: x\n")).is_err());
}
