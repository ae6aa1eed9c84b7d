#!/usr/bin/env python3
"""The Collector and weft, side by side: the same YAML, the same load, the same sink, in turns.

compare.py --collector BINARY --weft BINARY [--runs 3] [--seconds 5] [--only NAME …] [--json FILE]

Load and sink are `weft bench` for both peers; benches/compare/README.md says what each step is. CPU time is the peer's,
user and system, from the first measured request until everything that it took has arrived. The table holds medians.
The exit code is 1 only if a peer took an item that never arrived: figures depend on the machine, loss does not.
"""

import argparse
import json
import os
import platform
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
# name, configuration, flags of `weft bench`, ratio that must be reached, ratio that is aimed at
STEPS = [
    ("S1 traces", "s1-grpc.yaml", ["--signal", "traces"], 1 / 4, 1 / 8),
    ("S1 logs", "s1-grpc.yaml", ["--signal", "logs"], 1 / 4, 1 / 8),
    ("S1 metrics", "s1-grpc.yaml", ["--signal", "metrics"], 1 / 4, 1 / 8),
    ("S2 traces", "s2-http-gzip.yaml", ["--protocol", "http", "--compression", "gzip"], 1 / 3, 1 / 6),
    ("S1 20k/s", "s1-grpc.yaml", ["--rate", "20000"], 1 / 4, 1 / 6),
    ("S1 32×3", "s1-grpc.yaml", ["--items", "32", "--attributes", "3"], None, None),
    ("S1 2000×40", "s1-grpc.yaml", ["--items", "2000", "--attributes", "40"], None, None),
]


def free_ports(count):
    """Ports that nobody has at this moment, held together so that they differ."""
    held = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in held]
    for one in held:
        one.close()
    return ports


