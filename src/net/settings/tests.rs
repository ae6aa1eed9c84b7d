//! The blocks as people write them, and what is wrong in them.

use std::time::Duration;

use serde::de::DeserializeOwned;

use super::*;
use crate::net::encoding::Encoding;
use crate::net::serve::Tuning;

fn parse<T: DeserializeOwned>(json: &str) -> T {
    serde_json::from_str(json).unwrap()
}

fn refuse<T: DeserializeOwned + fmt::Debug>(json: &str) -> String {
    serde_json::from_str::<T>(json).unwrap_err().to_string()
}

fn found(problems: &[Problem]) -> Vec<&str> {
    problems.iter().map(|problem| problem.at.as_str()).collect()
}

#[test]
fn an_empty_block_is_the_defaults() {
    assert_eq!(parse::<GrpcServer>("{}"), GrpcServer::default());
    assert_eq!(parse::<GrpcClient>("{}"), GrpcClient::default());
    assert_eq!(parse::<HttpServer>("{}"), HttpServer::default());
    assert_eq!(parse::<HttpClient>("{}"), HttpClient::default());
    assert_eq!(parse::<TlsServer>("{}"), TlsServer::default());
    assert_eq!(GrpcServer::default().max_message(), 64 << 20);
    assert_eq!(HttpServer::default().max_body(), 64 << 20);
    let client = HttpClient::default();
    assert_eq!((client.max_idle_conns, client.idle_conn_timeout.get()), (100, Duration::from_secs(90)));
}

#[test]
fn zero_is_the_default_limit_and_large_ones_do_not_overflow() {
    let server = |mib| GrpcServer { max_recv_msg_size_mib: mib, ..Default::default() };
    assert_eq!(server(0).max_message(), 64 << 20);
    assert_eq!(server(4).max_message(), 4 << 20);
    assert_eq!(server(u64::MAX).max_message(), 4095 << 20);
    assert_eq!(HttpServer { max_request_body_size: 7, ..Default::default() }.max_body(), 7);
}

