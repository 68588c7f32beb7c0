"""Two real proxies: whatever ails the primary, every account is registered at the backup within the
bound, and the phone comes home by itself (L8, L9, L10, F1, F3, D8).

All of it twice: with proxies that keep their locations apart, and with proxies that share them.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from tests.interop.journeys import FAULTS, Fault, Journeys
from tests.interop.pair import World


@pytest.fixture(scope="module", params=list(World), ids=lambda world: world.value)
def journeys(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Journeys]:
    world: World = request.param
    with ExitStack() as stack:
        yield Journeys(world, tmp_path_factory.mktemp(world.value), stack)


every_fault = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)


@every_fault
def test_the_phone_goes_to_the_backup(journeys: Journeys, fault: Fault) -> None:
    journeys.gone(fault)


@every_fault
def test_the_phone_comes_home(journeys: Journeys, fault: Fault) -> None:
    journeys.gone(fault).come_home()
