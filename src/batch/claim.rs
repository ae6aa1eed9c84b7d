//! The sender's answer and the claim on the data's fate: two things that end at two moments.
//!
//! A request has one [`Answer`], which its receiver awaits, and a [`Claim`], which travels with the
//! data, is shared where the data is (fan-out, splits) and merged where it is (batching). The answer
//! is given when every branch *holds* the data (or, with [`Wants::Delivered`], when every share is
//! settled). Rules kept here, whoever drops what and when:
//!
//! - A share that is dropped unsettled says "retry": forgetting never acknowledges.
//! - A request that has expired before anybody held it has no owner: [`Claim::hold`] then says no,
//!   and the data must not be delivered, since the sender was told that it was refused.
//! - Once held, it does not expire.

use super::outcome::{Outcome, Reason, Retry};
use smallvec::SmallVec;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::oneshot;

/// When the sender is answered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wants {
    /// When the data has an owner that will not let it go.
    #[default]
    Held,
    /// When the backends have it.
    Delivered,
}

/// Why a forgotten share is repeated.
const FORGOTTEN: Reason = Reason::new("forgotten", "the data was dropped on its way without a verdict");

/// What one request waits for.
#[derive(Debug)]
struct Cell {
    wants: Wants,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Shares that exist and are not settled.
    open: u32,
    /// Shares that nobody holds yet.
    unheld: u32,
    owned: bool,
    expired: bool,
    items: u64,
    outcome: Outcome,
    answer: Option<oneshot::Sender<Outcome>>,
}

impl Cell {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn answer_if_due(&mut self, wants: Wants) {
        let due = match wants {
            Wants::Held => self.unheld == 0,
            Wants::Delivered => self.open == 0,
        };
        if due && let Some(answer) = self.answer.take() {
            let mut outcome = std::mem::take(&mut self.outcome);
            // Branches, and parts whose items are no longer told apart, count the same items more than once.
            outcome.rejected = outcome.rejected.min(self.items);
            outcome.discarded = outcome.discarded.min(self.items - outcome.rejected);
            let rest = self.items - outcome.rejected - outcome.discarded;
            let all = wants == Wants::Held && outcome.retry.is_none();
            outcome.delivered = if all { rest } else { outcome.delivered.min(rest) };
            // A receiver that has stopped waiting needs no answer.
            let _ = answer.send(outcome);
        }
    }
}

/// What the receiver awaits.
#[derive(Debug)]
pub struct Answer {
    cell: Arc<Cell>,
    given: oneshot::Receiver<Outcome>,
}

impl Answer {
    /// Waits for the answer, however long it takes.
    pub async fn given(&mut self) -> Outcome {
        let forgotten = || Outcome::retry(Retry::Backoff, FORGOTTEN);
        (&mut self.given).await.unwrap_or_else(|_| forgotten())
    }

    /// Whether the answer is there already.
    pub fn is_given(&self) -> bool {
        self.cell.state().answer.is_none()
    }

    /// Gives up waiting. True if nobody holds the data: it will not be delivered any more. False if
    /// it has an owner (it may still be delivered) or was answered at this moment.
    pub fn expire(&mut self) -> bool {
        let mut state = self.cell.state();
        state.expired |= !state.owned && state.answer.is_some();
        state.expired
    }
}

/// One share of one request. Without a cell it is a gap: items whose sender waits for nothing, kept
/// so that what follows stays in its place.
#[derive(Debug)]
struct Share {
    cell: Option<Arc<Cell>>,
    items: u64,
    held: bool,
}

impl Share {
    fn gap(items: u64) -> Share {
        Share { cell: None, items, held: true }
    }

    fn is_gap(&self) -> bool {
        self.cell.is_none()
    }

    fn wants(&self, wants: Wants) -> bool {
        self.cell.as_ref().is_some_and(|cell| cell.wants == wants)
    }

    fn again(&self) -> Share {
        if let Some(cell) = &self.cell {
            let mut state = cell.state();
            state.open += 1;
            state.unheld += u32::from(!self.held);
        }
        Share { cell: self.cell.clone(), items: self.items, held: self.held }
    }

    /// Takes the data on; false if the request has expired.
    fn own(&self) -> bool {
        let Some(cell) = &self.cell else { return true };
        let mut state = cell.state();
        state.owned |= !state.expired;
        !state.expired
    }