#[test]
fn unknown_keys_are_errors_everywhere() {
    assert!(refuse::<GrpcServer>(r#"{"endpiont": ""}"#).contains("unknown field `endpiont`"));
    assert!(refuse::<HttpClient>(r#"{"tls": {"insecur": true}}"#).contains("unknown field `insecur`"));
    assert!(refuse::<TlsServer>(r#"{"insecure": true}"#).contains("unknown field `insecure`"));
    assert!(refuse::<TlsClient>(r#"{"client_ca_file": "x"}"#).contains("unknown field `client_ca_file`"));
    assert!(refuse::<GrpcServer>(r#"{"keepalive": {"time": "1s"}}"#).contains("unknown field `time`"));
}

#[test]
fn headers_are_a_map_or_a_list_and_never_shown() {
    let map = parse::<Headers>(r#"{"x-a": "token1", "X-B": "token2"}"#);
    let list =
        parse::<Headers>(r#"[{"name": "x-a", "value": "token1"}, {"name": "X-B", "value": "token2"}]"#);
    assert_eq!(map, list);
    assert_eq!(parse::<Headers>("null"), Headers::default());
    assert!(!format!("{map:?}").contains("token"));
    let wrong = GrpcClient {
        endpoint: "a:1".to_owned(),
        headers: parse(r#"{"a b": "x", "c": "d\ne"}"#),
        ..Default::default()
    };
    assert_eq!(found(&wrong.check()), ["headers.a b", "headers.c"]);
}

#[test]
fn what_cannot_be_honoured_says_the_way_out() {
    let tls = r#""cert_pem": "x", "key_pem": "y""#;
    for (keys, at) in [
        (r#""cipher_suites": ["TLS_RSA_WITH_AES_128_CBC_SHA"]"#, "cipher_suites"),
        (r#""curve_preferences": ["P256"]"#, "curve_preferences"),
        (r#""include_insecure_cipher_suites": true"#, "include_insecure_cipher_suites"),
        (r#""tpm": {"enabled": true}"#, "tpm.enabled"),
        (r#""min_version": "1.0""#, "min_version"),
        (r#""min_version": "1.1""#, "min_version"),
        (r#""max_version": "1.4""#, "max_version"),
        (r#""min_version": "1.3", "max_version": "1.2""#, "min_version"),
        (r#""cert_file": "z""#, "cert_pem"),
    ] {
        let problems = parse::<TlsServer>(&format!("{{{tls}, {keys}}}")).check();
        assert_eq!(found(&problems), [at], "{keys}");
        assert!(!problems[0].hint.is_empty());
    }
    assert_eq!(parse::<TlsServer>(&format!("{{{tls}}}")).check(), []);
    assert_eq!(found(&parse::<TlsClient>(r#"{"cert_pem": "x"}"#).check()), [""]);
    assert_eq!(found(&parse::<TlsClient>(r#"{"key_pem": "x"}"#).check()), [""]);
}

#[test]
fn problems_of_inner_blocks_have_their_whole_path() {
    let server = parse::<HttpServer>(
        r#"{"endpoint": "localhost", "transport": "udp", "tls": {"min_version": "1.1"}, "middlewares": [{"id": "m"}],
            "compression_algorithms": ["gzip", "br"], "response_headers": {"a:b": "c"}}"#,
    );
    let problems = server.check();
    let expected = [
        "transport",
        "endpoint",
        "compression_algorithms[1]",
        "response_headers.a:b",
        "middlewares",
        "tls.min_version",
        "tls",
    ];
    assert_eq!(found(&problems), expected);
}

#[test]
fn clients_are_checked() {
    let grpc = parse::<GrpcClient>(r#"{"endpoint": "a", "compression": "lz4", "balancer_name": "grpclb"}"#);
    assert_eq!(found(&grpc.check()), ["endpoint", "compression", "balancer_name"]);
    let http = parse::<HttpClient>(
        r#"{"endpoint": "a:1", "proxy_url": "a", "cookies": {"enabled": true}, "compression": "zstd",
            "compression_params": {"level": 23}}"#,
    );
    assert_eq!(
        found(&http.check()),
        ["endpoint", "proxy_url", "cookies.enabled", "compression_params.level"]
    );
    assert_eq!(HttpClient::default().check(), [], "an endpoint per signal may stand elsewhere");
    assert!(refuse::<GrpcClient>(r#"{"compression": "br"}"#).contains("unknown encoding \"br\"; use gzip"));
}

#[test]
fn encodings_not_listed_are_not_admitted() {
    let server = parse::<HttpServer>(r#"{"compression_algorithms": ["gzip", "snappy"]}"#);
    let admitted = |encoding| server.admits(encoding);
    assert!(admitted(Encoding::Gzip) && admitted(Encoding::Snappy) && admitted(Encoding::SnappyFramed));
    assert!(!admitted(Encoding::Identity) && !admitted(Encoding::Zstd));
    assert!(HttpServer::default().admits(Encoding::Identity) && HttpServer::default().admits(Encoding::Lz4));
}

#[test]
fn keepalive_and_timeouts_become_a_tuning() {
    let grpc = parse::<GrpcServer>(
        r#"{"max_concurrent_streams": 7, "max_connections": 9, "keepalive": {"server_parameters": {
            "max_connection_idle": "11s", "max_connection_age": "12s", "max_connection_age_grace": "13s",
            "time": "14s", "timeout": "15s"}, "enforcement_policy": {"min_time": "5s", "permit_without_stream": true}}}"#,
    );
    let tuning = Tuning::from(&grpc);
    let seconds = Duration::from_secs;
    assert_eq!((tuning.max_streams, tuning.max_connections), (7, 9));
    assert_eq!(
        (tuning.idle, tuning.age, tuning.age_grace),
        (Some(seconds(11)), Some(seconds(12)), seconds(13))
    );
    assert_eq!((tuning.ping, tuning.ping_timeout), (Some(seconds(14)), seconds(15)));

    let http = parse::<HttpServer>(
        r#"{"read_timeout": "20s", "write_timeout": "10s", "read_header_timeout": "3s", "idle_timeout": "4s",
            "keep_alives_enabled": false}"#,
    );
    let tuning = Tuning::from(&http);
    assert_eq!((tuning.request_timeout, tuning.head_timeout), (Some(seconds(10)), seconds(3)));
    assert_eq!((tuning.idle, tuning.keep_alive), (Some(seconds(4)), false));
    let never = Tuning::from(&parse::<HttpServer>(r#"{"read_header_timeout": "0s", "idle_timeout": "0s"}"#));
    assert!(never.idle.is_none() && never.head_timeout > seconds(86_400 * 365));
}
