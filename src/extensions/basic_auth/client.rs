//! The side that provides.

use super::config::Given;
use crate::component::{Blame, Credentials, Fault};
use crate::config::Secret;
use crate::net::watched::Watched;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};

/// Provides a user and a password.
pub(super) struct Client {
    username: Value,
    password: Value,
}

enum Value {
    Here(Secret),
    In(Watched<Secret>),
}

impl Value {
    fn new(given: Given) -> Self {
        match given {
            Given::Here(text) => Self::Here(text),
            Given::In(file) => Self::In(Watched::new(file, |text| Ok(Secret::new(text.trim())))),
        }
    }

    fn load(&self, key: &str) -> Result<(), Fault> {
        let Self::In(file) = self else { return Ok(()) };
        let told =
            |error| Fault::lasting(Blame::Config, "credentials", format!("client_auth.{key}: {error}"));
        file.load().map(drop).map_err(told)
    }

    fn get(&self) -> Option<Secret> {
        match self {
            Self::Here(text) => Some(text.clone()),
            Self::In(file) => file.get().map(|text| (*text).clone()),
        }
    }
}

impl Client {
    pub(super) fn new(username: Given, password: Given) -> Self {
        Self { username: Value::new(username), password: Value::new(password) }
    }

    /// Reads the files, if there are any.
    pub(super) fn load(&self) -> Result<(), Fault> {
        self.username.load("username_file")?;
        self.password.load("password_file")
    }
}

impl Credentials for Client {
    fn authorize(&self, headers: &mut HeaderMap) -> Result<(), Fault> {
        let missing = || Fault::passing("credentials", "the files with user and password were not read yet");
        let username = self.username.get().ok_or_else(missing)?;
        let password = self.password.get().ok_or_else(missing)?;
        if username.reveal().contains(':') {
            let words = "invalid authorization format: a user name cannot hold a colon";
            // The file may be corrected while we try again.
            return Err(Fault::passing("credentials", words));
        }
        let encoded = STANDARD.encode(format!("{}:{}", username.reveal(), password.reveal()));
        let value = HeaderValue::from_str(&format!("Basic {encoded}"));
        let mut value =
            value.map_err(|_| Fault::passing("credentials", "the credentials do not fit a header"))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        Ok(())
    }
}
