//! Tests of gathering: when a group is let go, how it is cut, and that only like meets like.

use super::{Gather, Gathered, Sizer, Thresholds};
use crate::batch::{Batch, Budget, Context, Origin, Outcome, Tenant, Time, Wants, claim};
use crate::otlp::{Data, Signal};
use crate::testing::{Generator, seqs_of};
use proptest::prelude::*;
use std::sync::Arc;
use std::time::Duration;

const ITEMS: Thresholds =
    Thresholds { min: 10, max: 10, sizer: Sizer::Items, timeout: Duration::from_secs(1) };

fn at(millis: u64) -> Time {
    Time::default().after(Duration::from_millis(millis))
}

fn batch(first: u64, items: u64) -> Batch {
    Batch::made(Generator::new(first).data(Signal::Logs, items), Context::default())
}

fn of_tenant(tenant: &str, data: Data) -> Batch {
    let origin = Arc::new(Origin { tenant: Tenant::new(tenant), ..Origin::default() });
    Batch::made(data, Context { origin, ..Context::default() })
}

/// What a gathering lets go when it is given these, one at each millisecond.
fn let_go(thresholds: Thresholds, batches: impl IntoIterator<Item = Batch>) -> (Gather, Vec<Vec<u64>>) {
    let (mut gather, mut ready) = (Gather::new(thresholds), Vec::new());
    for (now, batch) in (0..).zip(batches) {
        gather.add(batch, at(now), |batch, why| {
            assert_eq!(why, Gathered::Size);
            ready.push(seqs_of(&batch.data));
        });
    }
    (gather, ready)
}

fn sizes(ready: &[Vec<u64>]) -> Vec<usize> {
    ready.iter().map(Vec::len).collect()
}

#[test]
fn a_group_goes_at_its_size_and_never_above_the_largest() {
    let (gather, ready) = let_go(ITEMS, [batch(0, 4), batch(4, 4), batch(8, 17)]);
    assert_eq!((sizes(&ready), gather.items()), (vec![10, 10], 5));
    assert_eq!(ready.concat(), (0..20).collect::<Vec<_>>());
    let (gather, ready) = let_go(Thresholds { max: 0, ..ITEMS }, [batch(0, 4), batch(4, 40)]);
    assert_eq!((sizes(&ready), gather.origins()), (vec![44], 0), "without a largest size it goes whole");
    let (_, ready) = let_go(Thresholds { min: 3, ..ITEMS }, [batch(0, 12)]);
    assert_eq!(sizes(&ready), [10], "the rest is below the size at which it would go");
}

#[test]
fn a_group_goes_when_its_first_batch_has_waited() {
    let (mut gather, _) = let_go(ITEMS, [batch(0, 1), batch(1, 1)]);
    assert_eq!(gather.next(), Some(at(1000)));
    let mut gone = Vec::new();
    gather.due(at(999), |batch, _| gone.push(batch.items()));
    assert!(gone.is_empty());
    gather.due(at(1000), |batch, why| {
        assert_eq!(why, Gathered::Timeout);
        gone.push(batch.items());
    });
    assert_eq!((gone, gather.next()), (vec![2], None));
}

#[test]
fn what_is_left_after_a_cut_begins_to_wait_anew() {
    let (gather, _) = let_go(ITEMS, [batch(0, 1), batch(1, 1), batch(2, 9)]);
    assert_eq!((gather.items(), gather.next()), (1, Some(at(1002))));
}

#[test]
fn without_a_timeout_nothing_waits() {
    let (gather, ready) =
        let_go(Thresholds { timeout: Duration::ZERO, ..ITEMS }, [batch(0, 1), batch(1, 12)]);
    assert_eq!((sizes(&ready), gather.origins()), (vec![1, 10, 2], 0));
}

