//! Waiting for a token file that is not there yet: `retry_on_failure` and `wait_for_token_file`.

use super::config::Patience;
use crate::component::{Fault, Running, Stop};
use std::time::Duration;

/// Loads, now or as `patience` says. What goes on after the start is the future that is given back.
pub(super) async fn start(
    patience: Patience,
    stop: Stop,
    load: impl Fn() -> Result<(), Fault> + Send + Sync + 'static,
) -> Result<Option<Running>, Fault> {
    let Err(fault) = load() else { return Ok(None) };
    let Patience::Retry { interval, max_retries, start_waits } = patience else { return Err(fault) };
    tracing::warn!(error = %fault, interval = ?interval, "cannot read the token file, will look again");
    let looking = look(interval, max_retries, stop, load, fault);
    if start_waits {
        return looking.await.map(|()| None);
    }
    let running: Running = Box::pin(async move {
        if let Err(fault) = looking.await {
            // Requests go on looking at the file, so this is not the end of the gateway.
            tracing::error!(error = %fault, retries = max_retries, "the token file did not come; nobody is let in");
        }
        Ok(())
    });
    Ok(Some(running))
}

/// Looks again until the file is there, the retries are used up (that is the error) or it is time to stop.
async fn look(
    interval: Duration,
    max_retries: u64,
    mut stop: Stop,
    load: impl Fn() -> Result<(), Fault>,
    mut last: Fault,
) -> Result<(), Fault> {
    let mut tried = 0_u64;
    while max_retries == 0 || tried < max_retries {
        tokio::select! {
            _ = stop.requested() => return Ok(()),
            () = tokio::time::sleep(interval) => {}
        }
        match load() {
            Ok(()) => return Ok(()),
            Err(fault) => last = fault,
        }
        tried += 1;
    }
    Err(last)
}
