//! The signal to stop, and until when.

use tokio::sync::watch;
use tokio::time::Instant;

/// Tells every holder of a [`Stop`] that it is time to end.
#[derive(Debug)]
pub struct Stopper(watch::Sender<Option<Instant>>);

/// Resolves when it is time to stop. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<Option<Instant>>);

/// A signal that has not been given yet.
pub fn stopper() -> (Stopper, Stop) {
    let (sender, receiver) = watch::channel(None);
    (Stopper(sender), Stop(receiver))
}

impl Stopper {
    /// Asks all to end by `by`. Later calls can only bring the end nearer.
    pub fn stop(&self, by: Instant) {
        self.0.send_modify(|end| *end = Some(end.map_or(by, |earlier| earlier.min(by))));
    }
}

impl Stop {
    /// Waits for the signal and gives the time by which all must be done. If nobody is left to give
    /// it, that is a signal too.
    pub async fn requested(&mut self) -> Instant {
        match self.0.wait_for(Option::is_some).await {
            Ok(end) => end.unwrap_or_else(Instant::now),
            Err(_) => Instant::now(),
        }
    }

    /// The time by which all must be done, if the signal was given.
    pub fn deadline(&self) -> Option<Instant> {
        *self.0.borrow()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn everybody_learns_the_deadline() {
        let (stopper, mut stop) = stopper();
        let mut other = stop.clone();
        assert_eq!(stop.deadline(), None);
        let end = Instant::now() + Duration::from_secs(5);
        stopper.stop(end);
        stopper.stop(end + Duration::from_secs(9));
        assert_eq!((stop.requested().await, other.requested().await), (end, end));
        assert_eq!(stop.deadline(), Some(end));
    }

    #[tokio::test(start_paused = true)]
    async fn a_stopper_that_is_gone_stops_too() {
        let (stopper, mut stop) = stopper();
        drop(stopper);
        assert_eq!(stop.requested().await, Instant::now());
    }
}
