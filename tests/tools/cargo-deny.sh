#!/usr/bin/env bash
# cargo-deny, which checks licences, bans and sources of the dependencies; prints the path of the binary.
. "$(dirname "$0")/lib.sh"

version=0.20.2
dir=$cache/cargo-deny-$version

build() {
  # Its own build folder, so that the project's is not touched; it is thrown away afterwards.
  CARGO_TARGET_DIR=$PWD/target RUSTFLAGS='' \
    cargo install --locked --quiet --root "$PWD" --no-default-features "cargo-deny@$version"
  rm -rf target
}

once "$dir" build
echo "$dir/bin/cargo-deny"
