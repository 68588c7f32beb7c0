# shellcheck shell=bash
# title: client of a fleet's server, of Debian's next release
# needs: lists
# reads: board/image/later_debian

mkdir root copyright debs
"$HERE/later_debian" arm64 "$(made lists)/later" "$OUT/debs"
dpkg-deb --fsys-tarfile debs/*.deb | tar --extract --directory=root --numeric-owner --preserve-permissions \
    ./usr/bin ./usr/share/doc/rauc-hawkbit-updater/copyright
cp root/usr/share/doc/rauc-hawkbit-updater/copyright copyright/rauc-hawkbit-updater
note_deb debs/*.deb "$OUT"
rm -r debs root/usr/share
