//! The side that judges.

use super::htpasswd::{User, Users};
use crate::batch::Identity;
use crate::component::{Authenticator, Blame, Denied, Fault};
use crate::net::watched::Watched;
use aws_lc_rs::{hmac, rand};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};
use std::path::PathBuf;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use tokio::runtime::{Handle, RuntimeFlavor};

/// Nothing was sent.
pub(super) const MISSING: Denied = Denied("no basic auth provided");
/// Everything else: which part was wrong is nobody's business.
pub(super) const WRONG: Denied = Denied("invalid credentials");

/// The longest password that is looked at, in bytes: some schemes take time that grows with it.
const LONGEST: usize = 1024;
/// A check that takes longer, in microseconds, makes room for other tasks first.
const SLOW: u64 = 1000;

/// Judges by a list of users.
pub(super) struct Server {
    id: Arc<str>,
    file: Option<Watched<Users>>,
    inline: Arc<Users>,
    /// Of this process and extension alone: what is remembered of a password is worth nothing elsewhere.
    key: hmac::Key,
}

impl Server {
    pub(super) fn new(id: &Arc<str>, file: Option<PathBuf>, inline: Arc<Users>) -> Result<Self, Fault> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &rand::SystemRandom::new());
        let key =
            key.map_err(|_| Fault::lasting(Blame::Weft, "random", "the system gives no random numbers"))?;
        let over = Arc::clone(&inline);
        let file = file.map(|file| {
            Watched::new(file, move |text| {
                let users = Users::parse(text, Some(&over))?;
                if users.is_empty() { Err("it names no user".to_owned()) } else { Ok(users) }
            })
        });
        Ok(Self { id: Arc::clone(id), file, inline, key })
    }

    /// Reads the file, if there is one.
    pub(super) fn load(&self) -> Result<(), Fault> {
        let loaded = self.file.as_ref().map_or(Ok(()), |file| file.load().map(drop));
        loaded.map_err(|error| Fault::lasting(Blame::Config, "htpasswd", format!("htpasswd.file: {error}")))
    }

    fn users(&self) -> Option<Arc<Users>> {
        match &self.file {
            Some(file) => file.get(),
            None => Some(Arc::clone(&self.inline)),
        }
    }

    fn knows(&self, user: &User, password: &str) -> bool {
        let tag = self.tag(password);
        let before = user.matched();
        if before.is_some_and(|before| before.ct_eq(&tag).into()) {
            return true;
        }
        let matches = making_room(user.hash.cost(), || user.hash.matches(password));
        if matches {
            user.remember(tag);
        }
        matches
    }

    fn tag(&self, password: &str) -> [u8; 32] {
        let mut tag = [0; 32];
        tag.copy_from_slice(hmac::sign(&self.key, password.as_bytes()).as_ref());
        tag
    }
}

impl Authenticator for Server {
    fn authenticate(&self, headers: &HeaderMap) -> Result<Identity, Denied> {
        let value = headers.get(AUTHORIZATION).ok_or(MISSING)?;
        let given = credentials(value).ok_or(WRONG)?;
        let (name, password) = given.split_once(':').ok_or(WRONG)?;
        if password.len() > LONGEST {
            return Err(WRONG);
        }
        let users = self.users().ok_or(WRONG)?;
        let (user, theirs) = users.find(name).ok_or(WRONG)?;
        // A decoy is checked the slow way, like a wrong password, and is never right.
        let known = if theirs {
            self.knows(user, password)
        } else {
            making_room(user.hash.cost(), || user.hash.matches(password)) && theirs
        };
        if !known {
            return Err(WRONG);
        }
        Ok(Identity { subject: Arc::clone(&user.name), authenticator: Arc::clone(&self.id) })
    }
}

/// The decoded `user:password` of a header's value.
fn credentials(value: &HeaderValue) -> Option<String> {
    let (scheme, encoded) = value.to_str().ok()?.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    String::from_utf8(STANDARD.decode(encoded).ok()?).ok()
}

/// Runs a check. A slow one tells the runtime, which then moves other tasks to another thread.
fn making_room(cost: u64, check: impl FnOnce() -> bool) -> bool {
    let many = Handle::try_current().is_ok_and(|at| at.runtime_flavor() == RuntimeFlavor::MultiThread);
    if cost > SLOW && many { tokio::task::block_in_place(check) } else { check() }
}
