"""HTML made of values, so that no text ever becomes markup.

`tag` makes an element of its name, its content and its attributes. What is not `Html` already is
text, and is escaped; an attribute that is False or None is left out, one that is True has no value.
A Python word as an attribute's name ends with an underscore, and an underscore within stands for a
hyphen: `tag("label", "Port", for_="port", aria_describedby="port-help")`.
"""

from __future__ import annotations

from html import escape

Attribute = str | int | bool | None

VOID = frozenset({"br", "hr", "img", "input", "link", "meta"})
"""Elements that have no content and no end."""


class Html(str):
    """Markup, as it goes out."""

    __slots__ = ()


Content = str | Html | None
"""Text, markup, or nothing."""


def tag(name: str, /, *content: Content, **attributes: Attribute) -> Html:
    """Return an element."""
    start = "".join(_attribute(key, value) for key, value in attributes.items())
    if name in VOID:
        return Html(f"<{name}{start}>")
    return Html(f"<{name}{start}>{join(*content)}</{name}>")


def join(*content: Content) -> Html:
    """Return markup of several pieces in a row."""
    pieces = (part if isinstance(part, Html) else escape(part) for part in content if part)
    return Html("".join(pieces))


def prose(text: str) -> Html:
    """Return a text in which names stand between backticks."""
    pieces = enumerate(text.split("`"))
    return join(*(tag("code", piece) if number % 2 else piece for number, piece in pieces))


def _attribute(key: str, value: Attribute) -> str:
    if value is None or value is False:
        return ""
    name = key.removesuffix("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{escape(str(value))}"'
