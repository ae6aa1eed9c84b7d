#!/usr/bin/env bash
# Suite `fuzz`: each target of fuzz/ first over its committed corpus, then on its own for a while. That is
# 25 s each, so that all of it stays far below six minutes; FUZZ_SECONDS sets the seconds of each.
#
# libFuzzer is linked by the crate libfuzzer-sys, and coverage is a pass that the stable compiler has: neither a nightly
# compiler nor cargo-fuzz is needed. (`cargo fuzz run` works in fuzz/ as well, with its sanitizer, where there is one.)
. "$(dirname "$0")/lib.sh"

need c++ g++
cd "$repo/fuzz"
host=$(rustc -vV | sed -n 's/^host: //p')
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$repo/target}/fuzz
flags='--cfg fuzzing -Cpasses=sancov-module -Cdebug-assertions -Ccodegen-units=1'
for one in level=4 inline-8bit-counters pc-table trace-compares; do flags+=" -Cllvm-args=-sanitizer-coverage-$one"; done

# --target keeps the flags away from build scripts and macros. Debug assertions are on: an overflow is a finding.
RUSTFLAGS="$flags" cargo build --locked --quiet --release --target "$host" --bins
mapfile -t targets < <(cargo metadata --locked --no-deps --format-version 1 |
  python3 -c 'import json, sys; [print(t["name"]) for p in json.load(sys.stdin)["packages"] for t in p["targets"] if "bin" in t["kind"]]')
[ ${#targets[@]} -gt 0 ] || die 'there is no fuzz target'

seconds=${FUZZ_SECONDS:-25}
failed=0
for target in "${targets[@]}"; do
  program=$CARGO_TARGET_DIR/$host/release/$target
  found=$cache/fuzz-corpus/$target
  mkdir -p "$found" "$repo/fuzz/artifacts/$target" "$repo/fuzz/corpus/$target"
  # What earlier runs found stays in the cache: the next run begins there.
  common=(-rss_limit_mb=1024 -timeout=10 -print_final_stats=1 "-artifact_prefix=$repo/fuzz/artifacts/$target/")
  log=$cache/fuzz-$target.log
  if "$program" "${common[@]}" -runs=0 "$repo/fuzz/corpus/$target" >"$log" 2>&1 &&
    "$program" "${common[@]}" -max_total_time="$seconds" "$found" "$repo/fuzz/corpus/$target" >>"$log" 2>&1; then
    echo "ok     $target: $(awk '/^stat::number_of_executed_units/ { n = $2 } END { print n }' "$log") inputs in $seconds s"
  else
    tail -n 40 "$log"
    echo "FAILED $target: the input is in fuzz/artifacts/$target, the log is $log"
    failed=$((failed + 1))
  fi
done
echo "$((${#targets[@]} - failed)) passed, $failed failed"
[ "$failed" = 0 ]
