# shellcheck shell=bash
# title: kernel modules and initramfs
# needs: lists tools parts
# reads: board/image/modules.list board/image/initramfs.list board/image/initramfs-init

version=$(cat "$(made parts)/kernel-version")
all=$TMPDIR/all
mkdir -p "$all/usr/lib"
cp -al "$(made parts)/linux/usr/lib/modules" "$all/usr/lib/" # Links: they are many.
ln -s usr/lib "$all/lib"
tools depmod -b "$all" "$version"

# The modules of a list with what they stand on, in the order in which they can be loaded. One with a
# question mark is not in every kernel.
modules_of() { # LIST
    # shellcheck disable=SC2016,SC2046 # The inner shell expands it; one word a name.
    tools sh -euc '
        all=$0 version=$1
        shift
        for name in "$@"; do
            modprobe -d "$all" -S "$version" --show-depends "${name%[?]}" && continue
            [ "$name" != "${name%[?]}" ] || { echo "no module $name" >&2; exit 1; }
        done
    ' "$all" "$version" $(names_in "$1") | awk '$1 == "insmod" && !seen[$2]++ {print $2}'
}

own=$OUT/usr/lib/modules/$version
mkdir -p "$own"
modules_of "$HERE/modules.list" | while read -r module; do
    install -D -m 644 "$module" "$own/${module#*/modules/"$version"/}"
done
cp "$all/usr/lib/modules/$version"/modules.{builtin,builtin.modinfo,order} "$own/"
ln -s usr/lib "$OUT/lib"
tools depmod -b "$OUT" "$version"
rm "$OUT/lib"

early=$TMPDIR/early
mkdir -p "$early"/{bin,dev,proc,sys,run,modules}
install -m 755 "$HERE/initramfs-init" "$early/init"
install -m 755 "$(made parts)/busybox/usr/bin/busybox" "$early/bin/busybox"
install -m 755 "$(made parts)/e2fsck/usr/sbin/e2fsck.static" "$early/bin/e2fsck"
mkdir "$early/etc"
printf '[options]\nbroken_system_clock = true\n' >"$early/etc/e2fsck.conf" # A Pi has none.
modules_of "$HERE/initramfs.list" | while read -r module; do
    name=${module##*/}
    case $name in
    *.xz) xz -dc "$module" >"$early/modules/${name%.xz}" ;;
    *) cp "$module" "$early/modules/$name" ;;
    esac
    echo "${name%.xz}"
done >"$TMPDIR/order"
mv "$TMPDIR/order" "$early/modules/order"
find "$early" -exec touch -h -d "@$(epoch)" {} +
# shellcheck disable=SC2016
tools sh -euc 'cd "$0" && find . | LC_ALL=C sort | cpio --quiet -o -H newc --reproducible -R 0:0' "$early" |
    tools zstd -q -19 -T1 >"$OUT/initrd.img"
