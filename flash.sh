#!/usr/bin/env bash
# Writes the handset's card, or updates a running handset: ./flash.sh --help
#
# A card is never half good. Its first MiB, where the partition table lies, is overwritten by a mark
# before anything else is written, and comes last, when every block was read back and compared and
# the site's settings are in. Whatever ends this early leaves a card that nothing starts from.
set -euo pipefail
PATH=$PATH:/usr/sbin:/sbin # Where Debian keeps what knows disks, and a user's PATH does not look.

here=$(dirname -- "$(realpath -- "${BASH_SOURCE[0]}")")
parts=$here/board/image/flash
# shellcheck source=board/image/flash/say.sh
source "$parts/say.sh"
# shellcheck source=board/image/flash/image.sh
source "$parts/image.sh"
# shellcheck source=board/image/flash/target.sh
source "$parts/target.sh"
# shellcheck source=board/image/flash/site.sh
source "$parts/site.sh"
# shellcheck source=board/image/flash/host.sh
source "$parts/host.sh"

usage() {
    cat <<'HELP'
flash.sh: from an image to a card that boots into a phone

  ./flash.sh                          list the cards in this machine: device, size, name
  ./flash.sh --device /dev/sdX        write the card, read it back, put in the site's settings
  ./flash.sh --to-file FILE           the same into a plain file, for an emulator or a test
  ./flash.sh --check [...]            judge image, target and settings; write nothing
  ./flash.sh --host NAME              update a running phone over ssh

What is written
  --image FILE            the image, with FILE.bmap beside it; may be packed (.zst, .xz, .gz).
                          Without it: build/handset.img, which is built where it is missing
  --device /dev/sdX       the card. Refused: a mounted disk, the system's disk, a partition,
                          whatever is no card, is write-protected or too small
  --to-file FILE          a plain file in place of a card
  --yes                   do not ask; else you type the device's name before it is written

The site's settings, on the card's data partition; the image stays the same for all
  --config FILE           a startup.cfg; what is wrong in it is named before anything is written
  --wifi SSID             join this Wi-Fi network; its passphrase is asked for, and kept as a key
  --wifi-file FILE        read that passphrase from the first line of a file
  --country CC            where the phone stands, as Wi-Fi needs to know (DE, FR, US)
  --hostname NAME         the phone's name in the network
  --ca FILE               certificates of the authorities that sign your proxies (PEM)
  --chain FILE            the certificates between the phone's own and its authority
  --certificate FILE      the phone's own certificate
  --key FILE              its private key
  --authorized-keys FILE  public keys of ssh that may log in, which --host needs
  --update-ca FILE        certificates of whoever signs updates (make bundle says which): without
                          them the phone takes no update

A running phone
  --host NAME             its name or address, also USER@NAME; the bundle is copied there and
                          installed into the slot that does not run
  --bundle FILE           the signed bundle. Without it: build/handset.raucb
  --restart               start the phone anew afterwards, also in a call

  --check                 exit 0 where all is well, else 1 with the reason
  --help                  print this

Exit status: 0 done, 1 refused or failed, with the reason in a sentence, 2 wrong usage.
HELP
}

# The file options are meant from where the user stands; the program goes on from its own folder.
absolute() { realpath -m -s -- "$1"; }

parse() {
    local option value
    while (($#)); do
        option=$1
        shift
        case $option in
            --help | -h) usage && exit 0 ;;
            --check) check=yes && continue ;;
            --yes) yes=yes && continue ;;
            --restart) restart=yes && continue ;;
            --image | --device | --to-file | --config | --wifi | --wifi-file | --country | \
                --hostname | --ca | --chain | --certificate | --key | --authorized-keys | \
                --update-ca | --host | --bundle) ;;
            --*) wrong_usage "There is no option $option" ;;
            *) wrong_usage "What is $option meant for?" ;;
        esac
        (($#)) || wrong_usage "$option needs a value"
        value=$1
        shift
        [[ -n $value ]] || wrong_usage "$option needs a value that is not empty"
        take "$option" "$value"
    done
}

# take OPTION VALUE
take() {
    case $1 in
        --image) image=$(absolute "$2") ;;
        --device) device=$(absolute "$2") ;;
        --to-file) to_file=$(absolute "$2") ;;
        --config) config=$(absolute "$2") ;;
        --wifi) wifi=$2 ;;
        --wifi-file) wifi_file=$(absolute "$2") ;;
        --country) country=$2 ;;
        --hostname) hostname=$2 ;;
        --ca) ca=$(absolute "$2") ;;
        --chain) chain=$(absolute "$2") ;;
        --certificate) certificate=$(absolute "$2") ;;
        --key) key=$(absolute "$2") ;;
        --authorized-keys) authorized_keys=$(absolute "$2") ;;
        --update-ca) update_ca=$(absolute "$2") ;;
        --host) host=$2 ;;
        --bundle) bundle=$(absolute "$2") ;;
    esac
}

# Refuse options that contradict each other.
agree() {
    local settings=$config$wifi$hostname$ca$chain$certificate$key$authorized_keys$update_ca
    [[ -z $device || -z $to_file ]] || wrong_usage "Either --device or --to-file, not both"
    [[ -z $host || -z $device$to_file$image$settings ]] ||
        wrong_usage "--host updates a phone that runs: it goes with --bundle, --restart, --check"
    [[ -n $host || -z $bundle$restart ]] || wrong_usage "--bundle and --restart go with --host"
    [[ $host != -* ]] || wrong_usage "--host takes a name"
    [[ -n $wifi || -z $wifi_file$country ]] || wrong_usage "--wifi-file and --country go with --wifi"
    [[ -z $key || -n $certificate ]] || wrong_usage "--key goes with --certificate"
    [[ -z $certificate || -n $key ]] || wrong_usage "--certificate goes with --key"
    [[ -n $host || -z $settings$image$yes || -n $device$to_file$check ]] || wrong_usage "Onto which card? --device"
}

# Remove what was made on the way, and say where a card was left unfinished.
clean_up() {
    local status=$?
    [[ -z $work ]] || rm -rf -- "$work"
    [[ -z $begun ]] || say "$target is not finished: nothing will take it for a card. Write it again."
    exit "$status"
}

main() {
    image="" device="" to_file="" config="" wifi="" wifi_file="" country="" hostname="" ca="" chain=""
    certificate="" key="" authorized_keys="" update_ca="" host="" bundle="" check="" yes="" restart=""
    work="" begun="" target="" target_name=""
    parse "$@"
    agree
    cd -- "$here"
    need python3 python3
    if [[ -z $host$device$to_file$image$check ]]; then
        list_cards
        say "--device /dev/... writes one of them; --help tells more."
        return
    fi
    trap clean_up EXIT
    trap 'exit 1' HUP INT TERM
    work=$(mktemp -d)
    if [[ -n $host ]]; then
        update_host
    else
        flash_card
    fi
}

# Judge everything first; write only then.
flash_card() {
    judge_site
    choose_image
    find_block_map
    [[ -z $device ]] || judge_device
    [[ -z $to_file ]] || judge_file
    judge_image
    if [[ -n $check || -z $target ]]; then
        say "All is well: nothing was written."
        return
    fi
    need bmaptool bmap-tools
    need debugfs e2fsprogs
    ask
    write_target
    say "Done: $target_name is a handset's card."
}

main "$@"
