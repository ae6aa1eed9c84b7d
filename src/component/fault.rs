//! What went wrong, whose fault it is, and what to do: all that delivery needs to decide.

use crate::batch::{Reason, Retry};
use std::fmt;

/// Any error, boxed.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Whose fault it is: decides who is told and how loudly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The data that was sent.
    Sender,
    /// The configuration.
    Config,
    /// The backend or the way there.
    Backend,
    /// weft itself.
    Weft,
}

/// A failure as a decision.
#[derive(Debug)]
pub struct Fault {
    /// Whose fault it is.
    pub blame: Blame,
    /// Whether the same request is worth another attempt.
    pub retry: Retry,
    /// Items that the backend refused for good while it took the rest.
    pub rejected: u64,
    /// Whether smaller parts of the request may fare better: it was too large, or one item of it is bad.
    pub divide: bool,
    /// A short constant for counters, for example `too_large`.
    pub label: &'static str,
    /// The error itself.
    pub source: BoxError,
}

impl Fault {
    /// A fault of the backend that may pass.
    pub fn passing(label: &'static str, source: impl Into<BoxError>) -> Self {
        Self::new(Blame::Backend, Retry::Backoff, label, source)
    }

    /// A refusal that will not change.
    pub fn lasting(blame: Blame, label: &'static str, source: impl Into<BoxError>) -> Self {
        Self::new(blame, Retry::Never, label, source)
    }

    /// A fault with everything said.
    pub fn new(blame: Blame, retry: Retry, label: &'static str, source: impl Into<BoxError>) -> Self {
        Self { blame, retry, rejected: 0, divide: false, label, source: source.into() }
    }

    /// The same fault, worth trying in smaller parts.
    #[must_use]
    pub fn divisible(mut self) -> Self {
        self.divide = true;
        self
    }

    /// The reason for counters and senders: the label alone, since the error may name hosts.
    pub fn reason(&self) -> Reason {
        Reason::new(self.label, "the data could not be delivered")
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.source)?;
        let mut cause = self.source.source();
        while let Some(error) = cause {
            write!(f, ": {error}")?;
            cause = error.source();
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_prints_its_chain_of_causes() {
        #[derive(Debug, thiserror::Error)]
        #[error("cannot send")]
        struct Outer(#[source] std::num::ParseIntError);
        let inner = "x".parse::<u8>().unwrap_err();
        let fault = Fault::passing("io", Outer(inner));
        assert_eq!(fault.to_string(), "cannot send: invalid digit found in string");
        assert_eq!((fault.retry, fault.divisible().divide), (Retry::Backoff, true));
    }
}
