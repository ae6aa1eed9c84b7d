//! `configtls`: the keys of TLS, server and client side.
//!
//! rustls chooses cipher suites and curves itself and knows only good ones, so the keys that choose among them are errors
//! that say so, rather than accepted and ignored.

use std::ops::Deref;

use serde::{Deserialize, Deserializer};

use super::Problem;
use crate::config::Secret;
use crate::config::units::GoDuration;

/// Lowest or highest TLS version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Version {
    /// TLS 1.2.
    V12,
    /// TLS 1.3.
    V13,
}

impl Version {
    fn parse(text: &str, at: &str) -> Result<Option<Self>, Problem> {
        match text {
            "" => Ok(None),
            "1.2" => Ok(Some(Self::V12)),
            "1.3" => Ok(Some(Self::V13)),
            "1.0" | "1.1" => Err(Problem::new(
                at,
                format!("TLS {text} is broken and not supported"),
                "use \"1.2\" or \"1.3\"; put a proxy in front of peers that know nothing newer",
            )),
            other => {
                Err(Problem::new(at, format!("unknown TLS version {other:?}"), "use \"1.2\" or \"1.3\""))
            }
        }
    }
}

/// Keys of both sides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsCommon {
    /// Certificates that are trusted to sign the peer's.
    pub ca_file: String,
    /// The same, in place.
    pub ca_pem: Secret,
    /// Own certificate chain.
    pub cert_file: String,
    /// The same, in place.
    pub cert_pem: Secret,
    /// Own private key.
    pub key_file: String,
    /// The same, in place.
    pub key_pem: Secret,
    /// Trusts the system's certificates besides the given ones.
    pub include_system_ca_certs_pool: bool,
    /// `"1.2"` (default) or `"1.3"`.
    pub min_version: String,
    /// `"1.2"` or `"1.3"` (default).
    pub max_version: String,
    /// Not supported: must be empty.
    pub cipher_suites: Vec<String>,
    /// Not supported: must be empty.
    pub curve_preferences: Vec<String>,
    /// Not supported: must be off.
    pub include_insecure_cipher_suites: bool,
    /// Files are read again when this much time has passed; 0 (default) is never.
    pub reload_interval: GoDuration,
    /// Not supported: must be off.
    pub tpm: Option<Tpm>,
}

/// Keys in a trusted platform module; not supported.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Tpm {
    /// Must be false.
    pub enabled: bool,
    /// Device.
    pub path: String,
    /// Password of the key.
    pub auth: Secret,
    /// Password of the owner.
    pub owner_auth: Secret,
}

impl TlsCommon {
    /// The versions to offer, lowest and highest.
    pub fn versions(&self) -> Result<(Version, Version), Problem> {
        let min = Version::parse(&self.min_version, "min_version")?.unwrap_or(Version::V12);
        let max = Version::parse(&self.max_version, "max_version")?.unwrap_or(Version::V13);
        if min > max {
            return Err(Problem::new("min_version", "min_version is above max_version", "raise max_version"));
        }
        Ok((min, max))
    }

    fn check(&self, problems: &mut Vec<Problem>) {
        problems.extend(self.versions().err());
        for (name, file, pem) in [
            ("ca", &self.ca_file, &self.ca_pem),
            ("cert", &self.cert_file, &self.cert_pem),
            ("key", &self.key_file, &self.key_pem),
        ] {
            if !file.is_empty() && !pem.reveal().is_empty() {
                problems.push(Problem::new(
                    &format!("{name}_pem"),
                    format!("both {name}_file and {name}_pem are given"),
                    "keep one of them",
                ));
            }
        }
        match (self.has_cert(), self.has_key()) {
            (true, false) => problems.push(Problem::new("", "a certificate without a key", "add key_file")),
            (false, true) => problems.push(Problem::new("", "a key without a certificate", "add cert_file")),
            _ => {}
        }
        self.check_unsupported(problems);
    }

