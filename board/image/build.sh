#!/usr/bin/env bash
# Builds the card's image: `make image`, or `board/image/build.sh [--refresh] [STEP]` (up to that step).
#
# Each file of steps/ is one step, in the order of their names. Its head says what it is called, which
# steps it needs, which files of the checkout it reads and which variables it asks:
#
#     # title: root file system
#     # needs: lists tools
#     # reads: board/image/packages.list
#     # asks: KERNEL
#
# A step's key is the hash of all that. One whose key is still that of the last time is not done again.
# What a step makes appears at once, as build/steps/NAME, or not at all; what it says is in
# build/log/NAME.log. The lists of Debian's packages are fetched once, and anew with --refresh: until
# then the same checkout gives the same bytes.
set -euo pipefail

HERE=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CHECKOUT=$(cd "$HERE/../.." && pwd)
BUILD=$CHECKOUT/build
KERNEL=${KERNEL:-trixie}
# When the application was changed last, for the root's version; files without a history are old.
MOMENT=$(TZ=UTC git -c safe.directory='*' -C "$CHECKOUT" log -1 --date=format-local:%Y%m%dT%H%M%S \
    --format=%cd -- firmware drivers board config requirements.lock 2>/dev/null || true)
MOMENT=${MOMENT:-19700101T000000}
export HERE CHECKOUT BUILD KERNEL MOMENT LC_ALL=C.UTF-8
umask 022

say() { printf '%s\n' "$*"; }

die() {
    say "$*" >&2
    exit 1
}

name_of() { # FILE
    local name=${1##*/}
    name=${name#*-}
    say "${name%.sh}"
}

head_of() { # FILE WORD
    sed -n "s/^# $2: //p" "$1"
}

# What is hashed: the step, what all steps share, the files, the variables, and whom it stands on.
inputs_of() { # FILE
    local file=$1 path needed variable
    cat "$file" "$HERE/common.sh"
    for path in $(head_of "$file" reads); do
        [ -e "$CHECKOUT/$path" ] || die "$file reads $path, which is not there"
        git -c safe.directory='*' -C "$CHECKOUT" ls-files -co --exclude-standard -- "$path" |
            sort | (cd "$CHECKOUT" && xargs -r sha256sum)
    done
    for needed in $(head_of "$file" needs); do
        cat "$BUILD/steps/$needed/.key" "$BUILD/steps/$needed/identity" 2>/dev/null || true
    done
    for variable in $(head_of "$file" asks); do
        say "$variable=${!variable:-}"
    done
}

run_step() { # FILE NUMBER COUNT
    local file=$1 name title key began status=0
    name=$(name_of "$file")
    title=$(head_of "$file" title)
    key=$(inputs_of "$file" | sha256sum | cut -d' ' -f1)
    if [ "$(cat "$BUILD/steps/$name/.key" 2>/dev/null)" = "$key" ]; then
        say "$2/$3 $title ... unchanged"
        return
    fi
    printf '%s/%s %s ... ' "$2" "$3" "$title"
    began=$(date +%s)
    OUT=$BUILD/steps/$name.new
    export OUT
    rm -rf "$OUT" "$BUILD/tmp"
    mkdir -p "$OUT" "$BUILD/tmp" "$BUILD/log"
    (cd "$OUT" && TMPDIR=$BUILD/tmp bash -euo pipefail -c '. "$HERE/common.sh"; . "$0"' "$file") \
        >"$BUILD/log/$name.log" 2>&1 </dev/null || status=$?
    rm -rf "$BUILD/tmp"
    if [ "$status" -ne 0 ]; then
        say "failed after $(($(date +%s) - began)) s"
        tail -n 15 "$BUILD/log/$name.log" >&2
        die "Step $2/$3 ($title) failed with status $status: $file; all it said is in $BUILD/log/$name.log"
    fi
    say "$key" >"$OUT/.key"
    rm -rf "$BUILD/steps/$name"
    mv "$OUT" "$BUILD/steps/$name"
    say "$(($(date +%s) - began)) s"
}

main() {
    local last='' argument file number=0 steps=("$HERE"/steps/*.sh)
    for argument in "$@"; do
        case $argument in
        --refresh) rm -rf "$BUILD/steps/lists" ;;
        -*) die "usage: board/image/build.sh [--refresh] [STEP]" ;;
        *) last=$argument ;;
        esac
    done
    [ "$(id -u)" = 0 ] || die "The image is made by root: the files in it belong to many."
    mkdir -p "$BUILD/steps"
    exec 9>"$BUILD/lock"
    flock -n 9 || die "Another build is at work in $BUILD."
    for file in "${steps[@]}"; do
        number=$((number + 1))
        run_step "$file" "$number" "${#steps[@]}"
        [ "$(name_of "$file")" != "$last" ] || return 0
    done
    [ -z "$last" ] || die "There is no step $last."
}

main "$@"
