//! Configurations, both ways of answering, and the servers on ports of the system's choice.

#![allow(clippy::disallowed_methods, reason = "what a test spawns, it joins")]

use super::config::{Bodies, Config, Plain};
use super::health::{Graph, Judge};
use super::serve::HealthCheck;
use super::watch::{Phase, Watch};
use super::{COMPONENT, plain, prepare};
use crate::batch::Time;
use crate::component::{Clock, Status, Stopper, stopper};
use crate::config::Section;
use crate::net::body::Pieces;
use crate::net::channel::Channel;
use crate::net::encoding::{Encoding, Level};
use crate::net::grpc::{Call, frame, unary};
use crate::net::http_client::HttpClient;
use crate::net::settings::{self, HttpServer};
use bytes::Bytes;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::Instant;

fn section(yaml: &str) -> Section {
    Section::from_yaml("extensions.health_check", "test.yaml", yaml).unwrap()
}

fn problems(yaml: &str) -> Vec<String> {
    let errors = prepare(&section(yaml)).unwrap_err();
    errors.iter().map(|error| error.problem.clone()).collect()
}

fn seconds(seconds: u64) -> Time {
    Time { unix: (1_705_598_832 + seconds) * 1_000_000_000, mono: seconds * 1_000_000_000 }
}

/// A gateway and a clock in the hands of a test.
#[derive(Default)]
struct Scripted {
    now: Mutex<u64>,
    ready: Mutex<bool>,
    failing: Mutex<Vec<(String, String)>>,
}

impl Scripted {
    fn at(&self, second: u64) {
        *self.now.lock().unwrap() = second;
    }

    fn ready(&self, ready: bool) {
        *self.ready.lock().unwrap() = ready;
    }

    fn fail(&self, failing: &[(&str, &str)]) {
        let own = |(id, error): &(&str, &str)| ((*id).to_owned(), (*error).to_owned());
        *self.failing.lock().unwrap() = failing.iter().map(own).collect();
    }
}

impl Clock for Scripted {
    fn now(&self) -> Time {
        seconds(*self.now.lock().unwrap())
    }
}

impl Status for Scripted {
    fn is_ready(&self) -> bool {
        *self.ready.lock().unwrap()
    }

    fn describe(&self) -> Value {
        let node = |role: &str, id: &str, pipeline: Option<&str>, next: &[usize]| json!({ "role": role, "id": id, "pipeline": pipeline, "next": next });
        json!({ "nodes": [
            node("exporter", "otlp/a", None, &[]),
            node("exporter", "otlp/b", None, &[]),
            node("processor", "batch", Some("traces/x"), &[3]),
            node("fan_out", "traces/x", Some("traces/x"), &[0]),
            node("fan_out", "logs", Some("logs"), &[1]),
            node("receiver", "otlp", None, &[2]),
            node("receiver", "otlp", None, &[4]),
        ] })
    }

    fn failing(&self) -> Vec<(String, String)> {
        self.failing.lock().unwrap().clone()
    }
}

#[test]
fn the_collectors_own_configurations() {
    let good = [
        COMPONENT.example,
        "{}",
        "endpoint: localhost:13\ntls: {ca_file: /path/to/ca, key_file: /path/to/key, cert_file: /path/to/cert}\n\
         check_collector_pipeline: {enabled: false, interval: 5m, exporter_failure_threshold: 5}\n",
        "response_body: {healthy: I'm OK, unhealthy: I'm not well}\n",
        "use_v2: true\nhttp: {endpoint: 'localhost:13133', status: {enabled: true, path: /status}, config: {enabled: false, path: /config}}\n",
        "use_v2: true\ngrpc: {endpoint: 'localhost:13132', transport: tcp}\n",
        "use_v2: true\nhttp:\ngrpc:\ncomponent_health: {include_permanent_errors: false, include_recoverable_errors: true, recovery_duration: 5m}\n",
    ];
    for yaml in good {
        let prepared = prepare(&section(yaml)).unwrap_or_else(|errors| panic!("{yaml}: {errors:?}"));
        assert!(prepared.facts.warnings.is_empty(), "{yaml}");
    }
    assert!(COMPONENT.is_called("health_check") && COMPONENT.is_called("healthcheckv2"));
}

