//! The program as a process: it starts, takes lines, and ends by a signal with a report.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests fail by panicking")]

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command};

/// A process that does not outlive a test that fails.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended long ago.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Connects as soon as the gateway listens.
fn connect(path: &Path, gateway: &mut Running) -> UnixStream {
    loop {
        if let Ok(stream) = UnixStream::connect(path) {
            return stream;
        }
        assert!(gateway.0.try_wait().unwrap().is_none(), "the gateway has ended");
        std::thread::yield_now();
    }
}

/// Scenario: a line, then SIGTERM. Guarantees: exit code 0, the line is in the file, every node is in the report.
#[test]
fn a_process_delivers_and_reports() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let yaml = format!(
        "receivers: {{line_socket: {{endpoint: {0}/sock, answer: delivered}}}}\n\
         processors: {{tag: {{key: team, value: none}}}}\n\
         exporters: {{line_file: {{path: {0}/lines}}}}\n\
         service:\n  telemetry: {{metrics: {{level: none}}}}\n  pipelines: {{logs: {{receivers: [line_socket], processors: [tag], exporters: [line_file]}}}}\n",
        folder.path().display()
    );
    std::fs::write(path("gateway.yaml"), yaml).unwrap();
    let gateway = Command::new(env!("CARGO_BIN_EXE_line-gateway"))
        .arg("run")
        .arg("--config")
        .arg(path("gateway.yaml"))
        .arg("--report")
        .arg(path("report.json"))
        .spawn()
        .unwrap();
    let mut gateway = Running(gateway);
    let mut stream = connect(&path("sock"), &mut gateway);
    stream.write_all(b"team=red hello\n").unwrap();
    let mut answer = String::new();
    BufReader::new(&stream).read_line(&mut answer).unwrap();
    assert_eq!(answer, "ok\n");
    assert_eq!(std::fs::read_to_string(path("lines")).unwrap(), "team=red hello\n");

    let killed = Command::new("kill").args(["-TERM", &gateway.0.id().to_string()]).status().unwrap();
    assert!(killed.success());
    assert!(gateway.0.wait().unwrap().success());
    let report: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path("report.json")).unwrap()).unwrap();
    for id in ["line_socket", "tag", "line_file"] {
        let mut nodes = report["nodes"].as_array().unwrap().iter();
        let node = nodes.find(|node| node["id"] == id && node["signal"] == "logs");
        assert_eq!(node.unwrap()["left"], 1, "{id} in {report}");
    }
    assert!(!path("sock").exists(), "the socket is gone with the receiver");
}
