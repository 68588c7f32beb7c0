# shellcheck shell=bash
# title: boot partition
# needs: lists tools parts
# reads: board/image/config.txt board/image/boot.cmd board/image/overlays

parts=$(made parts)
mkdir -p files/overlays
cp "$parts/loader/usr/lib/u-boot/rpi_arm64/u-boot.bin" files/
cp "$parts"/firmware/usr/lib/raspi-firmware/{bootcode.bin,start.elf,fixup.dat,start4.elf,fixup4.dat} files/
cp "$HERE/config.txt" files/

trees=$parts/trees
for board in bcm2837-rpi-zero-2-w bcm2837-rpi-3-a-plus bcm2837-rpi-3-b bcm2837-rpi-3-b-plus bcm2711-rpi-4-b bcm2712-rpi-5-b; do
    cp "$trees/$board.dtb" files/
done
# The later Pi 5, by the name that its firmware asks for.
[ ! -e "$trees/bcm2712-d-rpi-5-b.dtb" ] || cp "$trees/bcm2712-d-rpi-5-b.dtb" files/bcm2712d0-rpi-5-b.dtb

# Each is tried with each tree that it is for. Kernels before 7 know nothing of a Pi 5's buses.
for source in "$HERE"/overlays/*.dts; do
    overlay=files/overlays/$(basename "$source" .dts).dtbo
    tools dtc -@ -I dts -O dtb -o "$overlay" "$source"
    case $source in
    *-pi5.dts)
        mates=()
        [ "$(cut -d. -f1 "$parts/kernel-version")" -lt 7 ] || mates=(files/bcm2712*.dtb)
        ;;
    *) mates=(files/bcm2837-*.dtb files/bcm2711-*.dtb) ;;
    esac
    for tree in "${mates[@]}"; do
        tools fdtoverlay -i "$tree" -o "$TMPDIR/merged.dtb" "$overlay"
    done
done

tools mkimage -A arm64 -O linux -T script -C none -n handset -d "$HERE/boot.cmd" files/boot.scr
