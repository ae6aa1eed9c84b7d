//! Idle connections, per target, the youngest taken first.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::Sender;
use crate::net::endpoint::Target;
use crate::net::settings::{self, positive};

/// All idle connections of a client.
#[derive(Debug)]
pub(super) struct Pool {
    hosts: Mutex<HashMap<Target, Host>>,
    max_idle: usize,
    max_idle_per_host: usize,
    max_per_host: usize,
    idle_timeout: Option<Duration>,
    keep: bool,
}

#[derive(Debug)]
struct Host {
    idle: Vec<(Sender, Instant)>,
    slots: Arc<Semaphore>,
}

fn unlimited_if_zero(limit: usize) -> usize {
    if limit == 0 { Semaphore::MAX_PERMITS } else { limit.min(Semaphore::MAX_PERMITS) }
}

impl Pool {
    pub(super) fn new(settings: &settings::HttpClient) -> Self {
        Self {
            hosts: Mutex::default(),
            max_idle: unlimited_if_zero(settings.max_idle_conns),
            max_idle_per_host: unlimited_if_zero(settings.max_idle_conns_per_host),
            max_per_host: unlimited_if_zero(settings.max_conns_per_host),
            idle_timeout: positive(Some(settings.idle_conn_timeout)),
            keep: !settings.disable_keep_alives,
        }
    }

    /// Waits until the target may have one more request. A request holds one connection, and kept ones are used first,
    /// so the bound on requests is one on connections too.
    pub(super) async fn lease(self: &Arc<Self>, target: &Target) -> Lease {
        let slots = self.with_host(target, |host| Arc::clone(&host.slots));
        let slot = match slots {
            Some(slots) => slots.acquire_owned().await.ok(),
            None => None,
        };
        Lease { pool: Arc::clone(self), target: target.clone(), held: None, _slot: slot }
    }

    fn with_host<T>(&self, target: &Target, run: impl FnOnce(&mut Host) -> T) -> Option<T> {
        let mut hosts = self.hosts.lock().ok()?;
        let fresh = || Host { idle: Vec::new(), slots: Arc::new(Semaphore::new(self.max_per_host)) };
        Some(run(hosts.entry(target.clone()).or_insert_with(fresh)))
    }

    fn keep(self: &Arc<Self>, target: &Target, sender: Sender) {
        let Ok(mut hosts) = self.hosts.lock() else { return };
        let was_empty = hosts.values().all(|host| host.idle.is_empty());
        let total: usize = hosts.values().map(|host| host.idle.len()).sum();
        let Some(host) = hosts.get_mut(target) else { return };
        if !self.keep || total >= self.max_idle || host.idle.len() >= self.max_idle_per_host {
            return;
        }
        host.idle.push((sender, Instant::now()));
        drop(hosts);
        if let Some(timeout) = self.idle_timeout.filter(|_| was_empty) {
            #[allow(
                clippy::disallowed_methods,
                reason = "ends when nothing is idle any more or the pool is dropped"
            )]
            tokio::spawn(sweep(Arc::downgrade(self), timeout));
        }
    }

    /// Closes what has been idle for too long; tells when the next one will have been.
    fn prune(&self, timeout: Duration) -> Option<Instant> {
        let mut hosts = self.hosts.lock().ok()?;
        for host in hosts.values_mut() {
            host.idle.retain(|(sender, since)| !sender.is_closed() && since.elapsed() < timeout);
        }
        hosts.values().flat_map(|host| &host.idle).map(|(_, since)| *since + timeout).min()
    }

    #[cfg(test)]
    pub(super) fn idle(&self) -> usize {
        self.hosts.lock().unwrap().values().map(|host| host.idle.len()).sum()
    }
}

async fn sweep(pool: Weak<Pool>, timeout: Duration) {
    let mut next = Instant::now() + timeout;
    loop {
        tokio::time::sleep_until(next).await;
        let Some(at) = pool.upgrade().and_then(|pool| pool.prune(timeout)) else { return };
        next = at;
    }
}

/// The right to one request, and the connection it is on.
#[derive(Debug)]
pub(super) struct Lease {
    pool: Arc<Pool>,
    target: Target,
    held: Option<Sender>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Lease {
    /// The youngest idle connection that is still open.
    pub(super) fn take_kept(&self) -> Option<Sender> {
        self.pool.with_host(&self.target, |host| {
            while let Some((sender, _)) = host.idle.pop() {
                if !sender.is_closed() {
                    return Some(sender);
                }
            }
            None
        })?
    }

    pub(super) fn hold(&mut self, sender: Sender) {
        self.held = Some(sender);
    }

    /// The response has been read to its end: the connection may serve the next request.
    pub(super) fn give_back(mut self) {
        if let Some(sender) = self.held.take() {
            self.pool.keep(&self.target, sender);
        }
    }
}
