# shellcheck shell=bash
# title: kernel, firmware and boot loader
# needs: lists
# asks: KERNEL
#
# They are unpacked, not installed: what their scripts would do is done by the steps below. KERNEL is
# trixie, or trixie-backports for a Pi 5, whose SD controller the kernel of trixie does not know.

# shellcheck disable=SC2153 # Not to be confused with $kernel.
suites=$KERNEL
[ "$KERNEL" != trixie ] || suites='trixie(-security|-updates)?'
version=$(apt_for arm64 apt-cache madison linux-image-arm64 |
    awk -F' *[|] *' -v suites=" $suites/" '$3 ~ suites {print $2; exit}')
[ -n "$version" ]
depends_on() { # PACKAGE PREFIX
    apt_for arm64 apt-cache show "$1=$version" | sed -n 's/^Depends: //p' | tr '|' ',' | tr ',' '\n' |
        awk -v prefix="$2" 'index($1, prefix) == 1 {print $1}'
}
kernel=$(depends_on linux-image-arm64 linux-image-)
release=${kernel#linux-image-}
[ -n "$release" ]

# Newer ones are parted: what to start, its device trees and its modules are packages of their own.
packages=("$kernel=$version")
for package in $(depends_on "$kernel" linux-); do
    case $package in *-"$release") packages+=("$package=$version") ;; esac
done

mkdir debs linux firmware loader busybox e2fsck copyright
(
    cd debs || exit
    apt_for arm64 apt-get download "${packages[@]}" raspi-firmware u-boot-rpi busybox-static e2fsck-static
)
for deb in debs/linux-*.deb; do
    dpkg-deb -x "$deb" linux
done
dpkg-deb -x debs/raspi-firmware_*.deb firmware
dpkg-deb -x debs/u-boot-rpi_*.deb loader
dpkg-deb -x debs/busybox-static_*.deb busybox
dpkg-deb -x debs/e2fsck-static_*.deb e2fsck

# Where they lie differs between releases too.
for place in linux/boot/vmlinuz-"$release" linux/usr/lib/modules/"$release"/vmlinuz; do
    [ ! -e "$place" ] || mv "$place" vmlinuz
done
for place in linux/usr/lib/linux-image-"$release" linux/usr/lib/modules/"$release"/dtb; do
    [ ! -d "$place/broadcom" ] || mv "$place/broadcom" trees
done
[ -e vmlinuz ] && [ -e trees ]

for file in */usr/share/doc/*/copyright; do
    cp -L "$file" "copyright/$(basename "$(dirname "$file")")"
done

for deb in debs/*.deb; do
    note_deb "$deb" "$OUT"
done
rm -r debs
echo "$release" >kernel-version
