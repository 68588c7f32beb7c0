# shellcheck shell=bash
# title: the phone's root
# needs: lists tools root fleet libraries modules parts
# asks: MOMENT
# reads: board/image/files board/image/masked.list board/image/rauc.conf board/service board/dhcp-hook firmware drivers board config

tree=$TMPDIR/tree
cp -a "$(made root)/root" "$tree"
cp -a "$(made fleet)/root/." "$tree/"

# The kernel of this slot; U-Boot's booti takes a plain one.
version=$(cat "$(made parts)/kernel-version")
cp -a "$(made modules)/usr/lib/modules" "$tree/usr/lib/"
mkdir -p "$tree/boot/firmware" "$tree/data"
kernel=$(made parts)/vmlinuz
gzip -dc "$kernel" >"$tree/boot/vmlinuz" 2>/dev/null || cp "$kernel" "$tree/boot/vmlinuz"
cp "$(made modules)/initrd.img" "$tree/boot/initrd.img"
chmod 644 "$tree"/boot/*z "$tree"/boot/*.img

# The application, as it is in the checkout, beside a folder in the shape of a virtual environment.
home=$tree/opt/handset
mkdir -p "$home/venv/bin" "$home/venv/lib/python3.13"
git -c safe.directory='*' -C "$CHECKOUT" ls-files -co --exclude-standard -- firmware drivers board config |
    grep -vE '^board/(image|desktop/pictures)/' | sort |
    tar --create --directory="$CHECKOUT" --files-from=- | tar --extract --directory="$home" --no-same-owner
cp -r "$(made libraries)/site-packages" "$home/venv/lib/python3.13/"
ln -s /usr/bin/python3 "$home/venv/bin/python"
printf '%s\n' 'home = /usr/bin' 'include-system-site-packages = true' 'version = 3.13' >"$home/venv/pyvenv.cfg"
chmod -R u=rwX,go=rX "$home"

# The files of the image, and the service's.
cp -r "$HERE/files/." "$tree/"
install -D -m 644 "$HERE/rauc.conf" "$tree/etc/rauc/system.conf"
install -D -m 755 "$CHECKOUT/board/dhcp-hook" "$tree/usr/lib/dhcpcd/dhcpcd-hooks/90-handset"
"$CHECKOUT/board/service/install" "$tree"

# What the packages' own scripts would have made: users, without a password that is right,
cp "$tree/usr/share/base-passwd/passwd.master" "$tree/etc/passwd"
cp "$tree/usr/share/base-passwd/group.master" "$tree/etc/group"
tools systemd-sysusers --root="$tree" handset.conf # First: its number is the one that data keep.
tools systemd-sysusers --root="$tree"
awk -F: '{print $1 ":*:20000::::::"}' "$tree/etc/passwd" >"$tree/etc/shadow"
rm -f "$tree"/etc/{passwd,group,shadow,gshadow}-
chmod 640 "$tree/etc/shadow"
# names, the commands that are others, whom to trust,
cp "$tree/usr/share/libc-bin/nsswitch.conf" "$tree/etc/nsswitch.conf"
ln -s mawk "$tree/usr/bin/awk"
mkdir -p "$tree/etc/ssl/certs"
cat "$tree"/usr/share/ca-certificates/mozilla/*.crt >"$tree/etc/ssl/certs/ca-certificates.crt"
for certificate in "$tree"/usr/share/ca-certificates/mozilla/*.crt; do
    name=$(basename "$certificate" .crt)
    ln -s "/usr/share/ca-certificates/mozilla/$name.crt" "$tree/etc/ssl/certs/$name.pem"
done
# which services begin, where libraries are,
tools systemctl --root="$tree" preset-all
# shellcheck disable=SC2046 # One word a unit.
tools systemctl --root="$tree" mask $(names_in "$HERE/masked.list")
ln -sfn /usr/lib/systemd/system/multi-user.target "$tree/etc/systemd/system/default.target"
ldconfig=$tree/usr/sbin/ldconfig
if [ "$HOST_ARCHITECTURE" = arm64 ]; then "$ldconfig" -r "$tree"; else qemu-aarch64 "$ldconfig" -r "$tree"; fi
# and Python's compiled files.
tools env PYTHONHASHSEED=0 python3 -m compileall -q -j 1 --invalidation-mode unchecked-hash \
    -s "$tree" -p / "$home" "$tree/usr/lib/python3" "$tree/usr/lib/python3.13"

# What no image may hold, and what each start makes anew.
rm -rf "$tree"/etc/ssh/ssh_host_* "$tree"/var/cache/* "$tree"/var/log/*
rm -rf "$tree"/{etc,usr/lib}/udev/hwdb.d # Names of the world's devices.
rm -f "$tree/etc/resolv.conf"
ln -s ../run "$tree/var/run"
: >"$tree/etc/machine-id" # The initramfs writes it.

# A clock that is not set begins here.
touch -d "@$(epoch)" "$tree/usr/lib/clock-epoch"
{
    # What a bundle of this root is called too (bundle.sh), which makes it newer or older than another.
    echo "version $MOMENT.$(date -u -d "@$(epoch)" +%Y%m%dT%H%M%S)"
    echo "kernel $version"
    echo "debian $(date -u -d "@$(epoch)" +%FT%TZ)"
} >"$tree/etc/handset-release"

pack "$tree" >root.tar
cp "$tree/etc/passwd" "$tree/etc/group" .
du -sm "$tree" | cut -f1 >megabytes
