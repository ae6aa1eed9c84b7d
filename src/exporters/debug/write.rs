//! Printing: which batches, and to where.

use super::config::{Config, Output, Sampling, Verbosity};
use super::print::{Printed, print};
use crate::batch::{Context, Time};
use crate::component::{Blame, Clock, Compute, Env, Exporter, Fault, Requests, Sent};
use crate::otlp::{Data, Signal};
use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

/// The exporter.
pub(super) struct Debug {
    id: Arc<str>,
    verbosity: Verbosity,
    /// By signal, in the order of [`Signal::ALL`].
    samplers: [Sampler; 3],
    /// None is weft's own log.
    sheet: Option<Arc<Sheet>>,
    clock: Arc<dyn Clock>,
    compute: Arc<Compute>,
}

impl Debug {
    pub(super) fn new(config: &Config, env: &Env) -> Self {
        let sheet = match &config.output {
            Output::Log => None,
            Output::Paths(paths) => Some(Arc::new(Sheet::new(paths.clone()))),
        };
        Self {
            id: Arc::clone(&env.id),
            verbosity: config.verbosity,
            samplers: Signal::ALL.map(|_| Sampler::new(config.sampling)),
            sheet,
            clock: Arc::clone(&env.clock),
            compute: Arc::clone(&env.compute),
        }
    }
}

impl Exporter for Debug {
    type Request = Data;

    fn encode(&self, data: Data, _ctx: &Context, out: &mut Requests<Data>) -> Result<(), Fault> {
        let items = data.items();
        out.push(data, items);
        Ok(())
    }

    async fn send(&self, data: &Data) -> Result<Sent, Fault> {
        let (signal, data, verbosity) = (data.signal(), data.clone(), self.verbosity);
        if !self.samplers[signal as usize].takes(self.clock.now()) {
            return Ok(Sent::default());
        }
        let printed = self.compute.run(move || print(verbosity, data)).await;
        let printed =
            printed.ok_or_else(|| Fault::lasting(Blame::Weft, "internal", "printing a batch panicked"))?;
        match &self.sheet {
            None => log(&self.id, signal, &printed),
            Some(sheet) => {
                let (sheet, text) = (Arc::clone(sheet), console(&printed));
                let written = tokio::task::spawn_blocking(move || sheet.write(text.as_bytes())).await;
                written.map_err(io::Error::other).flatten().map_err(|error| Fault::passing("io", error))?;
            }
        }
        Ok(Sent::default())
    }
}

/// Lets through so many in a second, then every so-manieth.
struct Sampler {
    sampling: Sampling,
    /// The second under way, and how many came in it.
    seen: Mutex<(u64, u64)>,
}

impl Sampler {
    fn new(sampling: Sampling) -> Self {
        Self { sampling, seen: Mutex::default() }
    }

    fn takes(&self, now: Time) -> bool {
        let Sampling { initial, thereafter } = self.sampling;
        let second = now.mono / 1_000_000_000;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.0 != second {
            *seen = (second, 0);
        }
        seen.1 += 1;
        seen.1.checked_sub(initial + 1).is_none_or(|over| thereafter > 0 && (over + 1) % thereafter == 0)
    }
}

fn log(id: &str, signal: Signal, printed: &Printed) {
    let count = |at: usize| printed.counts.get(at).map(|(_, count)| *count);
    let kind = "exporter";
    // The names of fields are fixed when weft is compiled, so each signal has a line of its own.
    match (signal, count(0), count(1), count(2)) {
        (Signal::Traces, Some(resources), Some(items), _) => tracing::info!(
            "otelcol.component.id" = id,
            "otelcol.component.kind" = kind,
            "otelcol.signal" = signal.name(),
            "resource spans" = resources,
            "spans" = items,
            "Traces"
        ),
        (Signal::Metrics, Some(resources), Some(metrics), Some(items)) => tracing::info!(
            "otelcol.component.id" = id,
            "otelcol.component.kind" = kind,
            "otelcol.signal" = signal.name(),
            "resource metrics" = resources,
            "metrics" = metrics,
            "data points" = items,
            "Metrics"
        ),
        (Signal::Logs, Some(resources), Some(items), _) => tracing::info!(
            "otelcol.component.id" = id,
            "otelcol.component.kind" = kind,
            "otelcol.signal" = signal.name(),
            "resource logs" = resources,
            "log records" = items,
            "Logs"
        ),
        (_, items, ..) => tracing::info!(
            "otelcol.component.id" = id,
            "otelcol.component.kind" = kind,
            "otelcol.signal" = signal.name(),
            items,
            "{}",
            printed.title
        ),
    }
    if let Some(body) = &printed.body {
        tracing::info!(
            "otelcol.component.id" = id,
            "otelcol.component.kind" = kind,
            "otelcol.signal" = signal.name(),
            "{body}"
        );
    }
}

