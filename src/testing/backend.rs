//! A backend that remembers and misbehaves on demand, behind an exporter without a network.
//!
//! It records every attempt with its time and the numbers of its items. What it answers is a [`Verdict`]: always
//! the same, from a list, or decided by looking at the attempt. Requests can be made one for each batch, or by
//! lanes; they divide in halves.

use super::generate::{SEQ, seqs_of};
use crate::batch::{Context, Retry};
use crate::component::{Blame, Exporter, Fault, Requests, Sent, Sink};
use crate::otlp::{AnyValueView, Data, Record, Signal};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// One attempt to send a request.
#[derive(Clone, Debug)]
pub struct Attempt {
    /// When it began.
    pub at: Instant,
    /// What was sent.
    pub signal: Signal,
    /// The lane, if the backend has any.
    pub lane: Option<u64>,
    /// The numbers of its items, in order.
    pub seqs: Vec<u64>,
}

/// What a backend answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Takes everything.
    Take,
    /// Takes everything after a while.
    Slow(Duration),
    /// Takes all but the first items.
    Reject(u64),
    /// Fails.
    Fail(Retry),
    /// Refuses the request, parts of which may fare better.
    Divide,
    /// Never answers.
    Hang,
}

type Behaviour = Box<dyn FnMut(&Attempt) -> Verdict + Send>;

/// A backend and the exporter that sends to it. Clones are the same backend.
#[derive(Clone)]
pub struct Backend {
    lanes: Option<u64>,
    shared: Arc<Mutex<Shared>>,
}

struct Shared {
    behaviour: Behaviour,
    attempts: Vec<Attempt>,
    taken: Vec<u64>,
    rejected: Vec<u64>,
    /// Requests under way, by lane.
    under_way: HashMap<Option<u64>, usize>,
    most_under_way: usize,
    crowded: bool,
}

impl std::fmt::Debug for Backend {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Backend").field("lanes", &self.lanes).finish_non_exhaustive()
    }
}

impl Default for Backend {
    fn default() -> Self {
        Self::new(|_| Verdict::Take)
    }
}

impl Backend {
    /// A backend that decides by looking at each attempt.
    pub fn new(behaviour: impl FnMut(&Attempt) -> Verdict + Send + 'static) -> Self {
        let shared = Shared {
            behaviour: Box::new(behaviour),
            attempts: Vec::new(),
            taken: Vec::new(),
            rejected: Vec::new(),
            under_way: HashMap::new(),
            most_under_way: 0,
            crowded: false,
        };
        Self { lanes: None, shared: Arc::new(Mutex::new(shared)) }
    }

    /// A backend that answers the same to all.
    pub fn always(verdict: Verdict) -> Self {
        Self::new(move |_| verdict)
    }

    /// A backend that answers by a list, and takes everything after its end.
    pub fn scripted(verdicts: impl IntoIterator<Item = Verdict, IntoIter: Send + 'static>) -> Self {
        let mut verdicts = verdicts.into_iter();
        Self::new(move |_| verdicts.next().unwrap_or(Verdict::Take))
    }

    /// The same with requests in `lanes` lanes: an item's number decides its lane.
    #[must_use]
    pub fn in_lanes(self, lanes: u64) -> Self {
        Self { lanes: Some(lanes.max(1)), ..self }
    }

    /// Behaves like this from now on.
    pub fn behave(&self, behaviour: impl FnMut(&Attempt) -> Verdict + Send + 'static) {
        self.shared().behaviour = Box::new(behaviour);
    }

    /// Takes everything from now on.
    pub fn recover(&self) {
        self.behave(|_| Verdict::Take);
    }

    /// All attempts so far.
    pub fn attempts(&self) -> Vec<Attempt> {
        self.shared().attempts.clone()
    }

    /// The numbers of all items it has taken, as often and in the order in which it took them.
    pub fn taken(&self) -> Vec<u64> {
        self.shared().taken.clone()
    }

    /// The same, sorted.
    pub fn taken_sorted(&self) -> Vec<u64> {
        let mut taken = self.taken();
        taken.sort_unstable();
        taken
    }

