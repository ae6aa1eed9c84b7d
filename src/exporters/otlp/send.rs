//! Encoding and sending, one attempt at a time.

use super::config::Config;
use crate::batch::{Context, Retry};
use crate::component::{Blame, Compute, Credentials, Env, Exporter, Fault, Requests, Sent};
use crate::net::channel::Channel;
use crate::net::encoding::{Encoding, Level};
use crate::net::grpc::{self, Call, Code, Framed, Status};
use crate::net::settings::Problem;
use crate::otlp::rpc::{PartialSuccess, RpcStatus};
use crate::otlp::{Data, Signal};
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;

/// The calls of the signals, in the order of [`Signal::ALL`].
const EXPORTS: [&str; 3] = [
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
];

/// From this size on compression runs on a thread that may take its time.
const LARGE: usize = 64 << 10;

/// The exporter.
pub(super) struct Otlp {
    channel: Channel,
    encoding: Encoding,
    level: Level,
    headers: HeaderMap,
    credentials: Option<Arc<dyn Credentials>>,
    timeout: Option<Duration>,
    compute: Arc<Compute>,
}

/// A request: the data, and the message once it was framed.
pub(super) struct Message {
    data: Data,
    framed: OnceCell<Framed>,
}

impl Message {
    fn new(data: Data) -> Self {
        Self { data, framed: OnceCell::new() }
    }
}

impl Otlp {
    pub(super) fn new(config: &Config, env: &Env) -> Result<Self, Fault> {
        let wrong = |Problem { at, problem, hint }| {
            Fault::lasting(Blame::Config, "config", format!("{at}: {problem} ({hint})"))
        };
        let channel = Channel::new(&config.client).map_err(wrong)?;
        let encoding = config.encoding();
        let level =
            Level::checked(encoding, None).map_err(|why| Fault::lasting(Blame::Config, "config", why))?;
        let credentials = match &config.client.auth {
            None => None,
            Some(auth) => Some(credentials(env, &auth.authenticator)?),
        };
        let timeout = Some(config.delivery.timeout).filter(|timeout| !timeout.is_zero());
        let headers = config.client.headers.iter().filter_map(|(name, value)| {
            Some((HeaderName::from_bytes(name.as_bytes()).ok()?, HeaderValue::from_str(value.reveal()).ok()?))
        });
        let (headers, compute) = (headers.collect(), Arc::clone(&env.compute));
        Ok(Self { channel, encoding, level, headers, credentials, timeout, compute })
    }

    async fn framed<'a>(&self, message: &'a Message) -> Result<&'a Framed, Fault> {
        message.framed.get_or_try_init(|| self.frame(message.data.clone())).await
    }

    async fn frame(&self, data: Data) -> Result<Framed, Fault> {
        let (encoding, level) = (self.encoding, self.level);
        let large = encoding != Encoding::Identity && data.wire_len() >= LARGE;
        let work = move || grpc::frame(data.encode(), encoding, level);
        let framed = if large { self.compute.run(work).await } else { Some(work()) };
        let failed = |why: String| Fault::lasting(Blame::Weft, "encode", why);
        framed
            .ok_or_else(|| failed("compression ended without a result".into()))?
            .map_err(|error| failed(error.to_string()))
    }

    fn metadata(&self) -> Result<HeaderMap, Fault> {
        let mut metadata = self.headers.clone();
        if let Some(credentials) = &self.credentials {
            credentials.authorize(&mut metadata)?;
        }
        Ok(metadata)
    }
}

fn credentials(env: &Env, id: &str) -> Result<Arc<dyn Credentials>, Fault> {
    let missing =
        || Fault::lasting(Blame::Config, "auth", format!("extension `{id}` has no credentials to give"));
    env.extensions.credentials(id).ok_or_else(missing)
}

impl Exporter for Otlp {
    type Request = Message;

    fn encode(&self, data: Data, _ctx: &Context, out: &mut Requests<Message>) -> Result<(), Fault> {
        let items = data.items();
        out.push(Message::new(data), items);
        Ok(())
    }

    fn split(&self, request: &Message) -> Option<[(Message, u64); 2]> {
        let mut first = request.data.clone();
        if first.items() < 2 {
            return None;
        }
        let rest = first.split_off(first.items() / 2);
        let sizes = [first.items(), rest.items()];
        Some([(Message::new(first), sizes[0]), (Message::new(rest), sizes[1])])
    }

    async fn send(&self, request: &Message) -> Result<Sent, Fault> {
        let message = self.framed(request).await?;
        let path = PathAndQuery::from_static(EXPORTS[request.data.signal() as usize]);
        let call = Call { path, metadata: self.metadata()?, message, timeout: self.timeout };
        match grpc::unary(&self.channel, call).await {
            Ok(reply) => {
                let PartialSuccess { rejected, message, .. } = PartialSuccess::decode(&reply.message);
                Ok(Sent { rejected, message })
            }
            Err(status) => Err(fault(&status, request.data.signal())),
        }
    }
}

/// What a status means for the request, by the table of the OTLP specification.
pub(super) fn fault(status: &Status, signal: Signal) -> Fault {
    let asked = RpcStatus::decode(status.details()).and_then(|details| details.retry_delay);
    let words = format!("{}: {}", signal_words(signal), text(status));
    let backoff = asked.map_or(Retry::Backoff, Retry::After);
    let passing = |label| Fault::new(Blame::Backend, backoff, label, words.clone());
    match status.code() {
        Code::Unavailable => passing("unavailable"),
        Code::DeadlineExceeded => passing("timeout"),
        Code::Cancelled | Code::Aborted | Code::OutOfRange | Code::DataLoss => passing("backend"),
        Code::ResourceExhausted if asked.is_some() => passing("throttled"),
        Code::ResourceExhausted => Fault::lasting(Blame::Sender, "too_large", words).divisible(),
        Code::Unauthenticated | Code::PermissionDenied => Fault::lasting(Blame::Config, "auth", words),
        Code::InvalidArgument => Fault::lasting(Blame::Sender, "invalid", words),
        _ => Fault::lasting(Blame::Backend, "backend", words),
    }
}

fn signal_words(signal: Signal) -> String {
    format!("export of {signal}")
}

/// The status for people, cut short since a backend chose the words.
fn text(status: &Status) -> String {
    let message: String = status.message().chars().take(256).collect();
    format!("{} ({message})", status.code().description())
}
