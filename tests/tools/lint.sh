#!/usr/bin/env bash
# Everything that is said about the sources without running them. No warning is let through.
. "$(dirname "$0")/lib.sh"
cd "$repo"

packages=(Cargo.toml)
for other in fuzz tests/custom_component; do [ ! -f $other/Cargo.toml ] || packages+=("$other/Cargo.toml"); done

echo '=== scripts'
for script in .ci/run tests/tools/*.sh; do bash -n "$script"; done
python3 - tests/clients/*.py tests/tools/*.py <<'PYTHON'
import ast, sys
for path in sys.argv[1:]:
    ast.parse(open(path, encoding="utf-8").read(), path)
PYTHON
node --check tests/clients/node_sdk.mjs

echo '=== formatting'
for package in "${packages[@]}"; do cargo fmt --manifest-path "$package" --check -- --config-path "$repo/rustfmt.toml"; done

echo '=== dependencies'
"$("$here/cargo-deny.sh")" --log-level error --all-features --locked check bans licenses sources

echo '=== clippy'
cargo clippy --locked --quiet --all-targets --all-features -- -D warnings

echo '=== documentation'
RUSTDOCFLAGS='-D warnings' cargo doc --locked --quiet --no-deps --all-features
echo 'lint: nothing to say'
