"""A page of parameters: for each its label, a field that fits its kind, and all there is to know.

The help, the values that are taken, the default, where the value comes from and whether the files
lock it are those of the console's `show`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from config.configuration import DEFAULT, Configuration
from config.kinds import Choice, Number, Switch, TlsTransport, ToneSet, Word
from config.layers import LOCAL, Key
from config.parameter import Parameter
from config.parameters import text_of, written
from firmware.web.chapters import Section, parameter_of
from firmware.web.gate import Session
from firmware.web.html import Content, Html, join, prose, tag
from firmware.web.layout import button, form
from firmware.web.parameter_form import REMOVE, UNSET, Typed, is_set_here, own_text
from firmware.web.status_page import section

NOTHING_TYPED = Typed()


def parameter_form(
    held: Configuration,
    sections: Sequence[Section],
    session: Session,
    action: str,
    typed: Typed = NOTHING_TYPED,
) -> Html:
    """Return a form of all these parameters."""
    parts = [
        section(one.title, *(parameter_field(held, key, typed) for key in one.keys))
        for one in sections
    ]
    return form(action, session, *parts, tag("p", button("Save"), class_="save"))


def wrong_fields(typed: Typed) -> Html | None:
    """Return the ways to what is marked."""
    links = [
        tag("a", f"{whole}: {text}", href=f"#{slug(whole)}") for whole, text in typed.errors.items()
    ]
    return tag("ul", *(tag("li", link) for link in links), class_="plain wrong") if links else None


def parameter_field(held: Configuration, key: Key, typed: Typed = NOTHING_TYPED) -> Html:
    """Return one parameter with its field."""
    whole, parameter = written(*key), parameter_of(key)
    error = typed.errors.get(whole, "")
    text = own_or_typed(held, key, typed)
    described = f"{slug(whole)}-help" + (f" {slug(whole)}-error" if error else "")
    return tag(
        "div",
        tag("label", whole, for_=slug(whole)),
        control(held, key, text, described, is_bad=bool(error)),
        tag("p", error, id=f"{slug(whole)}-error", class_="error") if error else None,
        tag("p", *_about(held, key, parameter), id=f"{slug(whole)}-help", class_="help"),
        _removal(whole, held, key, parameter),
        _unset(held, key),
        class_="field",
    )


def own_or_typed(held: Configuration, key: Key, typed: Typed) -> str:
    """Return what a field shows: what was typed into it, else what holds."""
    return typed.texts.get(written(*key), own_text(held, key))


def slug(name: str) -> str:
    """Return a name as an id in a page."""
    return re.sub("[^a-z0-9]+", "-", name.lower())


def control(
    held: Configuration,
    key: Key,
    text: str,
    described: str | None,
    *,
    is_bad: bool = False,
    label: str | None = None,
) -> Html:
    """Return the field itself; `label` names it where no label does."""
    whole, parameter = written(*key), parameter_of(key)
    common: dict[str, str | bool | None] = {
        "id": slug(whole),
        "name": whole,
        "aria_describedby": described,
        "aria_invalid": "true" if is_bad else None,
        "aria_label": label,
        "disabled": not held.may_change(*key),
    }
    if parameter.secret:
        state = "set; not shown" if held.value(*key) else "not set"
        common |= {"type": "password", "autocomplete": "new-password", "placeholder": state}
        return tag("input", **common)
    options = options_of(parameter)
    if options:
        return _select(held, key, text, options, common)
    is_number = isinstance(parameter.kind, Number)
    inherited = text_of(held.value(key[0])) if key[1] else ""
    common |= {
        "type": "text",
        "value": text,
        "inputmode": "numeric" if is_number else None,
        "placeholder": inherited or None,
        "autocomplete": "off",
        "spellcheck": "false",
    }
    return tag("input", **common)


def options_of(parameter: Parameter) -> Mapping[str, str]:
    """Return what can be chosen, as files write it and in words; empty: it is typed."""
    kind = parameter.kind
    if isinstance(kind, Switch):
        return {"1": "1 - on", "0": "0 - off"}
    if isinstance(kind, Choice):
        return {str(number): f"{number} - {meaning}" for number, meaning in kind.meanings.items()}
    if isinstance(kind, Word):
        return {word: word or "none" for word in kind.words}
    if isinstance(kind, ToneSet):
        return {name: name for name in kind.names.values()}
    if isinstance(kind, TlsTransport):
        return {"4": kind.allowed}
    return {}


def _select(
    held: Configuration,
    key: Key,
    text: str,
    options: Mapping[str, str],
    common: Mapping[str, str | bool | None],
) -> Html:
    choices = dict(options)
    if key[1]:
        everywhere = text_of(held.value(key[0]))
        choices = {"": f"as all accounts ({choices.get(everywhere, everywhere)})", **choices}
    if text not in choices:
        choices = {text: text, **choices}
    shown = (
        tag("option", words, value=one, selected=one == text) for one, words in choices.items()
    )
    return tag("select", *shown, **common)


def _about(held: Configuration, key: Key, parameter: Parameter) -> list[Content]:
    """Return the help, and behind it what is short."""
    effect = "" if parameter.built else " Without effect yet."
    default = "" if parameter.secret else parameter.default
    origin = held.origin(*key)
    where = {DEFAULT: "", LOCAL: "Set on this phone."}.get(origin, f"From {origin}.")
    if not held.may_change(*key):
        how = "Locked" if held.locked(*key) else "Forced"
        where = f"{how} by {held.ruling(*key).origin}."
    facts = f"Values: {parameter.kind.allowed}. Default: {default or 'empty'}. {where}".rstrip()
    return [prose(parameter.help + effect), tag("br"), tag("span", facts, class_="soft")]


def _removal(whole: str, held: Configuration, key: Key, parameter: Parameter) -> Html | None:
    if not parameter.secret or not held.value(*key) or not held.may_change(*key):
        return None
    box = tag("input", type="checkbox", name=REMOVE + whole, value="1", id=slug(REMOVE + whole))
    return tag("p", box, tag("label", f"Remove {whole}", for_=slug(REMOVE + whole)), class_="box")


def _unset(held: Configuration, key: Key) -> Html | None:
    """Offer to forget what was set on this phone, where the files or the default say otherwise."""
    if not is_set_here(held, key) or (key[1] and key not in held.server):
        return None
    what = "the files' value" if key in held.server else "the default"
    words = join(f"Back to {what}", tag("span", f" for {written(*key)}", class_="unseen"))
    return tag(
        "button", words, type="submit", name=UNSET, value=written(*key), class_="quiet small"
    )


def unknown_section(held: Configuration) -> Html | None:
    """Return what the files set and this phone does not know; no value of it is shown."""
    if not held.unknown:
        return None
    lines = [tag("li", f"{one.place}: {one.written}") for one in held.unknown]
    words = f"{len(lines)} parameters of the files are not known to this phone."
    return section(
        "Parameters of other phones",
        tag("details", tag("summary", words), tag("ul", *lines, class_="plain")),
    )
