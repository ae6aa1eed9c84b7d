#!/usr/bin/env bash
# Suite `image`: builds the image and runs it: every name of the program, who it runs as, which configuration it takes,
# and real telemetry through it, compared item by item. WEFT_STATIC_BIN names another static binary (to check the suite).
. "$(dirname "$0")/lib.sh"

python=$("$here/python.sh")
image=$("$here/image.sh" "weft:test-$$")
store=$cache/images
work=$(mktemp -d)
passed=0

b() { buildah --storage-driver vfs --root "$store/root" --runroot "$store/run" "$@"; }

cleanup() {
  [ -z "${weft_pid:-}" ] || kill -KILL "$weft_pid" 2>/dev/null || true
  [ -z "${container:-}" ] || b rm "$container" >/dev/null 2>&1 || true
  b rmi --force "$image" >/dev/null 2>&1 || true
  rm -rf "$work"
}
trap cleanup EXIT

check() { # check WHAT COMMAND…
  local what=$1
  shift
  "$@" >"$work/out" 2>&1 || { cat "$work/out" >&2; die "$what"; }
  passed=$((passed + 1))
  echo "ok     $what"
}

inspect() { b inspect --type image --format "$1" "$image"; }
says() { [ "$("${@:2}" 2>&1)" = "$1" ] || { "${@:2}"; return 1; }; }
ports=$("$python" -c '
import socket
open = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
print(*[one.getsockname()[1] for one in open])')
read -r grpc http <<<"$ports"
container=$(b from --pull-never "$image")
run=(b run --isolation chroot --user 10001:10001)

check 'runs as 10001, a number' says '10001:10001' inspect '{{.OCIv1.Config.User}}'
check 'starts with `run`' says '[/weft] [run]' inspect '{{.OCIv1.Config.Entrypoint}} {{.OCIv1.Config.Cmd}}'
for name in weft otelcol otelcol-contrib; do
  check "/$name --version" "${run[@]}" "$container" -- "/$name" --version
done
check 'the default configuration is valid' "${run[@]}" "$container" -- /weft validate --config /etc/otelcol/config.yaml

# Its own configuration, at the place that is looked at first; localhost is looked up inside the image.
mkdir -m 0777 "$work/out.d"
cat >"$work/config.yaml" <<YAML
receivers:
  otlp:
    protocols:
      grpc: {endpoint: "localhost:$grpc"}
      http: {endpoint: "localhost:$http"}
exporters:
  file: {path: /data/out.json, flush_interval: 200ms}
service:
  telemetry: {metrics: {level: none}}
  pipelines:
    traces: {receivers: [otlp], exporters: [file]}
    metrics: {receivers: [otlp], exporters: [file]}
    logs: {receivers: [otlp], exporters: [file]}
YAML
chmod 0644 "$work/config.yaml"
command=(${WEFT_IMAGE_COMMAND:-/weft run})
"${run[@]}" -v "$work/config.yaml:/etc/otelcol-contrib/config.yaml:ro" -v "$work/out.d:/data" "$container" -- \
  "${command[@]}" >"$work/weft.log" 2>&1 &
runner=$!

# The program itself, whose parents are buildah's.
program() { weft_pid=$(descendants "$runner" | while read -r pid; do
  case $(readlink "/proc/$pid/exe") in */weft) echo "$pid" ;; esac; done | head -n 1); [ -n "$weft_pid" ]; }
descendants() { for child in $(pgrep -P "$1"); do echo "$child"; descendants "$child"; done; }
listening() { "$python" -c "import socket; socket.create_connection(('127.0.0.1', $http), 1)"; }
wait_for 20 listening || { cat "$work/weft.log" >&2; die 'the image did not start'; }
wait_for 5 program || die 'its process was not found'

runs_as() { says "$1" awk '/^Uid:/ { print $2 }' "/proc/$weft_pid/status"; }
check 'the process belongs to 10001' runs_as 10001
"$python" "$repo/tests/clients/python_sdk.py" --protocol grpc --endpoint "http://127.0.0.1:$grpc" --count 50 \
  --prefix grpc >"$work/grpc.jsonl" || die 'gRPC export into the image failed'
"$python" "$repo/tests/clients/python_sdk.py" --protocol http --endpoint "http://127.0.0.1:$http" --count 50 \
  --prefix http >"$work/http.jsonl" || die 'HTTP export into the image failed'
if [ -n "${WEFT_STATIC_BIN:-}" ]; then sleep 2; fi # the Collector's file exporter must not be stopped while it writes
kill -TERM "$weft_pid"
wait "$runner" || { cat "$work/weft.log" >&2; die 'it did not end with 0 after SIGTERM'; }
weft_pid=
check 'every item that it accepted is in the file' "$python" "$repo/tests/clients/compare.py" \
  --sent "$work/*.jsonl" --arrived "$work/out.d/out.json"
echo "$passed passed, 0 failed"
