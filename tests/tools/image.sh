#!/usr/bin/env bash
# Builds the image without a daemon: `image.sh [IMAGE] [--archive FILE]`. Prints the name of the image.
# PROFILE=dist for what is shipped (slower link). WEFT_STATIC_BIN names another static binary (to check the suite).
. "$(dirname "$0")/lib.sh"

image=${1:-weft:dev}
profile=${PROFILE:-release}
target=$(rustc -vV | sed -n 's/^host: //p')
target=${target/-musl/-gnu}

static_binary() {
  if [ -n "${WEFT_STATIC_BIN:-}" ]; then
    echo "$WEFT_STATIC_BIN"
    return
  fi
  # glibc, linked in: the target that every machine with Rust has. It looks names up without any file of the system
  # (nss_files and nss_dns are part of it since 2.34). --target keeps the flag away from build scripts and macros.
  (cd "$repo" && RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static" \
    cargo build --locked --quiet --profile "$profile" --target "$target" --bin weft) >&2
  echo "${CARGO_TARGET_DIR:-$repo/target}/$target/$profile/weft"
}

need buildah buildah
need strip binutils
binary=$(static_binary)
! ldd "$binary" 2>/dev/null | grep -q '=>' || die "$binary needs shared libraries: it would not start in an empty image"

context=$(mktemp -d)
trap 'rm -rf "$context"' EXIT
root=$context/rootfs
mkdir -p "$root/etc/otelcol" "$root/etc/ssl/certs"
strip -o "$root/weft" "$binary"
ln -s weft "$root/otelcol"
ln -s weft "$root/otelcol-contrib"
cp "$repo/docker/config.yaml" "$root/etc/otelcol/config.yaml"
cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
chmod 0755 "$root/weft"
chmod -R a+rX "$root"

store=$cache/images
buildah --storage-driver vfs --root "$store/root" --runroot "$store/run" \
  bud --isolation chroot --quiet --tag "$image" --file "$repo/docker/Dockerfile" "$context" >&2
if [ "${2:-}" = --archive ]; then
  buildah --storage-driver vfs --root "$store/root" --runroot "$store/run" push --quiet "$image" "oci-archive:$3" >&2
fi
echo "$image"
