# shellcheck shell=bash
# title: tools, of the same release
# needs: lists
# reads: board/image/tools.list

unpack_debian "$HOST_ARCHITECTURE" "$HERE/tools.list" "$OUT"
