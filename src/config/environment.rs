//! The environment as an argument: what `${env:NAME}` reads.
//!
//! Everything in this module takes an [`Environment`]; only [`process`] reads the real one, for the command line.

/// Where variables come from. Any `Fn(&str) -> Option<String>` is one.
pub trait Environment {
    /// The value of a variable, `None` if it is not set.
    fn variable(&self, name: &str) -> Option<String>;
}

impl<F: Fn(&str) -> Option<String>> Environment for F {
    fn variable(&self, name: &str) -> Option<String> {
        self(name)
    }
}

/// The environment of this process. A value that is not UTF-8 counts as not set.
#[allow(clippy::disallowed_methods)] // the one place that reads it
pub fn process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Whether a name follows the Collector's grammar, `^[a-zA-Z_][a-zA-Z0-9_]*$`.
pub(super) fn is_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
}
