#!/usr/bin/env python3
"""Makes the seeds of corpus/: one small input for each shape, so that the first run begins where it is interesting.

Usage: fuzz/seeds.py (from anywhere). Seeds are named by what they are; some are the configurations of the repository
as they are now.
"""

import json
import struct
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPO = HERE.parent


def varint(number):
    out = bytearray()
    while number > 127:
        out.append(number & 127 | 128)
        number >>= 7
    return bytes(out + bytes([number]))


def message(*fields):
    """A message of (number, value) pairs: whole numbers are varints, floats fixed64, the rest is delimited."""
    out = b""
    for number, value in fields:
        if isinstance(value, int):
            out += varint(number << 3) + varint(value)
        elif isinstance(value, float):
            out += varint(number << 3 | 1) + struct.pack("<d", value)
        else:
            value = value.encode() if isinstance(value, str) else value
            out += varint(number << 3 | 2) + varint(len(value)) + value
    return out


def fixed(number, value):
    return varint(number << 3 | 1) + struct.pack("<Q", value)


VALUES = [
    message((1, "text")),
    message((2, 1)),
    message((3, 2**64 - 5)),
    message((4, 0.5)),
    message((5, message((1, message((1, "a"))), (1, message((3, 7)))))),
    message((6, message((1, message((1, "k"), (2, message((2, 0)))))))),
    message((7, b"\x00\xff")),
    b"",
]
ATTRIBUTES = [message((1, f"key{n}"), (2, value)) for n, value in enumerate(VALUES)]
RESOURCE = message((1, ATTRIBUTES[0]), (1, ATTRIBUTES[4]), (2, 3))
SCOPE = message((1, "scope"), (2, "1.0"), (3, ATTRIBUTES[2]), (4, 1))


def request(*records):
    scope = message((1, SCOPE), *((2, record) for record in records), (3, "https://scope"))
    return message((1, message((1, RESOURCE), (2, scope), (3, "https://resource"))))


def span():
    event = fixed(1, 5) + message((2, "event"), *((3, one) for one in ATTRIBUTES[:2]), (4, 2))
    link = message((1, b"\x01" * 16), (2, b"\x02" * 8), (3, "a=b"), (4, ATTRIBUTES[1]))
    return message((1, b"\x01" * 16), (2, b"\x02" * 8), (3, "a=b"), (4, b"\x03" * 8), (5, "GET /"), (6, 2)) + fixed(
        7, 1
    ) + fixed(8, 2) + message(
        *((9, one) for one in ATTRIBUTES), (11, event), (13, link), (15, message((2, "bad"), (3, 2)))
    )


def log():
    return fixed(1, 1) + message((2, 9), (3, "INFO"), (5, VALUES[4]), *((6, one) for one in ATTRIBUTES), (9, b"\x01" * 16))


def metric(kind, points, *more):
    data = message(*((1, point) for point in points), *more)
    return message((1, "name"), (2, "description"), (3, "By"), (kind, data), (12, ATTRIBUTES[0]))


def metrics():
    exemplar = fixed(2, 3) + message((3, 1.5), (4, b"\x02" * 8), (5, b"\x01" * 16), (7, ATTRIBUTES[1]))
    number = [fixed(2, 1) + fixed(3, n) + message((4, n + 0.5), (5, exemplar), (7, ATTRIBUTES[0])) for n in range(3)]
    counts, bounds = struct.pack("<3Q", 1, 2, 3), struct.pack("<2d", 0.5, 1.5)
    histogram = fixed(3, 1) + fixed(4, 6) + message((5, 7.5), (6, counts), (7, bounds), (9, ATTRIBUTES[0]), (11, 0.1))
    buckets = message((1, 3), (2, varint(1) + varint(300)))
    exponential = message((1, ATTRIBUTES[0])) + fixed(3, 1) + fixed(4, 6) + message((6, 4)) + fixed(7, 1) + message(
        (8, buckets), (9, buckets), (12, 0.5)
    )
    summary = fixed(3, 1) + fixed(4, 2) + message((5, 3.0), (6, message((1, 0.5), (2, 1.5))), (7, ATTRIBUTES[0]))
    return [
        metric(5, number),
        metric(7, number[:2], (2, 2), (3, 1)),
        metric(9, [histogram], (2, 1)),
        metric(10, [exponential], (2, 2)),
        metric(11, [summary]),
        message((1, "no data")),
    ]


def wire():
    yield "spans", b"\x00\x01" + request(span(), span())
    yield "metrics", b"\x01\x02" + request(*metrics())
    yield "logs", b"\x02\x01" + request(log(), log())
    yield "two-requests", b"\x02\x01" + request(log()) + request(log())
    yield "resource-twice", b"\x02\x01" + message((1, message((1, RESOURCE), (1, RESOURCE), (2, message((2, log()))))))
    yield "no-utf8", b"\x00\x01" + request(message((5, b"\xff\xfe name")))
    yield "group", b"\x00\x01" + message((1, b"\x9b\x06\x08\x01\x9c\x06"))
    nested = message((1, "x"))
    for _ in range(60):
        nested = message((5, message((1, nested))))
    yield "nested", b"\x02\x01" + request(message((5, nested)))
    yield "short-id", b"\x00\x01" + request(message((1, b"\x01" * 3), (2, b"\x02")))
    yield "empty", b"\x00\x00"


def texts():
    for choice, signal in enumerate(["traces", "metrics", "logs"]):
        golden = json.loads((REPO / f"src/exporters/debug/golden/{signal}.json").read_text())
        yield signal, bytes([choice]) + json.dumps(golden, separators=(",", ":")).encode()
    point = '{"asInt":"-7","timeUnixNano":1e9,"flags":1,"exemplars":[{"asDouble":"NaN","spanId":"0011223344556677"}]}'
    yield "numbers", b"\x01" + (
        '{"resource_metrics":[{"scope_metrics":[{"metrics":[{"sum":{"dataPoints":[%s],'
        '"aggregationTemporality":"AGGREGATION_TEMPORALITY_DELTA"}}]}]}],"unknown":[{"a":null}]}' % point
    ).encode()
    body = r'{"kvlistValue":{"values":[{"key":"\u00e9\ud83d\ude00\n","value":{"bytesValue":"AP8_"}},{"key":"n","value":{}}]}}'
    yield "values", b"\x02" + ('{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":%s}]}]}]}' % body).encode()


def yaml():
    for path in sorted(REPO.glob("configs/*.yaml")) + sorted(REPO.glob("tests/golden/config/*.yaml")):
        text = path.read_bytes()
        if len(text) <= 2000:
            yield path.stem, text
    yield "expansion", b"a: ${env:L}\nb: x${env:T}y\nc: ${env:T}\nd: $$ ${env:A} ${env:NONE:-z}\ne::f: 1\n"
    yield "long-key", b'"' + b"\\a" * 200 + b'": 1\n'
    yield "styles", b"a: |\n  x\n  y\nb: >-\n  z\nc: 'q''q'\nd: \"\\t\\u00e9\"\n? e\n: [1, 0x1F, .inf, ~, {f: g}]\nh: &h {i: 1}\nj: *h\n"


def main():
    for target, seeds in [("otlp_wire", wire), ("otlp_json", texts), ("config_yaml", yaml)]:
        folder = HERE / "corpus" / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, seed in seeds():
            (folder / name).write_bytes(seed)


if __name__ == "__main__":
    main()
