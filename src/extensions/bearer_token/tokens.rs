//! A list of tokens, and the comparison with all of them.

use crate::config::Secret;
use aws_lc_rs::hmac;
use std::sync::Arc;
use subtle::{Choice, ConditionallySelectable, ConstantTimeEq};

/// The tokens of one section or file.
pub(super) struct Tokens(Vec<Token>);

struct Token {
    text: Secret,
    /// Keyed, so that all comparisons are of the same length.
    tag: hmac::Tag,
    subject: Arc<str>,
}

impl Tokens {
    /// These tokens; their tags are made with `key`.
    pub(super) fn new(all: impl IntoIterator<Item = Secret>, key: &hmac::Key) -> Self {
        let token = |(at, text): (usize, Secret)| {
            let tag = hmac::sign(key, text.reveal().as_bytes());
            Token { text, tag, subject: format!("token {at}").into() }
        };
        Self(all.into_iter().enumerate().map(token).collect())
    }

    /// The tokens of a file: the first word of each line. Empty lines and comments are no tokens.
    pub(super) fn of_file(text: &str, key: &hmac::Key) -> Result<Self, String> {
        let words = text.lines().filter_map(|line| line.split_whitespace().next());
        let tokens = words.filter(|word| !word.starts_with('#') && !word.starts_with("//"));
        let tokens = Self::new(tokens.map(Secret::new), key);
        if tokens.0.is_empty() {
            return Err("no bearer token provided".to_owned());
        }
        match tokens.0.iter().position(|token| http::HeaderValue::from_str(token.text.reveal()).is_err()) {
            Some(at) => Err(format!("token {at} holds control characters")),
            None => Ok(tokens),
        }
    }

    /// Whose token this is: the place of the one that is equal, found in the same time whichever it is.
    pub(super) fn find(&self, presented: &[u8], key: &hmac::Key) -> Option<Arc<str>> {
        let tag = hmac::sign(key, presented);
        let (mut found, mut place) = (Choice::from(0), 0_u32);
        for (at, token) in (0..).zip(&self.0) {
            let equal = token.tag.as_ref().ct_eq(tag.as_ref());
            place.conditional_assign(&at, equal);
            found |= equal;
        }
        let token = self.0.get(usize::try_from(place).ok()?)?;
        bool::from(found).then(|| Arc::clone(&token.subject))
    }

    /// The token that is shown to others.
    pub(super) fn first(&self) -> Option<&Secret> {
        self.0.first().map(|token| &token.text)
    }
}