    /// Notes a holder, once the share is owned.
    fn hold(&mut self) {
        if !std::mem::replace(&mut self.held, true)
            && let Some(cell) = &self.cell
        {
            let mut state = cell.state();
            state.unheld -= 1;
            state.answer_if_due(cell.wants);
        }
    }

    /// Ends the share; what is left of it is a gap.
    fn settle(&mut self, outcome: Outcome) {
        let Some(cell) = self.cell.take() else { return };
        let mut state = cell.state();
        state.outcome.add(outcome);
        state.open -= 1;
        state.unheld -= u32::from(!std::mem::replace(&mut self.held, true));
        state.answer_if_due(cell.wants);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.settle(Outcome::retry(Retry::Backoff, FORGOTTEN));
    }
}

/// The claim on the fate of a batch: shares of the requests whose data is in it, in order.
#[derive(Debug, Default)]
pub struct Claim {
    shares: SmallVec<[Share; 1]>,
    /// Items of all shares together; what the data has beyond belongs to nobody who waits.
    covered: u64,
    /// Several requests are in it.
    merged: bool,
    /// Nobody knows any more which items are whose: every part is a part of all requests.
    blurred: bool,
}

/// A claim on `items` items, and the answer that comes of it.
pub fn claim(wants: Wants, items: u64) -> (Claim, Answer) {
    let (sender, given) = oneshot::channel();
    let state = State {
        open: 1,
        unheld: 1,
        owned: false,
        expired: false,
        items,
        outcome: Outcome::default(),
        answer: Some(sender),
    };
    let cell = Arc::new(Cell { wants, state: Mutex::new(state) });
    let share = Share { cell: Some(Arc::clone(&cell)), items, held: false };
    (Claim::of(SmallVec::from_buf([share])), Answer { cell, given })
}

impl Claim {
    /// A claim that nobody waits for: data made inside.
    pub fn none() -> Self {
        Self::default()
    }

    fn of(shares: SmallVec<[Share; 1]>) -> Self {
        let covered = shares.iter().map(|share| share.items).sum();
        Self { shares, covered, merged: false, blurred: false }
    }

    /// Another claim on the same data, for another branch. Both have to be settled.
    #[must_use]
    pub fn share(&self) -> Claim {
        Claim { shares: self.shares.iter().map(Share::again).collect(), ..*self }
    }

    /// Takes over the shares of `other`, whose data was appended to `before` items.
    pub fn merge(&mut self, before: u64, other: Claim) {
        if other.shares.is_empty() {
            self.merged = true;
            return;
        }
        if self.covered < before {
            self.shares.push(Share::gap(before - self.covered));
        }
        self.shares.extend(other.shares);
        self.covered = self.covered.max(before) + other.covered;
        self.merged = true;
        self.blurred |= other.blurred;
    }

    /// Whether the data has a holder in this branch: from then on it may wait but not be refused.
    pub fn is_held(&self) -> bool {
        self.shares.iter().all(|share| share.held)
    }

    /// Whether somebody waits until the data is delivered.
    pub fn wants_delivery(&self) -> bool {
        self.shares.iter().any(|share| share.wants(Wants::Delivered))
    }

    /// Takes the data on without answering for it yet: from now on it does not expire. False if a
    /// request expired before: the caller must not deliver its data.
    #[must_use]
    pub fn own(&mut self) -> bool {
        self.shares.iter().all(Share::own)
    }

    /// Becomes the owner. False if a request expired before: the caller must not keep its data.
    /// Shares whose sender waits for nothing more are let go.
    #[must_use]
    pub fn hold(&mut self) -> bool {
        // All are asked before any is answered.
        let owned = self.own();
        if owned {
            self.shares.iter_mut().for_each(Share::hold);
            let done = self.shares.iter_mut().filter(|share| share.wants(Wants::Held));
            done.for_each(|share| share.settle(Outcome::default()));
            self.tidy();
        }
        owned
    }

    /// Joins gaps, and drops those at the end.
    fn tidy(&mut self) {
        self.shares.dedup_by(|later, earlier| {
            let join = later.is_gap() && earlier.is_gap();
            earlier.items += if join { later.items } else { 0 };
            join
        });
        while self.shares.last().is_some_and(Share::is_gap) {
            self.covered -= self.shares.pop().map_or(0, |gap| gap.items);
        }
    }

