//! The socket: a connection is read line by line, and the next line is read when the last one is answered.

use super::record;
use std::path::PathBuf;
use std::sync::Arc;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinSet;
use tokio::time::Instant;
use weft::batch::{Context, Outcome};
use weft::component::{Blame, BoxFuture, Clock, DEFAULT_DEADLINE, Fault, Ingress, Receiver, Running, Stop};
use weft::otlp::Signal;

/// Connections at a time; more wait in the socket's backlog.
const MOST: usize = 64;

/// What is counted as the transport of our requests.
const TRANSPORT: &str = "unix";

pub(super) struct LineSocket {
    pub(super) path: PathBuf,
    pub(super) max_line_bytes: usize,
    pub(super) clock: Arc<dyn Clock>,
}

impl Receiver for LineSocket {
    fn start(self: Box<Self>, ingress: Ingress, stop: Stop) -> BoxFuture<'static, Result<Running, Fault>> {
        Box::pin(async move {
            let listener = UnixListener::bind(&self.path).map_err(|error| {
                Fault::lasting(Blame::Config, "bind", format!("cannot bind {}: {error}", self.path.display()))
            })?;
            Ok(Box::pin(self.serve(listener, ingress, stop)) as Running)
        })
    }
}

impl LineSocket {
    async fn serve(
        self: Box<Self>,
        listener: UnixListener,
        ingress: Ingress,
        mut stop: Stop,
    ) -> Result<(), Fault> {
        let own = Arc::new(*self);
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                biased;
                _ = stop.requested() => break,
                _ = connections.join_next(), if !connections.is_empty() => {}
                // A connection that was gone before it was taken is nobody's fault.
                accepted = listener.accept(), if connections.len() < MOST => if let Ok((stream, _)) = accepted {
                    connections.spawn(Arc::clone(&own).connection(stream, ingress.clone(), stop.clone()));
                },
            }
        }
        while connections.join_next().await.is_some() {}
        // Whoever looks for the socket sees that nobody listens.
        let _ = std::fs::remove_file(&own.path);
        Ok(())
    }

    async fn connection(self: Arc<Self>, stream: UnixStream, ingress: Ingress, mut stop: Stop) {
        let (read, mut write) = stream.into_split();
        let mut read = BufReader::new(read);
        let most = self.max_line_bytes as u64;
        let mut line = Vec::new();
        loop {
            line.clear();
            let mut bounded = (&mut read).take(most + 1);
            let more = tokio::select! {
                biased;
                _ = stop.requested() => false,
                read = bounded.read_until(b'\n', &mut line) => read.is_ok_and(|bytes| bytes > 0),
            };
            if !more {
                return;
            }
            let long = line.len() as u64 > most;
            let answer =
                if long { "refused: the line is too long\n" } else { self.take(&line, &ingress).await };
            if write.write_all(answer.as_bytes()).await.is_err() || long {
                return;
            }
        }
    }

    async fn take(&self, line: &[u8], ingress: &Ingress) -> &'static str {
        let Ok(mut admitted) = ingress.admit(Signal::Logs).await else { return "again\n" };
        let now = self.clock.now();
        let Some(data) = record::data(&String::from_utf8_lossy(line), now.unix) else {
            ingress.refused(Signal::Logs, TRANSPORT, false);
            return "refused\n";
        };
        if admitted.permit.grow(data.wire_len()).is_err() {
            ingress.refused(Signal::Logs, TRANSPORT, true);
            return "again\n";
        }
        let ctx = Context { received: now, ..Context::default() };
        let until = Instant::now() + DEFAULT_DEADLINE;
        answer(&ingress.submit(admitted, data, ctx, until, TRANSPORT).await)
    }
}

fn answer(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome { retry: Some(weft::batch::Retry::Never), .. } => "refused\n",
        Outcome { retry: Some(_), .. } => "again\n",
        Outcome { rejected, .. } if *rejected > 0 => "refused\n",
        _ => "ok\n",
    }
}
