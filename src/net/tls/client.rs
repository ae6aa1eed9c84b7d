//! The client's side: a configuration from the settings, and handshakes with one named server.

use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, SignatureScheme};
use tokio_rustls::{TlsConnector, TlsStream};

use super::material::{own, provider, roots, versions};
use super::reload::Fresh;
use super::server::mismatch;
use crate::net::io::Io;
use crate::net::settings::{Problem, TlsClient, positive};

/// Opens TLS connections.
#[derive(Debug, Clone)]
pub struct Connector {
    config: Arc<Fresh<ClientConfig>>,
    server_name: Option<ServerName<'static>>,
}

impl Connector {
    /// Reads the files and makes the configuration; problems are relative to the `tls` block. `alpn` is `h2` for gRPC,
    /// `http/1.1` else.
    pub fn new(settings: &TlsClient, alpn: &'static [u8]) -> Result<Self, Problem> {
        let server_name = match settings.server_name_override.as_str() {
            "" => None,
            name => Some(ServerName::try_from(name.to_owned()).map_err(|_| {
                Problem::new(
                    "server_name_override",
                    format!("{name:?} is not a host name"),
                    "write a DNS name",
                )
            })?),
        };
        let every = positive(Some(settings.reload_interval));
        let settings = settings.clone();
        let config = Fresh::new(every, move || config(&settings, alpn).map(Arc::new))?;
        Ok(Self { config: Arc::new(config), server_name })
    }

    /// Shakes hands with `host`, or the name that overrides it. The caller bounds the time.
    pub async fn connect(&self, io: Io, host: &str) -> io::Result<Io> {
        let name = match &self.server_name {
            Some(name) => name.clone(),
            None => ServerName::try_from(host.to_owned()).map_err(|_| {
                io::Error::new(io::ErrorKind::InvalidInput, format!("{host:?} is not a host name"))
            })?,
        };
        let stream = TlsConnector::from(self.config.get()).connect(name, io).await?;
        Ok(Io::Tls(Box::new(TlsStream::Client(stream))))
    }
}

fn config(settings: &TlsClient, alpn: &[u8]) -> Result<ClientConfig, Problem> {
    let versions = versions(settings)?;
    let builder = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&versions)
        .map_err(|error| Problem::new("min_version", error.to_string(), "use \"1.2\" or \"1.3\""))?;
    let builder = if settings.insecure_skip_verify {
        builder.dangerous().with_custom_certificate_verifier(Arc::new(AnyCertificate(provider())))
    } else {
        builder.with_root_certificates(roots(settings, true)?)
    };
    let mut config = match own(settings)? {
        Some((chain, key)) => builder.with_client_auth_cert(chain, key).map_err(mismatch)?,
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![alpn.to_vec()];
    Ok(config)
}

/// `insecure_skip_verify`: the certificate's holder must have its key, but nobody asks who that is.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signature, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signature, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
