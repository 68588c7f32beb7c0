"""A board that cannot be had is said in one sentence, and the process ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_a_board_that_does_not_exist_is_an_error_in_words(tmp_path: Path) -> None:
    (tmp_path / "startup.cfg").write_text("sip proxy ip: 127.0.0.1\n")
    words = ["--board", "toaster", "--config", str(tmp_path), "--state", str(tmp_path / "state")]
    ended = subprocess.run(
        [sys.executable, "-m", "firmware", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert (
        'there is no board "toaster": use one of desktop, desktop-wide, handset, handset-spi, '
        "handset-wide" in ended.stderr
    )
    assert "Traceback" not in ended.stderr
