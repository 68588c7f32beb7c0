"""From what a part logs to a line with fields, and to the text that a person reads.

A part logs as Python does; what a program may want to read for itself it says beside the sentence:

    log.info("up: %s", proxy, extra=fields(state="up", proxy=proxy))
"""

from __future__ import annotations

import logging
import time

from firmware.syslog.line import FIELDS_MAX, TEXT_CHARACTERS_MAX, LogLine, Severity

ROOT = "handset"
"""The logger of all parts; the name of a part's own begins with it."""

WORDS = logging.Formatter("%(message)s")

SEVERITIES = (
    (logging.CRITICAL, Severity.CRITICAL),
    (logging.ERROR, Severity.ERROR),
    (logging.WARNING, Severity.WARNING),
    (logging.INFO, Severity.INFORMATION),
)
LEVELS = {severity: level for level, severity in SEVERITIES} | {Severity.DEBUG: logging.DEBUG}

FIELD_CHARACTERS_MAX = 256


def fields(**named: object) -> dict[str, dict[str, str]]:
    """Return what `extra` takes; what is None or empty is left out."""
    return {
        "fields": {name: str(value) for name, value in named.items() if value not in {None, ""}}
    }


def line_of(record: logging.LogRecord) -> LogLine:
    """Return a record as a line. Its time is the clock's, whether or not that was set."""
    text = WORDS.format(record)  # With the traceback of an error of ours.
    own: dict[str, str] = getattr(record, "fields", {})
    severity = next((s for level, s in SEVERITIES if record.levelno >= level), Severity.DEBUG)
    return LogLine(
        record.created,
        severity,
        record.name.removeprefix(f"{ROOT}."),
        text if len(text) <= TEXT_CHARACTERS_MAX else f"{text[:TEXT_CHARACTERS_MAX]} ...",
        tuple((name, text[:FIELD_CHARACTERS_MAX]) for name, text in [*own.items()][:FIELDS_MAX]),
    )


def shown(line: LogLine) -> str:
    """Return a line as standard error and the console show it."""
    assert line.unix_s is not None
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(line.unix_s))
    level = logging.getLevelName(LEVELS[line.severity])
    name = line.module if line.module in {ROOT, "root"} else f"{ROOT}.{line.module}"
    return f"{moment},{int(line.unix_s % 1 * 1000):03} {name} {level} {line.text}"
