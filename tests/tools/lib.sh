# What every tool script shares: where things are cached, how a thing is made once, how a script speaks.
# Sourced, never run. It installs nothing by itself.

set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
repo=$(cd "$here/../.." && pwd)

# Everything that tests need and the project does not ship lives here, outside the checkout, keyed by
# version: a second run finds it, a new version gets a folder of its own.
cache=${WEFT_TEST_CACHE:-$HOME/.cache/weft-test}
mkdir -p "$cache"
export PYTHONDONTWRITEBYTECODE=1

say() { printf '%s: %s\n' "$(basename "$0" .sh)" "$*" >&2; }

# What cannot be had is an error, never a silent skip: docs/testing.md lists the exceptions.
die() { printf '\n!!! %s: %s\n\n' "$(basename "$0" .sh)" "$*" >&2; exit 1; }

# need PROGRAM DEBIAN_PACKAGE: installs the package where the program is absent.
need() {
  command -v "$1" >/dev/null 2>&1 && return 0
  say "$1 is missing: installing the Debian package $2"
  local as_root=()
  [ "$(id -u)" = 0 ] || as_root=(sudo -n)
  command -v apt-get >/dev/null 2>&1 || die "$1 is missing and this is no Debian machine: install it by hand"
  { "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$2" ||
    { "${as_root[@]}" apt-get update -qq && "${as_root[@]}" apt-get install -y -qq --no-install-recommends "$2"; }
  } >"$cache/apt-$2.log" 2>&1 || die "apt-get install $2 failed: see $cache/apt-$2.log"
}

# once FOLDER COMMAND…: runs the command in a fresh FOLDER.part and renames it when it has succeeded, so
# that an interrupted installation is never taken for a finished one. Two runs at a time wait in turn.
once() {
  local made=$1 start=$SECONDS
  shift
  [ -e "$made" ] && return 0
  (
    flock 9
    [ -e "$made" ] && exit 0
    say "preparing $(basename "$made") (once)"
    rm -rf "$made.part" && mkdir -p "$made.part"
    # In the background and waited for: inside an `if` the shell would not stop at the first error.
    (cd "$made.part" && "$@") >"$made.log" 2>&1 &
    if ! wait $!; then
      tail -n 30 "$made.log" >&2
      die "could not prepare $(basename "$made"): the whole log is $made.log"
    fi
    mv "$made.part" "$made"
    say "prepared $(basename "$made") in $((SECONDS - start)) s"
  ) 9>"$made.lock"
}

# The Go proxy as this machine has it, without the fallback to version control hosts: a module that the
# proxy does not have should fail at once.
go_environment() {
  command -v go >/dev/null 2>&1 || die "go is missing: the peers are Go modules (1.26 or newer)"
  GOPROXY=$(go env GOPROXY | sed -E 's/[,|]direct//g')
  export GOPROXY GOFLAGS="-p=2 -buildvcs=false -mod=mod" CGO_ENABLED=0
}

# wait_for SECONDS COMMAND…: until the command succeeds; false when the time is over.
wait_for() {
  local until=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$until" ] || return 1
    sleep 0.1
  done
}
