"""The house style as tests: layers, pure machines, lengths, no file that nobody imports."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("firmware", "drivers", "board", "config")

LAYERS = [
    *("frozen", "machine", "sip", "media", "link", "syslog", "transaction", "agent", "phone"),
    *("provision", "stack", "console", "web"),
]
"""The pure machines, from the bottom up: each imports only what stands before it."""

MEDIA_VALUES = {
    "firmware.media.described",
    "firmware.media.dtmf",
    "firmware.media.errors",
    "firmware.media.events",
    "firmware.media.formats",
    "firmware.media.interfaces",
    "firmware.media.jitter_counts",
    "firmware.media.negotiation",
    "firmware.media.plan",
    "firmware.media.quality",
    "firmware.media.sdes",
    "firmware.media.tone_table",
}
"""Of media, what the layers above may name: plain values. The runtime alone starts its machines,
so that a phone registers before it loads a codec or a cipher."""

MEDIA_TAKERS = {"media", "agent", "phone", "provision", "stack"}
"""The link and the transactions carry sessions and read none."""

BANNED_IN_MACHINES = {
    "asyncio": "an event or an output",
    "socket": "an event or an output",
    "ssl": "an event or an output",
    "threading": "an event or an output",
    "time": "the argument `now`",
    "os": "a value passed in",
    "uuid": "an id source passed in",
    "secrets": "an id source passed in",
    "logging": "an output",
    "subprocess": "nothing",
    "microdot": "nothing",
}
BANNED_CALLS = {"open", "print", "input", "exec", "eval"}

FUNCTION_LINES_MAX = 70
FILE_LINES_MAX = 400
FUNCTION_MEDIAN_MAX = 9

TOPS = {"driver.py", "finding.py"}

ENTRY_POINTS = {
    *("firmware.__main__", "config.__main__", "board.__main__"),
    "firmware.runtime.line_editor",
    *("board.image.contents", "board.image.in_use", "board.image.flash.__main__"),
}


def sources(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def module_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports_of(path: Path) -> set[str]:
    """Return the full names that a file imports, `from x import y` as both `x` and `x.y`."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            assert node.module
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def layer_of(module: str) -> str | None:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 and parts[0] == "firmware" and parts[1] in LAYERS else None


