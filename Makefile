# The commands of the house. `make` alone prints them. What they need that the project does not ship is installed
# into $WEFT_TEST_CACHE (default ~/.cache/weft-test), outside the checkout, once per version.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help test lint fmt locks soak bench bench-compare image clean-cache

tools := tests/tools

# Every suite is tests/tools/suite-<name>.sh and runs alone too. docs/testing.md says what each proves.
SUITES ?= rust interop manifests image custom-component fuzz

help: ## these lines
	@sed -nE 's/^([a-z-]+):.*## (.*)/  make \1\t\2/p' Makefile | expand -t 24

test: ## installs what the tests need, runs every suite (SUITES="rust interop" for some), prints suite → minutes
	@$(tools)/run-suites.sh $(SUITES)

lint: ## formatting, clippy, dependencies, documentation, scripts: no warnings
	@$(tools)/lint.sh

fmt: ## formats the sources
	cargo fmt --all

locks: ## the lock files of fuzz/ and tests/custom_component/ from weft's: after every change of Cargo.toml or Cargo.lock
	@$(tools)/locks.sh

soak: ## the long run: ten minutes of fuzzing a target, and the clients with many items
	FUZZ_SECONDS=600 $(tools)/suite-fuzz.sh
	$(tools)/suite-interop.sh --count 2000

bench: ## the benchmarks of the hot path
	cargo bench --locked

bench-compare: ## the Collector and weft side by side: CPU, rate, memory, delivery (about 8 minutes; fails on loss only)
	cargo build --locked --release --bin weft
	@python3 benches/compare/compare.py --collector "$$($(tools)/otelcol.sh | tail -n 1)" \
	  --weft "$${CARGO_TARGET_DIR:-target}/release/weft" $(COMPARE)

image: ## builds the container image weft:dev without a daemon (PROFILE=dist for what is shipped)
	@$(tools)/image.sh weft:dev

clean-cache: ## removes everything that the tests installed
	chmod -R u+w "$${WEFT_TEST_CACHE:-$$HOME/.cache/weft-test}" && rm -rf "$${WEFT_TEST_CACHE:-$$HOME/.cache/weft-test}"
