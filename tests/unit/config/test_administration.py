"""The administrator's guide says what the phone says: no sentence is invented, none is missing."""

from __future__ import annotations

import re

import pytest

from firmware.agent.words import REGISTRATION_WORDS
from firmware.runtime.failures import ERRNO_WORDS
from firmware.runtime.tls_words import ALERT_WORDS, CHAIN_WORDS, KEY_REASONS, REFUSED, REFUSED_LATE
from tests.unit.config.test_command import FOLDER

GUIDE = (FOLDER / "ADMINISTRATION.md").read_text()
SYMPTOMS = GUIDE.partition("## When the screen says")[2].partition("## Where to look")[0]
ROWS = [line.split(" | ")[0] for line in SYMPTOMS.splitlines() if line.startswith("| ")]
QUOTED = [text for row in ROWS for text in re.findall("`([^`]+)`", row)]


def parts(sentence: str) -> list[str]:
    """What stands in a sentence beside a name or a number."""
    return [part.strip() for part in re.split(r"\{\w+\}|: $", sentence) if part.strip()]


def test_the_guide_quotes_sentences() -> None:
    assert len(QUOTED) > 60


@pytest.mark.parametrize("quoted", QUOTED)
def test_what_the_guide_quotes_is_said_somewhere(quoted: str) -> None:
    folders = (FOLDER, FOLDER.parent / "firmware")
    text = "\n".join(path.read_text() for folder in folders for path in folder.rglob("*.py"))
    text = re.sub(r"\{algorithm\.name\.upper\(\)\}", "SHA1", text)
    assert quoted in text


SAID = (
    *CHAIN_WORDS.values(),
    *ALERT_WORDS.values(),
    *KEY_REASONS.values(),
    *REGISTRATION_WORDS.values(),
    *(words for _, words in ERRNO_WORDS.values()),
    REFUSED,
    REFUSED_LATE,
)


@pytest.mark.parametrize("said", sorted(set(SAID)))
def test_the_guide_says_what_to_do(said: str) -> None:
    for part in parts(said):
        assert any(part in quoted for quoted in QUOTED)