def pure_files() -> list[Path]:
    return [path for path in sources("firmware") if layer_of(module_of(path))]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def length(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Count a function's lines of code: its docstring and comments explain, they do not weigh."""
    body = node.body[1:] if ast.get_docstring(node) else node.body
    if not body:
        return 1
    return (body[-1].end_lineno or 0) - body[0].lineno + 2


@pytest.mark.parametrize("path", pure_files(), ids=module_of)
def test_a_layer_imports_only_what_is_below_it(path: Path) -> None:
    own = LAYERS.index(layer_of(module_of(path)) or "")
    for name in imports_of(path):
        layer = layer_of(name)
        if layer is not None:
            assert LAYERS.index(layer) <= own, f"{path} imports {name}, which is above it"
        elif name.split(".")[0] in PACKAGES:
            allowed = name.startswith(("config.parameters", "config")) or name == "firmware"
            assert allowed, f"{path} imports {name}: a machine knows no {name}"


@pytest.mark.parametrize("path", pure_files(), ids=module_of)
def test_of_media_the_layers_above_import_only_values(path: Path) -> None:
    module = module_of(path)
    own = layer_of(module) or ""
    for name in imports_of(path):
        if layer_of(name) != "media" or name == "firmware.media":
            continue
        assert own in MEDIA_TAKERS, f"{path} imports {name}"
        is_value = ".".join(name.split(".")[:3]) in MEDIA_VALUES
        assert is_value or (own == "media" and module not in MEDIA_VALUES), f"{path}: {name}"


@pytest.mark.parametrize("path", pure_files(), ids=module_of)
def test_a_machine_does_no_io_and_reads_no_clock(path: Path) -> None:
    for name in imports_of(path):
        top = name.split(".")[0]
        assert top != "random" or name in {"random", "random.Random"}, f"{path}: global {name}"
        assert top not in BANNED_IN_MACHINES, f"{path}: {top}; use {BANNED_IN_MACHINES[top]}"
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert "random" not in {alias.name for alias in node.names}, f"{path}: global random"
        if isinstance(node, ast.Call):
            call = ast.unparse(node.func)
            assert call not in BANNED_CALLS, f"{path}:{node.lineno}: {call}()"
            assert not call.endswith((".now", ".utcnow", ".today")), f"{path}:{node.lineno}: {call}"


@pytest.mark.parametrize("path", sources("drivers", "board"), ids=module_of)
def test_drivers_and_boards_know_nothing_of_the_firmware(path: Path) -> None:
    below = {"drivers": {"drivers"}, "board": {"drivers", "board"}}[module_of(path).split(".")[0]]
    for name in imports_of(path):
        top = name.split(".")[0]
        assert top not in set(PACKAGES) - below, f"{path} imports {name}"


@pytest.mark.parametrize("path", sources("config"), ids=module_of)
def test_the_configuration_knows_nothing_of_the_phone(path: Path) -> None:
    for name in imports_of(path):
        assert name.split(".")[0] not in {"firmware", "drivers", "board"}, f"{path} imports {name}"


def test_the_product_knows_nothing_of_its_tests() -> None:
    for path in sources(*PACKAGES):
        assert not any(name.split(".")[0] == "tests" for name in imports_of(path)), path


@pytest.mark.parametrize("path", sources(*PACKAGES, "tests"), ids=module_of)
def test_files_and_functions_are_short(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= FILE_LINES_MAX or "tests" in path.parts, f"{path}: {lines} lines"
    for node in functions(path):
        assert length(node) <= FUNCTION_LINES_MAX, f"{path}:{node.lineno}: {node.name}"


def test_the_median_function_is_small() -> None:
    lengths = sorted(length(node) for path in sources(*PACKAGES) for node in functions(path))
    assert lengths[len(lengths) // 2] <= FUNCTION_MEDIAN_MAX


def test_every_module_says_what_it_is_for() -> None:
    for path in sources(*PACKAGES):
        assert ast.get_docstring(ast.parse(path.read_text())), f"{path} has no docstring"


def test_no_file_is_imported_by_nobody() -> None:
    used = {name for path in sources(*PACKAGES) for name in imports_of(path)}
    for path in sources(*PACKAGES):
        module = module_of(path)
        if path.name != "__init__.py" and module not in ENTRY_POINTS:
            assert module in used, f"nobody imports {module}"


def test_broad_excepts_are_where_the_program_dies() -> None:
    """In the tests, where a simulator takes what was raised for what it has found."""
    for path in sources(*PACKAGES, "tests"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ExceptHandler):
                caught = ast.unparse(node.type) if node.type else "everything"
                broad = caught in {"everything", "Exception", "BaseException"}
                assert not broad or path.name in TOPS, f"{path}:{node.lineno}"


def test_what_the_phone_draws_nobody_can_guess() -> None:
    """Keys come from the Random that is passed in, so the product makes none with a seed."""
    calls = [
        ast.unparse(node.func).split(".")[-1]
        for path in sources(*PACKAGES)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    ]
    assert "SystemRandom" in calls
    assert "Random" not in calls


def test_the_tree_holds_no_leftovers() -> None:
    tracked = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.split()
    top = {name.split("/")[0] for name in tracked}
    allowed = {"firmware", "board", "drivers", "config", "tests", "Makefile", "flash.sh"}
    allowed |= {"README.md", "ARCHITECTURE.md", "pyproject.toml", "requirements.lock"}
    assert {name for name in top if not name.startswith(".")} <= allowed
    assert not [name for name in tracked if name.endswith((".pyc", ".orig", ".rej", "~"))]
