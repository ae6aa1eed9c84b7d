//! One log event, taken out of `tracing`.

use tracing::field::{Field, Visit};

use crate::telemetry::registry::cut;
use crate::telemetry::resource::Value;

/// The longest text of one field, in bytes; what is longer is cut and marked with `…`.
pub const MAX_VALUE: usize = 256;

/// The longest message.
const MAX_MESSAGE: usize = 1024;

/// The most fields of one event.
const MAX_FIELDS: usize = 64;

/// How bad it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// For the one who looks for a fault.
    Debug,
    /// What an operator wants to know.
    #[default]
    Info,
    /// It goes on, but should be looked at.
    Warn,
    /// Something failed.
    Error,
    /// Above all that weft ever says: nothing is written.
    Off,
}

impl Severity {
    /// As the Collector writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
            Self::Off => "off",
        }
    }

    /// OTLP's `SeverityNumber`.
    pub fn number(self) -> i32 {
        match self {
            Self::Debug => 5,
            Self::Info => 9,
            Self::Warn => 13,
            Self::Error | Self::Off => 17,
        }
    }

    pub(super) fn of(level: tracing::Level) -> Self {
        match level {
            tracing::Level::ERROR => Self::Error,
            tracing::Level::WARN => Self::Warn,
            tracing::Level::INFO => Self::Info,
            _ => Self::Debug,
        }
    }

    pub(super) fn filter(self) -> tracing::level_filters::LevelFilter {
        use tracing::level_filters::LevelFilter;
        match self {
            Self::Debug => LevelFilter::DEBUG,
            Self::Info => LevelFilter::INFO,
            Self::Warn => LevelFilter::WARN,
            Self::Error => LevelFilter::ERROR,
            Self::Off => LevelFilter::OFF,
        }
    }
}

/// A log event as it is pushed.
#[derive(Clone, Debug, PartialEq)]
pub struct LogEvent {
    /// When, in unix nanoseconds.
    pub time_unix_nanos: u64,
    /// How bad.
    pub severity: Severity,
    /// The module that spoke.
    pub target: &'static str,
    /// The sentence.
    pub message: String,
    /// Its particulars, in the order they were given.
    pub fields: Vec<(String, Value)>,
}

/// Gathers message and fields of an event, bounded.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) message: String,
    pub(super) list: Vec<(String, Value)>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        if self.list.len() < MAX_FIELDS {
            self.list.push((field.name().to_owned(), value));
        }
    }

    fn put_text(&mut self, field: &Field, text: &str) {
        match field.name() {
            "message" => self.message = bounded(text, MAX_MESSAGE),
            _ => self.put(field, Value::Text(bounded(text, MAX_VALUE))),
        }
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, Value::Float(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, Value::Int(value));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match i64::try_from(value) {
            Ok(value) => self.put(field, Value::Int(value)),
            Err(_) => self.put(field, Value::Text(value.to_string())),
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, Value::Bool(value));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put_text(field, value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        let mut text = Bounded(String::new());
        // An error means that it is full: what was written is what is wanted.
        let _ = std::fmt::write(&mut text, format_args!("{value:?}"));
        self.put_text(field, &text.0);
    }
}

/// A text that takes no more than can be used of it, so that a huge value is not formatted to its end.
struct Bounded(String);

impl std::fmt::Write for Bounded {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let room = (MAX_MESSAGE + 4).saturating_sub(self.0.len());
        self.0.push_str(cut(text, room));
        if text.len() > room { Err(std::fmt::Error) } else { Ok(()) }
    }
}

fn bounded(text: &str, max: usize) -> String {
    if text.len() <= max { text.to_owned() } else { format!("{}…", cut(text, max)) }
}
