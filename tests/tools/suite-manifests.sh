#!/usr/bin/env bash
# Suite `manifests`: configs/k8s-gateway.yaml against the schemas of Kubernetes, oldest and newest supported, whether
# its parts fit each other, and its configuration by weft's own `validate`. Each check is shown to be able to fail.
# WEFT_BIN names another binary (the Collector itself, to check the suite).
. "$(dirname "$0")/lib.sh"

python=$("$here/python.sh")
weft=${WEFT_BIN:-$("$here/weft.sh")}
manifest=$repo/configs/k8s-gateway.yaml
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0

ok() { passed=$((passed + 1)); echo "ok     $*"; }
valid() { "$python" -m kubernetes_validate --strict --quiet -k "$1" "$2" >"$work/out" 2>&1; }
fits() { "$python" "$here/manifests.py" "$1" "$work/config.yaml" >"$work/out" 2>&1; }
# rejected WHAT SED_SCRIPT CHECK…: the check must fail on the manifest with this change.
rejected() {
  local what=$1 script=$2
  shift 2
  sed -E "$script" "$manifest" >"$work/bad.yaml"
  ! cmp -s "$manifest" "$work/bad.yaml" || die "the change \"$script\" changes nothing"
  ! "$@" "$work/bad.yaml" || die "$what was not noticed"
  ok "$what is noticed"
}

for version in 1.31 1.37; do
  valid $version "$manifest" || { cat "$work/out" >&2; die "no valid manifest for Kubernetes $version"; }
  ok "valid for Kubernetes $version"
done
rejected 'a misspelled field' 's/readinessProbe:/readynessProbe:/' valid 1.37
rejected 'a number as text' 's/replicas: 3/replicas: "three"/' valid 1.37
rejected 'a probe of another port' 's/0\.0\.0\.0:13133/0.0.0.0:13134/' fits
rejected 'a writable root' 's/readOnlyRootFilesystem: true/readOnlyRootFilesystem: false/' fits
fits "$manifest" || { cat "$work/out" >&2; die 'its parts do not fit each other'; }
ok 'its parts fit each other, and it is hardened'
"$weft" validate --config "$work/config.yaml" >"$work/out" 2>&1 || { cat "$work/out" >&2; die 'its configuration is not valid'; }
ok 'weft accepts its configuration'
echo "$passed passed, 0 failed"
