//! Tests of the processor: its keys, who it answers, when it lets go, and the limit of kinds.

use super::config::Config;
use super::gather::Batcher;
use super::prepare;
use crate::batch::{Answer, Batch, Context, Headers, Origin, Outcome, Time, Wants, claim};
use crate::component::{Drain, Out, Processor, Tally};
use crate::config::Section;
use crate::otlp::Signal;
use crate::testing::{Generator, env, seqs_of};
use futures_util::FutureExt;
use std::sync::Arc;
use std::time::Duration;

fn config(text: &str) -> Config {
    let section = Section::from_yaml("processors.batch", "test.yaml", text).unwrap();
    let config: Config = section.parse().unwrap_or_else(|errors| panic!("{errors}"));
    config.check(&section).unwrap_or_else(|errors| panic!("{errors}"));
    config
}

fn wrong(text: &str) -> String {
    let section = Section::from_yaml("processors.batch", "test.yaml", text).unwrap();
    prepare(&section).expect_err(text).to_string()
}

/// A batcher, and a clock that the test sets.
struct Rig {
    batcher: Batcher,
    tally: Tally,
    now: Time,
}

fn rig(text: &str) -> Rig {
    Rig { batcher: Batcher::new(&config(text), &env("batch")), tally: Tally::default(), now: Time::default() }
}

