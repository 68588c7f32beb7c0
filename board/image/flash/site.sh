# shellcheck shell=bash
# The site's settings: judged first, put on the data partition last, into the folder /site, so that
# the image stays the same for all. ARCHITECTURE.md says what lies there.

TRUSTED="sips trusted certificates"
CHAIN="sips root and intermediate certificates"
CERTIFICATE="sips local certificate"
KEY="sips private key"

# Judge every setting and gather the files in `work`/site as they will lie on the card.
judge_site() {
    site=$work/site
    mkdir -p "$site/certificates"
    [[ -z $config ]] || readable "$config" --config
    [[ -z $config ]] || cat -- "$config" >"$site/startup.cfg"
    [[ -z $ca ]] || stage_certificates "$ca" --ca "$TRUSTED" ca.pem
    [[ -z $chain ]] || stage_certificates "$chain" --chain "$CHAIN" chain.pem
    [[ -z $certificate ]] || stage_certificates "$certificate" --certificate "$CERTIFICATE" certificate.pem
    [[ -z $key ]] || stage_key
    [[ -z $config ]] || judge_config
    [[ -z $hostname ]] || stage_hostname
    [[ -z $authorized_keys ]] || stage_authorized_keys
    [[ -z $update_ca ]] || stage_update_ca
    [[ -z $wifi ]] || stage_wifi
    rmdir --ignore-fail-on-non-empty "$site/certificates"
}

# stage_certificates FILE OPTION PARAMETER NAME: take a file of certificates that hold today.
stage_certificates() {
    readable "$1" "$2"
    judge_certificates "$1"
    cat -- "$1" >"$site/certificates/$4"
    printf '%s: certificates/%s\n' "$3" "$4" >>"$site/handset.cfg"
}

# Refuse a file with a certificate that is over, is not yet valid, or is none.
judge_certificates() {
    local number count part=$work/certificate
    need openssl openssl
    count=$(grep -c -- '-----BEGIN CERTIFICATE-----' "$1" || true)
    ((count)) || refuse "$1 holds no certificate in PEM form."
    for ((number = 1; number <= count; number++)); do
        nth_certificate "$1" "$number" >"$part"
        openssl x509 -in "$part" -noout 2>/dev/null ||
            refuse "Certificate $number of $1 is damaged."
        judge_time "$part" "Certificate $number of $1"
    done
}

# nth_certificate FILE NUMBER: print one certificate of a file.
nth_certificate() {
    awk -v wanted="$2" '/-----BEGIN CERTIFICATE-----/ { number++ } number == wanted' "$1"
}

# judge_time FILE NAME: refuse a certificate outside its time.
judge_time() {
    local begins
    openssl x509 -in "$1" -noout -checkend 0 >/dev/null ||
        refuse "$2 has expired ($(openssl x509 -in "$1" -noout -enddate | cut -d= -f2))."
    begins=$(openssl x509 -in "$1" -noout -startdate | cut -d= -f2)
    (($(date -d "$begins" +%s) <= $(date +%s))) || refuse "$2 is not yet valid (from $begins)."
}

# Take the private key, if it is the certificate's.
stage_key() {
    readable "$key" --key
    grep -q -- 'PRIVATE KEY-----' "$key" || refuse "$key holds no private key in PEM form."
    if grep -q ENCRYPTED "$key"; then
        # Its password stands in the configuration: the phone's own reader tries it.
        [[ -n $config ]] || refuse "$key is encrypted: its password has to be in --config FILE."
    else
        openssl pkey -in "$key" -noout -passin pass: 2>/dev/null || refuse "$key is damaged."
        [[ $(openssl pkey -in "$key" -pubout) == "$(openssl x509 -in "$certificate" -noout -pubkey)" ]] ||
            refuse "$key is not the key of $certificate."
    fi
    cat -- "$key" >"$site/certificates/key.pem"
    printf '%s: certificates/key.pem\n' "$KEY" >>"$site/handset.cfg"
}

