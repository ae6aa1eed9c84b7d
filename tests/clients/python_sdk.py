"""A real client: sends a known set of telemetry with the OpenTelemetry SDK for Python and says what was accepted.

    python_sdk.py --protocol grpc|http --endpoint http://127.0.0.1:4317 [--count 100] [--signals traces,metrics,logs]

Every item carries a unique attribute `seq`. For each item whose export was answered with success one JSON line is
printed: {"signal", "seq", "item"}, where `item` is what was sent, in OTLP JSON (record, scope, resource), so that
`compare.py` can hold it against what arrived. The exit code is 1 if any export failed or nothing was sent.
It uses the SDK's own batching and exporters: nothing of the wire is written here.
"""

import argparse
import base64
import json
import sys
import threading
import time

from google.protobuf.json_format import MessageToDict
from opentelemetry import trace
from opentelemetry._logs import LogRecord, SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.metrics_encoder import encode_metrics
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.metrics import Observation
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExporter
from opentelemetry.sdk.metrics import AlwaysOnExemplarFilter, MeterProvider
from opentelemetry.sdk.metrics.export import MetricExporter, PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import ExponentialBucketHistogramAggregation, View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter

TEXTS = ["plain", "grüße, 世界 🚀", "", "line\nbreak\t\"quoted\" \\ \u0000nul", "e\u0301 vs é", "x" * 5000]
NESTED = {"list": [1, "two", 3.5, True, ["deep", {"er": "ünder"}]], "map": {"empty": {}, "leer": ""}, "bytes": b"\x00\xff\x10"}
HOUR_MS = 3_600_000

# Where the three signals differ in OTLP JSON.
SHAPES = {
    "traces": ("resourceSpans", "scopeSpans", "spans", encode_spans),
    "logs": ("resourceLogs", "scopeLogs", "logRecords", encode_logs),
    "metrics": ("resourceMetrics", "scopeMetrics", "metrics", encode_metrics),
}
KINDS_OF_METRIC = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")


class Accepted:
    """What was answered with success, and how the exports went. Exporters are called from several threads."""

    def __init__(self):
        self._lock = threading.Lock()
        self.lines, self.failures, self.exports, self.slowest = [], 0, 0, 0.0

    def note(self, signal, batch, ok, seconds):
        with self._lock:
            self.exports += 1
            self.slowest = max(self.slowest, seconds)
            if ok:
                self.lines += list(items(signal, batch))
            else:
                self.failures += 1


def items(signal, batch):
    """The items of one export in OTLP JSON, as the exporter itself encodes them."""
    resources, scopes, records, encode = SHAPES[signal]
    message = MessageToDict(encode(batch), use_integers_for_enums=True)
    for resource in message.get(resources, []):
        for scope in resource.get(scopes, []):
            around = {"resource": resource.get("resource"), "scope": scope.get("scope")}
            around |= {"schemas": [resource.get("schemaUrl"), scope.get("schemaUrl")]}
            for record in scope.get(records, []):
                for one in points(record) if signal == "metrics" else [record]:
                    hex_ids(one)
                    yield {"signal": signal, "seq": seq_of(one), "item": {"record": one, **around}}


def points(metric):
    """A metric is split into its data points: the unit that is counted and compared."""
    about = {key: value for key, value in metric.items() if key not in KINDS_OF_METRIC}
    for kind in KINDS_OF_METRIC:
        if kind in metric:
            about |= {key: value for key, value in metric[kind].items() if key != "dataPoints"}
            for point in metric[kind].get("dataPoints", []):
                yield {**point, "metric": {**about, "kind": kind}}


def seq_of(record):
    return next((a["value"]["stringValue"] for a in record.get("attributes", []) if a["key"] == "seq"), None)


def hex_ids(value):
    """Protobuf's JSON writes ids in base64, OTLP's in hexadecimal."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("traceId", "spanId", "parentSpanId"):
                value[key] = base64.b64decode(inner).hex()
            else:
                hex_ids(inner)
    elif isinstance(value, list):
        for inner in value:
            hex_ids(inner)


def watched(base, signal, inner, accepted):
    """The exporter `inner` under the SDK's interface `base`, every export noted."""

    class Watched(base):
        def export(self, batch, **kwargs):
            start = time.monotonic()
            try:
                ok = inner.export(batch, **kwargs).name == "SUCCESS"
            except Exception as fault:  # the SDK would only log it
                print(f"{signal}: {fault}", file=sys.stderr)
                ok = False
                raise
            finally:
                accepted.note(signal, batch, ok, time.monotonic() - start)
            return inner_result(base, ok)

        def shutdown(self, *args, **kwargs):
            inner.shutdown()

        def force_flush(self, timeout_millis=30_000):
            return inner.force_flush(timeout_millis)

    if base is MetricExporter:
        return Watched(inner._preferred_temporality, inner._preferred_aggregation)
    return Watched()


