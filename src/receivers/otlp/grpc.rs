//! OTLP over gRPC: the three `Export` calls, and the standard health check.

use super::intake::Intake;
use super::verdict::{Refusal, Verdict};
use crate::net::body::Pieces;
use crate::net::grpc::{self, RequestError, Status};
use crate::otlp::{Limits, Signal, rpc};
use bytes::Bytes;
use http::{Request, Response};
use hyper::body::Incoming;

/// The calls of the signals, in the order of [`Signal::ALL`].
const EXPORTS: [&str; 3] = [
    "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
    "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
    "/opentelemetry.proto.collector.logs.v1.LogsService/Export",
];
const HEALTH: &str = "/grpc.health.v1.Health/Check";
/// `HealthCheckResponse { status: SERVING }`.
const SERVING: Bytes = Bytes::from_static(&[0x08, 0x01]);

/// Answers one call.
pub(super) async fn answer(intake: &Intake, request: Request<Incoming>) -> Response<Pieces> {
    let path = request.uri().path();
    if path == HEALTH {
        return grpc::reply(SERVING);
    }
    let Some(at) = EXPORTS.iter().position(|export| *export == path) else {
        return grpc::refuse(&Status::unimplemented("unknown service or method"));
    };
    match export(intake, Signal::ALL[at], request).await {
        Ok(Verdict::Accepted { rejected, message }) => {
            grpc::reply(Bytes::from(rpc::partial_success(rejected, &message)))
        }
        Ok(Verdict::Refused(refusal)) => grpc::refuse(&status(refusal)),
        Err(status) => grpc::refuse(&status),
    }
}

async fn export(intake: &Intake, signal: Signal, request: Request<Incoming>) -> Result<Verdict, Status> {
    let (head, body) = request.into_parts();
    let timeout = grpc::timeout_of(&head.headers)?;
    let mut arrived = match intake.admit(signal, &head.headers, timeout).await {
        Ok(arrived) => arrived,
        Err(refusal) => return Ok(Verdict::Refused(refusal)),
    };
    let permit = &mut arrived.admitted.permit;
    let until = Some(arrived.until);
    let message =
        grpc::read_request(&head.headers, body, intake.0.largest, until, |more| permit.grow(more)).await;
    match message {
        Ok(message) => Ok(intake.take(arrived, message.encoding, message.bytes, as_is).await),
        Err(RequestError::Refused(busy)) => Ok(intake.refuse(signal, busy.into())),
        Err(RequestError::Status(status)) => {
            intake.0.ingress.refused(signal, intake.0.transport, false);
            Err(status)
        }
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the same shape as the conversion from JSON")]
fn as_is(_: Signal, body: Bytes, _: &Limits) -> Result<Bytes, Refusal> {
    Ok(body)
}

/// A refusal as gRPC says it: `RetryInfo` tells a client that it may come again, and when.
fn status(refusal: Refusal) -> Status {
    let Refusal { code, message, retry_after, .. } = refusal;
    let Some(after) = retry_after else { return Status::new(code, message) };
    let details = rpc::RpcStatus::new(code as i32, message.clone()).retry_after(after);
    Status::with_details(code, message, details.encode().into())
}
