"""What the device tells of itself: from the kernel's files, and only what is there."""

from __future__ import annotations

from pathlib import Path

from firmware.phone.events import FactsTold
from firmware.runtime.device_facts import about, network

HEAD = "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
WIFI = "lo\t00000000\tFE0200C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
CABLE = "lo\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
LOCAL = "lo\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"


def machine(folder: Path, route: str, speed: str = "100\n") -> tuple[Path, Path]:
    proc, devices = folder / "proc", folder / "devices"
    (devices / "wire0").mkdir(parents=True)
    proc.mkdir()
    (proc / "route").write_text(HEAD + route)
    (proc / "if_inet6").write_text(
        "20010db8000000000000000000000007 04 40 00 82     wire0\n"
        "fe800000000000000000000000000007 04 40 20 82     wire0\n"
        "20010db8000000000000000000000008 05 40 00 82     eth1\n"
    )
    (devices / "wire0" / "speed").write_text(speed)
    (devices / "wire0" / "address").write_text("02:00:c0:00:02:07\n")
    return proc, devices


def test_the_way_out_with_the_least_metric_is_told(tmp_path: Path) -> None:
    route = LOCAL + WIFI.replace("lo", "wlan0") + CABLE.replace("lo", "wire0")
    assert network(*machine(tmp_path, route)) == FactsTold(
        "Network",
        (
            ("Interface", "wire0"),
            ("Address", "2001:db8::7"),
            ("Gateway", "192.0.2.1"),
            ("Speed", "100 Mbit/s"),
            ("MAC", "02:00:c0:00:02:07"),
        ),
    )


def test_what_is_not_known_is_left_out(tmp_path: Path) -> None:
    told = network(*machine(tmp_path, "", speed="-1\n"))
    assert [label for label, _ in told.rows] == ["Interface", "Address", "MAC"]


def test_a_machine_without_a_network_says_so(tmp_path: Path) -> None:
    assert network(tmp_path / "none", tmp_path / "no") == FactsTold(
        "Network", (("", "no network"),)
    )


def test_this_machine_is_told() -> None:
    assert network().rows
    rows = dict(about("0.1", "", "0200C0000207", "urn:uuid:1-2").rows)
    assert (rows["MAC"], rows["Serial"]) == ("02:00:C0:00:02:07", "1-2")
    assert int(rows["Packages of others"]) > 5
    assert "Model" not in rows
