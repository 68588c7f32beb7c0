# shellcheck shell=bash
# The image: which one, and whether it is good. `work` is the folder for what is made on the way.

# Set `image` to what was given, or to what `make image` has made; make it where nothing is there.
choose_image() {
    local built=$here/build/handset.img packed
    if [[ -n $image ]]; then
        readable "$image" --image
        return
    fi
    for packed in "" .zst .xz .gz; do
        image=$built$packed
        [[ ! -f $image ]] || return 0
    done
    image=$built
    [[ -z $check ]] || refuse "There is no image yet: make image builds one."
    say "There is no image yet: building one (make image)."
    make --no-print-directory image >&2 || refuse "The image could not be built."
}

is_packed() { [[ $image == *.zst || $image == *.xz || $image == *.gz ]]; }

# Write the image to standard output, unpacked.
unpacked() {
    case $image in
        *.zst) zstd -dcq -- "$image" ;;
        *.xz) xz -dcq -- "$image" ;;
        *.gz) gzip -dcq -- "$image" ;;
        *) cat -- "$image" ;;
    esac
}

# Read the image's block map; set `block_map`, `image_bytes` and `mapped_bytes`.
find_block_map() {
    local sizes
    block_map=$image.bmap
    ! is_packed || block_map=${image%.*}.bmap
    sizes=$(python_part sizes "$block_map") || exit 1
    read -r image_bytes mapped_bytes <<<"$sizes"
}

# Read the whole image and compare it with its block map. Set `data_at`, where its data partition
# begins; leave its head and the map of its rest in `work`.
judge_image() {
    case $image in
        *.zst) need zstd zstd ;;
        *.xz) need xz xz-utils ;;
    esac
    if is_packed; then
        data_at=$(judge_packed) || exit 1
    else
        data_at=$(python_part image "$block_map" "$work" <"$image") || exit 1
    fi
}

judge_packed() {
    local ends
    unpacked 2>/dev/null | python_part image "$block_map" "$work" && return
    ends=("${PIPESTATUS[@]}")
    ((ends[1])) || say "$image is damaged: it cannot be unpacked."
    return 1
}
