#!/usr/bin/env bash
# Makes the lock files of the packages beside weft from its own, so that all of them have the same versions. To be run
# after every change of Cargo.toml or Cargo.lock: the suites build with --locked.
. "$(dirname "$0")/lib.sh"

for package in fuzz tests/custom_component; do
  cp "$repo/Cargo.lock" "$repo/$package/Cargo.lock"
  # Drops what the package does not need, adds what weft does not have.
  cargo metadata --manifest-path "$repo/$package/Cargo.toml" --format-version 1 >/dev/null
done
