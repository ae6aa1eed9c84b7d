// A real client: sends a known set of telemetry with the OpenTelemetry SDK for Node and says what was accepted.
//
//   WEFT_NODE=<folder with node_modules> node node_sdk.mjs --protocol grpc|proto|json --endpoint http://127.0.0.1:4318
//        [--count 100] [--signals traces,metrics,logs] [--batch 32] [--compression none|gzip] [--header name=value]…
//        [--prefix node] [--timeout 10]
//
// Every item carries a unique attribute `seq`. For each item whose export was answered with success one JSON line is
// printed: {"signal", "seq", "item"}, where `item` is what was sent, in OTLP JSON (record, scope, resource), so that
// compare.py can hold it against what arrived. The exit code is 1 if any export failed or nothing was sent.
// It uses the SDK's own batching and exporters: nothing of the wire is written here.

import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';
import path from 'node:path';

const load = createRequire(path.join(process.env.WEFT_NODE ?? '.', 'package.json'));
const otel = (name) => load(`@opentelemetry/${name}`);
const { trace, context, ROOT_CONTEXT, SpanKind, SpanStatusCode, TraceFlags } = otel('api');
const { SeverityNumber } = otel('api-logs');
const { resourceFromAttributes } = otel('resources');
const { BasicTracerProvider, BatchSpanProcessor } = otel('sdk-trace-base');
const { LoggerProvider, BatchLogRecordProcessor } = otel('sdk-logs');
const { MeterProvider, PeriodicExportingMetricReader, AggregationType } = otel('sdk-metrics');
const { JsonTraceSerializer, JsonMetricsSerializer, JsonLogsSerializer } = otel('otlp-transformer');

const TEXTS = ['plain', 'grüße, 世界 🚀', '', 'line\nbreak\t"quoted" \\ \u0000nul', 'e\u0301 vs é', 'x'.repeat(5000)];
const NESTED = { list: [1, 'two', 3.5, true, ['deep', { er: 'ünder' }]], map: { empty: {}, leer: '' }, bytes: new Uint8Array([0, 255, 16]) };
const HOUR_MS = 3_600_000;

const { values: args } = parseArgs({
  options: {
    protocol: { type: 'string' },
    endpoint: { type: 'string' },
    signals: { type: 'string', default: 'traces,metrics,logs' },
    count: { type: 'string', default: '100' },
    batch: { type: 'string', default: '32' },
    compression: { type: 'string', default: 'none' },
    header: { type: 'string', multiple: true, default: [] },
    prefix: { type: 'string', default: 'node' },
    timeout: { type: 'string', default: '10' },
  },
});
const count = Number(args.count);
const seq = (signal, n) => `${args.prefix}-${signal}-${n}`;
const accepted = { lines: [], exports: 0, failures: 0, slowest: 0 };

// Where the three signals differ in OTLP JSON, and in the names of the exporters.
const SHAPES = {
  traces: { in: ['resourceSpans', 'scopeSpans', 'spans'], serializer: JsonTraceSerializer, package: 'trace', exporter: 'OTLPTraceExporter' },
  metrics: { in: ['resourceMetrics', 'scopeMetrics', 'metrics'], serializer: JsonMetricsSerializer, package: 'metrics', exporter: 'OTLPMetricExporter' },
  logs: { in: ['resourceLogs', 'scopeLogs', 'logRecords'], serializer: JsonLogsSerializer, package: 'logs', exporter: 'OTLPLogExporter' },
};
const KINDS_OF_METRIC = ['gauge', 'sum', 'histogram', 'exponentialHistogram', 'summary'];

// A metric is split into its data points: the unit that is counted and compared.
function* points(metric) {
  const kind = KINDS_OF_METRIC.find((name) => metric[name]);
  const { [kind]: { dataPoints, ...inner }, ...about } = metric;
  for (const point of dataPoints) yield { ...point, metric: { ...about, ...inner, kind } };
}

