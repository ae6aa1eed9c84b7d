//! The configurations of the Collector's own tests: what it accepts must run here, what it rejects must not, and where
//! weft differs the table says why.
//!
//! They stand outside the project (`WEFT_TESTDATA`, else `../shared/testdata`); where they are absent the tests say so
//! aloud and pass.

use super::load;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use weft::component::{Kind, Prepare};
use weft::config::{Errors, Section};
use weft::net::settings::{HttpClient, HttpServer, Problem};

/// What a file holds.
#[derive(Clone, Copy)]
enum As {
    /// A whole configuration.
    Whole,
    /// The same with `nop/…` read as `forward/…`: the Collector's tests have a connector `nop`.
    Forward,
    /// The section of a component.
    Section(Kind, &'static str),
    /// The same under one key of the file.
    Under(Kind, &'static str, &'static str),
    /// `sending_queue` of an exporter.
    Queue,
    /// The keys of an HTTP client, under `client`.
    Client,
    /// The keys of an HTTP server, under `server`.
    Server,
}

/// A file and what becomes of it.
struct Case {
    file: &'static str,
    what: As,
    /// Whether the Collector accepts it.
    accepted: bool,
    /// What weft says; empty if it accepts it.
    says: &'static str,
    /// Why weft differs; empty if it does not.
    why: &'static str,
}

const fn accepts(file: &'static str, what: As) -> Case {
    Case { file, what, accepted: true, says: "", why: "" }
}

const fn rejects(file: &'static str, what: As, says: &'static str) -> Case {
    Case { file, what, accepted: false, says, why: "" }
}

/// Accepted by the Collector, and rejected here on purpose.
const fn differs(file: &'static str, what: As, says: &'static str, why: &'static str) -> Case {
    Case { file, what, accepted: true, says, why }
}

const OTLP: As = As::Section(Kind::Receiver, "otlp");
const GRPC: As = As::Section(Kind::Exporter, "otlp_grpc");
const HTTP: As = As::Section(Kind::Exporter, "otlp_http");
const DEBUG: As = As::Section(Kind::Exporter, "debug");

const fn wrong_grpc(key: &'static str, says: &'static str) -> Case {
    rejects(
        "exporter/otlpexporter/testdata/invalid_configs.yaml",
        As::Under(Kind::Exporter, "otlp_grpc", key),
        says,
    )
}

const TEST_COMPONENTS: &str =
    "processors, connectors and extensions called `nop` exist in the Collector's tests alone";
const NO_SUCH_HEADER: &str =
    "no request can carry a header with spaces in its name: the Collector finds out when it sends";
const NO_MIDDLEWARE: &str = "weft has no middleware extensions";

const CASES: &[Case] = &[
    // Whole configurations.
    differs(
        "otelcol/otelcoltest/testdata/config.yaml",
        As::Whole,
        "unknown processor type `nop`",
        TEST_COMPONENTS,
    ),
    accepts("otelcol/otelcoltest/testdata/config_default_scheme.yaml", As::Whole),
    accepts("otelcol/otelcoltest/testdata/config_env.yaml", As::Whole),
    rejects("otelcol/testdata/configs/1-config-first.yaml", As::Whole, "unknown receiver type `bar`"),
    rejects("otelcol/testdata/configs/1-config-second.yaml", As::Whole, "unknown receiver type `foo`"),
    rejects("otelcol/testdata/configs/1-config-output.yaml", As::Whole, "unknown receiver type `foo`"),
    rejects("otelcol/testdata/configs/2-config-output.yaml", As::Whole, "unknown receiver type `foo`"),
    rejects("otelcol/testdata/otelcol-cyclic-connector.yaml", As::Forward, "cycle detected"),
    rejects(
        "otelcol/testdata/otelcol-invalid-components.yaml",
        As::Whole,
        "unknown processor type `nosuchprocessor`",
    ),
    rejects(
        "otelcol/testdata/otelcol-invalid-components.yaml",
        As::Whole,
        "references processor \"nop\" which is not configured",
    ),
    rejects(
        "otelcol/testdata/otelcol-invalid-connector-unused-exp.yaml",
        As::Forward,
        "no pipeline has it as an exporter",
    ),
    rejects(
        "otelcol/testdata/otelcol-invalid-connector-unused-rec.yaml",
        As::Forward,
        "no pipeline has it as a receiver",
    ),
    rejects(
        "otelcol/testdata/otelcol-invalid-receiver-type.yaml",
        As::Whole,
        "unknown receiver type `nop_logs`",
    ),
    rejects("otelcol/testdata/otelcol-invalid-telemetry.yaml", As::Whole, "unknown field `unknown`"),
    rejects(
        "otelcol/testdata/otelcol-invalid.yaml",
        As::Whole,
        "references processor \"invalid\" which is not configured",
    ),
    accepts("otelcol/testdata/otelcol-log-to-file.yaml", As::Whole),
    differs(
        "otelcol/testdata/otelcol-nop.yaml",
        As::Forward,
        "unknown extension type `nop`",
        TEST_COMPONENTS,
    ),
    accepts("otelcol/testdata/otelcol-otelconftelemetry.yaml", As::Whole),
    differs(
        "otelcol/testdata/otelcol-statuswatcher.yaml",
        As::Whole,
        "unknown extension type `statuswatcher`",
        TEST_COMPONENTS,
    ),
    accepts("otelcol/testdata/otelcol-valid-connector-use.yaml", As::Forward),
    differs("otelcol/testdata/print.yaml", As::Whole, "unknown receiver type `r`", TEST_COMPONENTS),
    differs("otelcol/testdata/print_default.yaml", As::Whole, "unknown receiver type `r`", TEST_COMPONENTS),
    rejects("otelcol/testdata/print_invalid.yaml", As::Whole, "unknown exporter type `e`"),
    rejects("otelcol/testdata/print_negative.yaml", As::Whole, "unknown exporter type `e`"),
    rejects(
        "exporter/otlphttpexporter/testdata/bad_empty_config.yaml",
        As::Whole,
        "at least one endpoint must be specified",
    ),
    // The otlp receiver.
    rejects(
        "receiver/otlpreceiver/testdata/bad_no_proto_config.yaml",
        OTLP,
        "must specify at least one protocol",
    ),
    rejects("receiver/otlpreceiver/testdata/bad_proto_config.yaml", OTLP, "unknown field `thrift`"),
    accepts("receiver/otlpreceiver/testdata/config.yaml", OTLP),
    accepts("receiver/otlpreceiver/testdata/default.yaml", OTLP),
    rejects("receiver/otlpreceiver/testdata/invalid_logs_path.yaml", OTLP, "invalid logs_url_path"),
    rejects("receiver/otlpreceiver/testdata/invalid_metrics_path.yaml", OTLP, "invalid metrics_url_path"),
    rejects(
        "receiver/otlpreceiver/testdata/invalid_profiles_path.yaml",
        OTLP,
        "unknown field `profiles_url_path`",
    ),
    rejects("receiver/otlpreceiver/testdata/invalid_traces_path.yaml", OTLP, "invalid traces_url_path"),
    accepts("receiver/otlpreceiver/testdata/only_grpc.yaml", OTLP),
    accepts("receiver/otlpreceiver/testdata/only_http.yaml", OTLP),
    accepts("receiver/otlpreceiver/testdata/only_http_empty_map.yaml", OTLP),
    accepts("receiver/otlpreceiver/testdata/only_http_null.yaml", OTLP),
    rejects("receiver/otlpreceiver/testdata/typo_default_proto_config.yaml", OTLP, "unknown field `htttp`"),
    accepts("receiver/otlpreceiver/testdata/uds.yaml", OTLP),
    // The gRPC exporter.
    differs("exporter/otlpexporter/testdata/config.yaml", GRPC, "is not a header name", NO_SUCH_HEADER),
    accepts("exporter/otlpexporter/testdata/default-batch.yaml", GRPC),
    wrong_grpc("no_endpoint", "the endpoint is empty"),
    wrong_grpc("https_endpoint", "needs a host and a port"),
    wrong_grpc("http_endpoint", "the endpoint is empty"),
    wrong_grpc("invalid_timeout", "`timeout` must be non-negative"),
    wrong_grpc("invalid_retry", "`randomization_factor` must be within [0, 1]"),
    wrong_grpc("invalid_tls", "unknown TLS version"),
    wrong_grpc("missing_port", "has no port"),
    wrong_grpc("invalid_port", "is not a number from 0 to 65535"),
    wrong_grpc("invalid_unix_socket", "a unix socket needs a path"),
    // The HTTP exporter, and its blocks.
    rejects("exporter/otlphttpexporter/testdata/bad_invalid_encoding.yaml", HTTP, "unknown value `invalid`"),
    differs(
        "exporter/otlphttpexporter/testdata/config.yaml",
        HTTP,
        "unknown field `profiles_endpoint`",
        "weft carries no profiles",
    ),
    differs(
        "config/confighttp/testdata/config.yaml",
        As::Client,
        "cookies are not kept",
        "no backend of OTLP sets cookies",
    ),
    differs(
        "config/confighttp/testdata/config.yaml",
        As::Server,
        "middleware \"server_middleware1\" is not known",
        NO_MIDDLEWARE,
    ),
    differs(
        "config/confighttp/testdata/middlewares.yaml",
        As::Client,
        "middleware \"fancy_middleware\" is not known",
        NO_MIDDLEWARE,
    ),
    differs(
        "config/confighttp/testdata/middlewares.yaml",
        As::Server,
        "middleware \"careful_middleware\" is not known",
        NO_MIDDLEWARE,
    ),
    differs(
        "exporter/exporterhelper/internal/queuebatch/testdata/batch_disabled_explicit_sizer.yaml",
        As::Queue,
        "unknown field `enabled`",
        "the Collector knows `enabled` in such blocks only with its gate configoptional.AddEnabledField",
    ),
    differs(
        "exporter/exporterhelper/internal/queuebatch/testdata/batch_set_empty_explicit_sizer.yaml",
        As::Queue,
        "`min_size` must be less than or equal to `queue_size`",
        "a queue of 1000 bytes holds no batch: the Collector lets an empty `batch` count items beside it",
    ),
    accepts(
        "exporter/exporterhelper/internal/queuebatch/testdata/batch_set_empty_no_explicit_sizer.yaml",
        As::Queue,
    ),
    accepts(
        "exporter/exporterhelper/internal/queuebatch/testdata/batch_set_nonempty_explicit_sizer.yaml",
        As::Queue,
    ),
    accepts(
        "exporter/exporterhelper/internal/queuebatch/testdata/batch_set_nonempty_no_explicit_sizer.yaml",
        As::Queue,
    ),
    accepts("exporter/exporterhelper/internal/queuebatch/testdata/batch_unset.yaml", As::Queue),
    // The others.
    accepts("exporter/debugexporter/testdata/config_output_paths.yaml", DEBUG),
    rejects(
        "exporter/debugexporter/testdata/config_output_paths_empty.yaml",
        DEBUG,
        "output_paths must not be empty",
    ),
    accepts("exporter/debugexporter/testdata/config_verbosity.yaml", DEBUG),
    rejects("exporter/debugexporter/testdata/config_verbosity_typo.yaml", DEBUG, "unknown field `verBosity`"),
    accepts("processor/batchprocessor/testdata/config.yaml", As::Section(Kind::Processor, "batch")),
    accepts("internal/memorylimiter/testdata/config.yaml", As::Section(Kind::Processor, "memory_limiter")),
    rejects(
        "internal/memorylimiter/testdata/negative_unsigned_limits_config.yaml",
        As::Section(Kind::Processor, "memory_limiter"),
        "found `-2000`",
    ),
    accepts("extension/zpagesextension/testdata/config.yaml", As::Section(Kind::Extension, "zpages")),
];

/// Files that configure nothing: lists of components, and shapes for a Go type.
const OTHERS: [&str; 7] = [
    "config/configoptional/testdata/unmarshal.yaml",
    "config/configoptional/testdata/validate_explicit.yaml",
    "config/configoptional/testdata/validate_implicit.yaml",
    "config/configoptional/testdata/validate_invalid.yaml",
    "config/configoptional/testdata/validate_no_default.yaml",
    "otelcol/testdata/components-output-sorted.yaml",
    "otelcol/testdata/components-output.yaml",
];

#[allow(clippy::disallowed_methods, reason = "tests are told by the environment where the data stands")]
fn folder() -> Option<PathBuf> {
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/testdata");
    let folder =
        std::env::var_os("WEFT_TESTDATA").map_or_else(beside, PathBuf::from).join("opentelemetry-collector");
    if !folder.is_dir() {
        eprintln!("SKIPPED: no test data of the Collector at {} (set WEFT_TESTDATA)", folder.display());
        return None;
    }
    Some(folder)
}

/// Nothing if weft accepts the file, else its words.
fn verdict(folder: &Path, case: &Case) -> String {
    let path = folder.join(case.file);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let refused = match case.what {
        As::Whole => whole(&text),
        As::Forward => whole(&text.replace("nop/", "forward/")),
        As::Section(kind, name) => section(kind, name, &part(&text, "")),
        As::Under(kind, name, key) => section(kind, name, &part(&text, key)),
        As::Queue => {
            let indented: String = text.lines().map(|line| format!("  {line}\n")).collect();
            let text = format!("endpoint: http://backend:4318\nsending_queue:\n{indented}");
            section(Kind::Exporter, "otlp_http", &part(&text, ""))
        }
        As::Client => block(part(&text, "client").parse::<HttpClient>().map(|client| client.check())),
        As::Server => block(part(&text, "server").parse::<HttpServer>().map(|server| server.check())),
    };
    refused.err().unwrap_or_default()
}

fn whole(text: &str) -> Result<(), String> {
    load::plan([format!("yaml:{text}")], [], &load::table()).map(drop).map_err(|errors| errors.to_string())
}

fn part(text: &str, key: &str) -> Section {
    Section::from_yaml("section", "section.yaml", text).expect("YAML").child(key)
}

fn section(kind: Kind, name: &str, section: &Section) -> Result<(), String> {
    let found =
        load::table().find(kind, name).ok_or_else(|| format!("there is no {} `{name}`", kind.name()))?;
    prepare(found.prepare, section).map_err(|errors| errors.to_string())
}

/// Has a component read a section.
pub(crate) fn prepare(how: Prepare, section: &Section) -> Result<(), Errors> {
    match how {
        Prepare::Receiver(prepare) => prepare(section).map(drop),
        Prepare::Processor(prepare) | Prepare::Connector(_, prepare) => prepare(section).map(drop),
        Prepare::Exporter(prepare) => prepare(section).map(drop),
        Prepare::Extension(prepare) => prepare(section).map(drop),
    }
}

fn block(checked: Result<Vec<Problem>, Errors>) -> Result<(), String> {
    match checked {
        Ok(problems) if problems.is_empty() => Ok(()),
        Ok(problems) => Err(problems.into_iter().map(|found| found.problem + "\n").collect()),
        Err(errors) => Err(errors.to_string()),
    }
}

#[test]
fn the_collectors_verdicts_hold_or_the_table_says_why_not() {
    let Some(folder) = folder() else { return };
    let mut wrong = Vec::new();
    for case in CASES {
        let found = verdict(&folder, case);
        let as_said = if case.says.is_empty() { found.is_empty() } else { found.contains(case.says) };
        if !as_said {
            wrong.push(format!("{}: expected {:?}, found:\n{found}", case.file, case.says));
        }
        let differs = case.accepted != case.says.is_empty();
        assert_eq!(differs, !case.why.is_empty(), "{}: a reason, exactly where weft differs", case.file);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_file_of_these_folders_is_in_the_table() {
    let Some(folder) = folder() else { return };
    let listed: BTreeSet<&str> = CASES.iter().map(|case| case.file).chain(OTHERS).collect();
    let folders: BTreeSet<&str> =
        listed.iter().filter_map(|file| file.split_once("/testdata").map(|(folder, _)| folder)).collect();
    let found: BTreeSet<String> =
        folders.iter().flat_map(|of| files(&folder, &format!("{of}/testdata"))).collect();
    let found: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    assert_eq!(found, listed);
}

fn files(root: &Path, at: &str) -> Vec<String> {
    let entries = std::fs::read_dir(root.join(at)).into_iter().flatten().filter_map(Result::ok);
    let names =
        entries.map(|entry| (format!("{at}/{}", entry.file_name().to_string_lossy()), entry.path().is_dir()));
    names.flat_map(|(path, folder)| if folder { files(root, &path) } else { vec![path] }).collect()
}
