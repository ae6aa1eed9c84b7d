//! Certificates and keys out of files and settings; every error names the key that is wrong.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::config::Secret;
use crate::net::settings::{Problem, TlsCommon, Version};

pub(super) type Pair = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

pub(super) fn versions(
    settings: &TlsCommon,
) -> Result<Vec<&'static rustls::SupportedProtocolVersion>, Problem> {
    let (min, max) = settings.versions()?;
    let known = [(Version::V13, &rustls::version::TLS13), (Version::V12, &rustls::version::TLS12)];
    Ok(known.into_iter().filter(|(v, _)| (min..=max).contains(v)).map(|(_, version)| version).collect())
}

/// The own certificate and key, if there are any.
pub(super) fn own(settings: &TlsCommon) -> Result<Option<Pair>, Problem> {
    let Some((at, pem)) = text("cert", &settings.cert_file, &settings.cert_pem)? else { return Ok(None) };
    let chain = certificates(&at, &pem)?;
    let Some((at, pem)) = text("key", &settings.key_file, &settings.key_pem)? else {
        return Err(Problem::new("", "a certificate without a key", "add key_file"));
    };
    let key = PrivateKeyDer::from_pem_slice(&pem).map_err(|_| {
        Problem::new(&at, "no private key in it", "give a PEM file with a PKCS#8, PKCS#1 or SEC1 private key")
    })?;
    Ok(Some((chain, key)))
}

/// The certificates under `ca_file`/`ca_pem`, and the system's where those are asked for or nothing is given.
pub(super) fn roots(settings: &TlsCommon, or_system: bool) -> Result<RootCertStore, Problem> {
    let mut store = RootCertStore::empty();
    let given = text("ca", &settings.ca_file, &settings.ca_pem)?;
    if settings.include_system_ca_certs_pool || (given.is_none() && or_system) {
        store.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if let Some((at, pem)) = given {
        add(&mut store, &at, &pem)?;
    }
    Ok(store)
}

/// The certificates in one file, all of which must be usable.
pub(super) fn roots_of_file(at: &str, path: &str) -> Result<RootCertStore, Problem> {
    let mut store = RootCertStore::empty();
    add(&mut store, at, &read(at, path)?)?;
    Ok(store)
}

fn add(store: &mut RootCertStore, at: &str, pem: &[u8]) -> Result<(), Problem> {
    for certificate in certificates(at, pem)? {
        store.add(certificate).map_err(|error| {
            Problem::new(
                at,
                format!("a certificate in it cannot be trusted: {error}"),
                "give X.509 CA certificates",
            )
        })?;
    }
    Ok(())
}

fn certificates(at: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Problem> {
    let parsed: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = parsed
        .map_err(|error| Problem::new(at, format!("not valid PEM: {error}"), "give a PEM certificate"))?;
    if found.is_empty() {
        return Err(Problem::new(at, "no certificate in it", "give a PEM file with BEGIN CERTIFICATE"));
    }
    Ok(found)
}

/// The PEM text of `<name>_file` or `<name>_pem`, with the key it came from.
fn text(name: &str, file: &str, pem: &Secret) -> Result<Option<(String, Vec<u8>)>, Problem> {
    if !file.is_empty() {
        let at = format!("{name}_file");
        let pem = read(&at, file)?;
        return Ok(Some((at, pem)));
    }
    let pem = pem.reveal();
    Ok((!pem.is_empty()).then(|| (format!("{name}_pem"), pem.as_bytes().to_vec())))
}

fn read(at: &str, path: &str) -> Result<Vec<u8>, Problem> {
    std::fs::read(path).map_err(|error| {
        Problem::new(at, format!("cannot read {path:?}: {error}"), "give a file that weft may read")
    })
}
