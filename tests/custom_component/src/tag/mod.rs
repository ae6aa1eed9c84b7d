//! `tag`: sets an attribute where it is missing, drops records by its value.

use serde::Deserialize;
use weft::batch::{Batch, Reason};
use weft::component::{Component, Env, Loss, Out, Prepare, Prepared, Processor};
use weft::config::{Errors, Section};
use weft::otlp::{AnyValueView, Record, Signal};
use weft::telemetry::{Counter, CounterDef};

/// The table's entry.
pub static COMPONENT: Component = Component {
    name: "tag",
    aliases: &["label"],
    signals: &[Signal::Traces, Signal::Logs],
    summary: "tags records, drops some by their tag",
    readme: include_str!("README.md"),
    example: "key: team\nvalue: unknown\ndrop: [test]\n",
    prepare: Prepare::Processor(prepare),
};

/// Records that were given the attribute.
pub static TAGGED: CounterDef = CounterDef::new(
    "lines_tagged_records",
    "{record}",
    &["pipeline", "processor"],
    "Number of records that lacked the attribute and were given it.",
);

const DROPPED: Reason = Reason::new("tag_drop", "dropped by its tag");

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    key: String,
    value: String,
    drop: Vec<String>,
}

fn prepare(section: &Section) -> Result<Prepared<Box<dyn Processor>>, Errors> {
    let config: Config = section.parse()?;
    let mut errors = Errors::new();
    for (key, value) in [("key", &config.key), ("value", &config.value)] {
        if value.is_empty() {
            errors.push(section.error(key, format!("`{key}` is required")));
        }
    }
    errors.finish(())?;
    let make = move |env: &Env| {
        let labels = [("pipeline", env.pipeline.as_deref().unwrap_or_default()), ("processor", &*env.id)];
        let tagged = env.registry.counter(&TAGGED, &labels);
        Ok(Box::new(Tag { config: config.clone(), tagged }) as Box<dyn Processor>)
    };
    Ok(Prepared::new(make))
}

struct Tag {
    config: Config,
    tagged: Counter,
}

impl Tag {
    fn is_kept(&self, record: &Record<'_>) -> bool {
        let value = record.attribute(&self.config.key);
        !value
            .and_then(|value| value.as_str())
            .is_some_and(|value| self.config.drop.iter().any(|drop| drop == value))
    }
}

impl Processor for Tag {
    fn process(&mut self, mut batch: Batch, out: &mut Out<'_>) {
        let dropped = batch.data.retain(|record| self.is_kept(record));
        out.discarded(&mut batch, dropped, Loss::Intended, &DROPPED);
        let Config { key, value, .. } = &self.config;
        let tagged = batch.data.edit(|record| {
            if record.attribute(key).is_none() {
                record.set_attribute(key, AnyValueView::Str(value.as_str().into()));
            }
        });
        self.tagged.increment(tagged as u64);
        out.emit(batch);
    }
}
