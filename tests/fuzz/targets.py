"""The fuzz targets by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.fuzz import cfg, sip

TARGETS: dict[str, Callable[[bytes], None]] = {
    "stream": sip.stream,
    "message": sip.message,
    "headers": sip.headers,
    "uri": sip.uri,
    "auth": sip.auth,
    "cfg": cfg.cfg,
}

CORPUS = Path(__file__).with_name("corpus")
"""A folder for each target: seeds, and every input that once found something."""
