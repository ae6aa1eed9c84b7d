//! The gateway that is measured when none is named: this very binary, as a process of its own.

use crate::net::encoding::Encoding;
use crate::testing::load::Protocol;
use rustix::process::{Pid, Signal, kill_process};
use std::net::{SocketAddr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::Instant;

/// How long a gateway may take until its ports are open.
const START: Duration = Duration::from_secs(10);
/// How long it may take to end.
const END: Duration = Duration::from_secs(10);
/// How often they are tried meanwhile.
const TRY_EVERY: Duration = Duration::from_millis(5);

/// A running gateway.
#[derive(Debug)]
pub(super) struct Gateway {
    process: Child,
    pub(super) target: String,
}

impl Gateway {
    /// Starts one that takes both protocols and sends to the sink by the one that is measured.
    pub(super) async fn start(
        sink: SocketAddr,
        protocol: Protocol,
        encoding: Encoding,
    ) -> Result<Self, String> {
        let [grpc, http] = free_ports().map_err(|error| format!("no free port: {error}"))?;
        let config = config(grpc, http, sink, protocol, encoding);
        let failed = |error: std::io::Error| format!("cannot start a gateway: {error}");
        let mut command = Command::new(std::env::current_exe().map_err(failed)?);
        command.args(["run", "--config", &format!("yaml:{config}")]);
        let process = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().map_err(failed)?;
        let target = if protocol == Protocol::Grpc { grpc } else { http }.to_string();
        let mut gateway = Self { process, target };
        gateway.ready().await?;
        Ok(gateway)
    }

    pub(super) fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Asks it to end and waits until it has. The connections to it live meanwhile, so that it can close them.
    pub(super) async fn end(mut self) {
        let pid = i32::try_from(self.process.id()).ok().and_then(Pid::from_raw);
        let asked = pid.is_some_and(|pid| kill_process(pid, Signal::TERM).is_ok());
        let late = Instant::now() + END;
        while asked && Instant::now() < late && matches!(self.process.try_wait(), Ok(None)) {
            tokio::time::sleep(TRY_EVERY).await;
        }
    }

    async fn ready(&mut self) -> Result<(), String> {
        let late = Instant::now() + START;
        while TcpStream::connect(&self.target).await.is_err() {
            if let Ok(Some(status)) = self.process.try_wait() {
                return Err(format!("the gateway ended before it was ready: {status}"));
            }
            if Instant::now() > late {
                return Err(format!("the gateway did not open {} within {START:?}", self.target));
            }
            tokio::time::sleep(TRY_EVERY).await;
        }
        Ok(())
    }
}

/// However the measurement went, no process is left behind.
impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Two ports that nobody has at this moment; held together so that they differ.
fn free_ports() -> std::io::Result<[SocketAddr; 2]> {
    let listeners = [TcpListener::bind("127.0.0.1:0")?, TcpListener::bind("127.0.0.1:0")?];
    Ok([listeners[0].local_addr()?, listeners[1].local_addr()?])
}

/// The gateway of the comparison with the Collector, so that the figures are the same.
pub(super) fn config(
    grpc: SocketAddr,
    http: SocketAddr,
    sink: SocketAddr,
    protocol: Protocol,
    encoding: Encoding,
) -> String {
    let compression = if encoding == Encoding::Identity { "none" } else { encoding.name() };
    let (exporter, endpoint) = match protocol {
        Protocol::Grpc => ("otlp_grpc", sink.to_string()),
        Protocol::Http => ("otlp_http", format!("http://{sink}")),
    };
    let pipeline =
        format!("{{receivers: [otlp], processors: [memory_limiter, batch], exporters: [{exporter}]}}");
    format!(
        "receivers:
  otlp: {{protocols: {{grpc: {{endpoint: '{grpc}'}}, http: {{endpoint: '{http}'}}}}}}
processors:
  memory_limiter: {{check_interval: 1s, limit_mib: 2000, spike_limit_mib: 400}}
  batch:
exporters:
  {exporter}: {{endpoint: '{endpoint}', compression: {compression}, tls: {{insecure: true}}}}
service:
  telemetry: {{logs: {{level: warn}}, metrics: {{level: none, readers: []}}}}
  pipelines: {{traces: {pipeline}, metrics: {pipeline}, logs: {pipeline}}}
"
    )
}
