//! The tasks of a gateway: each has a name and an owner, and is joined or ended by a deadline.

use tokio::task::JoinSet;
use tokio::time::Instant;

/// Tasks that are joined together.
#[derive(Debug, Default)]
pub(super) struct Tasks(JoinSet<()>);

impl Tasks {
    /// Starts a task.
    pub(super) fn start(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.spawn(work);
    }

    /// Waits until all have ended; at `by` the rest is ended. Gives how many were.
    pub(super) async fn join(&mut self, by: Instant) -> usize {
        let all = async { while self.0.join_next().await.is_some() {} };
        let in_time = tokio::time::timeout_at(by, all).await.is_ok();
        let left = if in_time { 0 } else { self.0.len() };
        self.0.shutdown().await;
        left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn what_does_not_end_by_itself_is_ended() {
        let mut tasks = Tasks::default();
        tasks.start(async {});
        tasks.start(std::future::pending());
        assert_eq!(tasks.join(Instant::now() + Duration::from_secs(1)).await, 1);
    }
}