function* items(signal, batch) {
  const { in: [resources, scopes, records], serializer } = SHAPES[signal];
  const message = JSON.parse(new TextDecoder().decode(serializer.serializeRequest(batch)));
  for (const resource of message[resources] ?? []) {
    for (const scope of resource[scopes] ?? []) {
      const around = { resource: resource.resource, scope: scope.scope, schemas: [resource.schemaUrl, scope.schemaUrl] };
      for (const record of scope[records] ?? []) {
        for (const one of signal === 'metrics' ? points(record) : [record]) {
          const own = one.attributes.find((attribute) => attribute.key === 'seq').value.stringValue;
          yield { signal, seq: own, item: { record: one, ...around } };
        }
      }
    }
  }
}

// The exporter, every export noted. SDKs call `export` and forget the answer; a test must not.
function watched(signal) {
  const inner = makeExporter(signal);
  const really = inner.export.bind(inner);
  inner.export = (batch, done) => {
    const start = performance.now();
    really(batch, (result) => {
      accepted.exports += 1;
      accepted.slowest = Math.max(accepted.slowest, (performance.now() - start) / 1000);
      if (result.code === 0) accepted.lines.push(...items(signal, batch));
      else {
        accepted.failures += 1;
        console.error(`${signal}: ${result.error?.message ?? 'failed'}`);
      }
      done(result);
    });
  };
  return inner;
}

function makeExporter(signal) {
  const shape = SHAPES[signal];
  const headers = Object.fromEntries(args.header.map((pair) => pair.split(/=(.*)/s).slice(0, 2)));
  // At shutdown the SDK sends all batches at once; by default it drops those after the thirtieth by itself.
  const common = { compression: args.compression, timeoutMillis: Number(args.timeout) * 1000, concurrencyLimit: count };
  if (args.protocol === 'grpc') {
    const { [shape.exporter]: Exporter } = otel(`exporter-${shape.package}-otlp-grpc`);
    const { Metadata } = load('@grpc/grpc-js');
    const metadata = new Metadata();
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    return new Exporter({ url: args.endpoint, metadata, ...common });
  }
  const kind = { proto: 'proto', json: 'http' }[args.protocol];
  const { [shape.exporter]: Exporter } = otel(`exporter-${shape.package}-otlp-${kind}`);
  return new Exporter({ url: `${args.endpoint.replace(/\/$/, '')}/v1/${signal}`, headers, ...common });
}

const batching = { maxQueueSize: count + Number(args.batch), maxExportBatchSize: Number(args.batch), scheduledDelayMillis: 500 };

async function sendTraces(resource) {
  const provider = new BasicTracerProvider({ resource, spanProcessors: [new BatchSpanProcessor(watched('traces'), batching)] });
  const tracers = [provider.getTracer('weft.test/ä', '1.2.3', { schemaUrl: 'https://example.org/schema/1' }), provider.getTracer('other')];
  const earlier = [];
  for (let n = 0; n < count; n += 1) {
    const parent = n % 3 && earlier.length ? trace.setSpanContext(ROOT_CONTEXT, earlier.at(-1)) : ROOT_CONTEXT;
    const links = n % 5 === 0 ? earlier.slice(-2).map((spanContext) => ({ context: spanContext, attributes: { 'link.n': n, why: 'ü' } })) : [];
    const kind = [SpanKind.INTERNAL, SpanKind.SERVER, SpanKind.CLIENT, SpanKind.PRODUCER, SpanKind.CONSUMER][n % 5];
    const span = tracers[n % 2].startSpan(`span ${n % 7} é`, { kind, links }, parent);
    span.setAttributes({ seq: seq('traces', n), text: TEXTS[n % TEXTS.length], int: -n * 10 ** 9, double: n / 3, bool: n % 2 === 0 });
    span.setAttributes({ strings: ['a', 'ß', ''], numbers: [1, -2, 0.5, 2 ** 40], bools: [true, false] });
    if (n % 2) span.addEvent('event ✓', { 'event.n': n, list: ['x', 'y'] });
    if (n % 4 === 0) span.setStatus({ code: SpanStatusCode.ERROR, message: 'went wrong: naïve' });
    earlier.push(span.spanContext());
    span.end();
  }
  await provider.shutdown();
}

