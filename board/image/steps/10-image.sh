# shellcheck shell=bash
# title: image, block map and list of contents
# needs: lists tools root fleet parts libraries tree filesystems
# reads: board/image/partitions.sfdisk board/image/contents.py board/image/in_use.py board/image/licences.py pyproject.toml

image=handset.img
start_of() { # NUMBER
    sed -n 's/^start=\([0-9]*\),.*/\1/p' "$HERE/partitions.sfdisk" | sed -n "$1p"
}
put() { # FILE NUMBER
    dd if="$(made filesystems)/$1" of="$image" bs=1M seek=$(($(start_of "$2") / 2048)) conv=notrunc,sparse status=none
}

size=$(sed -n 's/^start=\([0-9]*\), size=\([0-9]*\).*/\1 + \2/p' "$HERE/partitions.sfdisk" | tail -1)
truncate -s $(((size + 2048) * 512)) "$image" # A free MiB behind the last partition.
tools sfdisk -q "$image" <"$HERE/partitions.sfdisk"
put boot.fat 1
put root.ext4 2
put spare.ext4 3
put data.ext4 4
# A hole of the file is skipped on a card; what a file system uses must not be one.
PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$CHECKOUT python3 -m board.image.in_use "$image"
tools bmaptool create -o "$image.bmap" "$image"
tools env PYTHONPATH="$CHECKOUT" python3 -m board.image.contents \
    --epoch "$(epoch)" --project "$CHECKOUT/pyproject.toml" --wheels "$(made libraries)/site-packages" \
    "$(made root)" "$(made fleet)" "$(made parts)" >handset.spdx.json

ln -f "$image" "$image.bmap" handset.spdx.json "$BUILD/"
