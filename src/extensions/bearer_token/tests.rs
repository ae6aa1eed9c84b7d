//! Configurations, judging, providing, waiting for the file.

use super::bearer::{Bearer, MISSING, WRONG};
use super::config::{Config, Patience, Source};
use super::{COMPONENT, prepare};
use crate::component::{Authenticator, Credentials, Denied, Extension, stopper};
use crate::config::Section;
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

fn section(yaml: &str) -> Section {
    Section::from_yaml("extensions.bearertokenauth", "test.yaml", yaml).unwrap()
}

fn bearer(yaml: &str) -> Bearer {
    let (config, _) = Config::of(&section(yaml)).unwrap();
    Bearer::new(&"bearertokenauth/test".into(), &config).unwrap()
}

fn headers(name: &'static str, value: &str) -> HeaderMap {
    HeaderMap::from_iter([(
        HeaderName::from_static(name),
        HeaderValue::from_bytes(value.as_bytes()).unwrap(),
    )])
}

fn judged(bearer: &Bearer, value: &str) -> Result<String, Denied> {
    bearer.authenticate(&headers("authorization", value)).map(|identity| identity.subject.to_string())
}

fn with_file(path: &Path, more: &str) -> String {
    format!("filename: {}\n{more}", path.display())
}

#[test]
fn the_example_and_the_collectors_own_configurations() {
    let good = [
        COMPONENT.example,
        "token: sometoken\n",
        "scheme: MyScheme\ntoken: my-token\n",
        "scheme: Bearer\ntokens: [token1, thistokenalsoworks]\n",
        "scheme: Bearer\nfilename: file-containing.token\n",
        "header: X-Custom-Authorization\nscheme: \"\"\ntoken: my-token\n",
    ];
    for yaml in good {
        assert!(prepare(&section(yaml)).unwrap().facts.warnings.is_empty(), "{yaml}");
    }
    let ignored = prepare(&section("token: ignoredtoken\nfilename: f\n")).unwrap().facts.warnings;
    assert_eq!(ignored, [("token".to_owned(), "is ignored: a filename is specified".to_owned())]);
    assert_eq!(prepare(&section("tokens: [a, b]\nfilename: f\n")).unwrap().facts.warnings[0].0, "tokens");
}

#[test]
fn what_cannot_work_is_told_without_its_secret() {
    let cases = [
        ("{}", "no bearer token provided"),
        ("token: \"\"\n", "no bearer token provided"),
        ("tokens: [hunter2, \"\"]\n", "no bearer token provided"),
        ("tokens: [hunter2]\ntoken: b\n", "either tokens or token should be provided, not both"),
        ("token: \"hunter2\\n\"\n", "it holds control characters"),
        ("token: hunter2\nheader: \"a b\"\n", "`a b` is not a header name"),
        ("token: hunter2\nscheme: \"a b\"\n", "it does not fit a header"),
        ("token: hunter2\nretry_on_failure: {enabled: true}\n", "retry_on_failure requires filename"),
        (
            "filename: f\nwait_for_token_file: true\n",
            "wait_for_token_file requires retry_on_failure.enabled and filename",
        ),
        ("filename: f\nretry_on_failure: {enabled: true, interval: -1s}\n", "it is negative"),
    ];
    for (yaml, words) in cases {
        let errors = prepare(&section(yaml)).unwrap_err();
        assert_eq!(errors.len(), 1, "{yaml}: {errors:?}");
        assert_eq!(errors.0[0].problem, words, "{yaml}");
        assert!(!format!("{errors:?}").contains("hunter2"), "{errors:?}");
    }
}

#[test]
fn the_keys_of_waiting() {
    let retry = "retry_on_failure:\n  enabled: true\n  max_retries: 5\n  interval: 2s\n";
    let patience = |yaml: &str| match Config::of(&section(yaml)).unwrap().0.source {
        Source::In(_, patience) => patience,
        Source::Here(_) => panic!("no file"),
    };
    let (interval, max_retries) = (Duration::from_secs(2), 5);
    let waits = format!("filename: f\nwait_for_token_file: true\n{retry}");
    assert_eq!(patience(&waits), Patience::Retry { interval, max_retries, start_waits: true });
    assert_eq!(
        patience(&format!("filename: f\n{retry}")),
        Patience::Retry { interval, max_retries, start_waits: false }
    );
    let spinning =
        Patience::Retry { interval: Duration::from_millis(100), max_retries: 0, start_waits: false };
    assert_eq!(patience("filename: f\nretry_on_failure: {enabled: true}\n"), spinning);
    assert_eq!(patience("filename: f\n"), Patience::None);
}

#[test]
fn any_of_the_tokens_opens_and_nothing_else_does() {
    let bearer = bearer("tokens: [alpha, beta-beta]\n");
    assert_eq!(judged(&bearer, "Bearer alpha"), Ok("token 0".into()));
    assert_eq!(judged(&bearer, "bearer beta-beta"), Ok("token 1".into()));
    let wrong = [
        "alpha",
        "Bearer",
        "Bearer ",
        "Bearer alph",
        "Bearer alphaa",
        "Bearer  alpha",
        "Basic alpha",
        "Bearer gamma",
    ];
    for value in wrong {
        assert_eq!(judged(&bearer, value), Err(WRONG), "{value}");
    }
    assert_eq!(bearer.authenticate(&HeaderMap::new()), Err(MISSING));
    assert_eq!(judged(&bearer, ""), Err(MISSING));
    let mut several = headers("authorization", "Bearer wrong");
    several.append("authorization", HeaderValue::from_static("Bearer alpha"));
    assert_eq!(bearer.authenticate(&several), Err(WRONG));
}

