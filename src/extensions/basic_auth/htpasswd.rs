//! The lines of an htpasswd file: `user:password`, the password plain or hashed.

use super::hash::Hash;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// The users that may send, by name.
#[derive(Default)]
pub(super) struct Users {
    by_name: HashMap<String, Arc<User>>,
    /// Checked in place of a user that does not exist, so that both take as long.
    decoy: Option<Arc<User>>,
}

/// A user.
pub(super) struct User {
    /// Their name, as others are told it.
    pub(super) name: Arc<str>,
    /// What their password must match.
    pub(super) hash: Hash,
    /// The keyed tag of the password that matched last: hashes are slow on purpose, and senders come often. One for
    /// each user, so it is bounded by their number, and it dies with the file it was made for.
    matched: Mutex<Option<[u8; 32]>>,
}

impl User {
    /// The tag of the last password that matched.
    pub(super) fn matched(&self) -> Option<[u8; 32]> {
        *self.matched.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A password with this tag has matched.
    pub(super) fn remember(&self, tag: [u8; 32]) {
        *self.matched.lock().unwrap_or_else(PoisonError::into_inner) = Some(tag);
    }
}

impl Users {
    /// Reads the lines; users of `over` count before them. The error names the line, never what stands there.
    pub(super) fn parse(text: &str, over: Option<&Self>) -> Result<Self, String> {
        let mut users = Self::default();
        for (at, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |problem: &str| format!("line {}: {problem}", at + 1);
            let (name, password) = line.split_once(':').ok_or_else(|| wrong("there is no colon in it"))?;
            let hash = Hash::parse(password).map_err(|problem| wrong(&problem))?;
            users.add(name, hash);
        }
        if let Some(over) = over {
            let known = over.by_name.iter().map(|(name, user)| (name.clone(), Arc::clone(user)));
            users.by_name.extend(known);
        }
        users.decoy = users.by_name.values().max_by_key(|user| user.hash.cost()).cloned();
        Ok(users)
    }

    fn add(&mut self, name: &str, hash: Hash) {
        let user = User { name: name.into(), hash, matched: Mutex::default() };
        self.by_name.insert(name.to_owned(), Arc::new(user));
    }

    /// Whether nobody may send.
    pub(super) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// The user of this name, or another in their place, and whether it is theirs.
    pub(super) fn find(&self, name: &str) -> Option<(&User, bool)> {
        match self.by_name.get(name) {
            Some(user) => Some((user, true)),
            None => self.decoy.as_deref().map(|user| (user, false)),
        }
    }
}
