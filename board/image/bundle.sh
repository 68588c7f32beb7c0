#!/usr/bin/env bash
# Makes the signed bundle of the image that was built, for phones that run: `make bundle`, or
# board/image/bundle.sh ROOT KEYS BUNDLE with the root's file system, the folder of the key, the result.
#
# KEYS holds key.pem, which signs, and certificate.pem, which phones are to trust (flash.sh --update-ca).
# Where it is empty both are made, once. What is packed is the same for the same root; the salt of its
# tree of hashes and the moment of its signature are not. The version is the root's own, and the
# beginning of its hash.
set -euo pipefail
umask 077
PATH=$PATH:/usr/sbin:/sbin # Where Debian keeps debugfs, and a user's PATH does not look.

die() {
    printf '%s\n' "$*" >&2
    exit 1
}

[ $# = 3 ] || die "usage: board/image/bundle.sh ROOT KEYS BUNDLE"
root=$(realpath -- "$1") keys=$2 bundle=$(realpath -m -- "$3")
[ -s "$root" ] || die "There is no root to pack at $1: make image first."
for tool in rauc mksquashfs openssl debugfs; do
    command -v "$tool" >/dev/null || die "$tool is not installed."
done

mkdir -p "$keys"
if [ ! -e "$keys/key.pem" ] && [ ! -e "$keys/certificate.pem" ]; then
    openssl req -x509 -newkey rsa:3072 -nodes -days 7300 -subj "/O=handset/CN=handset updates" \
        -keyout "$keys/key.pem" -out "$keys/certificate.pem" 2>/dev/null || die "No key could be made in $keys."
    echo "A key was made in $keys. Keep it: phones take updates from nobody else."
fi
openssl pkey -in "$keys/key.pem" -pubout 2>/dev/null |
    cmp -s - <(openssl x509 -in "$keys/certificate.pem" -noout -pubkey 2>/dev/null) ||
    die "$keys/key.pem is not the key of $keys/certificate.pem."

work=$(mktemp -d "$(dirname -- "$bundle")/bundle.XXXXXX")
trap 'rm -rf -- "$work"' EXIT
mkdir "$work/content"
ln "$root" "$work/content/root.ext4" 2>/dev/null || cp --sparse=always "$root" "$work/content/root.ext4"
version=$(debugfs -R 'cat /etc/handset-release' "$root" 2>/dev/null | sed -n 's/^version //p')
[ -n "$version" ] || die "$1 does not say which version it is: it is no root of this image."
version=$version-$(sha256sum <"$root" | cut -c1-12)
printf '%s\n' '[update]' 'compatible=handset-pi' "version=$version" \
    '[bundle]' 'format=verity' '[image.rootfs]' 'filename=root.ext4' >"$work/content/manifest.raucm"
SOURCE_DATE_EPOCH=$(stat -c %Y -- "$root") rauc bundle \
    --cert="$keys/certificate.pem" --key="$keys/key.pem" --keyring="$keys/certificate.pem" \
    --mksquashfs-args='-comp zstd -Xcompression-level 9 -all-root' "$work/content" "$work/bundle.raucb" >"$work/said" 2>&1 ||
    die "The bundle was not made: $(tail -n 1 "$work/said")"
mv -- "$work/bundle.raucb" "$bundle"
echo "$bundle: version $version, $(($(stat -c %s -- "$bundle") / 1048576)) MiB"
