//! Tests of the HTTP exporter: its keys, its requests, and what it makes of an answer.

use super::config::{Config, Format};
use super::send::OtlpHttp;
use super::{prepare, reply};
use crate::batch::{Context, Retry};
use crate::component::{Blame, Exporter, Fault, Requests};
use crate::config::Section;
use crate::net::encoding::Encoding;
use crate::net::http_client::HttpResponse;
use crate::otlp::Signal;
use crate::otlp::rpc::{PartialSuccess, RpcStatus};
use crate::testing::{Generator, env};
use http::{HeaderMap, StatusCode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn section(yaml: &str) -> Section {
    Section::from_yaml("exporters.otlp_http", "test.yaml", yaml).unwrap()
}

fn config(yaml: &str) -> Config {
    Config::of(&section(yaml)).unwrap_or_else(|errors| panic!("{errors}"))
}

fn wrong(yaml: &str) -> String {
    prepare(&section(yaml)).expect_err(yaml).to_string()
}

fn urls(yaml: &str) -> [Option<String>; 3] {
    config(yaml).urls.map(|url| url.map(|url| url.to_string()))
}

fn response(status: u16, headers: &[(&'static str, &str)], body: &[u8]) -> HttpResponse {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    HttpResponse { status: StatusCode::from_u16(status).unwrap(), headers, body: body.to_vec().into() }
}

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_secs(1_767_225_600)
}

fn refused(status: u16, headers: &[(&'static str, &str)], body: &[u8]) -> Fault {
    reply::refused(Signal::Logs, &response(status, headers, body), now())
}

#[test]
fn the_defaults_are_the_collectors() {
    let config = config("endpoint: http://b:4318");
    assert_eq!((config.encoding, config.format), (Encoding::Gzip, Format::Proto));
    assert_eq!(config.delivery.timeout, Duration::from_secs(30));
    assert!(config.delivery.queue.enabled && config.delivery.retry.enabled);
}

#[test]
fn signals_have_the_endpoints_path_or_their_own_url() {
    let all = |base: &str| Signal::ALL.map(|signal| Some(format!("{base}/v1/{signal}")));
    assert_eq!(urls("endpoint: http://b:4318"), all("http://b:4318"));
    assert_eq!(urls("endpoint: https://b:4318/otlp/"), all("https://b:4318/otlp"));
    let [traces, metrics, logs] = urls("endpoint: http://b:1\nmetrics_endpoint: http://m:2/x\n");
    assert_eq!(traces.as_deref(), Some("http://b:1/v1/traces"));
    assert_eq!(metrics.as_deref(), Some("http://m:2/x"));
    assert_eq!(logs.as_deref(), Some("http://b:1/v1/logs"));
    assert_eq!(urls("logs_endpoint: http://l:3/y"), [None, None, Some("http://l:3/y".to_owned())]);
}

#[test]
fn wrong_endpoints_are_told() {
    assert!(wrong("compression: gzip").contains("at least one endpoint must be specified"));
    for bad in ["b:4318", "ftp://b", "'http://'"] {
        assert!(wrong(&format!("endpoint: {bad}")).contains("endpoint"), "{bad}");
        assert!(wrong(&format!("traces_endpoint: {bad}")).contains("traces_endpoint"), "{bad}");
    }
}

#[test]
fn mistakes_of_all_parts_are_told_together() {
    let told = wrong("endpoint: http://b:1\nendpont: y\nencoding: yaml\nretry_on_failure: {enabeld: true}\n");
    for word in ["endpont", "yaml", "enabeld"] {
        assert!(told.contains(word), "{word} in {told}");
    }
}

#[tokio::test]
async fn a_batch_is_one_request_that_halves() {
    let exporter = OtlpHttp::new(&config("endpoint: http://127.0.0.1:1"), &env("otlp_http")).unwrap();
    for signal in Signal::ALL {
        let mut requests = Requests::default();
        exporter.encode(Generator::new(0).data(signal, 3), &Context::default(), &mut requests).unwrap();
        let [request] = &requests.requests[..] else { panic!("{} requests", requests.requests.len()) };
        assert_eq!(request.items, 3);
        let [first, second] = exporter.split(&request.body).unwrap();
        assert_eq!((first.1, second.1), (1, 2));
        assert!(exporter.split(&first.0).is_none());
    }
}

#[test]
fn only_what_may_pass_is_repeated() {
    for status in [429, 502, 503, 504] {
        assert_eq!(refused(status, &[], b"").retry, Retry::Backoff, "{status}");
    }
    let lasting = [
        (400, Blame::Sender),
        (413, Blame::Sender),
        (401, Blame::Config),
        (403, Blame::Config),
        (404, Blame::Backend),
        (302, Blame::Backend),
        (408, Blame::Backend),
        (500, Blame::Backend),
        (501, Blame::Backend),
    ];
    for (status, blame) in lasting {
        let found = refused(status, &[("retry-after", "3")], b"");
        assert_eq!(
            (found.retry, found.blame, found.divide),
            (Retry::Never, blame, status == 413),
            "{status}"
        );
    }
}

#[test]
fn retry_after_says_when() {
    let after = |value: &str| refused(429, &[("retry-after", value)], b"").retry;
    assert_eq!(after("7"), Retry::After(Duration::from_secs(7)));
    assert_eq!(after("Thu, 01 Jan 2026 00:00:09 GMT"), Retry::After(Duration::from_secs(9)));
    assert_eq!(after("soon"), Retry::Backoff);
    assert_eq!(refused(503, &[("retry-after", "2")], b"").retry, Retry::After(Duration::from_secs(2)));
}

#[test]
fn a_backends_words_are_told_short_and_clean() {
    let status = RpcStatus::new(3, "no such\ntenant").encode();
    let told = refused(400, &[("content-type", "application/x-protobuf")], &status).source.to_string();
    assert_eq!(told, "export of logs: HTTP 400 (no such tenant)");
    let long = "ß".repeat(100_000);
    let told = refused(500, &[("content-type", "text/plain")], long.as_bytes()).source.to_string();
    assert!(told.chars().count() < 400, "{told}");
    assert_eq!(refused(502, &[], b" \r\n ").source.to_string(), "export of logs: HTTP 502");
}

#[test]
fn partial_success_is_read_in_the_answers_own_kind() {
    let partial = PartialSuccess { rejected: 4, message: "too old".into() };
    for signal in Signal::ALL {
        let proto = response(200, &[("content-type", "application/x-protobuf")], &partial.encode());
        let json = response(
            200,
            &[("content-type", "application/json; charset=utf-8")],
            &partial.encode_json(signal),
        );
        for (answer, asked) in [(proto, Format::Json), (json, Format::Proto)] {
            let sent = reply::sent(signal, asked, &answer);
            assert_eq!((sent.rejected, sent.message.as_str()), (4, "too old"), "{signal}");
        }
    }
    // Accepted is accepted, whatever the body says.
    let odd = response(200, &[("content-type", "application/json")], b"<html>");
    assert_eq!(reply::sent(Signal::Logs, Format::Proto, &odd).rejected, 0);
}