/// As the Collector's console encoding without level and time: the title with its fields as JSON, then the text.
fn console(printed: &Printed) -> String {
    let mut text = format!("{}\t{{", printed.title);
    for (number, (name, count)) in printed.counts.iter().enumerate() {
        let comma = if number > 0 { ", " } else { "" };
        let _ = write!(text, "{comma}\"{name}\": {count}");
    }
    text.push_str("}\n");
    if let Some(body) = &printed.body {
        text = text + body + "\n";
    }
    text
}

/// What is written to, all of it with every text.
struct Sheet {
    paths: Vec<String>,
    open: Mutex<Option<Vec<Box<dyn Write + Send>>>>,
}

impl Sheet {
    fn new(paths: Vec<String>) -> Self {
        Self { paths, open: Mutex::new(None) }
    }

    /// Opened with the first text, and anew after an error.
    fn write(&self, text: &[u8]) -> io::Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let mut outputs = match open.take() {
            Some(outputs) => outputs,
            None => self.paths.iter().map(|path| output(path)).collect::<io::Result<_>>()?,
        };
        for output in &mut outputs {
            output.write_all(text)?;
            output.flush()?;
        }
        *open = Some(outputs);
        Ok(())
    }
}

fn output(path: &str) -> io::Result<Box<dyn Write + Send>> {
    Ok(match path {
        "stdout" => Box::new(io::stdout()),
        "stderr" => Box::new(io::stderr()),
        path => {
            let path = path.strip_prefix("file://").unwrap_or(path);
            Box::new(OpenOptions::new().append(true).create(true).open(path)?)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sampling_begins_anew_every_second() {
        let takes = |initial, thereafter, seconds: &[u64]| {
            let sampler = Sampler::new(Sampling { initial, thereafter });
            let at = |second: &u64| Time { unix: 0, mono: second * 1_000_000_000 };
            seconds.iter().map(|second| u8::from(sampler.takes(at(second)))).collect::<Vec<_>>()
        };
        assert_eq!(takes(2, 1, &[0; 5]), [1; 5]);
        assert_eq!(takes(2, 3, &[0; 8]), [1, 1, 0, 0, 1, 0, 0, 1]);
        assert_eq!(takes(1, 0, &[0, 0, 0, 1, 1]), [1, 0, 0, 1, 0]);
        assert_eq!(takes(0, 2, &[7, 7, 7, 7]), [0, 1, 0, 1]);
    }

    #[test]
    fn fields_are_spaced_as_the_collectors() {
        let counts = vec![("resource spans", 1), ("spans", 2)];
        let printed = Printed { title: "Traces", counts, body: Some("a\n".to_owned()) };
        assert_eq!(console(&printed), "Traces\t{\"resource spans\": 1, \"spans\": 2}\na\n\n");
    }

    #[test]
    fn several_paths_get_every_text_and_a_bad_one_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let sheet = Sheet::new(vec![path("a"), format!("file://{}", path("b"))]);
        sheet.write(b"one\n").unwrap();
        sheet.write(b"two\n").unwrap();
        for name in ["a", "b"] {
            assert_eq!(std::fs::read_to_string(path(name)).unwrap(), "one\ntwo\n");
        }
        let bad = Sheet::new(vec![path("none/here")]);
        assert!(bad.write(b"x").is_err());
    }
}
