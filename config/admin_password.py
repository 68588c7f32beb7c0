"""The administrator's password: its parameter, and how long it may be."""

ADMIN_PASSWORD = "admin password"  # noqa: S105 (a parameter's name)

PASSWORD_MIN, PASSWORD_MAX = 8, 128
"""Characters: fewer are guessed, more are no password."""


def length_problem(password: str) -> str:
    """Return what is wrong with the length of a new password, or ""."""
    if PASSWORD_MIN <= len(password) <= PASSWORD_MAX:
        return ""
    return f"it has to have {PASSWORD_MIN} to {PASSWORD_MAX} characters"
