"""Which disks are cards: judged from what `lsblk` tells."""

from __future__ import annotations

from typing import Any

import pytest

from board.image.flash.cards import cards, disks, refusal

GB = 10**9
NEEDED = 4 * GB


def disk(name: str, **other: Any) -> dict[str, Any]:
    """Return one line of lsblk: by itself, a card in a USB reader."""
    usual = {
        "name": name, "path": f"/dev/{name}", "type": "disk", "size": 32 * GB, "vendor": "Generic ",
        "model": "MassStorageClass", "rm": True, "ro": False, "tran": "usb", "fstype": None,
        "mountpoints": [None],
    }  # fmt: skip
    return usual | other


def part(name: str, **other: Any) -> dict[str, Any]:
    return disk(name, type="part", vendor=None, model=None) | other


CARD = disk("sdb")
INNER = disk("sda", rm=False, tran="sata", vendor="ATA", model="Samsung SSD", size=500 * GB)


def why_not(*told: dict[str, Any], path: str = "/dev/sdb") -> str:
    return refusal(disks({"blockdevices": list(told)}), path, NEEDED)


def listed(*told: dict[str, Any]) -> list[str]:
    return [str(one) for one in cards(disks({"blockdevices": list(told)}))]


def test_a_card_is_taken() -> None:
    assert why_not(INNER, CARD) == ""
    assert why_not(INNER, disk("mmcblk0", rm=False, tran=None), path="/dev/mmcblk0") == ""


def test_a_card_with_partitions_that_nobody_mounts_is_taken() -> None:
    assert why_not(CARD | {"children": [part("sdb1", fstype="vfat")]}) == ""


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (CARD | {"mountpoints": ["/mnt"]}, "is mounted at /mnt"),
        (CARD | {"children": [part("sdb1", mountpoints=["/media/me"])]}, "is mounted at /media"),
        (CARD | {"children": [part("sdb1", mountpoints=["/"])]}, "holds this machine's own system"),
        (CARD | {"children": [part("sdb1", mountpoints=["/boot/efi"])]}, "own system (/boot/efi)"),
        (CARD | {"children": [part("sdb1", mountpoints=["[SWAP]"])]}, "own swap space"),
        (CARD | {"children": [part("sdb1", fstype="LVM2_member")]}, "part of a volume group (LVM)"),
        (CARD | {"children": [part("sdb1", fstype="linux_raid_member")]}, "part of a RAID"),
        (CARD | {"children": [part("sdb1", fstype="crypto_LUKS")]}, "part of an encrypted disk"),
        (CARD | {"children": [part("sdb1", fstype="swap")]}, "part of swap space"),
        (CARD | {"rm": False}, "is no card"),
        (CARD | {"type": "rom"}, "is no card"),
        (CARD | {"type": "loop"}, "is no card"),
        (CARD | {"ro": True}, "is write-protected"),
        (CARD | {"size": 0}, "There is no card in /dev/sdb"),
        (CARD | {"size": NEEDED - 1}, "is too small: it has 3999999999 bytes"),
    ],
)  # fmt: skip
def test_what_must_not_be_written_is_refused_with_its_reason(
    told: dict[str, Any], words: str
) -> None:
    assert words in why_not(INNER, told)


def test_a_card_that_is_just_large_enough_is_taken() -> None:
    assert why_not(CARD | {"size": NEEDED}) == ""


def test_the_systems_disk_is_refused_through_what_is_made_of_its_partitions() -> None:
    opened = disk("root", type="crypt", path="/dev/mapper/root", mountpoints=["/"])
    locked = part("sdb1", fstype="crypto_LUKS", children=[opened])
    assert "own system (/)" in why_not(CARD | {"children": [locked]})


def test_what_holds_a_volume_or_a_raid_is_refused_where_no_signature_is_told() -> None:
    volume = disk("data", type="lvm", path="/dev/mapper/data")
    assert "volume group" in why_not(CARD | {"children": [part("sdb1", children=[volume])]})
    array = disk("md0", type="raid1")
    assert "a RAID" in why_not(CARD | {"children": [part("sdb1", children=[array])]})


def test_a_partition_is_refused_by_the_name_of_its_disk() -> None:
    told = CARD | {"children": [part("sdb1")]}
    assert why_not(told, path="/dev/sdb1").startswith("/dev/sdb1 is a part of /dev/sdb")


def test_memory_that_is_built_in_is_no_card() -> None:
    inner, start = disk("mmcblk0", rm=False, tran=None), disk("mmcblk0boot0", rm=False, tran=None)
    assert "built in (eMMC)" in why_not(inner, start, path="/dev/mmcblk0")
    assert listed(inner, start, CARD) == ["29.8 GiB, Generic MassStorageClass"]


def test_what_lsblk_does_not_tell_of_is_no_disk() -> None:
    assert why_not(INNER, path="/dev/sdz") == "/dev/sdz is no disk of this machine."


def test_only_cards_are_listed_with_size_and_name() -> None:
    empty, nameless = disk("sdc", size=0), disk("sdd", vendor=None, model=None, size=8 * GB)
    system = disk("mmcblk0", children=[part("mmcblk0p2", mountpoints=["/"])])
    assert listed(INNER, CARD, empty, nameless, system) == [
        "29.8 GiB, Generic MassStorageClass", "7.5 GiB, no name"
    ]  # fmt: skip
