//! Configurations, pages, and the server on a port of the system's choice.

#![allow(clippy::disallowed_methods, reason = "what a test spawns, it joins")]

use super::config::Config;
use super::pages::page;
use super::serve::Zpages;
use super::{COMPONENT, prepare};
use crate::component::{Status, stopper};
use crate::config::Section;
use crate::net::body::Pieces;
use crate::net::http_client::HttpClient;
use crate::net::settings;
use crate::telemetry::process::Usage;
use http::{Request, StatusCode};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

fn section(yaml: &str) -> Section {
    Section::from_yaml("extensions.zpages", "test.yaml", yaml).unwrap()
}

struct Fixed(Value);

impl Status for Fixed {
    fn is_ready(&self) -> bool {
        true
    }

    fn describe(&self) -> Value {
        self.0.clone()
    }

    fn failing(&self) -> Vec<(String, String)> {
        Vec::new()
    }
}

fn described() -> Value {
    let node = |role: &str, id: &str, pipeline: Option<&str>, next: &[usize]| json!({ "role": role, "id": id, "pipeline": pipeline, "next": next, "entered": 5 });
    json!({
        "ready": true,
        "memory": { "used_bytes": 7 },
        "failing": [{ "id": "otlp/a", "error": "refused" }],
        "extensions": ["zpages"],
        "nodes": [
            node("exporter", "otlp/a", None, &[]),
            node("exporter", "debug", None, &[]),
            node("processor", "batch", Some("traces"), &[3]),
            node("fan_out", "traces", Some("traces"), &[0]),
            node("fan_out", "logs", Some("logs"), &[1]),
            node("receiver", "otlp", None, &[2]),
            node("receiver", "otlp", None, &[4]),
        ],
    })
}

fn get(path: &str) -> Option<Value> {
    page(path, true, &described(), Usage::default)
}

#[test]
fn keys_and_defaults() {
    let config = Config::of(&section("{}")).unwrap();
    assert_eq!((config.server.endpoint.as_str(), config.expvar), ("localhost:55679", false));
    assert!(Config::of(&section(COMPONENT.example)).unwrap().expvar);
    let cases = [
        ("endpoint: \"\"\n", "\"endpoint\" is required when using the \"zpages\" extension"),
        (
            "endpoint: localhost:1\nauth: {authenticator: basicauth}\n",
            "an extension cannot ask another one to judge its requests",
        ),
        ("expvr: {enabled: true}\n", "unknown field `expvr`"),
        ("transport: pigeon\n", "transport \"pigeon\" cannot carry HTTP"),
    ];
    for (yaml, words) in cases {
        let errors = prepare(&section(yaml)).unwrap_err();
        assert!(errors.0[0].problem.starts_with(words), "{yaml}: {errors:?}");
    }
}

#[test]
fn a_pipeline_shows_its_own_and_what_it_shares() {
    let pipelines = get("/debug/pipelinez").unwrap();
    let members = |name: &str| -> Vec<String> {
        let nodes = pipelines["pipelines"][name].as_array().unwrap();
        nodes
            .iter()
            .map(|node| format!("{} {}", node["role"].as_str().unwrap(), node["id"].as_str().unwrap()))
            .collect()
    };
    assert_eq!(members("traces"), ["exporter otlp/a", "processor batch", "fan_out traces", "receiver otlp"]);
    assert_eq!(members("logs"), ["exporter debug", "fan_out logs", "receiver otlp"]);
    assert_eq!(
        pipelines["pipelines"]["traces"][0],
        json!({ "role": "exporter", "id": "otlp/a", "entered": 5 })
    );
}

#[test]
fn the_other_pages() {
    assert_eq!(get("/debug/extensionz").unwrap(), json!({ "extensions": ["zpages"] }));
    assert_eq!(get("/debug/featurez").unwrap(), json!({ "features": [] }));
    assert_eq!(get("/debug/tracez").unwrap()["failing"][0]["error"], "refused");
    assert_eq!(get("/debug/servicez/").unwrap()["ready"], true);
    assert_eq!(get("/debug/expvarz").unwrap()["memory"]["used_bytes"], 7);
    assert_eq!(get("/debug").unwrap()["pages"].as_array().unwrap().len(), 6);
    assert_eq!(get("/debug/nothing"), None);
    assert_eq!(page("/debug/expvarz", false, &described(), Usage::default), None);
    assert_eq!(page("/", false, &described(), Usage::default).unwrap()["pages"].as_array().unwrap().len(), 5);
}

#[test]
fn before_the_gateway_stands_the_pages_are_empty() {
    for path in ["/debug/pipelinez", "/debug/servicez", "/debug/tracez", "/debug/expvarz"] {
        assert!(page(path, true, &Value::Null, Usage::default).is_some(), "{path}");
    }
    assert_eq!(page("/debug/servicez", true, &Value::Null, Usage::default).unwrap()["ready"], false);
}

#[tokio::test]
async fn the_server_answers_and_stops() {
    let config = Config::of(&section("endpoint: 127.0.0.1:0\n")).unwrap();
    let zpages = Arc::new(Zpages::new("zpages".into(), Arc::new(config), Arc::new(Fixed(described()))));
    let site = zpages.open().await.unwrap();
    let address = site.address();
    let (stopper, stop) = stopper();
    let serving = tokio::spawn(zpages.serve(site, stop));
    let client = HttpClient::new(&settings::HttpClient::default(), false).unwrap();
    for (path, code) in [("/debug/servicez", StatusCode::OK), ("/debug/expvarz", StatusCode::NOT_FOUND)] {
        let request = Request::get(format!("http://{address}{path}")).body(Pieces::empty()).unwrap();
        let answer = client.send(request, 1 << 16, Instant::now() + Duration::from_secs(10)).await.unwrap();
        assert_eq!(answer.status, code);
        assert_eq!(answer.headers.get("content-type").unwrap(), "application/json");
        serde_json::from_slice::<Value>(&answer.body).unwrap();
    }
    stopper.stop(Instant::now());
    serving.await.unwrap();
}
