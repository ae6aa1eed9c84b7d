//! The `tracing` layer, and the handle that changes it while it runs.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use metrics::Counter;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Layer};

use super::encode::{self, Line};
use super::event::{Fields, LogEvent, Severity};
use super::output::Outputs;
use super::sample::{Sampler, Verdict};
use super::tap::Tap;
use crate::telemetry::names;
use crate::telemetry::registry::Registry;
use crate::telemetry::resource::{Resource, Value};
use crate::telemetry::settings::LogSettings;

/// What layer and handle share.
pub(super) struct Shared {
    level: AtomicU8,
    writer: ArcSwap<Writer>,
    sampler: Mutex<Sampler>,
    suppressed: Counter,
    tap: Option<Tap>,
    begin: Instant,
}

/// What a change of the settings replaces.
struct Writer {
    settings: LogSettings,
    constant: Vec<(String, String)>,
    outputs: Outputs,
}

/// Changes level and outputs of a running layer.
#[derive(Clone)]
pub struct Handle(Arc<Shared>);

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("level", &self.level()).finish_non_exhaustive()
    }
}

impl Handle {
    pub(super) fn new(
        settings: &LogSettings,
        resource: &Resource,
        registry: &Registry,
        outputs: Outputs,
        tap: Option<Tap>,
    ) -> Self {
        let writer = Writer { settings: settings.clone(), constant: constant(settings, resource), outputs };
        #[allow(clippy::disallowed_methods)] // sampling counts real time, whatever clock the engine runs by
        let begin = Instant::now();
        Self(Arc::new(Shared {
            level: AtomicU8::new(settings.level as u8),
            writer: ArcSwap::from_pointee(writer),
            sampler: Mutex::default(),
            suppressed: registry.counter(&names::LOG_LINES_SUPPRESSED, &[]),
            tap,
            begin,
        }))
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.0
    }

    /// The level below which nothing is written.
    pub fn level(&self) -> Severity {
        self.0.level()
    }

    /// Sets the level, at once.
    pub fn set_level(&self, level: Severity) {
        self.0.level.store(level as u8, Ordering::Relaxed);
        tracing::callsite::rebuild_interest_cache();
    }

    /// Writes from now on as `settings` say, to `outputs`. Whether there is a tap was decided at the start.
    pub fn replace(&self, settings: &LogSettings, resource: &Resource, outputs: Outputs) {
        let constant = constant(settings, resource);
        self.0.writer.store(Arc::new(Writer { settings: settings.clone(), constant, outputs }));
        self.set_level(settings.level);
    }
}

/// The fields of every line: the initial ones, and the resource unless the settings disable it.
fn constant(settings: &LogSettings, resource: &Resource) -> Vec<(String, String)> {
    let mut fields: Vec<(String, String)> =
        settings.initial_fields.iter().map(|(key, value)| (key.clone(), value.to_string())).collect();
    if !settings.disable_zap_resource && !resource.attributes.is_empty() {
        let mut text = String::new();
        for (key, value) in &resource.attributes {
            text.push(if text.is_empty() { '{' } else { ',' });
            encode::quoted(&mut text, key);
            text.push(':');
            encode::value(&mut text, &Value::Text(value.to_string()));
        }
        text.push('}');
        fields.push(("resource".to_owned(), text));
    }
    fields
}

impl Shared {
    fn level(&self) -> Severity {
        match self.level.load(Ordering::Relaxed) {
            0 => Severity::Debug,
            1 => Severity::Info,
            2 => Severity::Warn,
            3 => Severity::Error,
            _ => Severity::Off,
        }
    }

    /// Other crates' chatter is of use to weft's developers alone: it begins one level higher.
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        let level = self.level();
        let own = metadata.target().starts_with("weft");
        let floor = if own { level } else { level.max(Severity::Info) };
        *metadata.level() <= floor.filter()
    }

    fn judge(&self, settings: &LogSettings, metadata: &Metadata<'_>) -> Verdict {
        let now = self.begin.elapsed();
        let mut sampler = self.sampler.lock().unwrap_or_else(PoisonError::into_inner);
        sampler.judge(&settings.sampling, metadata.callsite(), now)
    }

    fn write(&self, event: &Event<'_>) {
        let writer = self.writer.load();
        let settings = &writer.settings;
        let metadata = event.metadata();
        let Verdict::Write { suppressed } = self.judge(settings, metadata) else {
            self.suppressed.increment(1);
            return;
        };
        let mut fields = Fields::default();
        event.record(&mut fields);
        if suppressed > 0 {
            fields
                .list
                .push(("suppressed".to_owned(), Value::Int(i64::try_from(suppressed).unwrap_or(i64::MAX))));
        }
        let severity = Severity::of(*metadata.level());
        if settings.stack_traces() && severity >= Severity::Error {
            let trace = std::backtrace::Backtrace::force_capture().to_string();
            fields.list.push(("stacktrace".to_owned(), Value::Text(trace)));
        }
        let time_unix_nanos = unix_nanos();
        let caller = if settings.disable_caller { None } else { caller(metadata) };
        let (message, list) = (fields.message.as_str(), fields.list.as_slice());
        let line =
            Line { time_unix_nanos, severity, caller, message, fields: list, constant: &writer.constant };
        writer.outputs.write(|colour| encode::encode(&line, settings.encoding, colour));
        if let Some(tap) = &self.tap {
            let target = metadata.target();
            let Fields { message, list: fields } = fields;
            tap.offer(|| LogEvent { time_unix_nanos, severity, target, message, fields }, target);
        }
    }
}

/// File and line, the file without the way to the sources.
fn caller(metadata: &Metadata<'_>) -> Option<String> {
    let file = metadata.file()?;
    let short = file.rsplit_once("src/").map_or(file, |(_, short)| short);
    Some(format!("{short}:{}", metadata.line().unwrap_or(0)))
}

fn unix_nanos() -> u64 {
    #[allow(clippy::disallowed_methods)]
    // a line bears the time it was written, whatever clock the engine runs by
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// Writes `tracing` events as log lines.
pub struct LogLayer(Arc<Shared>);

impl std::fmt::Debug for LogLayer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LogLayer").field("level", &self.0.level()).finish_non_exhaustive()
    }
}

impl LogLayer {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self(shared)
    }
}

impl<S: Subscriber> Layer<S> for LogLayer {
    /// A place that is not wanted costs nothing but a load: the interest is cached until the level changes.
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_event() && self.0.wants(metadata) { Interest::always() } else { Interest::never() }
    }

    fn enabled(&self, metadata: &Metadata<'_>, _: Context<'_, S>) -> bool {
        metadata.is_event() && self.0.wants(metadata)
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.0.level().filter())
    }

    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        self.0.write(event);
    }
}