#[test]
fn only_like_meets_like() {
    let mut generator = Generator::default();
    let mut data = |signal| generator.data(signal, 4);
    let batches = [
        of_tenant("a", data(Signal::Logs)),
        of_tenant("b", data(Signal::Logs)),
        of_tenant("a", data(Signal::Traces)),
        of_tenant("a", data(Signal::Logs)),
    ];
    let (mut gather, ready) = let_go(ITEMS, batches);
    assert_eq!((ready.len(), gather.origins()), (0, 3));
    assert!(
        gather.knows(&of_tenant("b", data(Signal::Logs)))
            && !gather.knows(&of_tenant("b", data(Signal::Traces)))
    );
    let mut gone = Vec::new();
    gather.flush(|batch, _| {
        let tenant = batch.ctx.origin.tenant.name().to_owned();
        gone.push((tenant, batch.data.signal(), seqs_of(&batch.data)));
    });
    gone.sort();
    let expected = [
        ("a".to_owned(), Signal::Traces, vec![8, 9, 10, 11]),
        ("a".to_owned(), Signal::Logs, vec![0, 1, 2, 3, 12, 13, 14, 15]),
        ("b".to_owned(), Signal::Logs, vec![4, 5, 6, 7]),
    ];
    assert_eq!(gone, expected);
}

#[test]
fn an_empty_batch_is_answered_and_not_kept() {
    let (claim, mut answer) = claim(Wants::Delivered, 0);
    let empty = Batch { claim, ..batch(0, 0) };
    let (gather, ready) = let_go(ITEMS, [empty]);
    assert_eq!((gather.origins(), ready.len()), (0, 0));
    assert_eq!(futures_util::FutureExt::now_or_never(answer.given()), Some(Outcome::default()));
}

#[test]
fn memory_and_claims_go_with_their_items() {
    let budget = Budget::new(1 << 20);
    let (mut gather, mut gone) = (Gather::new(ITEMS), Vec::new());
    let mut answers = Vec::new();
    for first in [0, 6] {
        let (claim, answer) = claim(Wants::Delivered, 6);
        let mut permit = budget.permit();
        permit.charge(6000);
        answers.push(answer);
        gather.add(Batch { claim, permit, ..batch(first, 6) }, at(0), |batch, _| gone.push(batch));
    }
    let ten = gone.pop().unwrap();
    assert!((9000..11_000).contains(&ten.permit.bytes()), "{}", ten.permit.bytes());
    ten.claim.settle(&Outcome::delivered(10));
    drop(ten.permit);
    assert!(answers[0].is_given() && !answers[1].is_given());
    gather.flush(|batch, _| batch.claim.settle(&Outcome::delivered(2)));
    assert!(answers[1].is_given());
    assert_eq!(budget.used(), 0);
}

proptest! {
    /// Guarantees: nothing is lost, doubled or reordered, and no limit is exceeded that can be kept.
    #[test]
    fn what_goes_in_comes_out_in_order_and_within_the_limit(
        sizes in prop::collection::vec(0..60u64, 1..20),
        max in 1..5000u64,
        bytes in any::<bool>(),
        min in 0..50u64,
    ) {
        let max = if bytes { max } else { max % 60 };
        let sizer = if bytes { Sizer::Bytes } else { Sizer::Items };
        let (mut generator, mut gone) = (Generator::default(), Vec::new());
        let mut gather = Gather::new(Thresholds { min, max, sizer, timeout: Duration::from_secs(1) });
        let mut keep = |batch: Batch, _: Gathered| gone.push(batch);
        for items in &sizes {
            let data = generator.data(Signal::Logs, *items);
            gather.add(Batch::made(data, Context::default()), at(0), &mut keep);
        }
        gather.flush(&mut keep);
        for batch in &gone {
            prop_assert!(max == 0 || sizer.size(batch) <= max || batch.items() == 1, "{} > {max}", sizer.size(batch));
        }
        let seqs: Vec<_> = gone.iter().flat_map(|batch| seqs_of(&batch.data)).collect();
        prop_assert_eq!(seqs, (0..sizes.iter().sum()).collect::<Vec<_>>());
    }
}
