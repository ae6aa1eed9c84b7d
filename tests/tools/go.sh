#!/usr/bin/env bash
# telemetrygen, the Collector project's own generator (Go SDK, gRPC and HTTP); prints the path of the binary.
. "$(dirname "$0")/lib.sh"

version=v0.161.0
dir=$cache/telemetrygen-$version

build() {
  go_environment
  GOBIN=$PWD go install -trimpath -ldflags '-s -w' \
    github.com/open-telemetry/opentelemetry-collector-contrib/cmd/telemetrygen@$version
}

once "$dir" build
echo "$dir/telemetrygen"