    fn check_unsupported(&self, problems: &mut Vec<Problem>) {
        if !self.cipher_suites.is_empty() {
            let hint = "remove it: only suites without known weaknesses are offered; choose the version with min_version";
            problems.push(Problem::new("cipher_suites", "cipher suites cannot be chosen", hint));
        }
        if !self.curve_preferences.is_empty() {
            let hint = "remove it: X25519MLKEM768, X25519, P-256 and P-384 are offered";
            problems.push(Problem::new("curve_preferences", "curves cannot be chosen", hint));
        }
        if self.include_insecure_cipher_suites {
            let hint = "remove it, or put a proxy in front of peers that need such suites";
            problems.push(Problem::new(
                "include_insecure_cipher_suites",
                "insecure suites are not supported",
                hint,
            ));
        }
        if self.tpm.as_ref().is_some_and(|tpm| tpm.enabled) {
            problems.push(Problem::new("tpm.enabled", "keys in a TPM are not supported", "use key_file"));
        }
    }

    /// Whether there is a certificate of one's own.
    pub fn has_cert(&self) -> bool {
        !self.cert_file.is_empty() || !self.cert_pem.reveal().is_empty()
    }

    fn has_key(&self) -> bool {
        !self.key_file.is_empty() || !self.key_pem.reveal().is_empty()
    }
}

/// Declares a block that has the common keys in the same map as its own, without `flatten`, which would lose positions.
macro_rules! with_common_keys {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Default, PartialEq, Eq)]
        pub struct $name {
            /// The keys of both sides.
            pub common: TlsCommon,
            $($(#[$field_doc])* pub $field: $kind,)*
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                #[derive(Deserialize, Default)]
                #[serde(default, deny_unknown_fields, rename = "tls")]
                struct Keys {
                    ca_file: String,
                    ca_pem: Secret,
                    cert_file: String,
                    cert_pem: Secret,
                    key_file: String,
                    key_pem: Secret,
                    include_system_ca_certs_pool: bool,
                    min_version: String,
                    max_version: String,
                    cipher_suites: Vec<String>,
                    curve_preferences: Vec<String>,
                    include_insecure_cipher_suites: bool,
                    reload_interval: GoDuration,
                    tpm: Option<Tpm>,
                    $($field: $kind,)*
                }
                let keys = Keys::deserialize(deserializer)?;
                Ok(Self {
                    common: TlsCommon {
                        ca_file: keys.ca_file,
                        ca_pem: keys.ca_pem,
                        cert_file: keys.cert_file,
                        cert_pem: keys.cert_pem,
                        key_file: keys.key_file,
                        key_pem: keys.key_pem,
                        include_system_ca_certs_pool: keys.include_system_ca_certs_pool,
                        min_version: keys.min_version,
                        max_version: keys.max_version,
                        cipher_suites: keys.cipher_suites,
                        curve_preferences: keys.curve_preferences,
                        include_insecure_cipher_suites: keys.include_insecure_cipher_suites,
                        reload_interval: keys.reload_interval,
                        tpm: keys.tpm,
                    },
                    $($field: keys.$field,)*
                })
            }
        }

        impl Deref for $name {
            type Target = TlsCommon;
            fn deref(&self) -> &TlsCommon {
                &self.common
            }
        }
    };
}

with_common_keys! {
    /// `tls` of a server.
    TlsServer {
        /// Clients must show a certificate signed by one of these (mTLS).
        client_ca_file: String,
        /// Reads `client_ca_file` again when it has changed (looked at every 10 s unless `reload_interval` says otherwise).
        client_ca_file_reload: bool,
    }
}

with_common_keys! {
    /// `tls` of a client.
    TlsClient {
        /// No TLS at all.
        insecure: bool,
        /// TLS that believes any certificate.
        insecure_skip_verify: bool,
        /// The name that the server's certificate must have, instead of the endpoint's host.
        server_name_override: String,
    }
}

impl TlsServer {
    /// What serde could not see.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.common.check(&mut problems);
        if !self.has_cert() {
            problems.push(Problem::new("", "a TLS server needs a certificate", "add cert_file and key_file"));
        }
        problems
    }
}

impl TlsClient {
    /// What serde could not see.
    pub fn check(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        self.common.check(&mut problems);
        problems
    }
}
