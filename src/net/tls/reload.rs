//! A value made from files, made again when it is old.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::Instant;

use crate::net::settings::Problem;

type Load<T> = Box<dyn Fn() -> Result<Arc<T>, Problem> + Send + Sync>;

/// The last good value, and how to make the next.
pub(super) struct Fresh<T> {
    current: ArcSwap<T>,
    load: Load<T>,
    every: Option<Duration>,
    due: Mutex<Option<Instant>>,
}

impl<T> Fresh<T> {
    /// Makes the first value, which must succeed.
    pub(super) fn new(
        every: Option<Duration>,
        load: impl Fn() -> Result<Arc<T>, Problem> + Send + Sync + 'static,
    ) -> Result<Self, Problem> {
        let current = ArcSwap::new(load()?);
        Ok(Self { current, load: Box::new(load), every, due: Mutex::new(None) })
    }

    /// The value, read again first if it is due. Reading is synchronous: a few small files, at most once per interval.
    pub(super) fn get(&self) -> Arc<T> {
        if self.is_due() {
            match (self.load)() {
                Ok(value) => self.current.store(value),
                Err(Problem { at, problem, .. }) => {
                    tracing::warn!(key = %at, %problem, "cannot reload TLS files; the last good ones stay in use");
                }
            }
        }
        self.current.load_full()
    }

    /// True once per interval. The clock starts with the first question, where a runtime is certain.
    fn is_due(&self) -> bool {
        let Some(every) = self.every else { return false };
        let Ok(mut due) = self.due.lock() else { return false };
        let now = Instant::now();
        let ring = due.is_some_and(|at| now >= at);
        if ring || due.is_none() {
            *due = now.checked_add(every);
        }
        ring
    }
}

impl<T> fmt::Debug for Fresh<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fresh").field("every", &self.every).finish_non_exhaustive()
    }
}
