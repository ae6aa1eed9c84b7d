//! Tests of the registry: sharing, levels, caps, views, forgetting.

use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;

use super::*;
use crate::telemetry::def::Kind;
use crate::telemetry::names;

static TENANTS: CounterDef = CounterDef::new("t_items", "{item}", &["tenant"], "By tenant.").open("tenant");
static OTHER_KIND: GaugeDef = GaugeDef::new("t_items", "{item}", &["tenant"], "The same name.");
static SIZES: HistogramDef = HistogramDef::new("t_sizes", "By", &[], &[1.0, 10.0], "Sizes.");
static FINE: CounterDef = CounterDef::new("t_fine", "1", &[], "Only in detail.").at(Level::Detailed);

fn at(level: Level) -> Registry {
    Registry::new(Options { level, open_values: 2, ..Options::default() })
}

fn count(registry: &Registry, name: &str, labels: &[(&str, &str)]) -> Option<Value> {
    registry.snapshot(1).find(name, labels).map(|sample| sample.value.clone())
}

#[test]
fn handles_with_the_same_labels_share_one_count_whatever_the_order() {
    let registry = at(Level::Normal);
    let spans = &names::RECEIVER_ACCEPTED.spans;
    registry.counter(spans, &[("receiver", "otlp"), ("transport", "grpc")]).increment(3);
    let clone = registry.clone();
    let elsewhere = move || clone.counter(spans, &[("transport", "grpc"), ("receiver", "otlp")]).increment(4);
    std::thread::spawn(elsewhere).join().unwrap();
    registry.counter(spans, &[("receiver", "otlp"), ("transport", "http")]).increment(1);
    let name = "otelcol_receiver_accepted_spans";
    assert_eq!(count(&registry, name, &[("transport", "grpc")]), Some(Value::Count(7)));
    assert_eq!(count(&registry, name, &[("transport", "http")]), Some(Value::Count(1)));
    assert_eq!(count(&registry, name, &[]), None, "two series: which one is not said");
}

#[test]
fn a_metric_above_the_level_is_not_counted() {
    let registry = at(Level::Normal);
    registry.counter(&FINE, &[]).increment(1);
    assert!(registry.snapshot(1).samples.is_empty());
    let registry = at(Level::None);
    registry.counter(&TENANTS, &[]).increment(1);
    assert!(registry.snapshot(1).samples.is_empty());
    let registry = at(Level::Detailed);
    registry.counter(&FINE, &[]).increment(1);
    assert_eq!(count(&registry, "t_fine", &[]), Some(Value::Count(1)));
}

#[test]
fn details_of_errors_are_labels_at_the_detailed_level_only() {
    let labels = [("exporter", "otlp"), ("error.type", "Unavailable")];
    for (level, expected) in [(Level::Normal, 1), (Level::Detailed, 2)] {
        let registry = at(level);
        registry.counter(&names::EXPORTER_SEND_FAILED.spans, &labels).increment(1);
        assert_eq!(registry.snapshot(1).samples[0].labels.len(), expected);
    }
}

#[test]
fn values_that_clients_choose_are_capped() {
    let registry = at(Level::Normal);
    for tenant in ["a", "b", "c", "d", "a"] {
        registry.counter(&TENANTS, &[("tenant", tenant)]).increment(1);
    }
    assert_eq!(count(&registry, "t_items", &[("tenant", "a")]), Some(Value::Count(2)));
    assert_eq!(count(&registry, "t_items", &[("tenant", OTHER)]), Some(Value::Count(2)));
    assert_eq!(registry.snapshot(1).samples.len(), 3);
    // Another metric knows the same tenants.
    registry.counter(&names::DISCARDED_ITEMS, &[("tenant", "z")]).increment(1);
    assert!(count(&registry, "weft_discarded_items", &[("tenant", OTHER)]).is_some());
}

#[test]
fn a_name_defined_twice_with_another_kind_counts_nothing() {
    let registry = at(Level::Normal);
    registry.counter(&TENANTS, &[("tenant", "a")]).increment(5);
    registry.gauge(&OTHER_KIND, &[("tenant", "a")]).set(9.0);
    assert_eq!(count(&registry, "t_items", &[]), Some(Value::Count(5)));
}

#[test]
fn a_bucket_holds_what_is_at_most_its_bound() {
    let registry = at(Level::Normal);
    let sizes = registry.histogram(&SIZES, &[]);
    for value in [0.0, 1.0, 1.5, 10.0, 11.0, f64::NAN] {
        sizes.record(value);
    }
    let expected = Value::Buckets { counts: [2, 2, 1].into(), sum: 23.5 };
    assert_eq!(count(&registry, "t_sizes", &[]), Some(expected));
}

