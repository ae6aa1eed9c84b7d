#!/usr/bin/env bash
# Suite `rust`: unit, property and integration tests, and the examples in the documentation. Needs nothing but Rust.
. "$(dirname "$0")/lib.sh"

cd "$repo"
cargo test --locked --no-fail-fast
