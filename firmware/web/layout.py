"""The frame of every page: title, navigation, main part. Screen readers find their way by it."""

from __future__ import annotations

from firmware.web.gate import Notice, Session
from firmware.web.html import Content, Html, join, tag

DOCTYPE = Html("<!doctype html>")

FORM_WORD = "form_word"
"""The hidden field of every form (see `gate.py`)."""

RESTART = "/restart"

NAVIGATION = (
    ("/", "Status"),
    ("/link", "Link and TLS"),
    ("/accounts", "Accounts"),
    ("/network", "Network"),
    ("/dialling", "Dialling"),
    ("/keys", "Keys"),
    ("/directory", "Directory"),
    ("/updates", "Updates"),
    ("/logs", "Logs and outages"),
    ("/trace", "SIP trace"),
    ("/parameters", "More parameters"),
    ("/administration", "Administration"),
)
"""The pages, in their order."""


def document(
    title: str,
    *content: Content,
    session: Session | None = None,
    here: str = "",
    notice: Notice | None = None,
    waits: bool = False,
    refresh: str = "",
) -> Html:
    """Return a whole page; who is logged in has the navigation.

    `waits`: something that was changed counts after a restart only. `refresh`: after how many
    seconds a browser without scripts looks again, and where.
    """
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        _refresh(refresh),
        tag("title", f"{title} - Handset"),
        tag("link", rel="stylesheet", href="/style.css"),
        tag("link", rel="icon", href="/icon.svg", type="image/svg+xml"),
        tag("script", src="/page.js", defer=True) if session else None,
    )
    body = tag(
        "body",
        tag("a", "To the content", href="#content", class_="skip") if session else None,
        _header(session, here),
        tag(
            "main",
            tag("h1", title),
            said(notice),
            _restart(session) if waits else None,
            *content,
            id="content",
            tabindex="-1",
        ),
    )
    return join(DOCTYPE, tag("html", head, body, lang="en"))


def _refresh(when_and_where: str) -> Html | None:
    """Without scripts a page that lives is loaded anew."""
    if not when_and_where:
        return None
    return tag("noscript", tag("meta", http_equiv="refresh", content=when_and_where))


def _header(session: Session | None, here: str) -> Html:
    brand = tag("p", "Handset", class_="brand")
    if session is None:
        return tag("header", brand)
    items = [
        tag("li", tag("a", text, href=path, aria_current="page" if path == here else None))
        for path, text in NAVIGATION
    ]
    pages = tag("nav", tag("ul", *items), aria_label="Pages")
    leave = form("/logout", session, button("Log out", quiet=True), class_="leave")
    return tag("header", brand, pages, leave)


def _restart(session: Session | None) -> Html:
    what = tag(
        "p",
        "Some of what was changed counts when the phone starts anew. It does so by itself when"
        " nobody uses it and you have logged out; now, it ends calls that go on.",
    )
    return form(RESTART, session, what, button("Restart now"), class_="notice warn")


def said(notice: Notice | None) -> Html | None:
    """Return a notice where somebody reads it first."""
    if notice is None:
        return None
    role = "alert" if notice.is_bad else "status"
    return tag("p", notice.text, class_=f"notice {'bad' if notice.is_bad else 'good'}", role=role)


def form(
    action: str,
    session: Session | None,
    *content: Content,
    class_: str = "",
    sends_files: bool = False,
) -> Html:
    """Return a form that its own session alone can send; Enter sends it without any button."""
    word = None
    if session is not None:
        word = tag("input", type="hidden", name=FORM_WORD, value=session.form_word)
    kind = "multipart/form-data" if sends_files else None
    default = tag("button", "Send", type="submit", class_="unseen", tabindex=-1, aria_hidden="true")
    return tag(
        "form",
        word,
        default,
        *content,
        method="post",
        action=action,
        class_=class_ or None,
        enctype=kind,
    )


def button(text: str, *, name: str = "", value: str = "", quiet: bool = False) -> Html:
    """Return what sends a form."""
    return tag(
        "button", text, type="submit", name=name or None, value=value or None,
        class_="quiet" if quiet else None,
    )  # fmt: skip
