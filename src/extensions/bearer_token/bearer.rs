//! Both sides.

use super::config::{Config, Patience, Source};
use super::tokens::Tokens;
use super::waiting;
use crate::batch::Identity;
use crate::component::{
    Authenticator, Blame, BoxFuture, Credentials, Denied, Extension, Fault, Running, Stop,
};
use crate::net::watched::Watched;
use aws_lc_rs::{hmac, rand};
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use std::sync::Arc;

/// Nothing was sent.
pub(super) const MISSING: Denied = Denied("missing or empty authorization header");
/// Something else was sent.
pub(super) const WRONG: Denied = Denied("scheme or token does not match");

/// Judges and provides tokens.
pub(super) struct Bearer {
    id: Arc<str>,
    header: HeaderName,
    scheme: String,
    tokens: Held,
    key: hmac::Key,
}

enum Held {
    Here(Arc<Tokens>),
    In(Watched<Tokens>, Patience),
}

impl Bearer {
    pub(super) fn new(id: &Arc<str>, config: &Config) -> Result<Self, Fault> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &rand::SystemRandom::new());
        let key =
            key.map_err(|_| Fault::lasting(Blame::Weft, "random", "the system gives no random numbers"))?;
        let tokens = match &config.source {
            Source::Here(all) => Held::Here(Arc::new(Tokens::new(all.iter().cloned(), &key))),
            Source::In(file, patience) => {
                let key = key.clone();
                Held::In(Watched::new(file, move |text| Tokens::of_file(text, &key)), *patience)
            }
        };
        Ok(Self {
            id: Arc::clone(id),
            header: config.header.clone(),
            scheme: config.scheme.clone(),
            tokens,
            key,
        })
    }

    fn tokens(&self) -> Option<Arc<Tokens>> {
        match &self.tokens {
            Held::Here(tokens) => Some(Arc::clone(tokens)),
            Held::In(file, _) => file.get(),
        }
    }

    /// Reads the file, if there is one.
    pub(super) fn load(&self) -> Result<(), Fault> {
        let Held::In(file, _) = &self.tokens else { return Ok(()) };
        let told = |error| Fault::lasting(Blame::Config, "token", format!("filename: {error}"));
        file.load().map(drop).map_err(told)
    }

    fn patience(&self) -> Patience {
        match &self.tokens {
            Held::Here(_) => Patience::None,
            Held::In(_, patience) => *patience,
        }
    }

    /// What stands behind the scheme, which is told apart from others whatever its case (RFC 9110, 11.1).
    fn token_in<'a>(&self, value: &'a [u8]) -> Option<&'a [u8]> {
        if self.scheme.is_empty() {
            return Some(value);
        }
        let (scheme, rest) = value.split_at_checked(self.scheme.len())?;
        let rest = rest.strip_prefix(b" ")?;
        scheme.eq_ignore_ascii_case(self.scheme.as_bytes()).then_some(rest)
    }
}

impl Authenticator for Bearer {
    fn authenticate(&self, headers: &HeaderMap) -> Result<Identity, Denied> {
        let value = headers.get(&self.header).filter(|value| !value.is_empty()).ok_or(MISSING)?;
        let token = self.token_in(value.as_bytes()).ok_or(WRONG)?;
        let tokens = self.tokens().ok_or(WRONG)?;
        let subject = tokens.find(token, &self.key).ok_or(WRONG)?;
        Ok(Identity { subject, authenticator: Arc::clone(&self.id) })
    }
}

impl Credentials for Bearer {
    fn authorize(&self, headers: &mut HeaderMap) -> Result<(), Fault> {
        let missing = || Fault::passing("token", "the file with the bearer token was not read yet");
        let tokens = self.tokens().ok_or_else(missing)?;
        let token = tokens.first().ok_or_else(missing)?;
        let value = match self.scheme.as_str() {
            "" => token.reveal().to_owned(),
            scheme => format!("{scheme} {}", token.reveal()),
        };
        let value = HeaderValue::from_str(&value);
        let mut value = value.map_err(|_| Fault::passing("token", "the token does not fit a header"))?;
        value.set_sensitive(true);
        headers.insert(self.header.clone(), value);
        Ok(())
    }
}

impl Extension for Bearer {
    fn start(self: Arc<Self>, stop: Stop) -> BoxFuture<'static, Result<Option<Running>, Fault>> {
        let patience = self.patience();
        Box::pin(waiting::start(patience, stop, move || self.load()))
    }

    fn authenticator(self: Arc<Self>) -> Option<Arc<dyn Authenticator>> {
        Some(self)
    }

    fn credentials(self: Arc<Self>) -> Option<Arc<dyn Credentials>> {
        Some(self)
    }
}
