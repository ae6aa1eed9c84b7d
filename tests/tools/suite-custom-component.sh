#!/usr/bin/env bash
# Suite `custom-component`: a crate of its own that adds components by the public API alone is built and tested.
. "$(dirname "$0")/lib.sh"

# The same build folder: what both depend on is compiled once.
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$repo/target}
cd "$repo/tests/custom_component"
cargo clippy --locked --quiet --all-targets -- -D warnings
cargo test --locked
