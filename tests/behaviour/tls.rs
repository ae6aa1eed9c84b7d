//! TLS between two gateways, over both protocols, and against `openssl`.

use super::client::{Channel, post_proto};
use super::delivery::{QUIET, RECEIVERS, Source, to_file};
use super::process::{Place, Weft};
use super::sink::{assert_same, items_of};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, SanType};
use std::io::Write;
use std::process::{Command, Stdio};
use weft::otlp::Signal;

/// Certificates in files: `ca.pem`, `other.pem` (a stranger's), and pairs `server` and `client`.
fn certificates() -> Place {
    let place = Place::new();
    let authority = |name: &str| {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
    };
    let (ca, other) = (authority("tests"), authority("strangers"));
    std::fs::write(place.at("ca.pem"), ca.pem()).unwrap();
    std::fs::write(place.at("other.pem"), other.pem()).unwrap();
    for (name, issuer) in [("server", &ca), ("client", &ca), ("stranger", &other)] {
        let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
        params.subject_alt_names.push(SanType::IpAddress([127, 0, 0, 1].into()));
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        std::fs::write(place.at(&format!("{name}.pem")), params.signed_by(&key, issuer).unwrap().pem())
            .unwrap();
        std::fs::write(place.at(&format!("{name}.key")), key.serialize_pem()).unwrap();
    }
    place
}

/// A gateway that serves TLS on both ports; `client_ca` asks for certificates of that authority.
fn server(certificates: &Place, client_ca: Option<&str>, out: &Place) -> Weft {
    let at = |name: &str| certificates.at(name).display().to_string();
    let asks = client_ca.map_or(String::new(), |ca| format!(", client_ca_file: {}", at(ca)));
    let tls = format!("tls: {{cert_file: {}, key_file: {}{asks}}}", at("server.pem"), at("server.key"));
    let yaml = to_file(&out.at("out.json"));
    Weft::start(&yaml.replace("endpoint: '127.0.0.1:0'", &format!("endpoint: '127.0.0.1:0', {tls}")))
}

/// A gateway that sends traces over gRPC and logs over HTTP, with this TLS, and answers when they are delivered.
fn client(server: &Weft, tls: &str) -> Weft {
    let (grpc, http) = (server.grpc().port(), server.http().port());
    let common = "retry_on_failure: {enabled: false}, sending_queue: {enabled: false}";
    Weft::start(&format!(
        "{RECEIVERS}exporters:
  otlp_grpc: {{endpoint: 'localhost:{grpc}', tls: {{{tls}}}, {common}}}
  otlp_http: {{endpoint: 'https://localhost:{http}', tls: {{{tls}}}, {common}}}
service:\n{QUIET}  pipelines:
    traces: {{receivers: [otlp], exporters: [otlp_grpc]}}
    logs: {{receivers: [otlp], exporters: [otlp_http]}}
"
    ))
}

/// Sends one request to each exporter; whether each was answered with success.
fn export(weft: &Weft, source: &mut Source) -> [bool; 2] {
    let mut channel = Channel::connect(weft.grpc());
    [Signal::Traces, Signal::Logs]
        .map(|signal| channel.export(signal, "", &source.request(signal, 10)).code == 0)
}

/// Scenario: two gateways with TLS between them, over gRPC and HTTP, with and without client certificates.
/// Guarantees: everything arrives.
#[test]
fn tls_and_mtls_deliver_over_both_protocols() {
    let certificates = certificates();
    let at = |name: &str| certificates.at(name).display().to_string();
    let own = format!("cert_file: {}, key_file: {}", at("client.pem"), at("client.key"));
    let trusts = format!("ca_file: {}", at("ca.pem"));
    let cases = [
        (None, trusts.clone()),
        (None, "insecure_skip_verify: true".to_owned()),
        (Some("ca.pem"), format!("{trusts}, {own}")),
    ];
    for (client_ca, tls) in cases {
        let out = Place::new();
        let mut server = server(&certificates, client_ca, &out);
        let mut client = client(&server, &tls);
        let mut source = Source::new();
        assert_eq!(export(&client, &mut source), [true, true], "{tls}");
        assert_eq!(client.stop().delivered(), 20);
        server.stop();
        assert_same(&source.sent, &items_of(&out.at("out.json")), 1);
    }
}

/// Scenario: a client that trusts another authority, one without a certificate where one is asked for, one with a
/// stranger's certificate, one that expects another name, one without TLS.
/// Guarantees: nothing is delivered, and the sender is told so; the server goes on.
#[test]
fn who_is_not_trusted_delivers_nothing() {
    let certificates = certificates();
    let at = |name: &str| certificates.at(name).display().to_string();
    let trusts = format!("ca_file: {}", at("ca.pem"));
    let stranger = format!("{trusts}, cert_file: {}, key_file: {}", at("stranger.pem"), at("stranger.key"));
    let cases = [
        (None, format!("ca_file: {}", at("other.pem"))),
        (None, String::new()),
        (None, format!("{trusts}, server_name_override: another.example")),
        (Some("ca.pem"), trusts),
        (Some("ca.pem"), stranger),
    ];
    for (client_ca, tls) in cases {
        let out = Place::new();
        let mut server = server(&certificates, client_ca, &out);
        let mut client = client(&server, &tls);
        assert_eq!(export(&client, &mut Source::new()), [false, false], "{tls}");
        assert_eq!(client.stop().delivered(), 0, "{tls}");
        assert!(
            super::client::try_request(server.http(), "GET", "/", &[], b"").is_err(),
            "plain HTTP was answered"
        );
        assert_eq!(server.stop().received(), 0, "{tls}");
    }
}

/// Scenario: `openssl s_client` against both ports.
/// Guarantees: the chain verifies, TLS 1.2 and 1.3 work, 1.1 does not, gRPC is offered as `h2`, and HTTP answers.
#[test]
fn openssl_agrees() {
    if Command::new("openssl").arg("version").output().is_err() {
        eprintln!("SKIPPED: there is no openssl on this machine");
        return;
    }
    let (certificates, out) = (certificates(), Place::new());
    let server = server(&certificates, None, &out);
    let ca = certificates.at("ca.pem").display().to_string();
    let speak = |port: u16, more: &[&str], input: &str| {
        let mut child = Command::new("openssl")
            .args(["s_client", "-connect", &format!("localhost:{port}"), "-servername", "localhost"])
            .args(["-CAfile", &ca, "-verify_return_error", "-ign_eof"])
            .args(more)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        String::from_utf8_lossy(&output.stdout).into_owned()
    };
    let get = "GET /v1/traces HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    for version in ["-tls1_2", "-tls1_3"] {
        let said = speak(server.http().port(), &[version, "-alpn", "http/1.1"], get);
        assert!(said.contains("Verify return code: 0 (ok)"), "{said}");
        assert!(said.contains("ALPN protocol: http/1.1") && said.contains("HTTP/1.1 405"), "{said}");
        // What is no HTTP/2 preface ends the connection.
        let said = speak(server.grpc().port(), &[version, "-alpn", "h2"], get);
        assert!(said.contains("ALPN protocol: h2") && said.contains("Verify return code: 0 (ok)"), "{said}");
    }
    let said = speak(server.http().port(), &["-tls1_1"], get);
    assert!(!said.contains("HTTP/1.1 405"), "{said}");
    let mut plain = Source::new();
    let request = plain.request(Signal::Traces, 1);
    assert!(std::panic::catch_unwind(|| post_proto(server.http(), Signal::Traces, &request)).is_err());
}
