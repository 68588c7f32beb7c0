# shellcheck shell=bash
# title: Debian's part of the root
# needs: lists
# reads: board/image/packages.list

unpack_debian arm64 "$HERE/packages.list" "$OUT"