#[test]
fn what_cannot_work_is_told_in_the_collectors_words() {
    let v2 = |rest: &str| format!("use_v2: true\n{rest}");
    let cases = [
        ("endpoint: \"\"\n".to_owned(), "http endpoint required"),
        ("path: invalid\n".to_owned(), "path must start with /"),
        (
            "check_collector_pipeline: {exporter_failure_threshold: -1}\n".to_owned(),
            "bad config: exporter_failure_threshold expects a positive number",
        ),
        (v2(""), "must specify at least one protocol"),
        (v2("http: {endpoint: \"\"}\n"), "http endpoint required"),
        (v2("grpc: {endpoint: \"\"}\n"), "grpc endpoint required"),
        (v2("http: {status: {path: invalid}}\n"), "path must start with /"),
        (v2("http: {config: {enabled: true, path: invalid}}\n"), "path must start with /"),
        (v2("http: {config: {enabled: true}}\n"), "weft does not serve its configuration: it holds secrets"),
        (
            v2("http:\ncomponent_health: {include_permanent_errors: true}\n"),
            "weft does not tell permanent errors of a component from others: each may end with the next success",
        ),
        (v2("http:\nendpoint: localhost:1\n"), "`endpoint` has no effect with `use_v2: true`"),
        (v2("http:\npath: /x\n"), "`path` has no effect with `use_v2: true`"),
        ("http:\n".to_owned(), "`http` has no effect without `use_v2: true`"),
        (
            "auth: {authenticator: basicauth}\n".to_owned(),
            "an extension cannot ask another one to judge its requests",
        ),
        (
            v2("grpc: {auth: {authenticator: b}}\n"),
            "an extension cannot ask another one to judge its requests",
        ),
        ("endpiont: x\n".to_owned(), "unknown field `endpiont`"),
        (v2("http: {stauts: {}}\n"), "unknown field `stauts`"),
    ];
    for (yaml, words) in cases {
        assert_eq!(problems(&yaml), [words], "{yaml}");
    }
}

#[test]
fn what_has_no_effect_gets_a_word() {
    let warnings = |yaml: &str| prepare(&section(yaml)).unwrap().facts.warnings;
    let ignored = warnings("check_collector_pipeline: {enabled: true}\n");
    assert_eq!(ignored[0].0, "check_collector_pipeline");
    let both = "use_v2: true\nhttp:\ncomponent_health: {include_permanent_errors: true, include_recoverable_errors: true}\n";
    assert_eq!(warnings(both)[0].0, "component_health.include_permanent_errors");
}

fn body(config: &Plain, path: &str, ready: bool) -> (StatusCode, Bytes) {
    let response = plain::answer(config, path, ready, seconds(0), seconds(3723));
    let code = response.status();
    (code, bytes_of(response.into_body()))
}

fn bytes_of(pieces: Pieces) -> Bytes {
    use http_body_util::BodyExt;
    let collected = futures_util::FutureExt::now_or_never(pieces.collect());
    collected.unwrap().unwrap().to_bytes()
}

#[test]
fn the_plain_answers_are_the_collectors() {
    let plain = Plain { server: HttpServer::default(), path: "/".to_owned(), bodies: None };
    let ready = r#"{"status":"Server available","upSince":"2024-01-18T17:27:12Z","uptime":"1h2m3s"}"#;
    assert_eq!(body(&plain, "/", true), (StatusCode::OK, ready.into()));
    let not = r#"{"status":"Server not available","upSince":"0001-01-01T00:00:00Z","uptime":""}"#;
    assert_eq!(body(&plain, "/readyz", false), (StatusCode::SERVICE_UNAVAILABLE, not.into()));

    let bodies = Some(Bodies { healthy: "I'm OK".to_owned(), unhealthy: "I'm not well".to_owned() });
    let own = Plain { path: "/health/status".to_owned(), bodies, ..plain };
    assert_eq!(body(&own, "/health/status", true), (StatusCode::OK, "I'm OK".into()));
    assert_eq!(body(&own, "/health/status", false), (StatusCode::SERVICE_UNAVAILABLE, "I'm not well".into()));
    assert_eq!(body(&own, "/", true).0, StatusCode::NOT_FOUND);
    assert_eq!(body(&own, "/health/status/x", true).0, StatusCode::NOT_FOUND);
}