def inner_result(base, ok):
    from opentelemetry.sdk._logs.export import LogRecordExportResult
    from opentelemetry.sdk.metrics.export import MetricExportResult
    from opentelemetry.sdk.trace.export import SpanExportResult

    results = {SpanExporter: SpanExportResult, MetricExporter: MetricExportResult, LogRecordExporter: LogRecordExportResult}
    return results[base].SUCCESS if ok else results[base].FAILURE


def exporters(args):
    """The exporters of the chosen protocol, with the same settings for all three signals."""
    headers = dict(pair.split("=", 1) for pair in args.header)
    if args.protocol == "grpc":
        import grpc
        from opentelemetry.exporter.otlp.proto.grpc._log_exporter import OTLPLogExporter
        from opentelemetry.exporter.otlp.proto.grpc.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.grpc.trace_exporter import OTLPSpanExporter

        compression = {"none": grpc.Compression.NoCompression, "gzip": grpc.Compression.Gzip, "deflate": grpc.Compression.Deflate}
        common = {"compression": compression[args.compression], "headers": headers or None, "timeout": args.timeout}
        common["insecure"] = args.endpoint.startswith("http://")
        if args.ca:
            with open(args.ca, "rb") as ca:
                common["credentials"] = grpc.ssl_channel_credentials(ca.read())
        address = {signal: args.endpoint for signal in SHAPES}
    else:
        from opentelemetry.exporter.otlp.proto.http import Compression
        from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
        from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        compression = {"none": Compression.NoCompression, "gzip": Compression.Gzip, "deflate": Compression.Deflate}
        common = {"compression": compression[args.compression], "headers": headers or None, "timeout": args.timeout}
        if args.ca:
            common["certificate_file"] = args.ca
        address = {signal: f"{args.endpoint.rstrip('/')}/v1/{signal}" for signal in SHAPES}
    made = {"traces": OTLPSpanExporter, "metrics": OTLPMetricExporter, "logs": OTLPLogExporter}
    return {signal: make(endpoint=address[signal], **common) for signal, make in made.items()}


def send_traces(args, resource, exporter, seq):
    provider = TracerProvider(resource=resource)
    provider.add_span_processor(BatchSpanProcessor(exporter, max_queue_size=args.count + args.batch, max_export_batch_size=args.batch))
    tracers = [provider.get_tracer("weft.test/ä", "1.2.3", "https://example.org/schema/1", {"scope.attribute": 7}), provider.get_tracer("other")]
    earlier = []
    for n in range(args.count):
        parent = trace.set_span_in_context(trace.NonRecordingSpan(earlier[-1])) if n % 3 and earlier else None
        links = [trace.Link(context, {"link.n": n, "why": "ü"}) for context in earlier[-2:]] if n % 5 == 0 else []
        span = tracers[n % 2].start_span(f"span {n % 7} é", context=parent, kind=list(trace.SpanKind)[n % 5], links=links)
        span.set_attributes({"seq": seq("traces", n), "text": TEXTS[n % len(TEXTS)], "int": -n * 10**15, "double": n / 3, "bool": n % 2 == 0})
        span.set_attributes({"strings": ["a", "ß", ""], "ints": [1, -2, 2**62], "doubles": [0.0, -0.5, 1e300], "bools": [True, False]})
        if n % 2:
            span.add_event("event ✓", {"event.n": n, "list": ["x", "y"]}, timestamp=time.time_ns() - 5)
        if n % 4 == 0:
            span.set_status(trace.StatusCode.ERROR, "went wrong: naïve")
        earlier.append(span.get_span_context())
        span.end()
    provider.shutdown()