impl Rig {
    fn call<R>(&mut self, work: impl FnOnce(&mut Batcher, &mut Out<'_>) -> R) -> R {
        work(&mut self.batcher, &mut Out::new(self.now, &mut self.tally))
    }

    fn process(&mut self, batch: Batch) {
        self.call(|batcher, out| batcher.process(batch, out));
    }

    fn tick(&mut self, millis: u64) -> Option<Time> {
        self.now = Time::default().after(Duration::from_millis(millis));
        self.call(|batcher, out| batcher.tick(out))
    }

    fn emitted(&mut self) -> Vec<Batch> {
        self.tally.emitted.drain(..).map(|(_, batch)| batch).collect()
    }

    fn seqs(&mut self) -> Vec<Vec<u64>> {
        self.emitted().iter().map(|batch| seqs_of(&batch.data)).collect()
    }
}

fn logs(first: u64, items: u64, wants: Wants, tenant: &str) -> (Batch, Answer) {
    let (claim, answer) = claim(wants, items);
    let headers = Headers::new([("x-tenant".to_owned(), tenant.to_owned())]);
    let ctx = Context { origin: Arc::new(Origin { headers, ..Origin::default() }), ..Context::default() };
    (Batch { claim, ..Batch::made(Generator::new(first).data(Signal::Logs, items), ctx) }, answer)
}

#[test]
fn without_keys_the_collectors_defaults_hold() {
    let thresholds = config("{}").thresholds();
    assert_eq!((thresholds.min, thresholds.max, thresholds.timeout), (8192, 0, Duration::from_millis(200)));
    assert_eq!(config("send_batch_size: 0\nsend_batch_max_size: 0").thresholds().min, u64::MAX);
    assert_eq!(config("send_batch_size: 0\nsend_batch_max_size: 7").thresholds().min, 7);
}

#[test]
fn what_cannot_work_is_told() {
    assert!(wrong("send_batch_size: 10\nsend_batch_max_size: 9").contains("must be greater or equal"));
    assert!(wrong("metadata_keys: [X-A, x-a]").contains("duplicate entry"));
    assert!(wrong("timeout: -1s").contains("must be greater or equal to 0"));
    assert!(wrong("send_batch_sise: 1").contains("send_batch_sise"));
}

#[test]
fn the_plan_learns_that_it_holds_and_which_headers_it_reads() {
    let section = Section::from_yaml("processors.batch", "test.yaml", "metadata_keys: [X-Tenant]").unwrap();
    let facts = prepare(&section).unwrap().facts;
    assert_eq!((facts.holds, facts.reads_headers), (true, vec!["x-tenant".to_owned()]));
}

#[test]
fn it_answers_as_the_holder_and_lets_go_by_size_and_by_time() {
    let mut rig = rig("send_batch_size: 5\nsend_batch_max_size: 5\ntimeout: 1s");
    let (batch, mut answer) = logs(0, 3, Wants::Held, "");
    rig.process(batch);
    assert_eq!(answer.given().now_or_never(), Some(Outcome::delivered(3)));
    assert_eq!((rig.batcher.held(), rig.tick(500)), (3, Some(Time::default().after(Duration::from_secs(1)))));
    rig.process(logs(3, 3, Wants::Held, "").0);
    assert_eq!((rig.seqs(), rig.batcher.held()), (vec![vec![0, 1, 2, 3, 4]], 1));
    assert!(rig.tick(1400).is_some() && rig.seqs().is_empty(), "the rest waits anew");
    assert_eq!((rig.tick(1500), rig.seqs()), (None, vec![vec![5]]));
}

#[test]
fn with_a_timeout_of_zero_everything_passes_at_once() {
    let mut rig = rig("timeout: 0");
    rig.process(logs(0, 3, Wants::Held, "").0);
    assert_eq!((rig.seqs(), rig.batcher.held()), (vec![vec![0, 1, 2]], 0));
}

#[test]
fn nothing_that_a_sender_waits_for_waits_in_vain() {
    let mut rig = rig("send_batch_size: 100\ntimeout: 1h");
    rig.process(logs(0, 1, Wants::Held, "").0);
    rig.call(|batcher, out| batcher.idle(out));
    assert!(rig.seqs().is_empty(), "who was answered waits for nothing");
    let (batch, mut answer) = logs(1, 1, Wants::Delivered, "");
    rig.process(batch);
    assert_eq!(answer.given().now_or_never(), None);
    rig.call(|batcher, out| batcher.idle(out));
    let mut batches = rig.emitted();
    assert_eq!(seqs_of(&batches[0].data), [0, 1]);
    batches.remove(0).claim.settle(&Outcome::delivered(2));
    assert_eq!(answer.given().now_or_never(), Some(Outcome::delivered(1)));
    rig.process(logs(2, 1, Wants::Held, "").0);
    rig.call(|batcher, out| batcher.idle(out));
    assert!(rig.seqs().is_empty(), "nobody waits any more");
}

#[test]
fn what_has_expired_is_not_held() {
    let mut rig = rig("{}");
    let (batch, mut answer) = logs(0, 3, Wants::Held, "");
    assert!(answer.expire());
    rig.process(batch);
    assert_eq!((rig.batcher.held(), rig.tally.refused), (0, 3));
}

#[test]
fn beyond_the_limit_of_kinds_a_new_one_is_refused_and_a_known_one_is_not() {
    let mut rig = rig("metadata_keys: [x-tenant]\nmetadata_cardinality_limit: 2\ntimeout: 1s");
    for tenant in ["a", "b", "a"] {
        rig.process(logs(0, 1, Wants::Held, tenant).0);
    }
    let (batch, mut answer) = logs(0, 4, Wants::Held, "c");
    rig.process(batch);
    assert_eq!(answer.given().now_or_never().map(|outcome| outcome.rejected), Some(4));
    assert_eq!(rig.tally.discarded.iter().map(|(_, _, items)| items).sum::<u64>(), 4);
    assert_eq!(rig.batcher.held(), 3);
    rig.tick(1000);
    assert_eq!(rig.seqs().len(), 2);
    rig.process(logs(0, 1, Wants::Held, "c").0);
    assert_eq!(rig.batcher.held(), 1, "there is room again");
}

#[test]
fn at_the_end_everything_is_let_go() {
    let mut rig = rig("timeout: 1h");
    rig.process(logs(0, 2, Wants::Held, "a").0);
    rig.process(logs(2, 2, Wants::Held, "b").0);
    rig.call(|batcher, out| batcher.drain(Drain::Shutdown, out));
    assert_eq!((rig.seqs().len(), rig.batcher.held()), (2, 0));
}
