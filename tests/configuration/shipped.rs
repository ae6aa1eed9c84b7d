//! What weft ships, and the configurations it is measured with, plan without an error.

use super::load;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use weft::config::{Loader, Settings, Source};

/// Kubernetes objects, not configurations.
const MANIFESTS: [&str; 1] = ["k8s-gateway.yaml"];

fn yaml(folder: &Path) -> BTreeSet<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect()
}

/// The complete gateways of `configs/`, and the image's.
pub(crate) fn configs() -> Vec<String> {
    let all = yaml(Path::new("configs")).into_iter().chain(yaml(Path::new("docker"))).collect::<Vec<_>>();
    let gateways = all.iter().filter(|path| !MANIFESTS.iter().any(|manifest| path.ends_with(manifest)));
    gateways.map(|path| path.to_string_lossy().into_owned()).collect()
}

#[test]
fn every_configuration_in_configs_plans_without_a_word() {
    assert!(configs().len() >= 2, "{:?}", configs());
    for path in configs() {
        let plan =
            load::plan([path.as_str()], [], &load::table()).unwrap_or_else(|errors| panic!("{errors}"));
        assert!(plan.warnings.is_empty(), "{path}: {}", weft::config::Errors(plan.warnings));
    }
}

/// The configuration inside of the manifest, as Kubernetes mounts it.
#[test]
fn the_manifest_holds_a_configuration_that_plans() {
    let limits = weft::config::Limits::default();
    for manifest in MANIFESTS {
        let text = std::fs::read_to_string(Path::new("configs").join(manifest)).expect(manifest);
        let documents = text.split("\n---").map(|document| {
            let document = document.trim_start_matches('-');
            weft::config::parse(&Source::file(manifest, document), document, &limits)
                .unwrap_or_else(|e| panic!("{e}"))
        });
        let maps =
            documents.filter(|node| node.get("kind").and_then(|kind| kind.as_text()) == Some("ConfigMap"));
        let values: Vec<_> =
            maps.filter_map(|map| Some(map.get("data")?.entries().to_vec())).flatten().collect();
        assert!(!values.is_empty(), "{manifest} holds no configuration");
        for (key, value) in values {
            let yaml = format!("yaml:{}", value.as_text().unwrap_or_default());
            let plan = load::plan([yaml], [], &load::table())
                .unwrap_or_else(|errors| panic!("{}: {errors}", key.text));
            assert!(plan.warnings.is_empty(), "{}: {}", key.text, weft::config::Errors(plan.warnings));
        }
    }
}

/// Those of the measurements that weft has the components for; of the others every error names an absent component
/// or the queue on disk.
#[test]
fn what_weft_is_measured_with_plans() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/bench");
    let files = yaml(&folder);
    if files.is_empty() {
        eprintln!("SKIPPED: no configurations at {}", folder.display());
        return;
    }
    let mut planned = BTreeSet::new();
    for path in &files {
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        match load::plan([path.to_string_lossy()], [], &load::table()) {
            Ok(plan) => {
                assert!(plan.warnings.is_empty(), "{name}: {}", weft::config::Errors(plan.warnings));
                planned.insert(name.clone());
            }
            Err(errors) => {
                let lacks = |problem: &str| {
                    problem.starts_with("weft has no ") || problem.starts_with("weft keeps no queue on disk")
                };
                assert!(errors.iter().all(|error| lacks(&error.problem)), "{name}: {errors}");
            }
        }
        let settings = Loader::new(&load::variable)
            .config(path.to_string_lossy())
            .load()
            .and_then(Settings::from_loaded);
        assert!(settings.is_ok(), "{name}");
    }
    for needed in ["s1-traces-grpc", "s2-traces-http-gzip", "s9-tenants"] {
        assert!(planned.contains(needed), "{needed} does not plan; {planned:?} do");
    }
}
