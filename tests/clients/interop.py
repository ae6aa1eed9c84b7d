"""Real clients through real processes: every SDK and protocol into a chain of two gateways, every item compared.

    interop.py --weft BIN --collector BIN --telemetrygen BIN --node FOLDER [--count 100] [--chain NAME] [--keep]

A chain is client → front → back → file. Both ends run the same YAML, which is the Collector's, so either end can be
weft or the Collector ("chained behind existing collectors"). Both are stopped with SIGTERM, weft right after
the last answer: what was accepted must be in the file then, which also proves the drain.
"""

import argparse
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time

import compare

CLIENTS = pathlib.Path(__file__).parent
START_S, STOP_S, CLIENT_S = 20, 30, 90
# telemetrygen fills a queue of 2,048 spans as fast as it can and drops what does not fit, by itself.
MOST_OF_GO = 500

# name: (front, back, what lies between)
CHAINS = {
    "weft-weft-grpc": ("weft", "weft", "otlp: {{endpoint: 127.0.0.1:{grpc}, tls: {{insecure: true}}}}"),
    "weft-weft-http": ("weft", "weft", "otlphttp: {{endpoint: http://127.0.0.1:{http}, compression: zstd}}"),
    "weft-weft-json": ("weft", "weft", "otlphttp: {{endpoint: http://127.0.0.1:{http}, encoding: json, compression: none}}"),
    "collector-weft-grpc": ("collector", "weft", "otlp: {{endpoint: 127.0.0.1:{grpc}, tls: {{insecure: true}}, compression: snappy}}"),
    "collector-weft-json": ("collector", "weft", "otlphttp: {{endpoint: http://127.0.0.1:{http}, encoding: json}}"),
    "weft-collector-grpc": ("weft", "collector", "otlp: {{endpoint: 127.0.0.1:{grpc}, tls: {{insecure: true}}}}"),
    "weft-collector-json": ("weft", "collector", "otlphttp: {{endpoint: http://127.0.0.1:{http}, encoding: json}}"),
}

CONFIG = """\
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 127.0.0.1:{grpc}
        max_recv_msg_size_mib: 64
      http:
        endpoint: 127.0.0.1:{http}
processors:
  memory_limiter: {{check_interval: 1s, limit_mib: 512}}
  batch: {{timeout: 100ms}}
exporters:
  {exporter}
service:
  telemetry:
    metrics: {{level: none}}
  pipelines:
    traces: {{receivers: [otlp], processors: [memory_limiter, batch], exporters: [{name}]}}
    metrics: {{receivers: [otlp], processors: [memory_limiter, batch], exporters: [{name}]}}
    logs: {{receivers: [otlp], processors: [memory_limiter, batch], exporters: [{name}]}}
"""


