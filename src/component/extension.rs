//! What stands beside the pipelines: health, pages, authenticators.

use super::{BoxFuture, Fault, Running, Stop};
use crate::batch::Identity;
use http::HeaderMap;
use std::collections::HashMap;
use std::sync::Arc;

/// Something that starts before the pipelines and ends after them.
pub trait Extension: Send + Sync {
    /// Binds what it listens on and gives the future that serves until `stop`; none if there is
    /// nothing to run.
    fn start(self: Arc<Self>, stop: Stop) -> BoxFuture<'static, Result<Option<Running>, Fault>> {
        let _ = stop;
        Box::pin(async { Ok(None) })
    }

    /// Its side as a judge of requests, if it is one.
    fn authenticator(self: Arc<Self>) -> Option<Arc<dyn Authenticator>> {
        None
    }

    /// Its side as a provider of credentials, if it is one.
    fn credentials(self: Arc<Self>) -> Option<Arc<dyn Credentials>> {
        None
    }
}

/// Judges requests: comparisons take the same time whatever the difference.
pub trait Authenticator: Send + Sync {
    /// Who sent a request with these headers, or why it is refused.
    fn authenticate(&self, headers: &HeaderMap) -> Result<Identity, Denied>;
}

/// Why a request is not authenticated: words for the sender, without any secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Denied(pub &'static str);

/// Adds credentials to outgoing requests.
pub trait Credentials: Send + Sync {
    /// Sets the headers that the backend asks for.
    fn authorize(&self, headers: &mut HeaderMap) -> Result<(), Fault>;
}

/// What one component asks of an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capability {
    /// To judge requests.
    Authenticator,
    /// To provide credentials.
    Credentials,
    /// To keep a queue on disk.
    Storage,
}

/// The extensions that a gateway runs, by id.
#[derive(Clone, Default)]
pub struct Extensions(Arc<HashMap<String, Arc<dyn Extension>>>);

impl std::fmt::Debug for Extensions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Extensions {
    /// These extensions.
    pub fn new(all: impl IntoIterator<Item = (String, Arc<dyn Extension>)>) -> Self {
        Self(Arc::new(all.into_iter().collect()))
    }

    /// The judge of this id.
    pub fn authenticator(&self, id: &str) -> Option<Arc<dyn Authenticator>> {
        self.0.get(id).and_then(|extension| Arc::clone(extension).authenticator())
    }

    /// The provider of credentials of this id.
    pub fn credentials(&self, id: &str) -> Option<Arc<dyn Credentials>> {
        self.0.get(id).and_then(|extension| Arc::clone(extension).credentials())
    }
}
