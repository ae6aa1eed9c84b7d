//! `line_file`: log records as lines of a file.
//!
//! A line is text for people: what would break it (line ends in a value) is escaped, values that are no text are left out.

use serde::Deserialize;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use weft::batch::Context;
use weft::component::{
    Blame, Component, Compute, Delivery, Env, Exporter, Facts, Fault, Prepare, Prepared, Requests, Sent, Sink,
};
use weft::config::{Errors, Section};
use weft::otlp::{Data, Record, Signal};
use weft::telemetry::{Counter, CounterDef};

/// The table's entry.
pub static COMPONENT: Component = Component {
    name: "line_file",
    aliases: &[],
    signals: &[Signal::Logs],
    summary: "appends lines of text to a file",
    readme: include_str!("README.md"),
    example: "path: /var/log/lines.log\n",
    prepare: Prepare::Exporter(prepare),
};

/// Attempts that failed.
pub static FAILED: CounterDef = CounterDef::new(
    "lines_failed_writes",
    "{write}",
    &["exporter"],
    "Number of attempts to append to the file that failed.",
);

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Config {
    path: PathBuf,
}

fn prepare(section: &Section) -> Result<Prepared<Sink>, Errors> {
    let (delivery, rest) = Delivery::take(section, Duration::from_secs(5))?;
    let Config { path } = rest.parse()?;
    if path.as_os_str().is_empty() {
        return Err(section.error("path", "`path` is required").hint("write the path of a file").into());
    }
    let make = move |env: &Env| {
        let failed = env.registry.counter(&FAILED, &[("exporter", &env.id)]);
        let file = LineFile { path: path.clone().into(), compute: env.compute.clone(), failed };
        Ok(Sink::Exporter(Arc::new(file)))
    };
    Ok(Prepared::new(make).with(Facts { delivery: Some(delivery), ..Facts::default() }))
}

struct LineFile {
    path: Arc<Path>,
    compute: Arc<Compute>,
    failed: Counter,
}

impl Exporter for LineFile {
    type Request = Arc<str>;

    fn encode(&self, data: Data, _ctx: &Context, out: &mut Requests<Arc<str>>) -> Result<(), Fault> {
        let mut lines = String::new();
        data.records().for_each(|record| put_line(&mut lines, &record));
        out.push(lines.into(), data.items());
        Ok(())
    }

    async fn send(&self, lines: &Arc<str>) -> Result<Sent, Fault> {
        let (path, lines) = (Arc::clone(&self.path), Arc::clone(lines));
        let written = self.compute.run(move || append(&path, &lines)).await;
        let written = written.ok_or_else(|| Fault::lasting(Blame::Weft, "internal", "writing panicked"))?;
        written.inspect_err(|_| self.failed.increment(1)).map_err(|error| Fault::passing("io", error))?;
        Ok(Sent::default())
    }
}

/// In one write, so that lines of two requests do not mix.
fn append(path: &Path, lines: &str) -> io::Result<()> {
    File::options().append(true).create(true).open(path)?.write_all(lines.as_bytes())
}

fn put_line(out: &mut String, record: &Record<'_>) {
    for attribute in record.attributes() {
        if let Some(value) = attribute.value().as_str() {
            let _ = write!(out, "{}={} ", attribute.key.as_str().escape_default(), value.escape_default());
        }
    }
    let body = record.log().and_then(|log| log.body().as_str()).unwrap_or_default();
    let _ = writeln!(out, "{}", body.escape_default());
}
