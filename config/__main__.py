"""`python -m config check DIR`: read a folder as the phone would and print every problem.

`certificate` makes a key and a request, or lists the certificates in use; `seal` writes a file for
the eyes of one phone; `reference` and `startup` print the pages that are generated from the table
of parameters.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from config import certificate_command, seal_command
from config.checks import check
from config.configuration import Configuration
from config.parameters import find, written
from config.problem import ConfigError, Problem, Severity
from config.reference import reference, startup
from config.store import Store


def main() -> int:
    """Do what the arguments say; return 1 where a checked folder has an error."""
    given = _parser().parse_args()
    if given.command == "check":
        return _check(given)
    if given.command == "certificate":
        return certificate_command.run(given, print)
    if given.command == "seal":
        return seal_command.run(given, print)
    sys.stdout.write(reference() if given.command == "reference" else startup())
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m config", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    checker = commands.add_parser("check", help="print what is wrong with a folder")
    checker.add_argument("directory", type=Path, metavar="DIR", help="of startup.cfg")
    checker.add_argument("--model", default="handset", help="reads MODEL.cfg too")
    checker.add_argument("--mac", default="", help="reads MAC.cfg too")
    checker.add_argument("--state", type=Path, metavar="DIR", help="of the local settings")
    certificate = commands.add_parser("certificate", help="make a key and a request, or list")
    certificate_command.add_commands(certificate)
    seal_command.add_arguments(commands.add_parser("seal", help="seal a file for one phone"))
    commands.add_parser("reference", help="print the parameter reference as Markdown")
    commands.add_parser("startup", help="print a startup.cfg with every parameter explained")
    return parser


def _check(given: argparse.Namespace) -> int:
    try:
        store = Store(given.directory, given.state, given.model, given.mac, writes=False)
    except ConfigError as error:
        print(error)
        return 1
    configuration = store.read()
    problems = (*configuration.problems, *check(configuration, given.directory))
    found = (*problems, *_notes(configuration))
    errors = [problem for problem in found if problem.severity is Severity.ERROR]
    for problem in found:
        print(problem if problem in errors else f"note: {problem}")
    print(f"{_counted(len(errors), 'error')}, {_counted(len(found) - len(errors), 'note')}")
    return 1 if errors else 0


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _notes(configuration: Configuration) -> Iterator[Problem]:
    """Yield what is worth knowing and not wrong: parameters without effect, unknown or as yet."""
    for statement in configuration.unknown:
        text = f"{statement.written}: unknown to this phone"
        yield Problem(text, statement.file, statement.line, Severity.NOTE)
    for (name, account), entry in configuration.entries.items():
        parameter = find(name)
        if parameter is not None and not parameter.built:
            text = f"{written(name, account)}: known by name, without effect yet"
            yield Problem(text, entry.origin, severity=Severity.NOTE)


if __name__ == "__main__":
    sys.exit(main())
