#!/usr/bin/env bash
# The Node SDK with its OTLP exporters; prints the folder that has it as node_modules.
. "$(dirname "$0")/lib.sh"

dir=$cache/node-$(cat "$here/node/package.json" "$here/node/package-lock.json" | sha256sum | cut -c1-8)

build() {
  node -e 'process.exit(+process.versions.node.split(".")[0] >= 20 ? 0 : 1)' || { echo 'node 20 or newer is needed' >&2; exit 1; }
  cp "$here/node/package.json" "$here/node/package-lock.json" .
  # The lock file holds checksums and no addresses: packages come from the registry of this machine.
  npm ci --ignore-scripts --no-audit --no-fund
}

once "$dir" build
echo "$dir"
