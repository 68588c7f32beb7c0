"""The fuzz targets by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tests.fuzz import cfg, console, lamps, media, sip

TARGETS: dict[str, Callable[[bytes], None]] = {
    "stream": sip.stream,
    "message": sip.message,
    "headers": sip.headers,
    "uri": sip.uri,
    "auth": sip.auth,
    "cfg": cfg.cfg,
    "console": console.console,
    "lamps": lamps.lamps,
    "rtp": media.rtp,
    "rtcp": media.rtcp,
    "sound": media.sound,
    "srtp": media.srtp,
    "sdes": media.sdes,
    "sdp": media.sdp,
}

CORPUS = Path(__file__).with_name("corpus")
"""A folder for each target: seeds, and every input that once found something."""