#[test]
fn another_header_without_a_scheme() {
    let bearer = bearer("header: X-Custom-Authorization\nscheme: \"\"\ntoken: my-token\n");
    let who = bearer.authenticate(&headers("x-custom-authorization", "my-token")).unwrap();
    assert_eq!((&*who.subject, &*who.authenticator), ("token 0", "bearertokenauth/test"));
    assert_eq!(judged(&bearer, "my-token"), Err(MISSING));
    let mut sent = HeaderMap::new();
    bearer.authorize(&mut sent).unwrap();
    assert_eq!(sent.get("x-custom-authorization").unwrap(), "my-token");
}

#[test]
fn the_client_shows_its_first_token_and_hides_it() {
    let bearer = bearer("scheme: MyScheme\ntokens: [alpha, beta]\n");
    let mut sent = HeaderMap::new();
    bearer.authorize(&mut sent).unwrap();
    assert_eq!(sent.get("authorization").unwrap(), "MyScheme alpha");
    assert_eq!(format!("{sent:?}"), r#"{"authorization": Sensitive}"#);
    assert!(bearer.authenticate(&sent).is_ok());
}

proptest! {
    #[test]
    fn a_token_opens_exactly_if_it_is_in_the_list(
        tokens in prop::collection::vec("[a-c]{1,3}", 1..6), presented in "[a-c]{1,3}",
    ) {
        let bearer = bearer(&format!("tokens: [{}]\n", tokens.join(", ")));
        let opened = judged(&bearer, &format!("Bearer {presented}")).is_ok();
        prop_assert_eq!(opened, tokens.contains(&presented));
    }
}

#[tokio::test(start_paused = true)]
async fn the_file_is_read_again_and_blank_lines_are_no_tokens() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    std::fs::write(&path, "# of the week\n\n  alpha # the old one\nbeta\r\n// end\n").unwrap();
    let bearer = bearer(&with_file(&path, ""));
    bearer.load().unwrap();
    assert_eq!(judged(&bearer, "Bearer alpha"), Ok("token 0".into()));
    assert_eq!(judged(&bearer, "Bearer beta"), Ok("token 1".into()));
    for value in ["Bearer ", "Bearer #", "Bearer //"] {
        assert_eq!(judged(&bearer, value), Err(WRONG), "{value:?}");
    }
    std::fs::write(&path, "gamma\n").unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(judged(&bearer, "Bearer alpha"), Err(WRONG));
    assert_eq!(judged(&bearer, "Bearer gamma"), Ok("token 0".into()));
    std::fs::write(&path, "\n\n").unwrap();
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(judged(&bearer, "Bearer gamma"), Ok("token 0".into()));
    assert_eq!(judged(&bearer, "Bearer "), Err(WRONG));
}

#[tokio::test(start_paused = true)]
async fn a_missing_file_stops_the_start_unless_there_is_patience() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let (_stopper, stop) = stopper();
    let strict = Arc::new(bearer(&with_file(&path, "")));
    let error = strict.start(stop.clone()).await.err().unwrap().to_string();
    assert!(error.contains("filename: cannot read"), "{error}");

    let bounded =
        "retry_on_failure: {enabled: true, max_retries: 5, interval: 2s}\nwait_for_token_file: true\n";
    let began = Instant::now();
    let waiting = Arc::new(bearer(&with_file(&path, bounded)));
    assert!(waiting.start(stop).await.is_err());
    assert_eq!(began.elapsed().as_secs(), 10);
}

#[tokio::test(start_paused = true)]
async fn the_start_waits_for_the_file_or_goes_on_without_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("token");
    let (_stopper, stop) = stopper();
    let patient = "retry_on_failure: {enabled: true, interval: 10s}\n";
    let going_on = Arc::new(bearer(&with_file(&path, patient)));
    let running = Arc::clone(&going_on).start(stop.clone()).await.unwrap().unwrap();
    assert_eq!(judged(&going_on, "Bearer alpha"), Err(WRONG));
    assert!(going_on.authorize(&mut HeaderMap::new()).is_err());

    let waiting = Arc::new(bearer(&with_file(&path, &format!("{patient}wait_for_token_file: true\n"))));
    let came = {
        let path = path.clone();
        async move {
            tokio::time::advance(Duration::from_secs(35)).await;
            std::fs::write(path, "alpha").unwrap();
        }
    };
    let (started, ran, ()) = tokio::join!(Arc::clone(&waiting).start(stop), running, came);
    assert!(started.unwrap().is_none() && ran.is_ok());
    assert_eq!(judged(&going_on, "Bearer alpha"), Ok("token 0".into()));
    assert_eq!(judged(&waiting, "Bearer alpha"), Ok("token 0".into()));
}

#[tokio::test(start_paused = true)]
async fn looking_for_the_file_ends_with_the_gateway() {
    let folder = tempfile::tempdir().unwrap();
    let (stopper, stop) = stopper();
    let bearer =
        Arc::new(bearer(&with_file(&folder.path().join("token"), "retry_on_failure: {enabled: true}\n")));
    let running = bearer.start(stop).await.unwrap().unwrap();
    stopper.stop(Instant::now());
    running.await.unwrap();
}