def free_ports(count):
    """Ports that nobody has at this moment, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


class Gateway:
    """One process with OTLP in, and one exporter."""

    def __init__(self, binary, folder, exporter):
        self.grpc, self.http = free_ports(2)
        folder.mkdir()
        config = folder / "config.yaml"
        config.write_text(CONFIG.format(grpc=self.grpc, http=self.http, exporter=exporter, name=exporter.split(":")[0]))
        self.log = folder / "log"
        self.process = subprocess.Popen([binary, "--config", str(config)], stdout=self.log.open("w"), stderr=subprocess.STDOUT)
        deadline = time.monotonic() + START_S
        while not (listens(self.grpc) and listens(self.http)):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.process.kill()
                raise SystemExit(f"{binary} did not start with {config}:\n{tail(self.log)}")
            time.sleep(0.02)

    def stop(self):
        """SIGTERM, and the exit code."""
        self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = f"still running {STOP_S} s after SIGTERM"
        return [] if code == 0 else [f"exit code {code}:\n{tail(self.log)}"]

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def listens(port):
    with socket.socket() as one:
        one.settimeout(0.2)
        return one.connect_ex(("127.0.0.1", port)) == 0


def tail(path):
    return "".join(path.read_text(errors="replace").splitlines(keepends=True)[-15:])


def sdk_commands(args, front):
    """Every SDK × protocol, with the encodings that they offer."""
    grpc, http = f"http://127.0.0.1:{front.grpc}", f"http://127.0.0.1:{front.http}"
    python, node = [sys.executable, str(CLIENTS / "python_sdk.py")], ["node", str(CLIENTS / "node_sdk.mjs")]
    yield "python-grpc", [*python, "--protocol", "grpc", "--endpoint", grpc, "--compression", "gzip"]
    yield "python-http", [*python, "--protocol", "http", "--endpoint", http, "--compression", "deflate"]
    yield "python-plain", [*python, "--protocol", "http", "--endpoint", http]
    yield "node-grpc", [*node, "--protocol", "grpc", "--endpoint", grpc]
    yield "node-proto", [*node, "--protocol", "proto", "--endpoint", http, "--compression", "gzip"]
    yield "node-json", [*node, "--protocol", "json", "--endpoint", http, "--compression", "gzip"]


def telemetrygen_commands(args, front):
    """The Go SDK; it numbers nothing, so its items are counted by service name."""
    more = {"traces": "--traces", "metrics": "--metrics", "logs": "--logs"}
    for protocol, port, flag in (("grpc", front.grpc, []), ("http", front.http, ["--otlp-http"])):
        for name, count in more.items():
            service = f"go-{protocol}-{name}"
            yield service, [args.telemetrygen, name, count, str(min(args.count, MOST_OF_GO)), "--rate", "0", "--otlp-insecure", *flag,
                            "--otlp-endpoint", f"127.0.0.1:{port}", "--service", service]  # fmt: skip


def run_clients(args, front, folder):
    """All at once, as in life; a list of what went wrong."""
    running, wrong = [], []
    environment = {"WEFT_NODE": args.node, "PATH": os.environ["PATH"]}
    for name, command in sdk_commands(args, front):
        command = [*command, "--count", str(args.count), "--prefix", name]
        running.append((name, start(command, folder / f"{name}.jsonl", folder / f"{name}.err", environment)))
    for name, command in telemetrygen_commands(args, front):
        running.append((name, start(command, folder / f"{name}.out", folder / f"{name}.err", environment)))
    deadline = time.monotonic() + CLIENT_S
    for name, process in running:
        try:
            code = process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            code = f"not done after {CLIENT_S} s"
        if code != 0:
            wrong.append(f"{name}: exit code {code}: {tail(folder / f'{name}.err')}")
    return wrong


def start(command, out, err, environment):
    return subprocess.Popen(command, stdout=out.open("w"), stderr=err.open("w"), env=environment)


def service_of(item):
    attributes = (item["resource"] or {}).get("attributes", [])
    return next((a["value"].get("stringValue") for a in attributes if a["key"] == "service.name"), None)


def check_telemetrygen(args, path):
    """Each trace of telemetrygen has two spans."""
    counts = {}
    for name, seq, item in compare.arrived(path):
        if seq is None:
            counts[service_of(item)] = counts.get(service_of(item), 0) + 1
    for protocol in ("grpc", "http"):
        for name, times in (("traces", 2), ("metrics", 1), ("logs", 1)):
            service, sent = f"go-{protocol}-{name}", times * min(args.count, MOST_OF_GO)
            if counts.get(service, 0) != sent:
                yield f"{service}: {sent} sent, {counts.get(service, 0)} arrived"


def check_sdks(args, folder, path):
    """compare.py as everyone else would call it, telemetrygen's items aside."""
    command = [sys.executable, str(CLIENTS / "compare.py"), "--sent", str(folder / "*.jsonl"), "--arrived", str(path), "--ignore-unknown"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.strip().splitlines()[-1:], [] if done.returncode == 0 else [done.stdout + done.stderr]


def settle(path):
    """Until the file has not grown for a second. Only for the Collector at the back: its file exporter is shared by
    the pipelines, is closed with the first of them, and panics when the others drain into it (0.155.0)."""
    size, since = -1, time.monotonic()
    while time.monotonic() - since < 1:
        if path.exists() and path.stat().st_size != size:
            size, since = path.stat().st_size, time.monotonic()
        time.sleep(0.05)


def run_chain(name, args, folder):
    front_kind, back_kind, between = CHAINS[name]
    binaries = {"weft": args.weft, "collector": args.collector}
    out, gateways = folder / "out.json", []
    try:
        back = Gateway(binaries[back_kind], folder / "back", f"file: {{path: {out}, flush_interval: 200ms}}")
        gateways.append(back)
        front = Gateway(binaries[front_kind], folder / "front", between.format(grpc=back.grpc, http=back.http))
        gateways.append(front)
        wrong = run_clients(args, front, folder)
        wrong += [f"front: {line}" for line in front.stop()]
        if os.path.samefile(binaries[back_kind], args.collector):
            settle(out)
        wrong += [f"back: {line}" for line in back.stop()]
    finally:
        for gateway in gateways:
            gateway.kill()
    told, differences = check_sdks(args, folder, out)
    return told, [*wrong, *differences, *check_telemetrygen(args, out)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weft", required=True)
    parser.add_argument("--collector", required=True)
    parser.add_argument("--telemetrygen", required=True)
    parser.add_argument("--node", required=True, help="the folder that node.sh made")
    parser.add_argument("--count", type=int, default=100, help="items per client and signal")
    parser.add_argument("--chain", action="append", choices=CHAINS, help="only these")
    parser.add_argument("--keep", action="store_true", help="keep the files of chains that failed")
    args = parser.parse_args()
    passed = failed = 0
    for name in args.chain or CHAINS:
        folder = pathlib.Path(tempfile.mkdtemp(prefix=f"weft-interop-{name}-"))
        begin = time.monotonic()
        told, wrong = run_chain(name, args, folder)
        print(f"{'FAILED' if wrong else 'ok    '} {name}: {' '.join(told)} ({time.monotonic() - begin:.1f} s)", flush=True)
        for line in wrong:
            print(f"  {line}", flush=True)
        passed, failed = passed + (not wrong), failed + bool(wrong)
        if not (wrong and args.keep):
            subprocess.run(["rm", "-rf", str(folder)], check=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
