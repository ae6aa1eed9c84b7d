//! Configurations, the format, and a profile of this very process.

#![allow(clippy::disallowed_methods, reason = "what a test spawns, it joins")]

use super::config::Config;
use super::profile::{Profile, encode, profile};
use super::sampler::{Frame, Stack};
use super::serve::{Asked, Pprof, asked};
use super::{COMPONENT, prepare};
use crate::component::{Compute, Extension, SystemClock, stopper};
use crate::config::Section;
use crate::net::body::Pieces;
use crate::net::http_client::{HttpClient, HttpResponse};
use crate::net::settings;
use flate2::read::GzDecoder;
use http::{Request, StatusCode};
use prost::Message;
use std::io::Read;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

fn section(yaml: &str) -> Section {
    Section::from_yaml("extensions.pprof", "test.yaml", yaml).unwrap()
}

fn pprof(yaml: &str) -> Arc<Pprof> {
    let config = Arc::new(Config::of(&section(yaml)).unwrap());
    Arc::new(Pprof::new("pprof".into(), config, Arc::new(SystemClock::new()), Arc::new(Compute::new(1))))
}

fn decoded(gzip: &[u8]) -> Profile {
    let mut plain = Vec::new();
    GzDecoder::new(gzip).read_to_end(&mut plain).unwrap();
    Profile::decode(plain.as_slice()).unwrap()
}

async fn get(address: &str, path: &str) -> HttpResponse {
    let client = HttpClient::new(&settings::HttpClient::default(), false).unwrap();
    let request = Request::get(format!("http://{address}{path}")).body(Pieces::empty()).unwrap();
    client.send(request, 1 << 24, Instant::now() + Duration::from_secs(60)).await.unwrap()
}

#[test]
fn keys_and_defaults() {
    let config = Config::of(&section("{}")).unwrap();
    assert_eq!((config.server.endpoint.as_str(), config.save_to_file), ("localhost:1777", None));
    prepare(&section(COMPONENT.example)).unwrap();
    prepare(&section("endpoint: 0.0.0.0:1777\nblock_profile_fraction: 0\nmutex_profile_fraction: -1\n"))
        .unwrap();
    let errors = prepare(&section("block_profile_fraction: 3\nmutex_profile_fraction: 5\n")).unwrap_err();
    assert_eq!(errors.len(), 2, "{errors:?}");
    assert!(errors.iter().all(|error| error.problem.contains("only CPU profiles")));
    assert_eq!(prepare(&section("save_file: x\n")).unwrap_err().0[0].problem, "unknown field `save_file`");
    assert!(prepare(&section("endpoint: nowhere\n")).is_err());
}

#[test]
fn what_can_be_asked_for() {
    let asked = |path: &str| asked(&path.parse().unwrap());
    assert_eq!(asked("/debug/pprof/"), Ok(Asked::Index));
    assert_eq!(asked("/debug/pprof"), Ok(Asked::Index));
    assert_eq!(asked("/debug/pprof/profile"), Ok(Asked::Profile(Duration::from_secs(30))));
    assert_eq!(asked("/debug/pprof/profile?debug=1&seconds=5"), Ok(Asked::Profile(Duration::from_secs(5))));
    for seconds in ["0", "301", "-1", "x", "", "1.5", "99999999999999999999"] {
        let refused = asked(&format!("/debug/pprof/profile?seconds={seconds}"));
        assert_eq!(refused.unwrap_err().0, StatusCode::BAD_REQUEST, "{seconds}");
    }
    for absent in ["heap", "goroutine", "cmdline", "trace"] {
        assert_eq!(asked(&format!("/debug/pprof/{absent}")).unwrap_err().0, StatusCode::NOT_IMPLEMENTED);
    }
    for unknown in ["/", "/debug/pprof/nothing", "/debug"] {
        assert_eq!(asked(unknown).unwrap_err().0, StatusCode::NOT_FOUND, "{unknown}");
    }
}

