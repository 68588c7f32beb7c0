"""What was measured, in a file of sections: a run writes those anew that it measured."""

from __future__ import annotations

import os
import platform
import re
import time
from collections.abc import Mapping
from pathlib import Path

HEAD = """\
# The card in QEMU: the last runs

Written by `make test-image`, `make test-update` and `make test-plug`. QEMU emulates an ARM on
another processor: the times say what is done one after the other, not what a Raspberry Pi takes.
"""


class Results:
    """Sections by their titles."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._new: dict[str, str] = {}

    def tell(self, title: str, text: str) -> None:
        """Take what is to stand below a title."""
        when = time.strftime("%Y-%m-%d", time.gmtime())
        where = f"{when}, on {os.cpu_count()} processors ({platform.machine()})"
        load = f"which {os.getloadavg()[1]:.0f} programs wanted at once"
        self._new[title] = f"{where}, {load}.\n\n{text.strip()}\n"

    def write(self) -> None:
        """Write the file, where anything is new."""
        if not self._new:
            return
        sections = self._old() | self._new
        texts = [f"\n## {title}\n\n{text}" for title, text in sections.items()]
        self._path.write_text(HEAD + "".join(texts))

    def _old(self) -> dict[str, str]:
        if not self._path.exists():
            return {}
        _, *sections = re.split(r"^## ", self._path.read_text(), flags=re.MULTILINE)
        parted = (section.split("\n", 1) for section in sections)
        return {title: text.strip() + "\n" for title, text in parted}


def table(heads: tuple[str, ...], rows: Mapping[str, tuple[float | None, ...]]) -> str:
    """Return seconds as Markdown; None where there are none."""
    lines = ["| " + " | ".join(heads) + " |", "|---" * len(heads) + "|"]
    for name, seconds in rows.items():
        lines.append(
            f"| {name} | " + " | ".join("" if s is None else f"{s:.1f}" for s in seconds) + " |"
        )
    return "\n".join(lines) + "\n"
