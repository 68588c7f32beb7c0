"""Another firmware for a phone that runs: `make test-update`.

The image's own root is the update. The phone fetches it from a server on this machine, as its
administrator asks on its page; RAUC judges it and writes the other slot; the machine restarts, and
the script of the card says which slot is next (`tests/lab/u_boot.py`).
"""

from __future__ import annotations

from pathlib import Path

from tests.on_device.bundles import Bundles
from tests.on_device.phone import INSTALL_S, Phone


def test_a_good_update_is_used_and_kept(phone: Phone, bundles: Bundles) -> None:
    with phone.start("A") as first:
        first.registers()
        first.update(bundles.good)
        first.ends(INSTALL_S)
    with phone.start("B") as second:
        second.registers()
        second.remote.until("test -e /data/update/good-B")
        assert second.remote.run("cat /run/handset-update/slot").split()[0] == "B"
        assert second.remote.run("fw_printenv -n BOOT_B_LEFT") == "3\n"
    assert phone.next_slot() == "B"


def test_what_is_of_somebody_else_or_damaged_is_refused_and_said(
    phone: Phone, bundles: Bundles, tmp_path: Path
) -> None:
    foreign = bundles.made("foreign", tmp_path / "others")
    with phone.start("A") as running:
        running.registers()
        running.update(foreign)
        running.says("its signature is not of whom this phone trusts")
        running.update(bundles.damaged())
        running.says("the update is refused: it is damaged, or the card is")
        assert running.machine.program.running
    assert phone.next_slot() == "A"
