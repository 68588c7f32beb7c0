# shellcheck shell=bash
# title: lists of Debian's packages
# reads: board/image/later_debian
#
# From the mirror that this machine's own apt knows for Debian.

mirror_of() { # LABEL
    local found
    # shellcheck disable=SC2016 # apt expands it.
    found=$(apt-get indextargets --format '$(LABEL) $(REPO_URI)' 'Created-By: Packages' |
        awk -v label="$1" '$1 == label {print $2; exit}')
    if [ -z "$found" ]; then
        echo "apt knows no mirror of $1 here: is this a Debian, and was 'apt-get update' run?" >&2
        return 1
    fi
    printf '%s\n' "$found"
}

main=$(mirror_of Debian)
security=$(mirror_of Debian-Security)
signed="[signed-by=$KEYRING]"

for architecture in arm64 "$HOST_ARCHITECTURE"; do
    folder=$OUT/$architecture
    mkdir -p "$folder"/{etc/apt/preferences.d,var/lib/apt/lists/partial,var/cache/apt/archives/partial,var/lib/dpkg}
    : >"$folder/var/lib/dpkg/status"
    for suite in $SUITES; do
        echo "deb $signed $main $suite main non-free-firmware"
    done >"$folder/etc/apt/sources.list"
    echo "deb $signed $security trixie-security main non-free-firmware" >>"$folder/etc/apt/sources.list"
    {
        apt-config dump --format '%F "%v";%n' | grep -E '^Acquire::https?::' || true
        cat <<CONF
Dir "$BUILD/steps/lists/$architecture";
Dir::State::status "$BUILD/steps/lists/$architecture/var/lib/dpkg/status";
APT::Architecture "$architecture";
APT::Architectures { "$architecture"; };
APT::Sandbox::User "root";
Acquire::Languages "none";
CONF
    } >"$folder/apt.conf"
    # Here the folder has its new name still.
    sed "s#$BUILD/steps/lists/#$OUT/#" "$folder/apt.conf" >"$TMPDIR/apt.conf"
    APT_CONFIG=$TMPDIR/apt.conf apt-get update --error-on=any
done

"$HERE/later_debian" arm64 "$OUT/later"

# What the lists are: whoever stands on this step is done anew when they change.
releases=$(find "$OUT/arm64/var/lib/apt/lists" "$OUT/later" -name '*InRelease' | sort)
[ -n "$releases" ]
# shellcheck disable=SC2086 # One word a file.
sha256sum $releases | sed "s#$OUT/##" >"$OUT/identity"
# shellcheck disable=SC2086
sed -n 's/^Date: //p' $releases | while read -r moment; do date -d "$moment" +%s; done |
    sort -n | tail -1 >"$OUT/epoch"