    /// The numbers of the items that it refused one by one.
    pub fn rejected(&self) -> Vec<u64> {
        self.shared().rejected.clone()
    }

    /// The most requests that were under way at the same time.
    pub fn most_under_way(&self) -> usize {
        self.shared().most_under_way
    }

    /// Whether two requests of one lane were ever under way at the same time.
    pub fn was_crowded(&self) -> bool {
        self.shared().crowded
    }

    /// The exporter, for a plan.
    pub fn sink(&self) -> Sink {
        Sink::Exporter(Arc::new(self.clone()))
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.shared.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records an attempt and says what becomes of it.
    fn begin(&self, letter: &Letter) -> (Verdict, Vec<u64>, UnderWay) {
        let Letter { data, lane } = letter;
        let seqs = seqs_of(data);
        let attempt = Attempt { at: Instant::now(), signal: data.signal(), lane: *lane, seqs: seqs.clone() };
        let shared = &mut *self.shared();
        let verdict = (shared.behaviour)(&attempt);
        shared.attempts.push(attempt);
        let here = shared.under_way.entry(*lane).or_default();
        *here += 1;
        shared.crowded |= lane.is_some() && *here > 1;
        shared.most_under_way = shared.most_under_way.max(shared.under_way.values().sum());
        (verdict, seqs, UnderWay { backend: self.clone(), lane: *lane })
    }

    fn take(&self, seqs: &[u64], reject: u64) -> Sent {
        let reject = usize::try_from(reject).unwrap_or(usize::MAX).min(seqs.len());
        let (rejected, taken) = seqs.split_at(reject);
        let mut shared = self.shared();
        shared.taken.extend_from_slice(taken);
        shared.rejected.extend_from_slice(rejected);
        let message = if rejected.is_empty() { String::new() } else { "as scripted".to_owned() };
        Sent { rejected: reject as u64, message }
    }
}

/// Counts a request that is under way until it is dropped.
struct UnderWay {
    backend: Backend,
    lane: Option<u64>,
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        if let Some(here) = self.backend.shared().under_way.get_mut(&self.lane) {
            *here -= 1;
        }
    }
}

/// A request to a [`Backend`].
#[derive(Clone, Debug)]
pub struct Letter {
    data: Data,
    lane: Option<u64>,
}

impl Exporter for Backend {
    type Request = Letter;

    fn encode(&self, data: Data, _ctx: &Context, out: &mut Requests<Letter>) -> Result<(), Fault> {
        let Some(lanes) = self.lanes else {
            let items = data.items();
            out.push(Letter { data, lane: None }, items);
            return Ok(());
        };
        for (lane, data) in data.split_by(|record| number(record) % lanes) {
            let items = data.items();
            out.push_to(lane, Letter { data, lane: Some(lane) }, items);
        }
        Ok(())
    }

    fn split(&self, Letter { data, lane }: &Letter) -> Option<[(Letter, u64); 2]> {
        if data.items() < 2 {
            return None;
        }
        let (first, second) = data.clone().halves();
        Some([first, second].map(|data| {
            let items = data.items();
            (Letter { data, lane: *lane }, items)
        }))
    }

    async fn send(&self, letter: &Letter) -> Result<Sent, Fault> {
        let (verdict, seqs, _under_way) = self.begin(letter);
        match verdict {
            Verdict::Take => Ok(self.take(&seqs, 0)),
            Verdict::Reject(items) => Ok(self.take(&seqs, items)),
            Verdict::Slow(time) => {
                tokio::time::sleep(time).await;
                Ok(self.take(&seqs, 0))
            }
            Verdict::Fail(retry) => Err(Fault::new(Blame::Backend, retry, "scripted", "failed as scripted")),
            Verdict::Divide => {
                Err(Fault::lasting(Blame::Backend, "scripted", "too large as scripted").divisible())
            }
            Verdict::Hang => std::future::pending().await,
        }
    }
}

/// The number of a span or log record; metrics have theirs deeper, and stay in lane 0.
fn number(record: &Record<'_>) -> u64 {
    match record.attribute(SEQ) {
        Some(AnyValueView::Int(seq)) => seq.unsigned_abs(),
        _ => 0,
    }
}
