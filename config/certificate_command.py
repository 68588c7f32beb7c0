"""`python -m config certificate ...`: a key and a request made here, and what is in use."""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from config.certificate_list import Entry, listed
from config.checks import CERTIFICATE, KEY
from config.configuration import Configuration
from config.problem import ConfigError
from config.request import Files, KeyType, files, make_key, make_request, write
from config.store import Store

DEFAULT_STEM = "phone"

Print = Callable[[str], None]


def add_commands(certificate: argparse.ArgumentParser) -> None:
    """Describe the arguments."""
    commands = certificate.add_subparsers(dest="action", required=True)
    request = commands.add_parser("request", help="make a key and a request for a certificate")
    show = commands.add_parser("show", help="list the certificates that are configured")
    for command in (request, show):
        command.add_argument("directory", type=Path, metavar="DIR", help="of startup.cfg")
        command.add_argument("--model", default="handset", help="reads MODEL.cfg too")
        command.add_argument("--mac", default="", help="reads MAC.cfg too")
    request.add_argument("--name", default="", help="of the phone (default: its MAC)")
    request.add_argument(
        "--san",
        action="append",
        default=[],
        metavar="NAME",
        help="an alternative name: a host, an IP address or a URI; may be repeated",
    )
    request.add_argument("--key-type", choices=[kind.value for kind in KeyType], default="ec")
    request.add_argument("--file", default=DEFAULT_STEM, help="writes FILE.key and FILE.csr")
    request.add_argument("--replace", action="store_true", help="a key that is there already")


def run(given: argparse.Namespace, say: Print) -> int:
    """Do what the arguments say; return 1 where that fails."""
    try:
        store = Store(given.directory, None, given.model, given.mac, writes=False)
        work = _request if given.action == "request" else _show
        return work(store.read(), given, say)
    except ConfigError as error:
        say(str(error))
        return 1


def _request(configuration: Configuration, given: argparse.Namespace, say: Print) -> int:
    place = files(given.directory, given.file)
    _refuse_to_overwrite(configuration, place, given)
    key = make_key(KeyType(given.key_type))
    name = given.name or given.mac or f"{uuid.getnode():012X}"
    write(place, key, make_request(key, name, given.san), given.replace)
    for line in (
        f"{place.key}: the private key; it stays here",
        f"{place.request}: the request, for the authority to sign",
        f"Save what it returns as {given.file}.pem in {given.directory}, then set",
        f"{KEY}: {place.key.name}",
        f"{CERTIFICATE}: {given.file}.pem",
    ):
        say(line)
    return 0


def _refuse_to_overwrite(
    configuration: Configuration, place: Files, given: argparse.Namespace
) -> None:
    """Say which key is there; the phone may be using it at this moment."""
    if given.replace or not place.key.exists():
        return
    used = configuration.file(KEY, given.directory)
    in_use = used is not None and used.resolve() == place.key.resolve()
    state = f"is in use ({KEY})" if in_use else "is there already"
    raise ConfigError(f"{place.key} {state}: choose another --file, or --replace it")


def _show(configuration: Configuration, given: argparse.Namespace, say: Print) -> int:
    entries = listed(configuration, given.directory, datetime.now(UTC))
    if not entries:
        say("no certificate file is configured")
    for entry in entries:
        _say_entry(entry, say)
    return 1 if any(entry.wrong for entry in entries) else 0


def _say_entry(entry: Entry, say: Print) -> None:
    say(f"{entry.parameter}: {entry.file}")
    for label, text in entry.facts:
        say(f"    {label:<10}{text}")
    if entry.warning:
        say(f"    warning:  {entry.warning}")
    if entry.wrong:
        say(f"    error:    {entry.wrong}")