async function sendLogs(resource) {
  const provider = new LoggerProvider({ resource, processors: [new BatchLogRecordProcessor({ exporter: watched('logs'), ...batching })] });
  const logger = provider.getLogger('weft.test.logs', '2');
  const severities = Object.values(SeverityNumber).filter((value) => typeof value === 'number');
  const bodies = [...TEXTS, NESTED, 42, -1.5, false, ['a', 1], new Uint8Array([1, 2])];
  for (let n = 0; n < count; n += 1) {
    const id = (n + 1).toString(16);
    const spanContext = { traceId: id.padStart(32, 'a'), spanId: id.padStart(16, 'b'), traceFlags: TraceFlags.SAMPLED };
    logger.emit({
      timestamp: Date.now(),
      severityNumber: severities[n % severities.length],
      severityText: n % 3 ? 'WÄRN' : undefined,
      body: bodies[n % bodies.length],
      attributes: { seq: seq('logs', n), nested: NESTED, text: TEXTS[n % TEXTS.length] },
      eventName: n % 4 === 0 ? 'event.name' : undefined,
      context: n % 2 ? trace.setSpanContext(ROOT_CONTEXT, spanContext) : ROOT_CONTEXT,
    });
  }
  await provider.shutdown();
}

async function sendMetrics(resource) {
  // One collection, at shutdown: a second one would send every point again under a new time.
  const reader = new PeriodicExportingMetricReader({ exporter: watched('metrics'), exportIntervalMillis: HOUR_MS });
  const limit = { aggregationCardinalityLimit: count + 1 };
  const views = [
    { instrumentName: 'exponential', aggregation: { type: AggregationType.EXPONENTIAL_HISTOGRAM }, ...limit },
    ...['counter', 'updown', 'histogram', 'gauge'].map((instrumentName) => ({ instrumentName, ...limit })),
  ];
  const provider = new MeterProvider({ resource, readers: [reader], views });
  const meter = provider.getMeter('weft.test.metrics', '3', { schemaUrl: 'https://example.org/schema/2' });
  const record = [
    [meter.createCounter('counter', { unit: '1', description: 'counts, größer' }), (tool, n, a) => tool.add(n + 1, a)],
    [meter.createUpDownCounter('updown', { unit: 'By' }), (tool, n, a) => tool.add(-n / 7, a)],
    [meter.createHistogram('histogram', { unit: 'ms' }), (tool, n, a) => [0.5, n, n * 1000].forEach((value) => tool.record(value, a))],
    [meter.createHistogram('exponential', { unit: 's' }), (tool, n, a) => [0, 1e-9, 3 + n, 1e9].forEach((value) => tool.record(value, a))],
    [meter.createGauge('gauge', { unit: 'Cel' }), (tool, n, a) => tool.record(n * 1.5, a)],
  ];
  for (let n = 0; n < count; n += 1) {
    const [tool, use] = record[n % record.length];
    use(tool, n, { seq: seq('metrics', n), text: TEXTS[n % TEXTS.length], list: ['ä', 'b'] });
  }
  await provider.shutdown();
}

const resource = resourceFromAttributes({ 'service.name': 'node-sdk', unicode: 'Ünïcödé 世界', numbers: [1, 2, 3] });
const send = { traces: sendTraces, metrics: sendMetrics, logs: sendLogs };
const signals = args.signals.split(',');
for (const signal of signals) {
  await send[signal](resource).catch((fault) => {
    accepted.failures += 1;
    console.error(`${signal}: ${fault.message}`);
  });
}
for (const line of accepted.lines) console.log(JSON.stringify(line));
const told = { accepted: accepted.lines.length, exports: accepted.exports, failures: accepted.failures, slowest_s: Number(accepted.slowest.toFixed(3)) };
console.error(JSON.stringify(told));
process.exitCode = accepted.failures === 0 && accepted.lines.length === count * signals.length ? 0 : 1;
