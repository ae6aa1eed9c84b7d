//! A running `weft`: started with a configuration, watched through its log, ended by signals.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take before a test fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A process, ended when it is dropped.
pub(crate) struct Weft {
    child: Child,
    log: Arc<Log>,
    dir: TempDir,
}

/// What the process has said so far.
#[derive(Default)]
struct Log {
    said: Mutex<Said>,
    changed: Condvar,
}

#[derive(Default)]
struct Said {
    lines: Vec<String>,
    ended: bool,
}

/// How a process ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) log: String,
}

impl Weft {
    /// Starts a gateway with this configuration and waits until it is ready.
    pub(crate) fn start(yaml: &str) -> Self {
        let weft = Self::launch(yaml);
        let ready =
            |lines: &[String]| lines.iter().any(|line| line.contains("everything is ready")).then_some(());
        weft.await_log("ready", ready);
        weft
    }

    /// Starts a gateway and waits for nothing.
    pub(crate) fn launch(yaml: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("config.yaml");
        std::fs::write(&config, yaml).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_weft"))
            .arg("run")
            .arg("--config")
            .arg(&config)
            .arg("--report")
            .arg(dir.path().join("report.json"))
            .args(["--threads", "1"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Log::default());
        let (stderr, heard) = (child.stderr.take().unwrap(), Arc::clone(&log));
        std::thread::spawn(move || heard.read(BufReader::new(stderr)));
        Self { child, log, dir }
    }

    /// Where the receiver listens for `protocols` (`grpc`, `http` or `grpc and http`), as its log says.
    pub(crate) fn address(&self, protocols: &str) -> SocketAddr {
        let wanted = format!("\"protocols\":\"{protocols}\"");
        self.await_log(protocols, |lines| {
            lines.iter().find(|line| line.contains(&wanted)).map(|line| address_in(line))
        })
    }

    /// Where gRPC is served.
    pub(crate) fn grpc(&self) -> SocketAddr {
        self.address("grpc")
    }

    /// Where HTTP is served.
    pub(crate) fn http(&self) -> SocketAddr {
        self.address("http")
    }

    /// Where metrics are served.
    pub(crate) fn metrics(&self) -> SocketAddr {
        let served = |line: &&String| line.contains("metrics are served");
        self.await_log("metrics", |lines| lines.iter().find(served).map(|line| address_in(line)))
    }

    /// Waits until a line of the log holds `words`.
    pub(crate) fn says(&self, words: &str) {
        self.await_log(words, |lines| lines.iter().any(|line| line.contains(words)).then_some(()));
    }

    fn await_log<T>(&self, what: &str, find: impl Fn(&[String]) -> Option<T>) -> T {
        let mut said = self.log.said.lock().unwrap();
        let until = deadline();
        loop {
            if let Some(found) = find(&said.lines) {
                return found;
            }
            let left = left(until);
            let over = said.ended || left.is_zero();
            assert!(!over, "no `{what}` in the log:\n{}", said.lines.join("\n"));
            said = self.log.changed.wait_timeout(said, left).unwrap().0;
        }
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the end.
    pub(crate) fn end(&mut self) -> Ended {
        let until = deadline();
        let mut said = self.log.said.lock().unwrap();
        while !said.ended {
            let left = left(until);
            assert!(!left.is_zero(), "it does not end:\n{}", said.lines.join("\n"));
            said = self.log.changed.wait_timeout(said, left).unwrap().0;
        }
        let log = said.lines.join("\n");
        drop(said);
        Ended { status: self.child.wait().unwrap(), log }
    }

    /// SIGTERM, and the report of a good end: exit code 0 and everything adds up.
    pub(crate) fn stop(&mut self) -> Report {
        self.signal(Signal::TERM);
        let Ended { status, log } = self.end();
        assert!(status.success(), "{status}\n{log}");
        assert!(!log.contains("does not balance"), "{log}");
        let text = std::fs::read_to_string(self.dir.path().join("report.json")).unwrap();
        Report(serde_json::from_str(&text).unwrap())
    }

    /// Where its configuration and report lie.
    pub(crate) fn dir(&self) -> &Path {
        self.dir.path()
    }
}

impl Drop for Weft {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Log {
    fn read(&self, stderr: impl BufRead) {
        for line in stderr.lines().map_while(Result::ok) {
            self.said.lock().unwrap().lines.push(line);
            self.changed.notify_all();
        }
        self.said.lock().unwrap().ended = true;
        self.changed.notify_all();
    }
}

/// The address that a line of the log names.
fn address_in(line: &str) -> SocketAddr {
    let (_, rest) = line.split_once("\"address\":\"").unwrap_or_else(|| panic!("no address in {line}"));
    rest.split('"').next().unwrap().parse().unwrap()
}

/// The report that a process leaves behind.
#[derive(Debug)]
pub(crate) struct Report(serde_json::Value);

impl Report {
    /// The sum of one count over the nodes of a role; `id` narrows it down unless it is empty.
    pub(crate) fn sum(&self, role: &str, id: &str, count: &str) -> u64 {
        let nodes = self.0["nodes"].as_array().unwrap().iter();
        let nodes = nodes.filter(|node| node["role"] == role && (id.is_empty() || node["id"] == id));
        nodes.map(|node| node[count].as_u64().unwrap()).sum()
    }

    /// Items that receivers handed to pipelines.
    pub(crate) fn received(&self) -> u64 {
        self.sum("receiver", "", "left")
    }

    /// Items that exporters delivered.
    pub(crate) fn delivered(&self) -> u64 {
        self.sum("exporter", "", "left")
    }

    /// Items that any node gave up.
    pub(crate) fn lost(&self) -> u64 {
        let nodes = self.0["nodes"].as_array().unwrap().iter();
        nodes.map(|node| node["discarded"].as_u64().unwrap()).sum()
    }
}

/// When patience ends.
#[expect(clippy::disallowed_methods, reason = "processes live in real time")]
pub(crate) fn deadline() -> Instant {
    Instant::now() + PATIENCE
}

/// How long it is until then.
#[expect(clippy::disallowed_methods, reason = "processes live in real time")]
pub(crate) fn left(until: Instant) -> Duration {
    until.saturating_duration_since(Instant::now())
}

/// How long `work` takes.
#[expect(clippy::disallowed_methods, reason = "processes live in real time")]
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let done = work();
    (done, begun.elapsed())
}

/// Looks until there is something to see; for what tells nobody that it changes (files, scrapes).
pub(crate) fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let end = deadline();
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(!left(end).is_zero(), "in vain waited for {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// An address that nobody listens on now. It is not 127.0.0.1, where every other test takes its ports from, so it
/// stays free until it is used.
pub(crate) fn free_address() -> SocketAddr {
    std::net::TcpListener::bind("127.0.0.2:0").unwrap().local_addr().unwrap()
}

/// A place for a file in a directory of its own.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}
