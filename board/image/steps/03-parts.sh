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
kernel=$(apt_for arm64 apt-cache show "linux-image-arm64=$version" |
    sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p')

mkdir debs linux firmware loader busybox e2fsck copyright
(
    cd debs || exit
    apt_for arm64 apt-get download "$kernel=$version" raspi-firmware u-boot-rpi busybox-static e2fsck-static
)
dpkg-deb -x debs/linux-image-*.deb linux
dpkg-deb -x debs/raspi-firmware_*.deb firmware
dpkg-deb -x debs/u-boot-rpi_*.deb loader
dpkg-deb -x debs/busybox-static_*.deb busybox
dpkg-deb -x debs/e2fsck-static_*.deb e2fsck

for file in */usr/share/doc/*/copyright; do
    cp -L "$file" "copyright/$(basename "$(dirname "$file")")"
done

for deb in debs/*.deb; do
    note_deb "$deb" "$OUT"
done
rm -r debs
echo "${kernel#linux-image-}" >kernel-version
