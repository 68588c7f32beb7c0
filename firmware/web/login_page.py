"""The only page for strangers: the password, or at the first start the code and a new password."""

from __future__ import annotations

from config.admin_password import PASSWORD_MAX, PASSWORD_MIN, length_problem
from firmware.console.login import CODE_DIGITS
from firmware.web.forms import Form
from firmware.web.gate import Notice
from firmware.web.html import Html, tag
from firmware.web.layout import button, document, form

LOGIN, CODE, FIRST = "/login", "/login/code", "/login/first"
"""Where its forms go: a password; a wish for a code; the code with a new password."""

TITLE = "Log in"


def password_page(notice: Notice | None = None) -> Html:
    """Ask for the password."""
    field = secret_field("password", "Administrator's password", "current-password")
    return document(TITLE, form(LOGIN, None, field, button("Log in")), notice=notice)


def offer_page(notice: Notice | None = None) -> Html:
    """Offer a code: it is on the phone's screen only when somebody wants it."""
    how = (
        "No administrator's password is set yet. To choose one, show that you stand before the"
        " phone: a code appears on its screen (soft key Link, first page)."
    )
    show = form(CODE, None, button("Show a code on the phone's screen"))
    return document("First log-in", tag("p", how), show, notice=notice)


def first_page(notice: Notice | None = None, typed: str = "") -> Html:
    """Ask for the code and a new password; `typed` is the code, if it was right."""
    code = _field(
        "code", f"Code on the phone's screen ({CODE_DIGITS} digits)", "text", "one-time-code",
        inputmode="numeric", value=typed or None,
    )  # fmt: skip
    hint = f"New password ({PASSWORD_MIN} characters or more)"
    return document(
        "First log-in",
        tag("p", "The phone's screen shows the code: soft key Link, first page."),
        form(
            FIRST,
            None,
            code,
            secret_field("password", hint, "new-password"),
            secret_field("again", "The same once more", "new-password"),
            button("Set the password and log in"),
        ),
        notice=notice,
    )


def problem_of(form: Form) -> str:
    """Say what is wrong with a new password, or ""."""
    password = form.text("password")
    if problem := length_problem(password):
        return f"The password does not fit: {problem}."
    if form.text("again") != password:
        return "The two passwords are not the same."
    return ""


def secret_field(name: str, label: str, autocomplete: str) -> Html:
    """Return a field for a password."""
    return _field(name, label, "password", autocomplete)


def _field(
    name: str,
    label: str,
    kind: str,
    autocomplete: str,
    *,
    inputmode: str | None = None,
    value: str | None = None,
) -> Html:
    box = tag(
        "input", id=name, name=name, type=kind, autocomplete=autocomplete, required=True,
        inputmode=inputmode, value=value, maxlength=PASSWORD_MAX,
    )  # fmt: skip
    return tag("p", tag("label", label, for_=name), box, class_="field")
