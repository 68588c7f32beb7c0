"""One round: which file is next, what has come so far."""

from __future__ import annotations

from config.fetched import FetchedFile

Names = tuple[tuple[str, ...], ...]


class Round:
    """The files of a round in their order; of alternatives, the first that is there."""

    def __init__(self, names: Names, why: str, *, when_free: bool) -> None:
        assert names, "a phone has at least startup.cfg"
        self.why, self.when_free = why, when_free
        self._names, self._group, self._place = names, 0, 0
        self._is_found = False
        self.files: list[FetchedFile] = []
        self.gone: list[str] = []
        self.faults: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The file that is to be fetched."""
        return self._names[self._group][self._place]

    @property
    def done(self) -> tuple[int, int]:
        """How many files have been asked for, of how many."""
        return self._group, len(self._names)

    @property
    def is_over(self) -> bool:
        """Whether every file was asked for."""
        return self._group >= len(self._names)

    @property
    def has_nothing(self) -> bool:
        """Whether the server has none of the files."""
        return not self._is_found

    def absent(self) -> None:
        """The server has no such file."""
        self._place += 1
        if self._place >= len(self._names[self._group]):
            self._end_group(gone=self._names[self._group])

    def refused(self, faults: tuple[str, ...]) -> None:
        """The file is wrong: whatever copy there is stays."""
        self.faults += faults
        self._is_found = True
        self._end_group(gone=())

    def unchanged(self) -> None:
        """The copy is as new as the file."""
        self._is_found = True
        self._end_group(gone=self._others())

    def fetched(self, file: FetchedFile) -> None:
        """The file has come."""
        self._is_found = True
        self.files.append(file)
        self._end_group(gone=self._others())

    def _others(self) -> tuple[str, ...]:
        """Return the alternatives of the present file."""
        return tuple(name for name in self._names[self._group] if name != self.name)

    def _end_group(self, gone: tuple[str, ...]) -> None:
        self.gone += gone
        self._group, self._place = self._group + 1, 0
