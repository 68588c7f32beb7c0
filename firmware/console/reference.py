"""The page of the console's commands, made from their own words: `make generated` writes it."""

from __future__ import annotations

from firmware.console.vocabulary import COMMANDS

HEAD = """\
# The console's commands

Generated from `firmware/console/vocabulary.py` by `make generated`; `help COMMAND` says the same.

| typed | what it does |
|---|---|
"""


def console_reference() -> str:
    """Return every command, as Markdown."""
    rows = (f"| {_typed(c.usage)} | {_bar(_said(c.summary, c.help))} |" for c in COMMANDS.values())
    return HEAD + "\n".join(rows) + "\n"


def _typed(usage: str) -> str:
    return f"`{_bar(usage)}`"


def _said(summary: str, text: str) -> str:
    return f"{summary[0].upper()}{summary[1:]}. {text}".strip()


def _bar(text: str) -> str:
    return text.replace("|", "\\|")
