"""What a configuration's parameters say together, and the certificate files that they name.

Reading has already reported each bad value. Here: what the link cannot do without (L3, L11), the
lines that name another proxy than the link's, and files that are missing, are no PEM, or do not
belong together. `cryptography` is loaded only where a file is looked into.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from config.configuration import USER, Configuration
from config.files import read_bounded, reason
from config.hops import Stray, port_parameter, strays
from config.kinds import is_url
from config.parameters import written
from config.problem import Problem, Severity, shown

if TYPE_CHECKING:
    from config.certificates import Reader

CERTIFICATE_FILE_MAX = 4 * 1024 * 1024
"""Bytes: a bundle of all public authorities has a quarter of a million."""

TRUSTED = "sips trusted certificates"
CHAIN = "sips root and intermediate certificates"
CERTIFICATE = "sips local certificate"
KEY = "sips private key"
PASSWORD = "sips private key password"  # noqa: S105 (the name of a parameter)
REVOKED = "sips certificate revocation list"

PLAIN_TLS_FILES = (TRUSTED, CHAIN, CERTIFICATE, KEY)
FILES = (*PLAIN_TLS_FILES, REVOKED)

NO_TRUST = f"persistent TLS needs trusted certificates ({TRUSTED})"
NO_PROXY = "no proxy is configured (sip proxy ip)"


def check(configuration: Configuration, directory: Path | str) -> tuple[Problem, ...]:
    """Return what is wrong beyond single values; `configuration.problems` are not repeated."""
    return (*check_settings(configuration), *check_files(configuration, directory))


def check_settings(configuration: Configuration) -> tuple[Problem, ...]:
    """Return what the parameters alone show, without looking at any file."""
    return tuple(_settings_problems(configuration))


def check_files(configuration: Configuration, directory: Path | str) -> tuple[Problem, ...]:
    """Return what is wrong with the named files."""
    return tuple(_file_problems(configuration, Path(directory)))


def link_blocker(configuration: Configuration) -> str:
    """Return why no connection may be opened at all (L3, L11), or ""."""
    if configuration.value("sips persistent tls"):
        return "" if configuration.value(TRUSTED) else NO_TRUST
    missing = [name for name in PLAIN_TLS_FILES if not configuration.value(name)]
    if missing:
        return f"TLS mode needs all four files; not set: {', '.join(missing)}"
    return ""


def _settings_problems(configuration: Configuration) -> Iterator[Problem]:
    blocker = link_blocker(configuration)
    if blocker:
        yield Problem(blocker)
    if configuration.hop() is None:
        yield Problem(NO_PROXY)
    yield from _stray_problems(configuration)
    for one, other in ((CERTIFICATE, KEY), (KEY, CERTIFICATE)):
        if configuration.value(one) and not configuration.value(other):
            yield Problem(f"{one}: needs {other} beside it", configuration.origin(one))
    if not configuration.named_accounts():
        yield Problem(f"no account is configured ({USER})", severity=Severity.NOTE)


def _stray_problems(configuration: Configuration) -> Iterator[Problem]:
    """Yield the lines with another proxy. Another backup alone does not cost a line its place."""
    for backup, verdict in ((False, "the line is refused"), (True, "it is not used")):
        for stray in strays(configuration.value, configuration.named_accounts(), backup=backup):
            name = _stray_parameter(configuration, stray)
            link = f"all lines share the one link, which goes to {stray.link}; {verdict}"
            origin = configuration.origin(name, stray.account)
            yield Problem(f"{written(name, stray.account)}: {link}", origin)


def _stray_parameter(configuration: Configuration, stray: Stray) -> str:
    """Return the parameter of the line that leads elsewhere: its host or its port."""
    own = (stray.hop.parameter, stray.account) in configuration.entries
    return stray.hop.parameter if own else port_parameter(stray.hop.parameter)


def _file_problems(configuration: Configuration, directory: Path) -> Iterator[Problem]:
    if not any(configuration.value(name) for name in FILES):
        return
    from config.certificates import Reader  # noqa: PLC0415 (it loads cryptography)

    reader = Reader(password=str(configuration.value(PASSWORD)))
    for name in FILES:
        text, path = str(configuration.value(name)), configuration.file(name, directory)
        if path is None:
            continue
        if is_url(text) and not path.exists():
            yield _unfetched(configuration, name)
        elif wrong := _wrong_with(reader, name, path):
            yield Problem(f"{name}: {shown(text)}: {wrong}", configuration.origin(name))
    if reader.mismatch:
        yield Problem(
            f"{KEY}: the key does not belong to the certificate ({CERTIFICATE})",
            configuration.origin(KEY),
        )


def _unfetched(configuration: Configuration, name: str) -> Problem:
    """Say that a file is still to come; where there is no phone, that is all that can be said."""
    url, origin = configuration.text(name), configuration.origin(name)
    if configuration.state is None:
        text = f"{name}: {url}: is fetched by the phone, and was not looked at"
        return Problem(text, origin, severity=Severity.NOTE)
    return Problem(f"{name}: {url}: not fetched yet", origin)


def _wrong_with(reader: Reader, name: str, path: Path) -> str:
    """Return what is wrong with a named file, or ""."""
    try:
        data = read_bounded(path, CERTIFICATE_FILE_MAX)
    except (OSError, ValueError) as error:
        return reason(error) if isinstance(error, OSError) else str(error)
    if len(data) > CERTIFICATE_FILE_MAX:
        return f"larger than {CERTIFICATE_FILE_MAX} bytes"
    look = {CERTIFICATE: reader.own, KEY: reader.key, REVOKED: reader.revoked}
    try:
        look.get(name, reader.certificates)(data)
    except ValueError as error:
        return str(error)
    return ""
