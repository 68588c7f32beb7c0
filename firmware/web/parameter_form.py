"""A page of parameters as a form: what was typed into it, and what follows from that.

Everything is from the one table; nothing of a parameter is known here. A field that says what holds
already changes nothing. One wrong value, and none is changed: the page comes back with the sentence
beside the field and with all that was typed. A secret is never shown, so its field is empty; left
so, it stays what it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from config.configuration import Configuration
from config.layers import LOCAL, Key
from config.parameters import parse, text_of, written
from config.problem import ConfigError, without_credentials
from firmware.frozen import frozen
from firmware.web.chapters import parameter_of
from firmware.web.forms import Form

UNSET = "unset"
"""The name of the button that takes a value of this phone away; its value is the parameter's."""

REMOVE = "remove "
"""Before the name of a secret: the box that takes it away."""


Changes = Mapping[Key, str | None]
"""Values for this phone; None: what was set on it is forgotten."""


@frozen
class Typed:
    """What came with a form: changes, or why there are none, by the parameters' names."""

    changes: Changes = field(default_factory=dict, repr=False)
    errors: Mapping[str, str] = field(default_factory=dict)
    texts: Mapping[str, str] = field(default_factory=dict, repr=False)


def own_text(held: Configuration, key: Key) -> str:
    """Return what a field shows: of an account its own value, "" where it has none."""
    name, account = key
    if parameter_of(key).secret:
        return ""
    if not account:
        return held.text(name)
    entry = held.entries.get(key)
    return "" if entry is None else without_credentials(text_of(entry.value))


def is_set_here(held: Configuration, key: Key) -> bool:
    """Tell whether the value was set on this phone."""
    entry = held.entries.get(key)
    return entry is not None and entry.origin == LOCAL


def read(held: Configuration, keys: Iterable[Key], form: Form) -> Typed:
    """Return what the form changes; what the files lock was not to be typed into."""
    changes: dict[Key, str | None] = {}
    errors: dict[str, str] = {}
    texts: dict[str, str] = {}
    for key in keys:
        whole = written(*key)
        if not held.may_change(*key):
            continue
        if form.text(UNSET) == whole:
            changes[key] = None
        elif whole in form.fields or REMOVE + whole in form.fields:
            texts[whole] = form.text(whole).strip()
            try:
                changes |= _changed(held, key, form)
            except ConfigError as error:
                errors[whole] = _sentence(str(error), whole)
    return Typed({} if errors else changes, errors, texts)


def _changed(held: Configuration, key: Key, form: Form) -> dict[Key, str | None]:
    name, account = key
    whole = written(name, account)
    text = form.text(whole).strip()
    if parameter_of(key).secret:
        if REMOVE + whole in form.fields:
            # One of the files is covered by none.
            return {key: None if is_set_here(held, key) and key not in held.server else ""}
        if not text:
            return {}
    elif text == own_text(held, key):
        return {}
    elif account and not text:
        return {key: None}
    parse(name, account, text)
    return {key: text}


def _sentence(text: str, whole: str) -> str:
    """Leave the name out: the sentence stands beside it."""
    return text.removeprefix(f"{whole}: ")
