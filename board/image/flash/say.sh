# shellcheck shell=bash
# What flash.sh says and how it ends: every refusal is one sentence, exit 1; wrong usage is exit 2.

say() { printf '%s\n' "$*" >&2; }

refuse() {
    say "$*"
    exit 1
}

wrong_usage() {
    say "$* (see --help)"
    exit 2
}

# The phone's own Python parts; they need nothing but the standard library.
python_part() { python3 -BS -m board.image.flash "$@"; }

# need PROGRAM PACKAGE: refuse to go on without it.
need() {
    command -v "$1" >/dev/null || refuse "$1 is missing: install Debian's package $2."
}

# readable FILE WHAT: refuse what is no plain file that can be read.
readable() {
    [[ -f $1 ]] || refuse "There is no file $1 ($2)."
    [[ -r $1 ]] || refuse "$1 cannot be read ($2)."
}
