"""`python -m config seal FILE --for phone.pem`: a file for the eyes of one phone.

`FILE.sealed` is what the server gives in place of the file, under the file's own name. With
`--signer` and `--key` it is signed first: the phone trusts it whatever way it comes, where it knows
the signer (`configuration signer`).
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

from config.cfg_file import FILE_BYTES_MAX, parse_file
from config.cms import SealError, seal, sign
from config.disk import write_flushed
from config.files import read_bounded, reason


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what may be asked for."""
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument("--for", type=Path, dest="owner", metavar="PEM", help="the phone's")
    parser.add_argument("--signer", type=Path, metavar="PEM", help="the signer's certificate")
    parser.add_argument("--key", type=Path, metavar="PEM", help="the signer's key")


def run(given: argparse.Namespace, say: Callable[[str], None]) -> int:
    """Seal, sign or both; return 1 where that cannot be done."""
    if given.owner is None and given.signer is None:
        say("say for whom (--for), or whose signature (--signer, --key)")
        return 1
    path: Path = given.file
    try:
        data = read_bounded(path, FILE_BYTES_MAX)
        for problem in parse_file(data, path.name).problems:
            raise SealError(f"is not sealed: {problem}")
        if given.signer is not None:
            data = sign(data, given.signer, given.key or given.signer)
        if given.owner is not None:
            data = seal(data, given.owner)
        written = path.with_name(f"{path.name}.sealed")
        write_flushed(written, data)
    except OSError as error:
        say(f"{error.filename or path}: {reason(error)}")
        return 1
    except SealError as error:
        say(f"{path}: {error}")
        return 1
    say(f"{written}: serve it as {path.name}")
    return 0
