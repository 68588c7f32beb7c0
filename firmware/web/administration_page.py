"""The administrator's own page: password, backup, restart, factory reset."""

from __future__ import annotations

from config.admin_password import PASSWORD_MIN
from firmware.console.sight import Sight
from firmware.web.backup import Restored
from firmware.web.gate import Notice, Session
from firmware.web.html import Content, Html, tag
from firmware.web.layout import RESTART, button, form
from firmware.web.login_page import secret_field
from firmware.web.status_page import facts, section

PASSWORD, RESTORE, RESET, BACKUP = (
    "/administration/password",
    "/administration/restore",
    "/administration/reset",
    "/administration/settings.cfg",
)

FILE = "file"
"""The field of a file of settings."""

WORD = "reset"
"""To be typed before everything is forgotten."""


def administration_content(sight: Sight, session: Session, digest: str) -> tuple[Content, ...]:
    """Return the page's content; `digest` is that of the page's own certificate."""
    return (
        _password(session),
        _backup(session),
        _restart(sight, session),
        _reset(session),
        section(
            "This page's certificate",
            tag("p", "The phone made it itself. A browser shows the same number."),
            facts([("SHA-256", digest)]),
        ),
    )


def _password(session: Session) -> Html:
    hint = f"New password ({PASSWORD_MIN} characters or more)"
    fields = (
        secret_field("current", "Password until now", "current-password"),
        secret_field("password", hint, "new-password"),
        secret_field("again", "The new one once more", "new-password"),
    )
    return section(
        "Password",
        tag("p", "Of this page and of the console. Everybody else is logged out."),
        form(PASSWORD, session, *fields, button("Change the password")),
    )


def _backup(session: Session) -> Html:
    what = (
        "What was set on this phone, as a .cfg file. Secrets (passwords, PIN) are not in it and are"
        " named there; certificate files and the directory are not in it either."
    )
    back = "A file is put on top of what is set. One line that is wrong, and nothing is changed."
    send = form(
        RESTORE,
        session,
        tag("label", "A file of settings (.cfg)", for_="settings"),
        tag("input", type="file", name=FILE, id="settings", required=True, accept=".cfg,.txt"),
        button("Restore"),
        sends_files=True,
    )
    save = tag("p", tag("a", "Save the settings", href=BACKUP))
    return section("Backup and restore", tag("p", what), save, tag("p", back), send)


def _restart(sight: Sight, session: Session) -> Html:
    count = len(sight.status.calls)
    calls = {0: "No call goes on.", 1: "The call that goes on ends."}
    words = calls.get(count, f"{count} calls that go on end.")
    return section("Restart", tag("p", words), form(RESTART, session, button("Restart now")))


def _reset(session: Session) -> Html:
    what = "All that was set or remembered on this phone is lost, and this password too."
    field = tag(
        "p",
        tag("label", f"Type {WORD} to do it", for_="word"),
        tag("input", id="word", name="word", type="text", autocomplete="off", required=True),
        class_="field",
    )
    return section(
        "Factory reset", tag("p", what), form(RESET, session, field, button("Forget everything"))
    )


def restored_notice(restored: Restored) -> Notice | None:
    """Say why nothing of a file is restored, or what of it is left out; None: all of it was."""
    if restored.problems:
        return Notice("\n".join(("Nothing is changed.", *restored.problems)), is_bad=True)
    if not restored.changes:
        words = "The file sets nothing that can be set here."
        return Notice("\n".join((words, *restored.left_out)), is_bad=True)
    if restored.left_out:
        return Notice("\n".join(("Restored, but for:", *restored.left_out)), is_bad=True)
    return None
