#!/usr/bin/env bash
# A virtual environment with the Python SDK, its OTLP exporters and kubernetes-validate; prints the path of its python.
. "$(dirname "$0")/lib.sh"

requirements=$here/python/requirements.txt
# A virtual environment holds its own path, so it is made in place and marked when it is whole.
dir=$cache/python-$(sha256sum "$requirements" | cut -c1-8)

build() {
  python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo 'python 3.10 or newer is needed' >&2; exit 1; }
  need_venv
  rm -rf "$dir/venv"
  python3 -m venv "$dir/venv"
  "$dir/venv/bin/pip" install --quiet --disable-pip-version-check -r "$requirements"
}

# Debian ships python3 without the module that makes virtual environments.
need_venv() { python3 -c 'import ensurepip' 2>/dev/null || need pip3-venv python3-venv; }

mkdir -p "$dir"
once "$dir-installed" build
echo "$dir/venv/bin/python"
