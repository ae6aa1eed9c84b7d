"""Holds what clients say was accepted against what arrived in files: every item, every field, exactly once.

    compare.py --sent 'clients/*.jsonl' --arrived out.json [--arrived …] [--at-least-once] [--ignore-unknown]

`--sent` are JSON lines of python_sdk.py and node_sdk.mjs; `--arrived` are files of the Collector's or weft's `file`
exporter (one OTLP JSON request a line). Prints one line of counts, and the first differences; exit code 1 if there are any.
It knows OTLP JSON's freedoms (absent is zero, 64-bit integers as text or number) and grants no others: the order of
attributes, of events, of list members must be kept.
"""

import argparse
import glob
import json
import sys

SHAPES = {
    "traces": ("resourceSpans", "scopeSpans", "spans"),
    "logs": ("resourceLogs", "scopeLogs", "logRecords"),
    "metrics": ("resourceMetrics", "scopeMetrics", "metrics"),
}
KINDS_OF_METRIC = ("gauge", "sum", "histogram", "exponentialHistogram", "summary")
# In an AnyValue and in a data point, which field is present says the type: a zero there is not nothing.
ONE_OF = {"stringValue", "boolValue", "intValue", "doubleValue", "bytesValue", "arrayValue", "kvlistValue", "asInt", "asDouble"}
OPTIONAL = {"sum", "min", "max"}
INTEGERS = {"intValue", "asInt", "count", "zeroCount", "startTimeUnixNano", "endTimeUnixNano", "timeUnixNano", "observedTimeUnixNano"}
LISTS = {"bucketCounts": int, "explicitBounds": float}
DOUBLES = {"doubleValue", "asDouble", "sum", "min", "max", "zeroThreshold"}


def canonical(value, key=None):
    """The one form of an OTLP JSON value: zeros absent, integers as integers, doubles as doubles."""
    if isinstance(value, dict):
        inner = {name: canonical(one, name) for name, one in value.items()}
        return {name: one for name, one in inner.items() if name in ONE_OF | OPTIONAL or one not in (None, "", 0, False, [], {})}
    if isinstance(value, list):
        return [LISTS.get(key, canonical)(one) for one in value]
    if key in INTEGERS and value is not None:
        return int(value)
    if key in DOUBLES and value is not None:
        return float(value)
    return value


def arrived(path):
    """The items of a file of OTLP JSON requests: (signal, seq, item)."""
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            message = json.loads(line)
            signal = next((name for name, shape in SHAPES.items() if shape[0] in message), None)
            if signal is None:
                raise SystemExit(f"{path}:{number}: no request of any signal: {line[:80]}")
            yield from flattened(signal, message)


def flattened(signal, message):
    resources, scopes, records = SHAPES[signal]
    for resource in message.get(resources, []):
        for scope in resource.get(scopes, []):
            around = {"resource": resource.get("resource"), "scope": scope.get("scope")}
            around["schemas"] = [resource.get("schemaUrl"), scope.get("schemaUrl")]
            for record in scope.get(records, []):
                for one in points(record) if signal == "metrics" else [record]:
                    seq = next((a["value"].get("stringValue") for a in one.get("attributes", []) if a["key"] == "seq"), None)
                    yield signal, seq, {"record": one, **around}


def points(metric):
    about = {key: value for key, value in metric.items() if key not in KINDS_OF_METRIC}
    for kind in KINDS_OF_METRIC:
        if kind in metric:
            about |= {key: value for key, value in metric[kind].items() if key != "dataPoints"}
            for point in metric[kind].get("dataPoints", []):
                yield {**point, "metric": {**about, "kind": kind}}


def prepared(item):
    # Absent and empty schema URLs are the same, and a scope without anything is no scope.
    return canonical({**item, "schemas": [url or "" for url in item["schemas"]]})


def difference(sent, got, path=""):
    """The first place where two canonical values differ, in words."""
    if isinstance(sent, dict) and isinstance(got, dict):
        for key in [*sent, *[k for k in got if k not in sent]]:
            if key not in got:
                return f"{path}.{key}: lost (sent {short(sent[key])})"
            if key not in sent:
                return f"{path}.{key}: added ({short(got[key])})"
            if found := difference(sent[key], got[key], f"{path}.{key}"):
                return found
        return None
    if isinstance(sent, list) and isinstance(got, list) and len(sent) == len(got):
        return next((d for n, (a, b) in enumerate(zip(sent, got)) if (d := difference(a, b, f"{path}[{n}]"))), None)
    if sent == got and type(sent) is type(got):
        return None
    return f"{path}: sent {short(sent)}, got {short(got)}"


def short(value):
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:117] + "…"


def problems(sent, received, args):
    for key, item in sent.items():
        copies = received.pop(key, [])
        if not copies:
            yield f"{key[0]} {key[1]}: accepted, never arrived"
        if len(copies) > 1 and not args.at_least_once:
            yield f"{key[0]} {key[1]}: arrived {len(copies)} times"
        for copy in copies:
            if found := difference(item, copy):
                yield f"{key[0]} {key[1]}: {found}"
                break
    if not args.ignore_unknown:
        for key in received:
            yield f"{key[0]} {key[1]}: arrived, but no client says that it was accepted"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sent", action="append", required=True)
    parser.add_argument("--arrived", action="append", required=True)
    parser.add_argument("--at-least-once", action="store_true", help="duplicates are allowed")
    parser.add_argument("--ignore-unknown", action="store_true", help="items that nobody accepted are allowed")
    args = parser.parse_args()
    sent, received, total = {}, {}, 0
    for path in (path for pattern in args.sent for path in sorted(glob.glob(pattern))):
        with open(path, encoding="utf-8") as lines:
            for line in map(json.loads, lines):
                key = (line["signal"], line["seq"])
                if key in sent:
                    raise SystemExit(f"{path}: {key} was sent twice: give every client a prefix of its own")
                sent[key] = prepared(line["item"])
    for path in (path for pattern in args.arrived for path in sorted(glob.glob(pattern))):
        for signal, seq, item in arrived(path):
            received.setdefault((signal, seq), []).append(prepared(item))
            total += 1
    found = list(problems(sent, received, args))
    for line in found[:10]:
        print(line)
    print(f"sent {len(sent)}, arrived {total}, differences {len(found)}")
    # Comparing nothing with nothing proves nothing.
    return 1 if found or not sent else 0


if __name__ == "__main__":
    sys.exit(main())