    /// The claim on what follows the first `items` items. A request that lies across the cut is
    /// shared by both sides.
    #[must_use]
    pub fn split_off(&mut self, items: u64) -> Claim {
        if self.blurred {
            return self.share();
        }
        let (mut room, mut first, mut rest) = (items, SmallVec::new(), SmallVec::new());
        for mut share in std::mem::take(&mut self.shares) {
            let here = room.min(share.items);
            room -= here;
            if here == share.items {
                first.push(share);
            } else if here == 0 {
                rest.push(share);
            } else {
                let mut beyond = share.again();
                beyond.items = share.items - here;
                share.items = here;
                first.push(share);
                rest.push(beyond);
            }
        }
        let merged = self.merged;
        *self = Claim { merged, ..Claim::of(first) };
        Claim { merged, ..Claim::of(rest) }
    }

    /// The items are no longer in the order of their requests: from now on every part is a part of all.
    pub fn blur(&mut self) {
        self.blurred |= self.merged;
    }

    /// Counts `items` of its items as ended before the rest: dropped by a filter or a limit.
    pub fn lose(&mut self, items: u64, outcome: impl Fn(u64) -> Outcome) {
        let mut left = items;
        self.blur();
        for share in &mut self.shares {
            let here = left.min(share.items);
            left -= here;
            share.items -= here;
            self.covered -= here;
            if let Some(cell) = share.cell.as_ref().filter(|_| here > 0) {
                cell.state().outcome.add(outcome(here));
            }
        }
    }

    /// Ends the claim: what became of its data. Counts are dealt out to the requests in order.
    pub fn settle(mut self, outcome: &Outcome) {
        let mut left = outcome.clone();
        for share in &mut self.shares {
            let part = deal(&mut left, share.items);
            share.settle(part);
        }
    }
}

