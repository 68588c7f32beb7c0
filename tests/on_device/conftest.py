"""What the tests of the card start from: the image as it was built, written by flash.sh to a file.

What was measured is written down at the end (RESULTS.md), so that each run leaves its times.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.interop.kamailio import Kamailio
from tests.lab.authority import Authority
from tests.lab.file_server import FileServer
from tests.on_device.bundles import Bundles
from tests.on_device.machine import run
from tests.on_device.phone import Phone
from tests.on_device.results import Results
from tests.on_device.site import HERE_FOR_THE_MACHINE, Site


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    authority = Authority()
    trusted, key = folder / "ca.pem", folder / "key"
    trusted.write_bytes(authority.certificate_pem)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
    identity = authority.issue(HERE_FOR_THE_MACHINE, "127.0.0.1")
    with Kamailio(folder / "kamailio", identity) as kamailio:
        yield Site(kamailio, trusted, key)


@pytest.fixture(scope="module")
def card(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A card with a site's settings."""
    return site.write_card(tmp_path_factory.mktemp("card") / "card.img")


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def bundles(keys: Path, tmp_path_factory: pytest.TempPathFactory) -> Bundles:
    return Bundles(tmp_path_factory.mktemp("bundles"), keys)


@pytest.fixture
def phone(site: Site, keys: Path, bundles: Bundles, tmp_path: Path) -> Iterator[Phone]:
    assert bundles.good.exists(), "its key is what the card trusts"
    card = site.write_card(tmp_path / "card.img", "--update-ca", keys / "certificate.pem")
    with FileServer() as server:
        yield Phone(site, card, tmp_path, server)
    card.unlink()


@pytest.fixture(scope="session")
def results() -> Iterator[Results]:
    """What is measured, by machine; written down when all is over."""
    results = Results(Path(__file__).with_name("RESULTS.md"))
    yield results
    results.write()
