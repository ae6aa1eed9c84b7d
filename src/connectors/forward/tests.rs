//! Tests of the connector: every port gets everything once, and memory and claims are shared.

use super::{COMPONENT, prepare};
use crate::batch::{Batch, Budget, Context, Outcome, Wants, claim};
use crate::component::{Env, Out, Prepare, Processor, Tally};
use crate::config::Section;
use crate::otlp::Signal;
use crate::testing::{Generator, env, seqs_of};
use futures_util::FutureExt;

fn forward(ports: usize) -> (Box<dyn Processor>, Env) {
    let feeds = (0..ports).map(|at| (format!("logs/{at}").into(), Signal::Logs)).collect();
    let env = Env { ports: feeds, ..env("forward") };
    let prepared = prepare(&Section::from_yaml("connectors.forward", "test.yaml", "").unwrap()).unwrap();
    ((prepared.make)(&env).unwrap(), env)
}

#[test]
fn every_port_gets_everything_once() {
    let (mut forward, env) = forward(3);
    let (budget, mut tally) = (Budget::new(10_000), Tally::default());
    let (claim, mut answer) = claim(Wants::Delivered, 4);
    let mut permit = budget.permit();
    permit.charge(100);
    let data = Generator::default().data(Signal::Logs, 4);
    forward.process(
        Batch { data, ctx: Context::default(), claim, permit },
        &mut Out::new(env.clock.now(), &mut tally),
    );
    assert_eq!((tally.emitted.len(), tally.created, budget.used()), (3, 8, 100));
    for (at, (port, batch)) in tally.emitted.into_iter().enumerate() {
        assert_eq!((port, seqs_of(&batch.data)), (at, vec![0, 1, 2, 3]));
        assert_eq!(answer.given().now_or_never(), None, "all have to be settled");
        batch.claim.settle(&Outcome::delivered(4));
    }
    assert_eq!(answer.given().now_or_never(), Some(Outcome::delivered(4)));
    assert_eq!(budget.used(), 0);
}

#[test]
fn it_joins_each_signal_with_itself_alone_and_has_no_keys() {
    let Prepare::Connector(joins, _) = COMPONENT.prepare else { panic!("not a connector") };
    assert!(joins.len() == 3 && joins.iter().all(|(from, to)| from == to));
    assert!(prepare(&Section::from_yaml("connectors.forward", "test.yaml", "x: 1").unwrap()).is_err());
}