class Peer:
    """A running gateway."""

    def __init__(self, binary, config):
        self.grpc, self.http, self.sink, telemetry = free_ports(4)
        environment = dict(
            os.environ,
            RECV_GRPC=f"127.0.0.1:{self.grpc}",
            RECV_HTTP=f"127.0.0.1:{self.http}",
            SINK_GRPC=f"127.0.0.1:{self.sink}",
            SINK_HTTP=f"127.0.0.1:{self.sink}",
            TELEMETRY_PORT=str(telemetry),
        )
        self.log = tempfile.TemporaryFile()
        began = time.monotonic()
        self.process = subprocess.Popen(
            [binary, "--config", str(HERE / config)], env=environment, stdout=self.log, stderr=self.log
        )
        self.wait_for(self.grpc, began + 20)
        self.wait_for(self.http, began + 20)
        self.ready_ms = (time.monotonic() - began) * 1000

    def wait_for(self, port, until):
        while True:
            try:
                return socket.create_connection(("127.0.0.1", port), 1).close()
            except OSError:
                if self.process.poll() is not None or time.monotonic() > until:
                    self.log.seek(0)
                    sys.exit(f"{self.process.args[0]} does not start:\n{self.log.read().decode(errors='replace')}")
                time.sleep(0.0005)

    def memory(self, key):
        """A line of /proc/PID/status, in MiB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        found = re.search(rf"^{key}:\s+(\d+) kB", status, re.MULTILINE)
        return int(found[1]) / 1024 if found else 0.0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def measured(args, binary, config, flags):
    """One measurement of one peer, in a process that is new."""
    with Peer(binary, config) as peer:
        target = peer.http if "http" in flags else peer.grpc
        command = [args.weft, "bench", "--json", "--target", f"127.0.0.1:{target}", "--sink", f"127.0.0.1:{peer.sink}"]
        command += ["--pid", str(peer.process.pid), "--seconds", str(args.seconds), "--warmup", str(args.warmup)]
        done = subprocess.run(command + flags, capture_output=True, text=True)
        if not done.stdout:
            sys.exit(f"{binary}, {' '.join(flags)}: {done.stderr}")
        return json.loads(done.stdout)


def median(values):
    return statistics.median(values)


def load_step(args, peers, step):
    """Rows of one step, and whether something was lost."""
    name, config, flags, must, aim = step
    runs = {peer: [] for peer in peers}
    for _ in range(args.runs):
        for peer, binary in peers.items():
            runs[peer].append(measured(args, binary, config, flags))
    rows, cpu = {}, {}
    for peer, reports in runs.items():
        cpu[peer] = median([it["cpu_us_per_1000_items"] / 1000 for it in reports])
        accepted = sum(it["accepted"] for it in reports)
        lost = sum(it["delivery"]["lost"] for it in reports)
        rows[peer] = {
            "cpu_us_per_item": round(cpu[peer], 3),
            "spread": [round(it["cpu_us_per_1000_items"] / 1000, 3) for it in reports],
            "items_per_s": median([it["items_per_s"] for it in reports]),
            "p99_ms": median([it["latency_ms"]["p99"] for it in reports]),
            "peak_mib": median([it["process"]["peak_mib"] for it in reports]),
            "resident_mib": median([it["process"]["resident_mib"] for it in reports]),
            "not_accepted": sum(it["failed"] + it["rejected"] for it in reports),
            "lost": lost,
            "duplicated": sum(it["delivery"]["duplicated"] for it in reports),
            "delivered_percent": 100 * (1 - lost / accepted) if accepted else 0.0,
            "bytes_per_item": reports[0]["bytes_per_item"],
        }
    ratio = cpu["weft"] / cpu["collector"] if cpu["collector"] else float("nan")
    return {"step": name, "rows": rows, "ratio": round(ratio, 3), "must": must, "aim": aim}


def idle_step(args, peers):
    """Memory and start of a gateway that nobody uses."""
    seen = {peer: [] for peer in peers}
    for _ in range(max(args.runs, 5)):
        for peer, binary in peers.items():
            with Peer(binary, "s1-grpc.yaml") as running:
                time.sleep(1)
                seen[peer].append((running.ready_ms, running.memory("VmRSS"), running.memory("RssAnon")))
    rows = {}
    for peer, values in seen.items():
        ready, resident, anonymous = (median(column) for column in zip(*values))
        rows[peer] = {
            "ready_ms": round(ready, 1),
            "resident_mib": round(resident, 1),
            "anonymous_mib": round(anonymous, 1),
        }
    return {"step": "idle", "rows": rows}


def verdict(ratio, must, aim):
    if must is None:
        return ""
    met = "aim met" if ratio <= aim else "must met" if ratio <= must else "NOT met"
    return f"{met} (must ≤ {must:.2f}, aim ≤ {aim:.2f})"


def show(result):
    if result["step"] == "idle":
        print("\n| idle | start to ready, ms | resident MiB | anonymous MiB |\n|---|---|---|---|")
        for peer, row in result["rows"].items():
            print(f"| {peer} | {row['ready_ms']} | {row['resident_mib']} | {row['anonymous_mib']} |", flush=True)
        return
    for peer, row in result["rows"].items():
        ratio = f"{result['ratio']:.3f} {verdict(result['ratio'], result['must'], result['aim'])}"
        print(
            f"| {result['step']} | {peer} | {row['cpu_us_per_item']:.3f} | {row['items_per_s']:,.0f} "
            f"| {row['peak_mib']:.0f} | {row['p99_ms']:.1f} | {row['delivered_percent']:.3f} % "
            f"| {ratio if peer == 'weft' else ''} |",
            flush=True,
        )


def machine():
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text())
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return (
        f"{os.cpu_count()} × {model[1] if model else platform.machine()}, Linux {platform.release()}, "
        f"load average before {load}, {time.strftime('%Y-%m-%d %H:%M UTC', time.gmtime())}"
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--collector", required=True)
    parser.add_argument("--weft", required=True)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--warmup", type=float, default=1.5)
    parser.add_argument("--only", nargs="*", default=[], help="parts of the names of steps")
    parser.add_argument("--json", help="write everything that was measured to this file")
    args = parser.parse_args()
    peers = {"collector": args.collector, "weft": args.weft}
    chosen = [step for step in STEPS if not args.only or any(part in step[0] for part in args.only)]
    print(f"{machine()}\nmedians of {args.runs} runs of {args.seconds:g} s after {args.warmup:g} s of warm-up\n")
    print("| step | peer | CPU µs/item | items/s | peak MiB | p99 ms | delivered | weft/collector |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    results = []
    for step in chosen:
        results.append(load_step(args, peers, step))
        show(results[-1])
    if not args.only or "idle" in args.only:
        results.append(idle_step(args, peers))
        show(results[-1])
    if args.json:
        Path(args.json).write_text(json.dumps({"machine": machine(), "results": results}, indent=1) + "\n")
    lost = [
        f"{result['step']}, {peer}: {row['lost']} items lost"
        for result in results
        for peer, row in result["rows"].items()
        if row.get("lost")
    ]
    if lost:
        sys.exit("\n".join(lost))


if __name__ == "__main__":
    main()
