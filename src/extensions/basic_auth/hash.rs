//! Passwords as htpasswd files keep them: bcrypt, apr1 and md5-crypt, SHA-crypt, SHA-1 with and without salt, plain.
//!
//! The same kinds as the Collector takes. A hash of a kind that is not known is an error and not, as there, a plain
//! password that nobody has.

use super::md5_crypt;
use crate::config::Secret;
use aws_lc_rs::digest::{self, SHA1_FOR_LEGACY_USE_ONLY, SHA1_OUTPUT_LEN, SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha_crypt::{PasswordHashRef, PasswordVerifier, ShaCrypt};
use subtle::ConstantTimeEq;

/// A bcrypt hash of this cost takes some seconds to check; more is a mistake.
const MOST_COST: u32 = 16;
/// The same for SHA-crypt.
const MOST_ROUNDS: u32 = 1_000_000;

/// What a password must match. Has no `Debug`: hashes are secrets too.
pub(super) enum Hash {
    Plain(Secret),
    /// `$apr1$` or `$1$`, as a whole.
    Md5Crypt(String),
    Sha1 {
        digest: Vec<u8>,
        salt: Vec<u8>,
    },
    Bcrypt {
        hash: String,
        cost: u32,
    },
    ShaCrypt {
        hash: String,
        rounds: u32,
    },
}

impl Hash {
    /// Tells the kinds apart. The error never repeats the text.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if let Some(encoded) = text.strip_prefix("{SHA}").or_else(|| text.strip_prefix("{SSHA}")) {
            return sha1(encoded, text.starts_with("{SSHA}"));
        }
        let Some(kind) = text.strip_prefix('$').and_then(|rest| rest.split_once('$')).map(|(kind, _)| kind)
        else {
            return Ok(Self::Plain(Secret::new(text)));
        };
        match kind {
            "apr1" | "1" => {
                md5_crypt::is_whole(text).then(|| Self::Md5Crypt(text.to_owned())).ok_or_else(|| bad("MD5"))
            }
            "2a" | "2b" | "2x" | "2y" => bcrypt(text),
            "5" | "6" => sha_crypt(text),
            kind if kind.len() <= 12 && kind.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') => {
                let known =
                    "bcrypt ($2y$), apr1 ($apr1$), md5 ($1$), sha-crypt ($5$, $6$), {SHA}, {SSHA} or plain";
                Err(format!("a password hash of an unknown kind, expected {known}"))
            }
            _ => Ok(Self::Plain(Secret::new(text))),
        }
    }

    /// Whether the password is this one, in a time that tells nothing of the difference.
    pub(super) fn matches(&self, password: &str) -> bool {
        let bytes = password.as_bytes();
        match self {
            Self::Plain(plain) => {
                // Of digests, since a comparison of texts would tell their lengths.
                let (a, b) =
                    (digest::digest(&SHA256, plain.reveal().as_bytes()), digest::digest(&SHA256, bytes));
                a.as_ref().ct_eq(b.as_ref()).into()
            }
            Self::Md5Crypt(hash) => md5_crypt::of(bytes, hash).as_bytes().ct_eq(hash.as_bytes()).into(),
            Self::Sha1 { digest, salt } => sha1_of(bytes, salt).as_ref().ct_eq(digest).into(),
            Self::Bcrypt { hash, .. } => ::bcrypt::verify(bytes, hash).unwrap_or(false),
            Self::ShaCrypt { hash, .. } => PasswordHashRef::new(hash)
                .is_ok_and(|hash| ShaCrypt::default().verify_password(bytes, hash).is_ok()),
        }
    }

    /// How long a check takes, roughly in microseconds.
    pub(super) fn cost(&self) -> u64 {
        match self {
            Self::Plain(_) | Self::Sha1 { .. } => 1,
            Self::Md5Crypt(_) => 300,
            Self::Bcrypt { cost, .. } => 60 << cost,
            Self::ShaCrypt { rounds, .. } => u64::from(*rounds),
        }
    }
}

fn bad(kind: &str) -> String {
    format!("a {kind} hash that is not whole")
}

fn sha1(encoded: &str, salted: bool) -> Result<Hash, String> {
    let mut digest = STANDARD.decode(encoded).map_err(|_| bad("SHA-1"))?;
    if digest.len() < SHA1_OUTPUT_LEN || (!salted && digest.len() > SHA1_OUTPUT_LEN) {
        return Err(bad("SHA-1"));
    }
    let salt = digest.split_off(SHA1_OUTPUT_LEN);
    Ok(Hash::Sha1 { digest, salt })
}

fn sha1_of(password: &[u8], salt: &[u8]) -> digest::Digest {
    let mut context = digest::Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
    context.update(password);
    context.update(salt);
    context.finish()
}

fn bcrypt(text: &str) -> Result<Hash, String> {
    let parts: ::bcrypt::HashParts = text.parse().map_err(|_| bad("bcrypt"))?;
    let cost = parts.get_cost();
    if !(4..=MOST_COST).contains(&cost) {
        return Err(format!("a bcrypt hash of cost {cost}, expected 4 to {MOST_COST}"));
    }
    Ok(Hash::Bcrypt { hash: text.to_owned(), cost })
}

fn sha_crypt(text: &str) -> Result<Hash, String> {
    let mut fields = text.split('$').skip(2);
    let rounds = match fields.next().and_then(|field| field.strip_prefix("rounds=")) {
        Some(given) => given.parse().map_err(|_| bad("SHA-crypt"))?,
        None => 5000,
    };
    if !(1000..=MOST_ROUNDS).contains(&rounds) {
        return Err(format!("a SHA-crypt hash of {rounds} rounds, expected 1000 to {MOST_ROUNDS}"));
    }
    let length = if text.starts_with("$5$") { 43 } else { 86 };
    let whole = text.rsplit('$').next().is_some_and(|hash| hash.len() == length)
        && PasswordHashRef::new(text).is_ok();
    whole.then(|| Hash::ShaCrypt { hash: text.to_owned(), rounds }).ok_or_else(|| bad("SHA-crypt"))
}
