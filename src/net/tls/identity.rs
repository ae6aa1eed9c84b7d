//! Who an accepted certificate says its holder is.

use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// Subject and alternative names of a client's certificate, whose chain was verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// The whole subject, e.g. `CN=checkout, O=Shop`.
    pub subject: String,
    /// The subject's common name.
    pub common_name: Option<String>,
    /// DNS names.
    pub dns_names: Vec<String>,
    /// URIs, e.g. SPIFFE ids.
    pub uris: Vec<String>,
    /// Mail addresses.
    pub emails: Vec<String>,
}

impl Identity {
    /// Reads a certificate; `None` if it is not one.
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        let subject = parsed.subject();
        let common_name =
            subject.iter_common_name().next().and_then(|name| name.as_str().ok()).map(str::to_owned);
        let mut identity = Self { subject: subject.to_string(), common_name, ..Self::default() };
        let names = parsed.subject_alternative_name().ok().flatten();
        for name in names.iter().flat_map(|extension| &extension.value.general_names) {
            match name {
                GeneralName::DNSName(name) => identity.dns_names.push((*name).to_owned()),
                GeneralName::URI(uri) => identity.uris.push((*uri).to_owned()),
                GeneralName::RFC822Name(mail) => identity.emails.push((*mail).to_owned()),
                _ => {}
            }
        }
        Some(identity)
    }
}
