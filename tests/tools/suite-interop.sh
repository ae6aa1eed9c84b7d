#!/usr/bin/env bash
# Suite `interop`: the SDKs for Python and Node and the Go generator through chains of weft and the Collector.
# WEFT_BIN names another binary (the Collector itself, to check the suite).
. "$(dirname "$0")/lib.sh"

python=$("$here/python.sh")
node=$("$here/node.sh")
collector=$("$here/otelcol.sh")
telemetrygen=$("$here/go.sh")
weft=${WEFT_BIN:-$("$here/weft.sh")}
"$python" -m unittest discover --start-directory "$repo/tests/clients" --pattern "test_*.py"
exec "$python" "$repo/tests/clients/interop.py" --weft "$weft" --collector "$collector" \
  --telemetrygen "$telemetrygen" --node "$node" "$@"
