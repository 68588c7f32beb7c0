# shellcheck shell=bash
# title: file systems
# needs: lists tools boot tree
# reads: board/image/partitions.sfdisk
#
# Fixed names, one time, one order: the same bytes each time. The root is never written, so it has no
# journal; the data partition's is small, which makes a card quick to write.

# How large a partition is, in KiB.
size_of() { # NUMBER
    sed -n 's/^start=.*size=\([0-9]*\).*/\1/p' "$HERE/partitions.sfdisk" | sed -n "$1p" |
        { read -r sectors && echo $((sectors / 2)); }
}

truncate -s "$(size_of 1)K" boot.fat
tools mkfs.vfat --invariant -F 32 -n BOOT -i 5b1de501 boot.fat
files=$TMPDIR/files
cp -r "$(made boot)/files" "$files"
find "$files" -exec touch -d "@$(epoch)" {} +
tools mmd -i boot.fat ::/overlays
(cd "$files" && find . -type f | sort) | while read -r file; do
    tools mcopy -m -i boot.fat "$files/$file" "::/${file#./}"
done

tools mke2fs -q -t ext4 -L root -U 5b1de501-0000-4000-8000-000000000002 -m 0 \
    -O '^has_journal,^metadata_csum_seed,^orphan_file' \
    -E hash_seed=5b1de501-0000-4000-8000-000000000012,lazy_itable_init=0,nodiscard \
    -d "$(made tree)/root.tar" root.ext4 "$(size_of 2)K"

# The second root is empty, and passed over by U-Boot, until an update is put there.
tools mke2fs -q -t ext4 -L spare -U 5b1de501-0000-4000-8000-000000000003 -m 0 \
    -O '^has_journal,^metadata_csum_seed,^orphan_file' \
    -E hash_seed=5b1de501-0000-4000-8000-000000000013,lazy_itable_init=0,nodiscard \
    spare.ext4 "$(size_of 3)K"

# What is there for the phone's own: the site's settings, and what the phone keeps.
number_of() { # FILE
    sed -n "s/^handset:[^:]*:\([0-9]*\):.*/\1/p" "$(made tree)/$1"
}
data=$TMPDIR/data
mkdir -p "$data"/{site,state,rauc,update}
chown "root:$(number_of group)" "$data/site"
chown "$(number_of passwd):$(number_of group)" "$data/state"
chmod 750 "$data/site"
chmod 700 "$data/state" "$data/rauc" "$data/update"
pack "$data" >"$TMPDIR/data.tar"
tools mke2fs -q -t ext4 -L data -U 5b1de501-0000-4000-8000-000000000004 -m 0 -J size=8 \
    -O '^metadata_csum_seed,^orphan_file' \
    -E hash_seed=5b1de501-0000-4000-8000-000000000014,lazy_itable_init=0,nodiscard \
    -d "$TMPDIR/data.tar" data.ext4 "$(size_of 4)K"
