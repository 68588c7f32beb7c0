"""Calls that outlive their proxy, at real proxies: the primary is lost at every state of a call, in
every way; the far end is baresip, or a handset that loses the same proxy (F5, F6).

Here are houses that show each state beside each loss, each far end and both kinds of proxies;
`make rescue-real` shows every one of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import pytest

from tests.interop.house import BLACKHOLE, FAULTS, KILL, NOBODY, Far
from tests.interop.pair import World
from tests.interop.rescuing import Plan, Rescue, rescue
from tests.lab.flows import overlaps

FEW = (Plan(KILL, Far.BARESIP, World.APART), Plan(BLACKHOLE, Far.HANDSET, World.SHARING))
"""A house takes a minute or two; `make rescue-real` builds all."""
ALL = tuple(Plan(*parts) for parts in product(FAULTS, Far, World))

SCENE, WIRE = "scene", "wire"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Name every room of every house; those of one house stay together (`xdist`)."""
    plans = ALL if metafunc.config.getoption("--every-rescue") else FEW
    by_room = SCENE in metafunc.fixturenames
    metafunc.parametrize(
        ("lost", SCENE) if by_room else ("lost",),
        [
            pytest.param(
                *((plan, scene) if by_room else (plan,)),
                marks=pytest.mark.xdist_group(str(plan)),
                id=f"{plan}: {scene}" if by_room else str(plan),
            )
            for plan in plans
            for scene in ([one.name for one in plan.scenes] if by_room else [WIRE])
        ],
        indirect=["lost"],
        scope="module",
    )


@pytest.fixture(scope="module")
def lost(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Rescue]:
    plan: Plan = request.param
    with rescue(tmp_path_factory.mktemp("rescue") / "house", plan) as house:
        yield house


def test_the_call_outlives_its_proxy(lost: Rescue, scene: str) -> None:
    """`rescues.py` says, scene by scene, what is seen on the way there."""
    assert lost.see(scene) == ([], []), "each end has hung up, and knows it"


def test_sip_was_on_one_connection_at_any_instant(lost: Rescue) -> None:
    lost.wait()
    links = lost.house.links()
    assert not links.pop(NOBODY, []), "SIP on a connection that no handset calls its link"
    assert set(links) == {phone.users[0] for phone in lost.house.handsets}
    assert not {user: seen for user, flows in links.items() if (seen := overlaps(flows))}