/// The part of `left` that falls to the next `items` items.
fn deal(left: &mut Outcome, items: u64) -> Outcome {
    let mut room = items;
    let mut take = |count: &mut u64| {
        let part = room.min(*count);
        *count -= part;
        room -= part;
        part
    };
    let (rejected, discarded) = (take(&mut left.rejected), take(&mut left.discarded));
    let delivered = take(&mut left.delivered);
    Outcome { delivered, discarded, rejected, retry: left.retry, reason: left.reason.clone() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;

    fn now(answer: &mut Answer) -> Option<Outcome> {
        answer.given().now_or_never()
    }

    #[test]
    fn the_answer_comes_when_every_branch_holds() {
        let (mut one, mut answer) = claim(Wants::Held, 5);
        let mut other = one.share();
        assert!(one.hold());
        assert_eq!(now(&mut answer), None);
        assert!(other.hold());
        assert_eq!(now(&mut answer), Some(Outcome::delivered(5)));
    }

    #[test]
    fn a_share_dropped_unsettled_says_retry() {
        let (claim, mut answer) = claim(Wants::Held, 1);
        drop(claim);
        assert!(now(&mut answer).is_some_and(|outcome| outcome.is_retry()));
    }

    #[test]
    fn delivered_waits_for_the_backends() {
        let (mut one, mut answer) = claim(Wants::Delivered, 4);
        assert!(one.hold());
        assert_eq!(now(&mut answer), None);
        one.settle(&Outcome { delivered: 3, rejected: 1, ..Outcome::default() });
        assert_eq!(now(&mut answer).map(|got| (got.delivered, got.rejected)), Some((3, 1)));
    }

    #[test]
    fn an_expired_request_gets_no_owner_and_an_owned_one_does_not_expire() {
        let (mut late, mut answer) = claim(Wants::Held, 1);
        assert!(answer.expire());
        assert!(!late.hold());
        let (mut owned, mut answer) = claim(Wants::Delivered, 1);
        assert!(owned.hold());
        assert!(!answer.expire());
        assert!(owned.hold());
    }

    #[test]
    fn a_merged_claim_deals_its_outcome_out_in_order() {
        let (mut first, mut answer_1) = claim(Wants::Delivered, 2);
        let (second, mut answer_2) = claim(Wants::Delivered, 3);
        first.merge(2, second);
        first.settle(&Outcome { delivered: 2, rejected: 3, ..Outcome::default() });
        assert_eq!(now(&mut answer_1).map(|got| (got.delivered, got.rejected)), Some((0, 2)));
        assert_eq!(now(&mut answer_2).map(|got| (got.delivered, got.rejected)), Some((2, 1)));
    }

    #[test]
    fn a_cut_shares_only_the_request_that_lies_across_it() {
        let (mut first, mut answer_1) = claim(Wants::Delivered, 2);
        let (second, mut answer_2) = claim(Wants::Delivered, 4);
        first.merge(2, second);
        let rest = first.split_off(3);
        first.settle(&Outcome::delivered(3));
        assert_eq!(now(&mut answer_1), Some(Outcome::delivered(2)));
        assert_eq!(now(&mut answer_2), None);
        rest.settle(&Outcome::delivered(3));
        assert_eq!(now(&mut answer_2), Some(Outcome::delivered(4)));
    }

    #[test]
    fn senders_who_wait_for_nothing_keep_the_places_of_those_who_do() {
        let (mut batch, mut held) = claim(Wants::Held, 3);
        let (mut second, mut delivered) = claim(Wants::Delivered, 2);
        assert!(batch.hold() && second.hold());
        batch.merge(3, second);
        assert_eq!(now(&mut held), Some(Outcome::delivered(3)));
        let rest = batch.split_off(3);
        batch.settle(&Outcome::delivered(3));
        assert_eq!(now(&mut delivered), None, "its items are all in the second part");
        rest.settle(&Outcome::delivered(2));
        assert_eq!(now(&mut delivered), Some(Outcome::delivered(2)));
    }

    #[test]
    fn once_items_of_several_requests_are_missing_every_part_answers_for_all() {
        let (mut batch, mut answer_1) = claim(Wants::Delivered, 2);
        let (second, mut answer_2) = claim(Wants::Delivered, 2);
        batch.merge(2, second);
        batch.lose(1, Outcome::discarded);
        let rest = batch.split_off(1);
        batch.settle(&Outcome::delivered(1));
        assert_eq!((now(&mut answer_1), now(&mut answer_2)), (None, None));
        rest.settle(&Outcome::retry(Retry::Backoff, FORGOTTEN));
        assert!([answer_1, answer_2].iter_mut().all(|answer| now(answer).is_some_and(|it| it.is_retry())));
    }

    #[test]
    fn taking_data_on_stops_the_clock_and_gives_no_answer() {
        let (mut one, mut answer) = claim(Wants::Held, 1);
        assert!(one.own());
        assert_eq!((answer.expire(), now(&mut answer)), (false, None));
        one.settle(&Outcome::delivered(1));
        assert_eq!(now(&mut answer), Some(Outcome::delivered(1)));
        let (mut late, mut answer) = claim(Wants::Held, 1);
        assert!(answer.expire() && !late.own());
    }

    #[test]
    fn if_one_of_several_has_expired_none_is_answered_as_held() {
        let (mut batch, mut answer) = claim(Wants::Held, 1);
        let (late, mut expired) = claim(Wants::Held, 1);
        batch.merge(1, late);
        assert!(expired.expire() && !batch.hold());
        drop(batch);
        assert!(now(&mut answer).is_some_and(|outcome| outcome.is_retry()));
    }

    #[test]
    fn what_was_answered_cannot_expire() {
        let (one, mut answer) = claim(Wants::Held, 1);
        one.settle(&Outcome::rejected(1, Reason::new("limit", "over the limit")));
        assert!(!answer.expire());
        assert_eq!(now(&mut answer).map(|got| got.rejected), Some(1));
    }

    #[test]
    fn items_lost_on_the_way_are_in_the_answer() {
        let (mut one, mut answer) = claim(Wants::Held, 5);
        one.lose(2, |items| Outcome::rejected(items, Reason::new("limit", "over the limit")));
        assert!(one.hold());
        assert_eq!(now(&mut answer).map(|got| (got.delivered, got.rejected)), Some((3, 2)));
    }

    #[test]
    fn a_branch_refused_after_another_holds_still_asks_for_a_retry() {
        let (mut one, mut answer) = claim(Wants::Held, 1);
        let other = one.share();
        assert!(one.hold());
        other.settle(&Outcome::retry(Retry::Backoff, FORGOTTEN));
        assert!(now(&mut answer).is_some_and(|outcome| outcome.is_retry()));
    }
}
