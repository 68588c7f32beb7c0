# shellcheck shell=bash
# The target: a card, or a plain file in its place. What it must not be, and how it is written.

list_cards() {
    local found
    found=$(python_part cards) || exit 1
    if [[ -z $found ]]; then
        say "There is no card in this machine."
        return
    fi
    printf '%s\n' "$found"
}

# Refuse a device that must not be written; set `target` and `target_name`, what it is in words.
judge_device() {
    local words
    target=$(realpath -- "$device")
    [[ -b $target ]] || refuse "$device is no disk."
    words=$(python_part device "$target" "$image_bytes") || exit 1
    [[ -r $target && -w $target ]] || refuse "Writing $target needs root: start it with sudo."
    target_name="$target ($words)"
}

# Refuse a place where no file can be made; set `target` and `target_name`.
judge_file() {
    local free folder
    target=$(realpath -m -- "$to_file")
    target_name=$target
    folder=$(dirname -- "$target")
    [[ -d $folder && -w $folder ]] || refuse "No file can be made in $folder."
    [[ ! -e $target || -f $target ]] || refuse "$to_file is no plain file (for a card: --device)."
    [[ ! $target -ef $image ]] || refuse "$to_file is the image itself."
    free=$(df --output=avail -B1 -- "$folder" | tail -n 1)
    ((free >= mapped_bytes)) || refuse "There is too little room in $folder for the image."
}

# Ask for the target's name, so that nobody writes another one by a slip of the hand.
ask() {
    local answer="" name
    [[ -z $yes ]] || return 0
    [[ -n $device || -e $target ]] || return 0
    name=$(basename -- "$target")
    printf 'All of %s will be lost. Type its name (%s) to go on: ' "$target_name" "$name" >&2
    read -r answer || say ""
    [[ $answer == "$name" || $answer == "$target" ]] || refuse "Nothing was written."
}

# Write everything. Whatever ends this early leaves no partition table, and on a card a mark in its
# place (a plain file is begun anew by bmaptool, its head is empty).
write_target() {
    begun=yes
    if [[ -n $device ]]; then python_part begin "$target"; else rm -f -- "$target"; fi
    say "Writing $target_name"
    copy_rest || refuse "Writing failed$(reason_of "$work/bmaptool")."
    python_part compare "$target" "$work/rest.bmap"
    put_site
    python_part finish "$target" "$work/head"
    begun=""
}

# Write all blocks but the head, with bmaptool's own progress where somebody watches.
copy_rest() {
    if [[ -t 2 ]]; then
        bmaptool copy --bmap "$work/rest.bmap" "$image" "$target"
    else
        bmaptool copy --bmap "$work/rest.bmap" "$image" "$target" >"$work/bmaptool" 2>&1
    fi
}

# Print the last error in a program's output, to be put into a sentence.
reason_of() {
    local line=""
    [[ ! -f $1 ]] || line=$(sed -n 's/^bmaptool: ERROR: //p' "$1" | tail -n 1)
    [[ -z $line ]] || printf ': %s' "${line%.}"
}
