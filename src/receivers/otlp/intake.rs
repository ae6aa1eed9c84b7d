//! What both protocols share: who may send, what is kept of the headers, and the way of a message
//! from encoded bytes to the pipelines.

use super::verdict::{Refusal, Verdict};
use crate::batch::{Context, Headers, Identity, Origin, Permit};
use crate::component::{Admitted, Authenticator, Clock, Compute, DEFAULT_DEADLINE, Ingress};
use crate::net::encoding::{DecodeError, Encoding, decompress};
use crate::otlp::{Data, Limits, Signal};
use bytes::Bytes;
use http::HeaderMap;
use metrics::Counter;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// One protocol of one receiver.
#[derive(Clone)]
pub(super) struct Intake(pub(super) Arc<Parts>);

/// What an [`Intake`] consists of.
pub(super) struct Parts {
    pub(super) ingress: Ingress,
    pub(super) limits: Limits,
    /// The largest message, before and after decompression, in bytes.
    pub(super) largest: usize,
    pub(super) transport: &'static str,
    pub(super) judge: Option<(String, Arc<dyn Authenticator>)>,
    /// Headers that are kept; empty unless `include_metadata` is set.
    pub(super) headers: BTreeSet<String>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) compute: Arc<Compute>,
    pub(super) repaired: Counter,
    pub(super) plain: Arc<Origin>,
}

/// A request that is let in and not read yet.
pub(super) struct Arrived {
    pub(super) admitted: Admitted,
    pub(super) signal: Signal,
    pub(super) ctx: Context,
    /// When the sender stops waiting.
    pub(super) until: Instant,
}

/// From this size on a body is decompressed on a thread that may take its time.
const LARGE: usize = 512 << 10;

/// The longest deadline a sender may name: memory is held for that long.
const LONGEST: Duration = Duration::from_secs(300);

impl Intake {
    /// Lets a request in, by its headers alone. `timeout` is how long its sender says it waits.
    pub(super) async fn admit(
        &self,
        signal: Signal,
        headers: &HeaderMap,
        timeout: Option<Duration>,
    ) -> Result<Arrived, Refusal> {
        let Parts { ingress, transport, clock, .. } = &*self.0;
        if !ingress.accepts(signal) {
            return Err(Refusal::not_served(signal.name()));
        }
        let identity = self.judge(headers)?;
        let patience = timeout.unwrap_or(DEFAULT_DEADLINE).min(LONGEST);
        let received = clock.now();
        let until = Instant::now() + patience;
        let admitted =
            ingress.admit(signal).await.inspect_err(|_| ingress.refused(signal, transport, true))?;
        let origin = self.origin(headers, identity);
        let ctx = Context { origin, received, deadline: Some(received.after(patience)) };
        Ok(Arrived { admitted, signal, ctx, until })
    }

    fn judge(&self, headers: &HeaderMap) -> Result<Option<Identity>, Refusal> {
        let Some((id, judge)) = &self.0.judge else { return Ok(None) };
        let identity = judge.authenticate(headers)?;
        Ok(Some(Identity { authenticator: id.as_str().into(), ..identity }))
    }

    /// The origin: the shared one where nothing of the request is kept.
    fn origin(&self, headers: &HeaderMap, identity: Option<Identity>) -> Arc<Origin> {
        let kept = self.0.headers.iter().flat_map(|name| {
            let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
            values.map(|value| (name.clone(), value.to_owned()))
        });
        let headers = Headers::new(kept);
        // Nobody reads identities yet, so they do not keep batches apart.
        let _ = identity;
        if headers == Headers::default() {
            return Arc::clone(&self.0.plain);
        }
        Arc::new(Origin { headers, ..Origin::default() })
    }

    /// Counts and gives back a refusal of a request that was not read to its end.
    pub(super) fn refuse(&self, signal: Signal, refusal: Refusal) -> Verdict {
        self.0.ingress.refused(signal, self.0.transport, refusal.is_passing());
        Verdict::Refused(refusal)
    }

    /// Decompresses, checks and hands over. `to_wire` turns the plain body into an export request.
    pub(super) async fn take(
        &self,
        arrived: Arrived,
        encoding: Encoding,
        body: Bytes,
        to_wire: fn(Signal, Bytes, &Limits) -> Result<Bytes, Refusal>,
    ) -> Verdict {
        let Arrived { mut admitted, signal, ctx, until } = arrived;
        let permit = std::mem::take(&mut admitted.permit);
        let (permit, plain) = self.open(encoding, body, permit).await;
        admitted.permit = permit;
        let data = plain.and_then(|plain| self.check(signal, plain, to_wire));
        match data {
            Err(refusal) => self.refuse(signal, refusal),
            Ok(data) => {
                fit(&mut admitted.permit, data.wire_len());
                self.0.ingress.submit(admitted, data, ctx, until, self.0.transport).await.into()
            }
        }
    }

    fn check(
        &self,
        signal: Signal,
        plain: Bytes,
        to_wire: fn(Signal, Bytes, &Limits) -> Result<Bytes, Refusal>,
    ) -> Result<Data, Refusal> {
        let wire = to_wire(signal, plain, &self.0.limits)?;
        let checked = Data::check(signal, wire, &self.0.limits);
        let checked = checked.map_err(|error| Refusal::malformed(error.to_string()))?;
        if checked.repaired > 0 {
            self.0.repaired.increment(checked.repaired);
        }
        Ok(checked.data)
    }

    async fn open(
        &self,
        encoding: Encoding,
        body: Bytes,
        mut permit: Permit,
    ) -> (Permit, Result<Bytes, Refusal>) {
        if encoding == Encoding::Identity {
            return (permit, Ok(body));
        }
        let (largest, large) = (self.0.largest, body.len() >= LARGE);
        let work = move || {
            let plain = decompress(encoding, &body, largest, |more| permit.grow(more));
            (permit, plain.map_err(undecoded))
        };
        if !large {
            return work();
        }
        match self.0.compute.run(work).await {
            Some(done) => done,
            None => (Permit::none(), Err(Refusal::malformed("the body cannot be decompressed"))),
        }
    }
}

fn undecoded(error: DecodeError<crate::batch::Busy>) -> Refusal {
    match error {
        DecodeError::TooLarge { .. } => Refusal::too_large(error.to_string()),
        DecodeError::Malformed { .. } => Refusal::malformed(error.to_string()),
        DecodeError::Refused(busy) => busy.into(),
    }
}

/// Makes a permit hold exactly what the data holds.
fn fit(permit: &mut Permit, bytes: usize) {
    permit.charge(bytes.saturating_sub(permit.bytes()));
    permit.shrink_to(bytes);
}