def send_logs(args, resource, exporter, seq):
    provider = LoggerProvider(resource=resource)
    provider.add_log_record_processor(BatchLogRecordProcessor(exporter, max_queue_size=args.count + args.batch, max_export_batch_size=args.batch))
    logger = provider.get_logger("weft.test.logs", "2", attributes={"scope": "ö"})
    bodies = [*TEXTS, NESTED, 42, -1.5, False, ["a", 1], b"\x01\x02"]
    for n in range(args.count):
        span = trace.SpanContext(trace_id=(n + 1) << 64 | 1, span_id=n + 1, is_remote=True, trace_flags=trace.TraceFlags(1))
        logger.emit(
            LogRecord(
                timestamp=time.time_ns(),
                observed_timestamp=time.time_ns(),
                context=trace.set_span_in_context(trace.NonRecordingSpan(span)) if n % 2 else None,
                severity_number=list(SeverityNumber)[n % len(SeverityNumber)],
                severity_text="WÄRN" if n % 3 else None,
                body=bodies[n % len(bodies)],
                attributes={"seq": seq("logs", n), "nested": NESTED, "text": TEXTS[n % len(TEXTS)]},
                event_name="event.name" if n % 4 == 0 else None,
            )
        )
    provider.shutdown()


def send_metrics(args, resource, exporter, seq):
    # One collection, at shutdown: a second one would send every point again under a new time.
    reader = PeriodicExportingMetricReader(exporter, export_interval_millis=HOUR_MS)
    views = [
        View(instrument_name="exponential", aggregation=ExponentialBucketHistogramAggregation()),
        # What a view takes off a point stays on its exemplars.
        View(instrument_name="counter", attribute_keys={"seq", "text", "list"}),
    ]
    provider = MeterProvider([reader], resource=resource, views=views, exemplar_filter=AlwaysOnExemplarFilter())
    meter = provider.get_meter("weft.test.metrics", "3", "https://example.org/schema/2", {"scope": True})
    counter = meter.create_counter("counter", "1", "counts, größer")
    updown = meter.create_up_down_counter("updown", "By")
    histogram = meter.create_histogram("histogram", "ms", "how long")
    exponential = meter.create_histogram("exponential", "s")
    observed = []
    meter.create_observable_gauge("gauge", [lambda _: [Observation(v, a) for v, a in observed]], "Cel")
    for n in range(args.count):
        attributes = {"seq": seq("metrics", n), "text": TEXTS[n % len(TEXTS)], "list": ["ä", "b"]}
        span = trace.NonRecordingSpan(trace.SpanContext(n + 1, n + 1, is_remote=True, trace_flags=trace.TraceFlags(1)))
        match n % 5:
            case 0:
                counter.add(n + 1, attributes | {"only.exemplar": "ü"}, trace.set_span_in_context(span))
            case 1:
                updown.add(-n / 7, attributes)
            case 2:
                for value in (0.5, n, n * 1000.0):
                    histogram.record(value, attributes)
            case 3:
                for value in (0.0, 1e-9, 3.0 + n, 1e9):
                    exponential.record(value, attributes)
            case _:
                observed.append((n * 1.5, attributes))
    provider.shutdown()


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--protocol", choices=["grpc", "http"], required=True)
    parser.add_argument("--endpoint", required=True, help="http://host:port or https://host:port, without a path")
    parser.add_argument("--signals", default="traces,metrics,logs")
    parser.add_argument("--count", type=int, default=100, help="items per signal")
    parser.add_argument("--batch", type=int, default=32, help="items per export (traces and logs)")
    parser.add_argument("--compression", choices=["none", "gzip", "deflate"], default="none")
    parser.add_argument("--header", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("--ca", help="PEM file of the authority to trust")
    parser.add_argument("--timeout", type=float, default=10, help="seconds per export")
    parser.add_argument("--prefix", default="python", help="first part of every seq")
    return parser.parse_args()


def main():
    args = arguments()
    accepted = Accepted()
    resource = Resource({"service.name": "python-sdk", "unicode": "Ünïcödé 世界", "numbers": [1, 2, 3]})
    send = {"traces": (SpanExporter, send_traces), "metrics": (MetricExporter, send_metrics), "logs": (LogRecordExporter, send_logs)}
    real = exporters(args)
    for signal in args.signals.split(","):
        base, run = send[signal]
        run(args, resource, watched(base, signal, real[signal], accepted), lambda s, n: f"{args.prefix}-{s}-{n}")
    for line in accepted.lines:
        print(json.dumps(line, ensure_ascii=False, separators=(",", ":")))
    told = {"accepted": len(accepted.lines), "exports": accepted.exports, "failures": accepted.failures, "slowest_s": round(accepted.slowest, 3)}
    print(json.dumps(told), file=sys.stderr)
    expected = args.count * len(args.signals.split(","))
    return 0 if accepted.failures == 0 and len(accepted.lines) == expected else 1


if __name__ == "__main__":
    sys.exit(main())
