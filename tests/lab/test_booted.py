"""Systems that run at once do not see each other's processes, and leave nothing behind."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.lab.booted import TARGET, Booted

BARE = "[Unit]\nDefaultDependencies=no\n"
UNITS = {
    "same.service": f"{BARE}[Service]\nExecStart=sleep 1000\n",
    TARGET: f"{BARE}Wants=same.service\nAfter=same.service\n",
}


def groups(directory: Path) -> set[str]:
    """Return the control groups at this machine's root."""
    script = 'mount -t cgroup2 none "$0" && ls "$0"'
    words = ["unshare", "-m", "sh", "-c", script, str(directory)]
    return set(subprocess.run(words, capture_output=True, text=True, check=True).stdout.split())


def test_each_has_its_own_control_groups_and_they_go_with_it(tmp_path: Path) -> None:
    for name in ("one", "other", "seen"):
        (tmp_path / name).mkdir()
    one, other = Booted(tmp_path / "one", UNITS), Booted(tmp_path / "other", UNITS)
    with one, other:
        for system in (one, other):
            inside = "/sys/fs/cgroup/system.slice/same.service/cgroup.procs"
            processes = system.run_within("cat", inside).split()
            assert processes == [system.shows("same.service", "MainPID")]
        assert groups(tmp_path / "seen") >= {one.group, other.group}
    assert groups(tmp_path / "seen") & {one.group, other.group} == set()


def test_an_error_shows_what_it_said_at_its_console(tmp_path: Path) -> None:
    with Booted(tmp_path, UNITS) as system:
        system.wait_for(lambda: "Startup finished" in system.said())
