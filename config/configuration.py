"""A configuration as it was at one moment: every parameter has a value, an origin and a lock."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from config.cfg_file import Statement
from config.fetched import copy_path
from config.hops import Hop, link_hop, strays
from config.kinds import Value, is_url
from config.layers import Entry, Key, governing
from config.parameters import ACCOUNTS_MAX, MASK, Parameter, canonical, find, text_of
from config.problem import Problem, without_credentials

DEFAULT = "default"
"""The origin of a value that nothing sets."""

USER = "sip user name"


@dataclass(frozen=True, slots=True)
class Configuration:
    """What is set, frozen; ask for it by the parameter's name.

    `unknown` holds what the files set and this phone does not know. Values are not in the repr.
    """

    entries: Mapping[Key, Entry] = field(default_factory=dict, repr=False)
    server: Mapping[Key, Entry] = field(default_factory=dict, repr=False)  # For the locks.
    problems: tuple[Problem, ...] = ()
    unknown: tuple[Statement, ...] = ()
    state: Path | None = None  # Where copies of what was fetched are.

    def value(self, name: str, account: int = 0) -> Value:
        """Return the value: bool for a switch, int for a number, else str.

        An account's is its own where that is set and not empty, else the one of all accounts.
        """
        entry = self._entry(name, account)
        return _parameter(name).default_value if entry is None else entry.value

    def text(self, name: str, account: int = 0) -> str:
        """Return the value for people to read: secrets are masked (T4)."""
        text = text_of(self.value(name, account))
        if _parameter(name).secret:
            return MASK if text else ""
        return without_credentials(text)

    def file(self, name: str, directory: Path) -> Path | None:
        """Return the file that a parameter names, None where it names none.

        A name is relative to the folder of the files; of a URL it is the last good copy.
        """
        text = str(self.value(name))
        if is_url(text):
            return copy_path(self.state or directory, canonical(name))
        return directory / text if text else None

    def origin(self, name: str, account: int = 0) -> str:
        """Return where the value comes from: "startup.cfg:12", "local" or "default"."""
        entry = self._entry(name, account)
        return DEFAULT if entry is None else entry.origin

    def locked(self, name: str, account: int = 0) -> bool:
        """Tell whether the parameter is read-only on the phone."""
        return self.ruling(name, account).locked

    def may_change(self, name: str, account: int = 0) -> bool:
        """Tell whether a value may be set on the phone: the files neither lock nor force it."""
        own = self.server.get((canonical(name), account))
        return not self.locked(name, account) and not (own is not None and own.forced)

    def ruling(self, name: str, account: int = 0) -> Entry:
        """Return the server's entry that says whether the phone may change the parameter."""
        return governing(self.server, (canonical(name), account))

    def accounts(self) -> tuple[int, ...]:
        """Return the accounts that the phone serves, without lines that have another proxy."""
        named = self.named_accounts()
        refused = {stray.account for stray in strays(self.value, named)}
        return tuple(account for account in named if account not in refused)

    def named_accounts(self) -> tuple[int, ...]:
        """Return every account that has a user name.

        `sip user name` alone makes account 1; the others need one of their own.
        """
        own = {n for n in range(1, ACCOUNTS_MAX + 1) if self._own(USER, n)}
        return tuple(sorted(own | ({1} if self.value(USER) else set())))

    def hop(self, *, backup: bool = False) -> Hop | None:
        """Return the link's proxy, or its backup; None where none is set."""
        return link_hop(self.value, self.named_accounts(), backup=backup)

    def beside(self, started: Configuration) -> Configuration:
        """Return what a phone in use goes by that was started with another configuration.

        What counts at once is as it is here; all else stays as it was at the start.
        """
        here = {key: entry for key, entry in self.entries.items() if _counts_at_once(key)}
        there = {key: entry for key, entry in started.entries.items() if not _counts_at_once(key)}
        return replace(self, entries={**here, **there})

    def without(self, name: str) -> Configuration:
        """Return the same one with the default of a parameter."""
        left = {key: entry for key, entry in self.entries.items() if key[0] != canonical(name)}
        return replace(self, entries=left)

    def _own(self, name: str, account: int) -> Entry | None:
        """Return what is set for exactly this account; an empty value sets nothing."""
        entry = self.entries.get((canonical(name), account))
        return None if entry is None or entry.value == "" else entry

    def _entry(self, name: str, account: int) -> Entry | None:
        own = self._own(name, account) if account else None
        return own or self.entries.get((canonical(name), 0))


def _counts_at_once(key: Key) -> bool:
    return _parameter(key[0]).at_once


def _parameter(name: str) -> Parameter:
    parameter = find(name)
    assert parameter is not None, f"{name} is not in the table of parameters"
    return parameter
