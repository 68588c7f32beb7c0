"""`python -m firmware contacts ...` and `... wipe`: what a state folder keeps, without a phone.

contacts import FILE --state DIR    reads .vcf, or else CSV; says what is wrong with which line
contacts export FILE --state DIR    writes .vcf, or else CSV
wipe --state DIR                    factory reset: settings, fetched files, lists, outages
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from config.disk import write_flushed
from config.files import read_bounded, reason
from firmware.phone.contact_csv import read_csv, write_csv
from firmware.phone.directory import Directory
from firmware.phone.imported import FILE_BYTES_MAX
from firmware.phone.kept import Contact, ContactsKept
from firmware.phone.vcard import read_vcards, write_vcards
from firmware.runtime.directory_file import DIRECTORY
from firmware.runtime.factory_reset import begin, finish
from firmware.runtime.state_lock import StateInUseError, alone

OK, PROBLEMS, FAILED = 0, 1, 2


def run_command(words: list[str]) -> int:
    """Do what the words say; return the exit status: 1 where some lines were bad, 2 for failure."""
    parser = argparse.ArgumentParser(prog="python -m firmware", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    contacts = commands.add_parser("contacts", help="the directory")
    contacts.add_argument("way", choices=["import", "export"])
    contacts.add_argument("file", type=Path)
    wipe = commands.add_parser("wipe", help="factory reset of what is kept")
    for command in (contacts, wipe):
        command.add_argument("--state", type=Path, required=True, metavar="DIR")
    given = parser.parse_args(words)
    try:
        with alone(given.state):
            if given.command == "wipe":
                begin(given.state)
                finish(given.state)
                return OK
            way = _import if given.way == "import" else _export
            return way(given.file, given.state)
    except StateInUseError as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"{error.filename or given.state}: {reason(error)}", file=sys.stderr)
    return FAILED


def _read(folder: Path) -> tuple[Contact, ...]:
    kept = DIRECTORY.read(folder)
    if kept.problem:
        print(kept.problem, file=sys.stderr)
    return kept.entries


def _import(file: Path, folder: Path) -> int:
    data = read_bounded(file, FILE_BYTES_MAX)
    if len(data) > FILE_BYTES_MAX:
        print(f"{file}: larger than {FILE_BYTES_MAX} bytes", file=sys.stderr)
        return FAILED
    found = read_vcards(data) if file.suffix.lower() == ".vcf" else read_csv(data)
    directory = Directory()
    directory.kept(ContactsKept(_read(folder)))
    merged, _ = directory.merge(found.contacts)
    DIRECTORY.save(folder, directory.contacts)
    for problem in (*found.problems, *merged.problems):
        print(f"{file}: {problem}", file=sys.stderr)
    print(f"{merged.added} added, {merged.changed} changed, {merged.known} known already")
    return PROBLEMS if found.problems or merged.problems else OK


def _export(file: Path, folder: Path) -> int:
    contacts = _read(folder)
    write = write_vcards if file.suffix.lower() == ".vcf" else write_csv
    write_flushed(file, write(contacts))
    print(f"{len(contacts)} contacts")
    return OK
