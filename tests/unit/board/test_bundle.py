"""Bundles for phones that run, made and judged by the real RAUC: whose they are, whether whole."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from random import Random

import pytest

from tests.lab.processes import said_by

ROOT = Path(__file__).parents[3]
BUNDLE_SH = ROOT / "board" / "image" / "bundle.sh"
VERSION = "20261126T170012.20261125T022231"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small root, and its bundle by a key that was made for it."""
    folder = tmp_path_factory.mktemp("bundle")
    (folder / "tree").mkdir()
    (folder / "tree" / "file").write_bytes(Random(1).randbytes(1 << 20))
    (folder / "tree" / "etc").mkdir()
    (folder / "tree/etc/handset-release").write_text(f"version {VERSION}\nkernel 6.12\n")
    root = folder / "root.ext4"
    run("mke2fs", "-q", "-t", "ext4", "-d", str(folder / "tree"), str(root), "8M")
    said = made(folder, "keys", "good.raucb")
    assert "A key was made in" in said
    return folder


def run(*words: str) -> str:
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout


def made(folder: Path, keys: str, name: str) -> str:
    """Make a bundle; return what was said."""
    status, said = said_by(
        str(BUNDLE_SH), *(str(folder / part) for part in ("root.ext4", keys, name))
    )
    assert status == 0, said
    return said


def judged(folder: Path, name: str, keys: str = "keys") -> tuple[int, str]:
    """Have RAUC judge a bundle as a phone does that trusts the owner of these keys."""
    trusted = f"--keyring={folder}/{keys}/certificate.pem"
    return said_by("rauc", "info", trusted, str(folder / name))


def test_a_bundle_bears_the_image_s_name_and_the_key_s_signature(folder: Path) -> None:
    status, said = judged(folder, "good.raucb")
    assert status == 0, said
    assert "handset-pi" in said
    assert "Bundle Format: \tverity" in said
    assert "root.ext4" in said
    mode = (folder / "keys" / "key.pem").stat().st_mode & 0o777
    assert mode == 0o600


def test_its_version_is_the_root_s_own_and_a_root_without_one_is_refused(folder: Path) -> None:
    trusted = f"--keyring={folder}/keys/certificate.pem"
    said = run("rauc", "info", trusted, "--output-format=shell", str(folder / "good.raucb"))
    assert re.search(rf"^RAUC_MF_VERSION='{VERSION}-[0-9a-f]{{12}}'$", said, re.MULTILINE)
    bare = folder / "bare.ext4"
    run("mke2fs", "-q", "-t", "ext4", str(bare), "8M")
    words = (str(bare), str(folder / "keys"), str(folder / "none.raucb"))
    status, refusal = said_by(str(BUNDLE_SH), *words)
    assert (status, "does not say which version it is" in refusal) == (1, True)


def test_the_key_stays_and_what_is_packed_is_the_same_each_time(folder: Path) -> None:
    key = (folder / "keys" / "key.pem").read_bytes()
    assert "A key was made" not in made(folder, "keys", "again.raucb")
    assert (folder / "keys" / "key.pem").read_bytes() == key
    first, second = ((folder / name).read_bytes() for name in ("good.raucb", "again.raucb"))
    packed = int.from_bytes(first[40:48], "little")
    assert packed > 4096, "as squashfs has it in its head"
    assert first[:packed] == second[:packed]


def test_a_bundle_of_somebody_else_is_refused(folder: Path) -> None:
    made(folder, "others", "other.raucb")
    status, said = judged(folder, "other.raucb")
    assert status != 0
    assert "signature verification failed" in said
    assert judged(folder, "other.raucb", "others")[0] == 0


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_half_a_bundle_is_refused(folder: Path, share: float) -> None:
    whole = (folder / "good.raucb").read_bytes()
    (folder / "half.raucb").write_bytes(whole[: int(len(whole) * share)])
    status, said = judged(folder, "half.raucb")
    assert status != 0
    assert "Invalid bundle format" in said


def test_a_manifest_that_was_changed_is_refused(folder: Path) -> None:
    whole = (folder / "good.raucb").read_bytes()
    at = whole.rindex(b"handset-pi")
    (folder / "changed.raucb").write_bytes(whole[:at] + b"handset-pj" + whole[at + 10 :])
    status, said = judged(folder, "changed.raucb")
    assert (status != 0, "verification failed" in said) == (True, True)


def test_a_key_that_is_not_that_of_the_certificate_is_named(folder: Path) -> None:
    mixed = folder / "mixed"
    mixed.mkdir()
    run("cp", str(folder / "keys" / "certificate.pem"), str(mixed))
    run("openssl", "genpkey", "-algorithm", "ED25519", "-out", str(mixed / "key.pem"))
    words = (str(folder / "root.ext4"), str(mixed), str(folder / "none.raucb"))
    status, said = said_by(str(BUNDLE_SH), *words)
    assert status == 1
    assert "is not the key of" in said
    assert not (folder / "none.raucb").exists()
