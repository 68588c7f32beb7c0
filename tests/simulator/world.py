"""What a seed draws for one or two proxies, before anything happens."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from firmware.agent.account import Account, AgentSettings, RegistrationSettings
from firmware.link.events import Proxy, Role
from firmware.link.settings import LinkSettings
from firmware.phone.settings import PhoneSettings
from firmware.stack import StackSettings
from tests.simulator.faults import Faults, calm, draw_faults, draw_nature, draw_site, slow_site
from tests.simulator.proxy import new_login
from tests.simulator.registrar import REJECTED_RETRY_S, Login
from tests.simulator.retries import CAP_S
from tests.simulator.site import Site

TWO = 0.6
"""The share of the seeds that have a backup."""

TIMEOUT_RETRY_S = 30.0
DECEIVES = 0.2
"""The share of the proxies whose own pings look like pongs that they never send."""

SLOW = 0.35
"""The share of backups that are slow where locations are shared: what they are told comes late."""

DRIFT = 1e-4
"""How much faster or slower than the world's the phone's clock runs: a bad crystal."""


@dataclass
class Plan:
    """One seed's world."""

    sites: list[Site]
    logins: list[list[Login]]  # Each site's; the same objects where locations are shared.
    is_shared: bool
    faults: Faults  # Of the phone's own machine and of people.
    keep_alive_s: float
    probe_interval_s: float
    probe_count: int
    minimum_stay_s: float
    blacklist_s: float
    clock_rate: float

    @property
    def users(self) -> list[str]:
        """The accounts in their order."""
        return [login.user for login in self.logins[0]]

    def settings(self) -> StackSettings:
        """Write the phone's configuration."""
        accounts = tuple(
            Account(
                number=number,
                user=login.user,
                domain="example.org",
                password=login.password + ("x" if login.is_wrong else ""),
                display_name=f"Line {number}",
                registration=RegistrationSettings(
                    rejected_retry_s=REJECTED_RETRY_S, timeout_retry_s=TIMEOUT_RETRY_S
                ),
            )
            for number, login in enumerate(self.logins[0], 1)
        )
        link = LinkSettings(
            tuple(site.proxy for site in self.sites),
            keep_alive_s=self.keep_alive_s,
            retry_cap_s=CAP_S,
            probe_interval_s=self.probe_interval_s,
            probe_count=self.probe_count,
            minimum_stay_s=self.minimum_stay_s,
            blacklist_s=self.blacklist_s,
        )
        instance = "urn:uuid:00000000-0000-4000-8000-000000000001"
        return StackSettings(
            link=link,
            accounts=accounts,
            agent=AgentSettings(instance=instance),
            phone=PhoneSettings(),
        )


def draw_plan(random: Random, *, trouble: bool) -> Plan:
    """Draw a world."""
    two = random.random() < TWO
    shared = two and random.random() < 0.5
    own = draw_faults(random)
    primary = _site(random, Role.PRIMARY, draw_site(random) if two else own)
    sites = [primary]
    if two:
        slow = shared and random.random() < SLOW
        sites.append(_site(random, Role.BACKUP, slow_site(random) if slow else draw_site(random)))
        if shared:
            sites[1].nature = primary.nature
        if random.random() < 0.3 and not own.spell_every_s:
            own = calm(own)
    if not trouble:
        for site in sites:
            site.calm_down(calm(site.faults))
    numbers = range(1, random.choice([1, 1, 2, 3]) + 1)
    wrong = random.random() < (0.25 if two else 0.1)
    logins = [new_login(n, is_wrong=wrong and n == max(numbers)) for n in numbers]
    others = logins if shared else [login.at_another_registrar for login in logins]
    return Plan(
        sites=sites,
        logins=[logins, others][: len(sites)],
        is_shared=shared,
        faults=own if trouble else calm(own),
        keep_alive_s=random.choice([5.0, 15.0, 30.0, 30.0, 0.0]),
        probe_interval_s=random.choice([5.0, 10.0, 20.0, 60.0]),
        probe_count=random.choice([1, 2, 3, 3]),
        minimum_stay_s=random.choice([0.0, 15.0, 40.0, 120.0]),
        blacklist_s=random.choice([30.0, 300.0]),
        clock_rate=random.choice([1.0, random.uniform(1 - DRIFT, 1 + DRIFT)]),
    )


def _site(random: Random, role: Role, faults: Faults) -> Site:
    network = "198.51.100" if role is Role.PRIMARY else "203.0.113"
    nature = draw_nature(random)
    if random.random() < DECEIVES:
        first_s = random.uniform(1.0, 2.2)  # After a probe has given up on it.
        nature = replace(nature, answers_pings=False, pings_every_s=60.0, pings_first_s=first_s)
    named = random.random() < 0.6
    host = f"{role.value}.example.org" if named else f"{network}.10"
    site = Site(Proxy(role, host, 5061), network, random, faults, nature)
    if not named:
        site.with_one_address()
    return site
