//! Threads for what computes for more than a millisecond: large compression, row groups.
//!
//! Jobs go through one bounded queue. A job that finds it full runs where it is: the caller computes
//! then, which slows it down and loses nothing. Threads start with the first job, so an idle gateway
//! has none.

use crossbeam_channel::{Receiver, Sender, TrySendError, bounded};
use std::sync::OnceLock;
use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

/// A small pool of threads.
#[derive(Debug)]
pub struct Compute {
    threads: usize,
    jobs: OnceLock<Sender<Job>>,
}

/// Jobs that may wait for each thread.
const WAITING: usize = 4;

impl Compute {
    /// A pool of `threads` threads, none of them started yet.
    pub fn new(threads: usize) -> Self {
        Self { threads: threads.max(1), jobs: OnceLock::new() }
    }

    /// Runs `work` on a thread of the pool and waits for its result.
    pub async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Option<T> {
        let (sender, result) = oneshot::channel();
        let job: Job = Box::new(move || {
            // Nobody waits any more if the caller was dropped.
            let _ = sender.send(work());
        });
        match self.jobs().try_send(job) {
            Ok(()) => {}
            Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) => job(),
        }
        result.await.ok()
    }

    fn jobs(&self) -> &Sender<Job> {
        self.jobs.get_or_init(|| {
            let (sender, jobs) = bounded(self.threads * WAITING);
            for number in 0..self.threads {
                start(number, jobs.clone());
            }
            sender
        })
    }
}

/// Starts one thread. If the system refuses one, the queue fills up and callers compute themselves.
fn start(number: usize, jobs: Receiver<Job>) {
    let thread = std::thread::Builder::new().name(format!("compute-{number}"));
    let worked = thread.spawn(move || {
        for job in jobs {
            // A job that panics ends its caller's wait with `None`, and not this thread.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(job));
        }
    });
    if let Err(error) = worked {
        tracing::warn!(%error, "cannot start a compute thread");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn jobs_give_their_results_and_more_than_fit_still_run() {
        let pool = Compute::new(2);
        let jobs = (0..100u64).map(|n| pool.run(move || n * n));
        let sum: u64 = futures_util::future::join_all(jobs).await.into_iter().flatten().sum();
        assert_eq!(sum, (0..100u64).map(|n| n * n).sum::<u64>());
    }

    #[tokio::test]
    async fn a_job_that_panics_harms_only_itself() {
        let pool = Compute::new(1);
        assert_eq!(pool.run(|| -> u8 { panic!("on purpose") }).await, None);
        assert_eq!(pool.run(|| 7).await, Some(7));
    }
}