#[test]
fn gauges_go_up_and_down() {
    let registry = at(Level::Normal);
    let gauge = registry.gauge(&names::CONNECTIONS, &[]);
    gauge.increment(3.0);
    gauge.decrement(1.0);
    assert_eq!(count(&registry, "weft_connections", &[]), Some(Value::Number(2.0)));
    gauge.set(0.5);
    assert_eq!(count(&registry, "weft_connections", &[]), Some(Value::Number(0.5)));
}

#[test]
fn hooks_run_before_each_snapshot() {
    let registry = at(Level::Normal);
    let gauge = registry.gauge(&names::BUDGET_USED, &[]);
    let calls = AtomicU64::new(0);
    registry.on_snapshot(move || gauge.set(calls.fetch_add(1, Ordering::Relaxed) as f64 + 1.0));
    assert_eq!(count(&registry, "weft_budget_used", &[]), Some(Value::Number(1.0)));
    assert_eq!(count(&registry, "weft_budget_used", &[]), Some(Value::Number(2.0)));
}

#[test]
fn a_removed_components_series_are_forgotten() {
    let registry = at(Level::Normal);
    let kept = registry.gauge(&names::EXPORTER_QUEUE_SIZE, &[("exporter", "otlp/a"), ("data_type", "logs")]);
    registry.gauge(&names::EXPORTER_QUEUE_SIZE, &[("exporter", "otlp/b"), ("data_type", "logs")]).set(1.0);
    kept.set(2.0);
    registry.forget("exporter", "otlp/b");
    let snapshot = registry.snapshot(1);
    assert_eq!(snapshot.samples.len(), 1);
    assert!(snapshot.samples[0].has(&[("exporter", "otlp/a")]));
}

#[test]
fn views_drop_and_narrow() {
    let drop = View { name: Some("t_*".into()), drop: true, ..View::default() };
    let narrow = View { kinds: vec![Kind::Gauge], excluded: vec!["data_*".into()], ..View::default() };
    let nothing = View { drop: true, ..View::default() };
    let views = vec![drop, narrow, nothing];
    let registry = Registry::new(Options { views, ..Options::default() });
    registry.counter(&TENANTS, &[("tenant", "a")]).increment(1);
    for signal in ["logs", "traces"] {
        registry
            .gauge(&names::EXPORTER_QUEUE_SIZE, &[("exporter", "x"), ("data_type", signal)])
            .increment(1.0);
    }
    let snapshot = registry.snapshot(1);
    assert_eq!(snapshot.samples.len(), 1);
    assert_eq!(snapshot.samples[0].labels.len(), 1);
    assert_eq!(snapshot.samples[0].value, Value::Number(2.0));
}

#[test]
fn a_snapshot_says_when() {
    let registry = Registry::new(Options { start_unix_nanos: 5, ..Options::default() });
    let snapshot = registry.snapshot(9);
    assert_eq!((snapshot.start_unix_nanos, snapshot.time_unix_nanos), (5, 9));
}

proptest! {
    #[test]
    fn a_cut_value_is_a_prefix_within_the_limit(text in "\\PC*", max in 0usize..20) {
        let cut = cut(&text, max);
        prop_assert!(cut.len() <= max && text.starts_with(cut));
        prop_assert!(cut.len() + 4 > max.min(text.len()), "no more is cut than one character");
    }

    #[test]
    fn however_many_values_clients_choose_few_series_are_held(values in prop::collection::vec("\\PC{0,200}", 0..50)) {
        let registry = at(Level::Normal);
        for value in &values {
            registry.counter(&TENANTS, &[("tenant", value)]).increment(1);
        }
        let snapshot = registry.snapshot(1);
        prop_assert!(snapshot.samples.len() <= 3);
        let total: u64 = snapshot.samples.iter().map(|s| match s.value { Value::Count(n) => n, _ => 0 }).sum();
        prop_assert_eq!(total, values.len() as u64, "what is merged is still counted");
        prop_assert!(snapshot.samples.iter().all(|s| s.labels.iter().all(|(_, v)| v.len() <= MAX_VALUE)));
    }
}

/// What one addition costs; run with `cargo test --release -- --ignored --nocapture cost`.
#[test]
#[ignore = "a measurement"]
#[allow(clippy::disallowed_methods)] // it measures real time
fn cost_of_counting() {
    let registry = at(Level::Normal);
    let (on, off) = (registry.counter(&TENANTS, &[]), registry.counter(&FINE, &[]));
    let sizes = registry.histogram(&SIZES, &[]);
    let time = |name: &str, work: &dyn Fn()| {
        let begin = std::time::Instant::now();
        (0..10_000_000).for_each(|_| work());
        eprintln!("{name}: {:.2} ns", begin.elapsed().as_nanos() as f64 / 1e7);
    };
    time("counter", &|| on.increment(3));
    time("counter above the level", &|| off.increment(3));
    time("histogram", &|| sizes.record(5.0));
}
