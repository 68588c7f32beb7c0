"""What a half typed line may go on with; for every editor, on any terminal."""

from __future__ import annotations

from firmware.console.vocabulary import COMMANDS
from firmware.frozen import frozen


@frozen
class Candidates:
    """What a line may go on with: `common` is put in, or `words` are shown."""

    common: str
    words: tuple[str, ...]


def next_words(line: str) -> tuple[str, tuple[str, ...]]:
    """Return the last word as far as it is typed, and what it may become."""
    name, space, rest = line.lstrip().partition(" ")
    if not space:
        return name, tuple(sorted(one for one in COMMANDS if one.startswith(name.lower())))
    command = COMMANDS.get(name.lower())
    typed = " ".join(rest.lower().split()) + (" " if rest.endswith(" ") and rest.strip() else "")
    begins = typed.rfind(" ") + 1
    phrases = command.phrases() if command else ()
    words = {one[begins:].partition(" ")[0] for one in phrases if one.startswith(typed)}
    return typed[begins:], tuple(sorted(words))


def complete(line: str) -> Candidates:
    """Complete the last word as far as there is one way only."""
    partial, words = next_words(line)
    if len(words) == 1:
        return Candidates(words[0][len(partial) :] + " ", words)
    return Candidates(_common(words)[len(partial) :], words)


def _common(words: tuple[str, ...]) -> str:
    """Return what all of them begin with; the words are in their order."""
    if not words:
        return ""
    first, last = words[0], words[-1]
    same = (at for at, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1])
    return first[: next(same, min(len(first), len(last)))]
