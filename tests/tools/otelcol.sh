#!/usr/bin/env bash
# The OpenTelemetry Collector, built from Go modules alone; prints the path of the binary.
. "$(dirname "$0")/lib.sh"

# Keyed by what is in it: another list of components is another Collector.
dir=$cache/otelcol-0.155.0-$(sha256sum "$here/otelcol-builder.yaml" | cut -c1-8)

build() {
  go_environment
  GOBIN=$PWD go install go.opentelemetry.io/collector/cmd/builder@v0.155.0
  # It exits non-zero after it has written the sources: modules that only the tests of others need are not to
  # be had. What counts is whether the program builds.
  ./builder --config "$here/otelcol-builder.yaml" --skip-compilation || true
  (cd src && go mod tidy -e && go build -trimpath -ldflags '-s -w' -o ../otelcol .)
  rm -rf src builder
  ./otelcol --version
}

once "$dir" build
echo "$dir/otelcol"
