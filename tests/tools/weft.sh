#!/usr/bin/env bash
# weft as the tests run it: the build that `cargo test` has made already; prints the path of the binary.
. "$(dirname "$0")/lib.sh"

cd "$repo"
cargo build --locked --quiet --bin weft >&2
echo "${CARGO_TARGET_DIR:-$repo/target}/debug/weft"
