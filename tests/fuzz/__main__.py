"""Fuzz: `python -m tests.fuzz uri --seconds 60`, or all targets, one after the other.

What the fuzzer finds on its way is kept in the work folder, so that the next run goes on from
there. An input that breaks a property is written there as `TARGET-crash-...`: mend what it shows,
and put it into the corpus, which the tests replay.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from pathlib import Path

CORPUS = Path(__file__).with_name("corpus")
WORK = Path(".run/fuzz")

INPUT_BYTES_MAX = 4096
"""Of one input. Only the stream and the files have a limit above it, which tests of theirs meet."""

INPUT_S_MAX = 10
"""For one input; it takes about a millisecond."""

MEMORY_MIB_MAX = 1024
"""For one target; it starts with about 100."""

_PROGRESS = re.compile(r"#(\d+)\t\w+ +cov: (\d+) ft: (\d+) corp: (\d+)/")


def fuzz(name: str, seconds: int, work: Path) -> None:
    """Run one target in this process, which ends with it."""
    import atheris

    with atheris.instrument_imports(include=["firmware", "config"]):
        from tests.fuzz.targets import TARGETS

    found = work / name
    found.mkdir(parents=True, exist_ok=True)
    options = {
        "max_total_time": seconds,
        "max_len": INPUT_BYTES_MAX,
        "timeout": INPUT_S_MAX,
        "rss_limit_mb": MEMORY_MIB_MAX,
        "artifact_prefix": f"{work}/{name}-",
        "print_final_stats": 1,
    }
    arguments = [f"-{option}={value}" for option, value in options.items()]
    atheris.Setup([name, *arguments, str(found), str(CORPUS / name)], TARGETS[name])
    atheris.Fuzz()


def fuzz_all(names: list[str], seconds: int, work: Path) -> int:
    """Run targets one after the other; print a Markdown table, return how many found something."""
    print("| target | inputs tried | edges covered | features | inputs kept | result |")
    print("|---|---|---|---|---|---|", flush=True)
    failures = 0
    work.mkdir(parents=True, exist_ok=True)
    for name in names:
        command = [sys.executable, "-m", "tests.fuzz", name, f"--seconds={seconds}"]
        log = work / f"{name}.log"
        with log.open("wb") as report:
            ended = subprocess.run(
                [*command, f"--work={work}"], check=False, stdout=report, stderr=subprocess.STDOUT
            )
        result = f"**found something: {log}**" if ended.returncode else "nothing found"
        print(f"| {name} | {figures(log.read_bytes())} | {result} |", flush=True)
        failures += bool(ended.returncode)
    return failures


def figures(log: bytes) -> str:
    """Return what the last progress line of the fuzzer says, as cells of the table."""
    lines = _PROGRESS.findall(log.decode("utf-8", "replace"))
    return " | ".join(lines[-1]) if lines else " | ".join("?" * 4)


def main() -> int:
    """Fuzz what the arguments say."""
    names = sorted(path.name for path in CORPUS.iterdir())
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", choices=[*names, "all"])
    parser.add_argument("--seconds", type=int, default=60, help="for each target")
    parser.add_argument("--work", type=Path, default=WORK, help="for what is found and the logs")
    given = parser.parse_args()
    if given.target == "all":
        return fuzz_all(names, given.seconds, given.work)
    fuzz(given.target, given.seconds, given.work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
