# shellcheck shell=bash
# Updating a running phone over ssh: a signed bundle goes there and into the slot that does not run.

# What the phone does with the bundle on its standard input. It ends with a status of its own for
# each thing that can go wrong, which `told` turns into a sentence.
# shellcheck disable=SC2016 # What is in quotes is expanded on the phone.
REMOTE='
set -eu
command -v rauc >/dev/null || exit 10
[ -w /data ] || exit 11
free=$(df -Pk /data | tail -n 1 | tr -s " " | cut -d " " -f 4)
[ "$free" -gt "$kib" ] || exit 12
[ "$does" = install ] || exit 0
mkdir -p /data/update || exit 11
file=/data/update/handset.raucb
trap "rm -f $file" EXIT
cat >$file || exit 13
[ "$(sha256sum <$file | cut -d " " -f 1)" = "$sum" ] || exit 13
rauc install $file || { rm -f /data/update/tried-*; exit 14; }
[ -z "$restart" ] || systemctl reboot || exit 15
'

# Judge the bundle, then the phone; unless only to check, install it there.
update_host() {
    local to=$host
    [[ $to == *@* ]] || to=root@$to
    judge_bundle
    need ssh openssh-client
    if [[ -n $check ]]; then
        on_phone "$to" check </dev/null
        say "$host can be updated with $bundle."
        return
    fi
    say "Copying $(basename -- "$bundle") ($((bundle_bytes / 1048576)) MiB) to $host and installing it"
    with_progress <"$bundle" | on_phone "$to" install
    if [[ -n $restart ]]; then
        say "Installed: $host starts anew with it."
    else
        say "Installed: $host uses it from its next start, and keeps it once it has registered."
    fi
}

judge_bundle() {
    [[ -n $bundle ]] || bundle=$here/build/handset.raucb
    readable "$bundle" --bundle
    [[ $(head -c 4 -- "$bundle") == hsqs ]] || refuse "$bundle is no RAUC bundle."
    bundle_bytes=$(stat -c %s -- "$bundle")
}

with_progress() {
    if [[ -t 2 ]]; then dd bs=1M status=progress; else cat; fi
}

# on_phone TO check|install: run the steps there; end with a sentence where one fails.
on_phone() {
    local status=0 sum=""
    [[ $2 == check ]] || sum=$(sha256sum <"$bundle" | cut -d ' ' -f 1)
    ssh -o ConnectTimeout=10 -- "$1" \
        "kib=$((bundle_bytes / 1024)) does=$2 sum=$sum restart=$restart; $REMOTE" >&2 || status=$?
    ((!status)) || refuse "$(told "$status")"
}

told() {
    case $1 in
        10) echo "$host has no rauc: it was not set up by an image of this phone." ;;
        11) echo "$host has no data partition that can be written." ;;
        12) echo "There is too little room on $host for the bundle." ;;
        13) echo "The bundle did not arrive whole at $host: nothing was installed." ;;
        14) echo "$host has not installed the bundle: it stays with what it has." ;;
        15) echo "The bundle is installed, but $host could not be started anew." ;;
        255) echo "$host is not reached by ssh: nothing was installed." ;;
        *) echo "The update of $host failed (status $1)." ;;
    esac
}
