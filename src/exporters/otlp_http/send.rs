//! Encoding and sending, one attempt at a time.

use super::config::{Config, Format};
use super::reply;
use crate::batch::Context;
use crate::component::{Blame, Clock, Compute, Credentials, Env, Exporter, Fault, Requests, Sent};
use crate::net::body::Pieces;
use crate::net::encoding::{Encoding, Level, compress};
use crate::net::http_client::HttpClient;
use crate::net::settings::Problem;
use crate::otlp::{Data, Signal, json};
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Uri, header};
use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};
use tokio::sync::OnceCell;
use tokio::time::Instant;

/// From this size on compression runs on a thread that may take its time.
const LARGE: usize = 64 << 10;
/// The most that is read of a backend's answer.
const ANSWER: usize = 4 << 20;

/// The exporter.
pub(super) struct OtlpHttp {
    client: HttpClient,
    urls: [Option<Uri>; 3],
    format: Format,
    encoding: Encoding,
    level: Level,
    credentials: Option<Arc<dyn Credentials>>,
    timeout: Duration,
    compute: Arc<Compute>,
    clock: Arc<dyn Clock>,
}

/// A request: the data, and the body once it was made.
pub(super) struct Message {
    data: Data,
    body: OnceCell<Vec<Bytes>>,
}

impl Message {
    fn new(data: Data) -> Self {
        Self { data, body: OnceCell::new() }
    }
}

impl OtlpHttp {
    pub(super) fn new(config: &Config, env: &Env) -> Result<Self, Fault> {
        let Config { client, delivery, urls, format, encoding, level } = config;
        let wrong = |words: String| Fault::lasting(Blame::Config, "config", words);
        let needs_tls = urls.iter().flatten().any(|url| url.scheme_str() == Some("https"));
        let made = HttpClient::new(client, needs_tls);
        let made =
            made.map_err(|Problem { at, problem, hint }| wrong(format!("{at}: {problem} ({hint})")))?;
        let credentials = match &client.auth {
            None => None,
            Some(auth) => {
                let found = env.extensions.credentials(&auth.authenticator);
                Some(found.ok_or_else(|| {
                    wrong(format!("extension `{}` has no credentials to give", auth.authenticator))
                })?)
            }
        };
        Ok(Self {
            client: made,
            urls: urls.clone(),
            format: *format,
            encoding: *encoding,
            level: *level,
            credentials,
            timeout: if delivery.timeout.is_zero() { reply::UNLIMITED } else { delivery.timeout },
            compute: Arc::clone(&env.compute),
            clock: Arc::clone(&env.clock),
        })
    }

    async fn body<'a>(&self, message: &'a Message) -> Result<&'a Vec<Bytes>, Fault> {
        message.body.get_or_try_init(|| self.make(message.data.clone())).await
    }

    async fn make(&self, data: Data) -> Result<Vec<Bytes>, Fault> {
        let (format, encoding, level) = (self.format, self.encoding, self.level);
        let plain = format == Format::Proto && encoding == Encoding::Identity;
        let large = !plain && data.wire_len() >= LARGE;
        let work = move || written(data, format, encoding, level);
        let made = if large { self.compute.run(work).await } else { Some(work()) };
        let failed = |why: String| Fault::lasting(Blame::Weft, "encode", why);
        made.ok_or_else(|| failed("encoding ended without a result".into()))?.map_err(failed)
    }

    fn request(&self, signal: Signal, body: &[Bytes]) -> Result<Request<Pieces>, Fault> {
        let url = self.urls[signal as usize].clone();
        let no_endpoint =
            || Fault::lasting(Blame::Config, "config", format!("no endpoint is set for {signal}"));
        let mut request = Request::new(Pieces::new(body.iter().cloned()));
        *request.method_mut() = Method::POST;
        *request.uri_mut() = url.ok_or_else(no_endpoint)?;
        let headers = request.headers_mut();
        headers.insert(header::CONTENT_TYPE, content_type(self.format));
        if self.encoding != Encoding::Identity {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(self.encoding.name()));
        }
        if let Some(credentials) = &self.credentials {
            credentials.authorize(headers)?;
        }
        Ok(request)
    }
}

fn content_type(format: Format) -> HeaderValue {
    match format {
        Format::Proto => HeaderValue::from_static("application/x-protobuf"),
        Format::Json => HeaderValue::from_static("application/json"),
    }
}

fn written(data: Data, format: Format, encoding: Encoding, level: Level) -> Result<Vec<Bytes>, String> {
    let signal = data.signal();
    let pieces = match format {
        Format::Proto => data.encode(),
        Format::Json => {
            let mut text = Vec::new();
            json::encode(signal, &data.encode(), &mut text).map_err(|error| error.to_string())?;
            vec![Bytes::from(text)]
        }
    };
    compress(encoding, level, &pieces).map_err(|error| error.to_string())
}

impl Exporter for OtlpHttp {
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

    async fn send(&self, message: &Message) -> Result<Sent, Fault> {
        let signal = message.data.signal();
        let request = self.request(signal, self.body(message).await?)?;
        let answered = self.client.send(request, ANSWER, Instant::now() + self.timeout).await;
        let response = answered.map_err(|error| reply::unanswered(signal, &error))?;
        if response.status.is_success() {
            return Ok(reply::sent(signal, self.format, &response));
        }
        let now = UNIX_EPOCH + Duration::from_nanos(self.clock.now().unix);
        Err(reply::refused(signal, &response, now))
    }
}
