"""What a registrar's word leaves behind: of this account alone, or of its proxy (F4, D8)."""

from __future__ import annotations

from firmware.frozen import frozen
from firmware.link.events import Failure, Proxy


@frozen
class RegistrarFailing:
    """For the agent: the registrar did not serve this account (D8)."""

    failure: Failure
    retry_after_s: float
    proxy: Proxy


@frozen
class Refusal:
    """A proxy said no: not again before then."""

    until: float
    reason: str
