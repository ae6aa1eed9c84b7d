//! Tests of the limit: its keys and checks are the Collector's, and the data passes through unchanged.

use super::prepare;
use crate::batch::{Batch, Context};
use crate::component::{MemoryLimit, Out, Tally};
use crate::config::Section;
use crate::otlp::Signal;
use crate::testing::{Generator, env, seqs_of};

const MIB: usize = 1 << 20;

fn section(text: &str) -> Section {
    Section::from_yaml("processors.memory_limiter", "test.yaml", text).unwrap()
}

fn limit(text: &str) -> MemoryLimit {
    let prepared = prepare(&section(text)).unwrap_or_else(|errors| panic!("{errors}\n{text}"));
    prepared.facts.memory.expect("it sets a limit")
}

fn wrong(text: &str) -> Vec<String> {
    let errors = prepare(&section(text)).expect_err(text);
    errors.into_iter().map(|error| error.path.replace("processors.memory_limiter", "")).collect()
}

#[test]
fn limits_are_read_in_either_unit_and_a_fifth_is_kept_free() {
    assert_eq!(limit("check_interval: 1s\nlimit_mib: 100"), MemoryLimit::Bytes(100 * MIB, 20 * MIB));
    assert_eq!(
        limit("check_interval: 1s\nlimit_mib: 100\nspike_limit_mib: 30"),
        MemoryLimit::Bytes(100 * MIB, 30 * MIB)
    );
    assert_eq!(limit("check_interval: 1s\nlimit_percentage: 80"), MemoryLimit::Percent(80, 16));
    let both = "check_interval: 1s\nlimit_percentage: 80\nspike_limit_percentage: 25\nlimit_mib: 10";
    assert_eq!(limit(both), MemoryLimit::Bytes(10 * MIB, 2 * MIB), "MiB count before percent");
}

#[test]
fn what_cannot_work_is_told_with_its_place() {
    assert_eq!(wrong("limit_mib: 100"), [".check_interval"]);
    assert_eq!(wrong("check_interval: 1s"), [""]);
    assert_eq!(wrong("{}").len(), 2, "both at once");
    assert_eq!(wrong("check_interval: 1s\nlimit_percentage: 101"), [".limit_percentage"]);
    assert_eq!(wrong("check_interval: 1s\nlimit_mib: 5\nspike_limit_mib: 5"), [".spike_limit_mib"]);
    let percent = "check_interval: 1s\nlimit_percentage: 50\nspike_limit_percentage: 60";
    assert_eq!(wrong(percent), [".spike_limit_percentage"]);
    assert_eq!(wrong("check_interval: 1s\nlimit_mib: 5\nlimit: 3").len(), 1, "an unknown key");
}

#[test]
fn data_passes_through_and_is_counted() {
    let env = env("memory_limiter");
    let prepared = prepare(&section("check_interval: 1s\nlimit_mib: 5")).unwrap();
    let (mut passage, mut tally) = ((prepared.make)(&env).unwrap(), Tally::default());
    let mut generator = Generator::default();
    for signal in Signal::ALL {
        let batch = Batch::made(generator.data(signal, 7), Context::default());
        passage.process(batch, &mut Out::new(env.clock.now(), &mut tally));
    }
    let seqs: Vec<_> = tally.emitted.iter().flat_map(|(_, batch)| seqs_of(&batch.data)).collect();
    assert_eq!(seqs, (0..21).collect::<Vec<_>>());
    let samples = env.registry.snapshot(0).samples;
    let counted = samples.iter().filter(|sample| sample.def.name.contains("memory_limiter_accepted"));
    assert!(counted.map(|sample| format!("{:?}", sample.value)).all(|value| value.contains('7')));
}