#[test]
fn a_profile_shares_its_tables_and_keeps_its_counts() {
    let frame = |function: &str, line| Frame { function: function.to_owned(), file: "a.rs".to_owned(), line };
    let stacks = [
        Stack { frames: vec![frame("inner", 7), frame("main", 1)], thread: "w".to_owned(), count: 3 },
        Stack { frames: vec![frame("inner", 8), frame("main", 1)], thread: "w".to_owned(), count: 2 },
    ];
    let made = profile(&stacks, 1_000, Duration::from_secs(2));
    let read = decoded(&encode(&made).unwrap());
    assert_eq!(read, made);
    let text = |at: i64| read.string_table[usize::try_from(at).unwrap()].as_str();
    assert_eq!(read.string_table[0], "");
    assert_eq!((text(read.sample_type[1].kind), text(read.sample_type[1].unit)), ("cpu", "nanoseconds"));
    assert_eq!((read.function.len(), read.location.len()), (2, 3));
    assert_eq!(read.sample[0].value, [3, 30_000_000]);
    assert_eq!(read.sample[0].location_id[1], read.sample[1].location_id[1]);
    assert_eq!((text(read.sample[0].label[0].key), text(read.sample[0].label[0].text)), ("thread", "w"));
    let inner = &read.location[0].line[0];
    assert_eq!((text(read.function[0].name), inner.function_id, inner.line), ("inner", 1, 7));
    assert_eq!((read.time_nanos, read.duration_nanos, read.period), (1_000, 2_000_000_000, 10_000_000));
}

/// Scenario: a profile of the whole life is being taken when somebody asks for one, and then the gateway stops.
/// Guarantees: the second is refused, the first is in its file and holds this process's work.
#[cfg(feature = "pprof")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_life_is_profiled_into_a_file_and_one_profile_is_taken_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cpu.pprof");
    let pprof = pprof(&format!("endpoint: 127.0.0.1:0\nsave_to_file: {}\n", path.display()));
    let (stopper, stop) = stopper();
    // The whole of `start`, but with the port known.
    let site = pprof.open().await.unwrap();
    let address = site.address();
    let serving = tokio::spawn(Arc::clone(&pprof).serve(site, stop.clone()));
    let running = Arc::clone(&pprof).start(stop).await.unwrap().unwrap();
    let running = tokio::spawn(running);

    let busy = get(&address, "/debug/pprof/profile?seconds=1").await;
    assert_eq!((busy.status, &*busy.body), (StatusCode::CONFLICT, &b"cpu profiling already in use\n"[..]));
    assert_eq!(get(&address, "/debug/pprof/").await.status, StatusCode::OK);
    let worked = tokio::task::spawn_blocking(|| {
        let until = Instant::now() + Duration::from_millis(300);
        let mut sum = 0_u64;
        while Instant::now() < until {
            sum = (0..10_000).fold(sum, |sum, n| sum.wrapping_mul(31).wrapping_add(n));
        }
        sum
    });
    std::hint::black_box(worked.await.unwrap());
    stopper.stop(Instant::now());
    running.await.unwrap().unwrap();
    serving.await.unwrap();

    let profile = decoded(&std::fs::read(&path).unwrap());
    assert!(!profile.sample.is_empty());
    assert!(profile.string_table.iter().any(|text| text.contains("weft")), "{:?}", profile.string_table);
}

#[cfg(not(feature = "pprof"))]
#[tokio::test]
async fn a_build_without_the_feature_says_so() {
    let pprof = pprof("endpoint: 127.0.0.1:0\n");
    let (stopper, stop) = stopper();
    let site = pprof.open().await.unwrap();
    let address = site.address();
    let serving = tokio::spawn(pprof.serve(site, stop));
    let refused = get(&address, "/debug/pprof/profile?seconds=1").await;
    assert_eq!(refused.status, StatusCode::NOT_IMPLEMENTED);
    assert!(String::from_utf8_lossy(&refused.body).contains("perf record"));
    stopper.stop(Instant::now());
    serving.await.unwrap();
    let errors = prepare(&section("save_to_file: x\n")).unwrap_err();
    assert!(errors.0[0].problem.contains("without the feature"));
}

#[tokio::test]
async fn a_file_that_cannot_be_written_stops_the_start() {
    if !super::sampler::IS_BUILT {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("no/such/folder");
    let pprof = pprof(&format!("endpoint: 127.0.0.1:0\nsave_to_file: {}\n", nowhere.display()));
    let (_stopper, stop) = stopper();
    let error = pprof.start(stop).await.err().unwrap().to_string();
    assert!(error.contains("cannot write save_to_file"), "{error}");
}