#[test]
fn phases_follow_each_other_and_failures_keep_their_beginning() {
    let gateway = Arc::new(Scripted::default());
    let watch = Watch::new(gateway.clone(), gateway.clone());
    gateway.at(1);
    assert_eq!(watch.look().phase, Phase::Starting);
    gateway.ready(true);
    gateway.fail(&[("otlp/a", "refused"), ("otlp/a", "other signal")]);
    let seen = watch.look();
    assert_eq!((seen.phase, seen.since), (Phase::Ready, seconds(1)));
    gateway.at(5);
    gateway.fail(&[("otlp/a", "timed out"), ("otlp/b", "refused")]);
    let seen = watch.look();
    assert_eq!((seen.failing["otlp/a"].since, seen.failing["otlp/b"].since), (seconds(1), seconds(5)));
    assert_eq!(seen.failing["otlp/a"].error, "timed out");
    gateway.fail(&[]);
    assert!(watch.look().failing.is_empty());
    gateway.at(9);
    gateway.fail(&[("otlp/a", "again")]);
    gateway.ready(false);
    let seen = watch.look();
    assert_eq!(
        (seen.phase, seen.since, seen.failing["otlp/a"].since),
        (Phase::Stopping, seconds(9), seconds(9))
    );
}

#[test]
fn a_failure_is_its_pipelines_and_unhealthy_when_patience_ends() {
    let gateway = Arc::new(Scripted::default());
    let watch = Watch::new(gateway.clone(), gateway.clone());
    gateway.ready(true);
    gateway.fail(&[("otlp/a", "refused")]);
    let (seen, graph) = (watch.look(), Graph::of(&gateway.describe()));
    let code = |pipeline, patience: Option<u64>, now| {
        let patience = patience.map(Duration::from_secs);
        let judge = Judge { seen: &seen, graph: &graph, patience, now: seconds(now) };
        judge.verdict(pipeline).map(|health| health.code().as_u16())
    };
    assert_eq!(code(None, None, 999), Some(200));
    assert_eq!(code(None, Some(10), 9), Some(200));
    assert_eq!(code(None, Some(10), 10), Some(500));
    assert_eq!(code(None, Some(0), 0), Some(500));
    assert_eq!(code(Some("traces/x"), Some(10), 10), Some(500));
    assert_eq!(code(Some("logs"), Some(10), 10), Some(200));
    assert_eq!(code(Some("metrics"), Some(10), 10), None);
}

#[test]
fn a_description_that_is_not_there_is_an_empty_graph() {
    assert_eq!(Graph::of(&Value::Null), Graph::default());
    assert_eq!(Graph::of(&json!({ "nodes": [{ "role": "exporter" }] })), Graph::default());
}

struct Running {
    gateway: Arc<Scripted>,
    addresses: Vec<String>,
    stopper: Stopper,
    task: JoinHandle<()>,
}

impl Running {
    async fn of(yaml: &str) -> Self {
        let gateway = Arc::new(Scripted::default());
        let (config, _) = Config::of(&section(yaml)).unwrap();
        let check =
            Arc::new(HealthCheck::new("health_check".into(), config, gateway.clone(), gateway.clone()));
        let doors = check.open().await.unwrap();
        let addresses = doors.iter().map(super::serve::Door::address).collect();
        let (stopper, stop) = stopper();
        let task = tokio::spawn(async move { check.serve(doors, stop).await });
        Self { gateway, addresses, stopper, task }
    }

    async fn get(&self, path: &str) -> (u16, Value) {
        let client = HttpClient::new(&settings::HttpClient::default(), false).unwrap();
        let url = format!("http://{}{path}", self.addresses[0]);
        let request = Request::get(url).body(Pieces::empty()).unwrap();
        let answer = client.send(request, 1 << 16, Instant::now() + Duration::from_secs(10)).await.unwrap();
        (answer.status.as_u16(), serde_json::from_slice(&answer.body).unwrap_or(Value::Null))
    }

    async fn call(&self, path: &'static str, service: &str) -> Result<Vec<u8>, tonic::Code> {
        let endpoint = format!("http://{}", self.addresses.last().unwrap());
        let channel = Channel::new(&settings::GrpcClient { endpoint, ..Default::default() }).unwrap();
        let mut message = vec![0x0a, u8::try_from(service.len()).unwrap()];
        message.extend(service.as_bytes());
        let message = frame(vec![Bytes::from(message)], Encoding::Identity, Level::default()).unwrap();
        let timeout = Some(Duration::from_secs(10));
        let call =
            Call { path: path.parse().unwrap(), metadata: Default::default(), message: &message, timeout };
        unary(&channel, call).await.map(|reply| reply.message.to_vec()).map_err(|status| status.code())
    }

