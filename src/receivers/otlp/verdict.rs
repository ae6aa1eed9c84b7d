//! What a request is answered, in the terms of both protocols.
//!
//! One table: who refuses says it once, and gRPC and HTTP read the same line. The rules are those of
//! the OTLP specification ("Failures", "OTLP/gRPC Throttling") and the Collector's mapping between
//! gRPC codes and HTTP statuses.

use crate::batch::{Busy, Outcome, Retry};
use crate::component::Denied;
use http::StatusCode;
use std::borrow::Cow;
use std::time::Duration;
use tonic::Code;

/// The answer to one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Taken; `rejected` items of it were not, and must not be repeated.
    Accepted {
        /// Items refused for good.
        rejected: u64,
        /// Why.
        message: Cow<'static, str>,
    },
    /// Not taken.
    Refused(Refusal),
}

/// Why a request is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal {
    /// For gRPC.
    pub(super) code: Code,
    /// For HTTP.
    pub(super) status: StatusCode,
    /// For people; holds no path, no secret and no payload.
    pub(super) message: Cow<'static, str>,
    /// When to come again; without it a refusal of code `ResourceExhausted` is final.
    pub(super) retry_after: Option<Duration>,
}

impl Refusal {
    pub(super) fn new(code: Code, status: StatusCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, status, message: message.into(), retry_after: None }
    }

    /// The request is larger than it may be: repeating it would not help.
    pub(super) fn too_large(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::ResourceExhausted, StatusCode::PAYLOAD_TOO_LARGE, message)
    }

    /// The request is not what it says it is.
    pub(super) fn malformed(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidArgument, StatusCode::BAD_REQUEST, message)
    }

    /// There is no room now.
    pub(super) fn busy(message: impl Into<Cow<'static, str>>, after: Duration) -> Self {
        let busy = Self::new(Code::ResourceExhausted, StatusCode::TOO_MANY_REQUESTS, message);
        Self { retry_after: Some(after), ..busy }
    }

    /// The sender took too long.
    pub(super) fn late() -> Self {
        Self::new(Code::DeadlineExceeded, StatusCode::REQUEST_TIMEOUT, "the request did not arrive in time")
    }

    /// No pipeline takes the signal.
    pub(super) fn not_served(what: &str) -> Self {
        Self::new(Code::Unimplemented, StatusCode::NOT_FOUND, format!("{what} are not accepted here"))
    }

    /// Whether the same request may be accepted later.
    pub(super) fn is_passing(&self) -> bool {
        self.retry_after.is_some() || matches!(self.code, Code::Unavailable | Code::DeadlineExceeded)
    }
}

impl From<Busy> for Refusal {
    fn from(busy: Busy) -> Self {
        Self::busy("the gateway is over its memory limit", busy.retry_after)
    }
}

impl From<Denied> for Refusal {
    fn from(denied: Denied) -> Self {
        Self::new(Code::Unauthenticated, StatusCode::UNAUTHORIZED, denied.0)
    }
}

impl From<Outcome> for Verdict {
    fn from(outcome: Outcome) -> Self {
        let message = outcome.reason.map_or(Cow::Borrowed("the data was refused"), |reason| reason.text);
        let refusal = match outcome.retry {
            None => {
                let message = if outcome.rejected > 0 { message } else { Cow::Borrowed("") };
                return Verdict::Accepted { rejected: outcome.rejected, message };
            }
            Some(Retry::Never) => Refusal::new(Code::Internal, StatusCode::INTERNAL_SERVER_ERROR, message),
            Some(Retry::Backoff) => Refusal::new(Code::Unavailable, StatusCode::SERVICE_UNAVAILABLE, message),
            Some(Retry::After(after)) => Refusal::busy(message, after),
        };
        Verdict::Refused(refusal)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::batch::Reason;

    const FULL: Reason = Reason::new("queue_full", "the queue is full");

    fn refusal(retry: Retry) -> Refusal {
        match Verdict::from(Outcome::retry(retry, FULL)) {
            Verdict::Refused(refusal) => refusal,
            Verdict::Accepted { .. } => panic!("accepted"),
        }
    }

    #[test]
    fn only_what_may_pass_names_a_time_or_is_unavailable() {
        let after = refusal(Retry::After(Duration::from_secs(3)));
        assert_eq!((after.code, after.status.as_u16()), (Code::ResourceExhausted, 429));
        assert_eq!(after.retry_after, Some(Duration::from_secs(3)));
        assert_eq!(refusal(Retry::Backoff).code, Code::Unavailable);
        let never = refusal(Retry::Never);
        assert_eq!((never.code, never.status.as_u16(), never.is_passing()), (Code::Internal, 500, false));
        let large = Refusal::too_large("too large");
        assert_eq!(
            (large.code, large.retry_after, large.is_passing()),
            (Code::ResourceExhausted, None, false)
        );
    }

    #[test]
    fn a_partial_refusal_is_an_acceptance() {
        let outcome = Outcome { delivered: 3, rejected: 2, reason: Some(FULL), ..Outcome::default() };
        assert_eq!(
            Verdict::from(outcome),
            Verdict::Accepted { rejected: 2, message: "the queue is full".into() }
        );
    }
}
