#!/usr/bin/env bash
# Runs suites in turn, all of them even if one fails, and prints the table suite → minutes.
. "$(dirname "$0")/lib.sh"

rows=() failed=0
for suite in "$@"; do
  script=$here/suite-$suite.sh
  [ -x "$script" ] || die "there is no suite $suite; there are: $(cd "$here" && echo suite-*.sh)"
  printf '\n=== %s\n' "$suite"
  start=$SECONDS result=passed
  "$script" || result=FAILED
  [ "$result" = passed ] || failed=$((failed + 1))
  rows+=("$(awk -v s="$suite" -v t=$((SECONDS - start)) -v r="$result" 'BEGIN { printf "%-18s %8.1f   %s", s, t / 60, r }')")
done

printf '\n%-18s %8s   %s\n' suite minutes result
printf '%s\n' "${rows[@]}"
printf '\nsuites: %d passed, %d failed\n' $((${#rows[@]} - failed)) "$failed"
[ "$failed" = 0 ]