    async fn stop(self) {
        self.stopper.stop(Instant::now());
        self.task.await.unwrap();
    }
}

#[tokio::test]
async fn the_plain_way_follows_the_gateway() {
    let running = Running::of("endpoint: 127.0.0.1:0\n").await;
    assert_eq!(running.get("/").await.0, 503);
    running.gateway.ready(true);
    let (code, body) = running.get("/").await;
    assert_eq!((code, &body["status"]), (200, &json!("Server available")));
    running.gateway.ready(false);
    assert_eq!(running.get("/").await.0, 503);
    running.stop().await;
}

#[tokio::test]
async fn the_status_page_shows_the_whole_and_pipelines() {
    let running = Running::of(
        "use_v2: true\nhttp: {endpoint: '127.0.0.1:0'}\n\
         component_health: {include_recoverable_errors: true, recovery_duration: 10s}\n",
    )
    .await;
    let (code, body) = running.get("/status").await;
    assert_eq!((code, &body["status"], &body["healthy"]), (503, &json!("StatusStarting"), &json!(false)));
    running.gateway.ready(true);
    running.gateway.fail(&[("otlp/a", "refused")]);
    let (code, body) = running.get("/status").await;
    let status = json!({ "start_time": "2024-01-18T17:27:12Z", "healthy": true, "status": "StatusRecoverableError",
        "error": "refused", "status_time": "2024-01-18T17:27:12Z", "attributes": {} });
    assert_eq!((code, body), (200, status));
    running.gateway.at(10);
    assert_eq!(running.get("/status").await.0, 500);
    let (code, body) = running.get("/status?pipeline=logs&verbose").await;
    assert_eq!((code, &body["status"]), (200, &json!("StatusOK")));
    let names: Vec<&String> = body["components"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["exporter:otlp/b", "receiver:otlp"]);
    let (_, body) = running.get("/status?verbose").await;
    let traces = &body["components"]["pipeline:traces/x"];
    assert_eq!(traces["components"]["exporter:otlp/a"]["error"], "refused");
    assert_eq!(traces["components"]["processor:batch"]["status"], "StatusOK");
    assert_eq!(running.get("/status?pipeline=traces%2Fx").await.0, 500);
    assert_eq!(running.get("/status?pipeline=nothing").await.0, 404);
    assert_eq!(running.get("/config").await.0, 404);
    running.gateway.ready(false);
    let (code, body) = running.get("/status").await;
    assert_eq!((code, &body["status"]), (503, &json!("StatusStopping")));
    running.stop().await;
}

#[tokio::test]
async fn the_grpc_service_tells_the_same() {
    const CHECK: &str = "/grpc.health.v1.Health/Check";
    const SERVING: [u8; 2] = [8, 1];
    const NOT_SERVING: [u8; 2] = [8, 2];
    let running = Running::of(
        "use_v2: true\nhttp: {endpoint: '127.0.0.1:0', status: {enabled: false}}\ngrpc: {endpoint: '127.0.0.1:0'}\n\
         component_health: {include_recoverable_errors: true}\n",
    )
    .await;
    assert_eq!(running.get("/status").await.0, 404);
    assert_eq!(running.call(CHECK, "").await, Ok(NOT_SERVING.to_vec()));
    running.gateway.ready(true);
    assert_eq!(running.call(CHECK, "").await, Ok(SERVING.to_vec()));
    running.gateway.fail(&[("otlp/a", "refused")]);
    assert_eq!(running.call(CHECK, "traces/x").await, Ok(NOT_SERVING.to_vec()));
    assert_eq!(running.call(CHECK, "logs").await, Ok(SERVING.to_vec()));
    assert_eq!(running.call(CHECK, "nothing").await, Err(tonic::Code::NotFound));
    assert_eq!(running.call("/grpc.health.v1.Health/Watch", "").await, Err(tonic::Code::Unimplemented));
    running.stop().await;
}

#[tokio::test]
async fn a_port_in_use_names_its_key() {
    let running = Running::of("endpoint: 127.0.0.1:0\n").await;
    let gateway = Arc::new(Scripted::default());
    let (config, _) = Config::of(&section(&format!("endpoint: {}\n", running.addresses[0]))).unwrap();
    let check = HealthCheck::new("health_check/2".into(), config, gateway.clone(), gateway);
    let error = check.open().await.err().unwrap().to_string();
    assert!(error.contains("already in use, given by `extensions.health_check/2.endpoint`"), "{error}");
    running.stop().await;
}
