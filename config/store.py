"""The store: reads a configuration from its files, and keeps what is set on the phone.

The layers, later wins: built-in defaults, `startup.cfg` (or `aastra.cfg`, its older name),
`<model>.cfg`, `<mac>.cfg`, the last good copies of the files of those names that a provisioning
server gave (`fetched.py`), local settings. Reading never fails: what is wrong is among the
configuration's problems, and the phone goes on with what it has. Setting may: `ConfigError`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from threading import RLock

from config.cfg_file import FILE_BYTES_MAX, Statement, parse_file
from config.configuration import Configuration
from config.fetched import DamagedCopyError, FetchedFile, read_copy, remove_copy, save_copy
from config.files import read_bounded, reason
from config.guarded import without_guarded
from config.kinds import Value
from config.layers import Key, Layers, combine, local_layer, server_layer
from config.local_file import read_local, save_local
from config.parameters import ACCOUNTS_MAX, canonical, find, parse, text_of, written
from config.problem import ConfigError, Problem, Problems, Severity

__all__ = ["ConfigError", "Configuration", "Problem", "Severity", "Store"]

STARTUP = ("startup.cfg", "aastra.cfg")
"""The first file, under its name of today and its older one."""

MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
MAC = re.compile(r"[0-9A-F]{12}")


class Store:
    """The configuration of one phone on disk.

    `directory` holds the server's files, `state_directory` the local settings (None: there are
    none). Where not `writes`, nothing is ever changed on disk. Settings are made from any thread:
    one waits for the other, so that none is lost.
    """

    def __init__(
        self,
        directory: Path | str,
        state_directory: Path | str | None = None,
        model: str = "",
        mac: str = "",
        *,
        writes: bool = True,
    ) -> None:
        self._directory = Path(directory)
        self._state = None if state_directory is None else Path(state_directory)
        self._names, self.mac = _file_names(model, mac), mac
        self._writes = writes and self._state is not None
        self._turn = RLock()  # What is on disk is read, changed and written by one at a time.

    @property
    def directory(self) -> Path:
        """The folder of the files, to which the names of files in them are relative."""
        return self._directory

    @property
    def state_directory(self) -> Path | None:
        """The folder of what is kept on this phone, None where there is none."""
        return self._state

    @property
    def file_names(self) -> tuple[tuple[str, ...], ...]:
        """The names of the server's files in their order; alternatives stand together."""
        return tuple(self._names)

    def read(self) -> Configuration:
        """Read all files anew."""
        problems = Problems()
        unknown: dict[Key, Statement] = {}
        server = server_layer(self._server_statements(problems), problems, unknown)
        saved = self._saved(problems)
        layers = combine(server, local_layer(saved, problems))
        if layers.thrown_away and self._writes:
            self._throw_away(layers, problems)
        unread = tuple(unknown.values())
        return Configuration(layers.entries, server, problems.all(), unread, self._state)

    def set_local(self, name: str, value: Value, account: int = 0) -> None:
        """Set a parameter on this phone, on disk; it counts from the next `read()`."""
        self.change_local({(canonical(name), account): text_of(value)})

    def unset_local(self, name: str, account: int = 0) -> None:
        """Forget what was set on this phone: the server's value or the default holds again."""
        self.change_local({(canonical(name), account): None})

    def change_local(self, wanted: Mapping[Key, str | None]) -> None:
        """Set several parameters, and forget those that are None: all of them, or none."""
        for (name, account), text in wanted.items():
            assert 0 <= account <= ACCOUNTS_MAX, account
            if text is None:
                continue
            if find(name) is None:
                raise ConfigError(f"{written(name, account)}: there is no such parameter")
            parse(name, account, text)
        with self._turn:
            for key, text in wanted.items():
                if text is not None:
                    self._check_free(*key)
            before = self._settings()
            after = {**before, **wanted}
            kept = {key: text for key, text in after.items() if text is not None}
            if kept != before:
                self._save(kept)

    def _check_free(self, name: str, account: int) -> None:
        """Raise ConfigError where the server's files allow no local value."""
        configuration = self.read()
        ruling = configuration.ruling(name, account)
        word = written(canonical(name), account)
        if ruling.locked:
            raise ConfigError(f"{word}: locked by {ruling.origin}")
        own = configuration.server.get((canonical(name), account))
        if own is not None and own.forced:
            raise ConfigError(f"{word}: forced by {own.origin}")

    def _server_statements(self, problems: Problems) -> list[Statement]:
        """Return the statements of the server's files in their order."""
        statements: list[Statement] = []
        found = list(self._server_files(problems))
        for name, data in found:
            parsed = parse_file(data, name)
            problems.extend(parsed.problems)
            statements += parsed.statements
        copies = self.copies(problems)
        for copy in copies:
            parsed = parse_file(copy.data, f"fetched {copy.name}")
            if copy.doubt:
                parsed = without_guarded(parsed, copy.doubt)
            problems.extend(parsed.problems)
            statements += parsed.statements
        if not found and not copies:
            problems.add("no configuration file here (startup.cfg)", str(self._directory))
        return statements

    def copies(self, problems: Problems | None = None) -> tuple[FetchedFile, ...]:
        """Return the last good copies of the provisioning server's files."""
        noted = Problems() if problems is None else problems
        names = (name for names in self._names for name in names)
        read = (self._copy(name, noted) for name in names)
        return tuple(copy for copy in read if copy is not None)

    def keep_copies(self, files: Iterable[FetchedFile], gone: Iterable[str]) -> None:
        """Keep new copies, and forget those that the server has no more. Raises ConfigError."""
        if self._state is None or not self._writes:
            raise ConfigError("there is no state folder to keep files in")
        try:
            for file in files:
                save_copy(self._state, file)
            for name in gone:
                remove_copy(self._state, name)
        except OSError as error:
            raise ConfigError(f"fetched files cannot be kept: {reason(error)}") from error

    def _copy(self, name: str, problems: Problems) -> FetchedFile | None:
        if self._state is None:
            return None
        try:
            return read_copy(self._state, name)
        except DamagedCopyError as error:
            problems.add(str(error), f"fetched {name}")
        except OSError as error:
            problems.add(f"cannot be read: {reason(error)}", f"fetched {name}")
        return None

    def _server_files(self, problems: Problems) -> Iterator[tuple[str, bytes]]:
        """Yield the files that are there, with their names; of the first, one under either name."""
        for names in self._names:
            read = ((name, self._server_file(name, problems)) for name in names)
            found = [(name, data) for name, data in read if data is not None]
            yield from found[:1]
            for name, _ in found[1:]:
                text = f"not read, because {found[0][0]} is there too"
                problems.extend((Problem(text, name, severity=Severity.NOTE),))

    def _server_file(self, name: str, problems: Problems) -> bytes | None:
        try:
            return read_bounded(self._directory / name, FILE_BYTES_MAX)
        except FileNotFoundError:
            return None  # Each of the files may be absent.
        except OSError as error:
            problems.add(f"cannot be read: {reason(error)}", name)
            return b""

    def _saved(self, problems: Problems) -> tuple[Statement, ...]:
        """Return the local statements as they stand on disk, known or not."""
        if self._state is None:
            return ()
        local = read_local(self._state)
        problems.extend(local.problems)
        return local.statements

    def _settings(self) -> dict[Key, str]:
        """Return the local settings as a base for new ones."""
        if self._state is None or not self._writes:
            raise ConfigError("there is no state folder to keep settings in")
        local = read_local(self._state)
        if not local.replaceable:
            raise ConfigError(str(local.problems[0]))
        return _texts(local.statements)

    def _throw_away(self, layers: Layers, problems: Problems) -> None:
        """Take forced parameters out of the local settings, so that they do not come back."""
        try:
            with self._turn:
                settings = self._settings().items()
                self._save({key: text for key, text in settings if key not in layers.thrown_away})
        except ConfigError as error:
            problems.add(str(error))

    def _save(self, settings: dict[Key, str]) -> None:
        assert self._state is not None, "asked for by _settings()"
        save_local(self._state, ((*key, text) for key, text in settings.items()))


def _texts(statements: tuple[Statement, ...]) -> dict[Key, str]:
    return {(statement.name, statement.account): statement.value for statement in statements}


def _file_names(model: str, mac: str) -> list[tuple[str, ...]]:
    """Return the names of the server's files in their order, alternatives together."""
    names: list[tuple[str, ...]] = [STARTUP]
    if model:
        if not MODEL.fullmatch(model):
            raise ConfigError(f"{model!r} is not a model: letters, digits, '.', '_' and '-'")
        names.append((f"{model}.cfg",))
    if mac:
        digits = re.sub("[:.-]", "", mac).upper()
        if not MAC.fullmatch(digits):
            raise ConfigError(f"{mac!r} is not a hardware address: twelve hexadecimal digits")
        names.append((f"{digits}.cfg",))
    return names
