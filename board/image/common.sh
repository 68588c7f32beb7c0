# shellcheck shell=bash
# What the steps share. A step runs in its own new folder, $OUT; `made NAME` is that of another one.

export SUITES="trixie trixie-updates trixie-backports"
export KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
HOST_ARCHITECTURE=$(dpkg --print-architecture)
export HOST_ARCHITECTURE

made() { # STEP
    printf '%s/steps/%s' "$BUILD" "$1"
}

# One name a line, with a reason behind "#".
names_in() { # FILE
    sed -e 's/[[:space:]]*#.*//' -e '/^$/d' "$1"
}

comma_names_in() { # FILE
    names_in "$1" | paste -sd,
}

# The moment that every file of the image bears: that of the newest of Debian's lists.
epoch() {
    cat "$(made lists)/epoch"
}

# apt beside this machine's own, with the lists of the first step.
apt_for() { # ARCHITECTURE COMMAND...
    local folder
    folder=${LISTS:-$(made lists)}/$1
    APT_CONFIG=$folder/apt.conf "${@:2}"
}

# Put Debian's packages, with all that they depend on, into a folder, without running what they bring:
# $FOLDER/root, and beside it what dpkg would know (status) and their copyright files.
unpack_debian() { # ARCHITECTURE LIST FOLDER
    local debs=$TMPDIR/debs deb root=$3/root
    mkdir -p "$root" "$3/copyright" "$debs/partial"
    # shellcheck disable=SC2046 # One word a package.
    apt_for "$1" apt-get install --yes --quiet --download-only --no-install-recommends \
        -o Dir::Cache::archives="$debs" $(names_in "$2")
    for deb in "$debs"/*.deb; do
        dpkg-deb --fsys-tarfile "$deb" | tar --extract --directory="$root" --keep-directory-symlink \
            --numeric-owner --preserve-permissions \
            --exclude='./usr/share/man/*' --exclude='./usr/share/locale/*' --exclude='./usr/share/info/*' \
            --exclude='./usr/share/lintian/*' --exclude='./usr/share/bug/*'
        note_deb "$deb" "$3"
    done
    for deb in "$root"/usr/share/doc/*/copyright; do
        cp -L "$deb" "$3/copyright/$(basename "$(dirname "$deb")")"
    done
    rm -rf "$root/usr/share/doc" "$debs"
}

# Write down a package as dpkg would.
note_deb() { # DEB FOLDER
    {
        dpkg-deb -f "$1" Package Source Version Architecture Maintainer Homepage
        echo 'Status: install ok unpacked'
        echo
    } >>"$2/status"
}

# Run a command of the tools' root, which sees the checkout and the build where they are. Python leaves
# no compiled files there: who finds some has other constants in memory, and compiles to other bytes.
tools() { # COMMAND...
    local root
    root=$(made tools)/root
    mkdir -p "$root$CHECKOUT" "$root$BUILD"
    # shellcheck disable=SC2016 # The inner shell expands it.
    SOURCE_DATE_EPOCH=$(epoch) unshare --mount bash -euc '
        root=$0
        mount --make-rprivate /
        mount --bind "$CHECKOUT" "$root$CHECKOUT"
        mount --bind "$BUILD" "$root$BUILD"
        mount --rbind /dev "$root/dev"
        mount -t proc proc "$root/proc"
        exec chroot "$root" /usr/bin/env -C "$PWD" PATH=/usr/sbin:/usr/bin:/sbin:/bin \
            PYTHONDONTWRITEBYTECODE=1 "$@"
    ' "$root" "$@"
}

# Pack a folder in one order, with one time: the same bytes each time.
pack() { # FOLDER
    tar --create --file=- --directory="$1" --sort=name --mtime="@$(epoch)" --numeric-owner \
        --format=posix --pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime \
        --xattrs --xattrs-include='*' .
}
