"""One row of the table of parameters."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from config.kinds import Kind, Value


class Group(Enum):
    """The chapters of the reference."""

    LINK = "The link"
    PROXIES = "Proxies and registration"
    ACCOUNTS = "Accounts"
    FEATURES = "Media, dialling, features"
    ADMINISTRATION = "Administration"


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: its name as files write it, its kind, its default and what it is for.

    In a name, `N` stands for a number from 1 to `numbers`, and `<...>` for any words.
    """

    name: str
    kind: Kind
    default: str  # As a file would write it.
    help: str  # One line.
    group: Group
    built: bool = False  # False: known by name, checked, but without effect yet.
    at_once: bool = False  # A phone in use goes by it; else once it was started anew, when idle.
    per_line: bool = False  # `sip lineN ...` may override it for one account.
    secret: bool = False  # Shown as **** everywhere (T4).
    numbers: int = 0

    @property
    def default_value(self) -> Value:
        """The value that holds where nothing sets it."""
        return self.kind.parse(self.default)

    @property
    def applied(self) -> str:
        """When a change of it counts, in words."""
        return "at once" if self.at_once or not self.built else "when idle"

    @property
    def whole_phone_reason(self) -> str:
        """Why a per-line form is refused."""
        reason = "is set for the whole phone, not for one line"
        shared = self.group in {Group.LINK, Group.PROXIES}
        return f"{reason}: all lines share the one link" if shared else reason