# Have the phone's own reader judge the folder as it will lie on the card. A configuration that
# leaves the proxy to a server of files is none of its errors here.
judge_config() {
    local python=$here/.venv/bin/python said errors
    [[ -x $python ]] || python=python3
    said=$("$python" -B -m config check "$site" 2>&1) && return
    errors=$(grep -Ev '^(note: |[0-9]+ errors?, )' <<<"$said" || true)
    if names_a_server; then
        errors=$(grep -E '^[^ ]+\.cfg(:[0-9]+)?: ' <<<"$errors" || true)
        [[ -n $errors ]] || return 0
    fi
    grep -Eq '^Traceback|No module' <<<"$said" &&
        refuse "The phone's reader of $config is not set up: start make run once."
    say "$errors"
    refuse "$config cannot be used: nothing was written."
}

names_a_server() {
    grep -Eiq '^[[:space:]!^]*(https|http|tftp) +server *: *[^ #]' "$site/startup.cfg"
}

# A name by RFC 1123: labels of letters, digits and hyphens, no hyphen at an end, 64 in all.
stage_hostname() {
    local label='[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?'
    [[ $hostname =~ ^$label(\.$label)*$ && ${#hostname} -le 64 && ! $hostname =~ (^|\.)[0-9]+$ ]] ||
        refuse "$hostname is no name of a host (RFC 1123: letters, digits and hyphens)."
    printf '%s\n' "$hostname" >"$site/hostname"
}

stage_authorized_keys() {
    readable "$authorized_keys" --authorized-keys
    need ssh-keygen openssh-client
    ssh-keygen -l -f "$authorized_keys" >/dev/null 2>&1 ||
        refuse "$authorized_keys holds no public keys of ssh."
    cat -- "$authorized_keys" >"$site/authorized_keys"
}

# Whose updates RAUC takes (board/image/rauc.conf).
stage_update_ca() {
    readable "$update_ca" --update-ca
    judge_certificates "$update_ca"
    cat -- "$update_ca" >"$site/update-keyring.pem"
}

# The passphrase comes from a file or from the keyboard, never from the list of arguments.
stage_wifi() {
    local passphrase=""
    if [[ -n $wifi_file ]]; then
        readable "$wifi_file" --wifi-file
        IFS= read -r passphrase <"$wifi_file" || true
    else
        printf 'Passphrase of %s: ' "$wifi" >&2
        IFS= read -rs passphrase || true
        say ""
    fi
    python_part wifi "$wifi" "$country" <<<"$passphrase" >"$site/wifi.conf" || exit 1
}

# Put the settings on the card, read them back, and have the filesystem checked.
put_site() {
    local group name
    [[ -n $(ls -A "$site") ]] || return 0
    say "Putting in the site's settings"
    ln -sf -- "$target" "$work/target"
    card="$work/target?offset=$data_at"
    group=$(on_card "stat /site" | sed -n 's/.*Group: *\([0-9]*\).*/\1/p')
    site_commands "${group:-0}" >"$work/commands"
    (cd "$site" && debugfs -w -f "$work/commands" "$card") >"$work/debugfs" 2>&1 ||
        refuse "The settings could not be put in."
    while IFS= read -r name; do
        on_card "dump /site/$name $work/back" >/dev/null
        cmp -s "$work/back" "$site/$name" || refuse "The settings could not be put in: $name is not there."
    done < <(site_files)
    e2fsck -fn "$card" >/dev/null 2>&1 || refuse "The data partition is damaged."
}

on_card() { debugfs -R "$1" "$card" 2>/dev/null; }

site_files() { (cd "$site" && find . -type f -printf '%P\n' | sort); }

# site_commands GROUP: print what debugfs has to do. What the phone reads belongs to its group;
# what the system reads is root's alone.
site_commands() {
    local name
    on_card "stat /site" | grep Inode: >/dev/null || make_folder /site "$1"
    [[ ! -d $site/certificates ]] || make_folder /site/certificates "$1"
    while IFS= read -r name; do
        printf 'write %s /site/%s\n' "$name" "$name"
        case $name in
            hostname) give "$name" 0100644 0 ;;
            wifi.conf | authorized_keys | update-keyring.pem) give "$name" 0100600 0 ;;
            *) give "$name" 0100640 "$1" ;;
        esac
    done < <(site_files)
}

# make_folder PATH GROUP
make_folder() {
    printf 'mkdir %s\n' "$1"
    printf 'sif %s %s %s\n' "$1" mode 040750 "$1" uid 0 "$1" gid "$2"
}

# give NAME MODE GROUP
give() {
    printf 'sif /site/%s %s %s\n' "$1" mode "$2" "$1" uid 0 "$1" gid "$3"
}
