# U-Boot: which of the two roots is booted. RAUC writes BOOT_ORDER and BOOT_A_LEFT or BOOT_B_LEFT.
#
# Each start of a slot takes one of its three tries; `/usr/lib/handset/slot` gives them back once the
# phone works. A slot without tries, or without a kernel, is passed over. Where none is left all begin
# again: a phone that cannot start goes on trying.
setenv kernel_at 0x00080000
setenv ramdisk_at 0x0a000000
test -n "${BOOT_ORDER}" || setenv BOOT_ORDER "A B"
test -n "${BOOT_A_LEFT}" || setenv BOOT_A_LEFT 3
test -n "${BOOT_B_LEFT}" || setenv BOOT_B_LEFT 3

for slot in ${BOOT_ORDER}; do
  setenv part 0
  if test "${slot}" = "A" && test ${BOOT_A_LEFT} -gt 0; then
    setexpr BOOT_A_LEFT ${BOOT_A_LEFT} - 1
    setenv part 2
  fi
  if test "${slot}" = "B" && test ${BOOT_B_LEFT} -gt 0; then
    setexpr BOOT_B_LEFT ${BOOT_B_LEFT} - 1
    setenv part 3
  fi
  if test ${part} -gt 0; then
    saveenv
    echo "handset: slot ${slot}, tries left: A ${BOOT_A_LEFT}, B ${BOOT_B_LEFT}"
    setenv bootargs "console=ttyS1,115200 console=tty0 loglevel=4 panic=10 net.ifnames=0 fsck.repair=yes systemd.getty_auto=no rauc.slot=${slot}"
    if load mmc 0:${part} ${kernel_at} /boot/vmlinuz; then
      if load mmc 0:${part} ${ramdisk_at} /boot/initrd.img; then
        booti ${kernel_at} ${ramdisk_at}:${filesize} ${fdt_addr}
      fi
    fi
    echo "handset: slot ${slot} has no kernel that starts"
  fi
done

echo "handset: no slot is left, all begin again"
setenv BOOT_A_LEFT 3
setenv BOOT_B_LEFT 3
saveenv
reset
