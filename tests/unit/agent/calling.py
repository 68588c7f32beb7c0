"""An agent whose INVITE is out: where most tests of placed calls begin."""

from __future__ import annotations

from firmware.agent.events import Dial, HangUp
from firmware.transaction.events import RequestFailed, RequestFailure
from tests.unit.agent.registrar import answer
from tests.unit.agent.rig import Rig, account


class Calling(Rig):
    """An agent whose INVITE is out."""

    def __init__(self) -> None:
        super().__init__(account(display_name="Ann"))
        self.registered()
        self.feed(Dial(1, "100"))
        self.invite = self.one("INVITE")

    def hears(self, status: int, *fields: tuple[str, str], tag: str = "far") -> list[object]:
        return self.reply(self.invite, answer(self.invite.request, status, *fields, tag=tag))

    def is_answered(self, tag: str = "far", body: str | None = None) -> list[object]:
        return self.reply(self.invite, self.accept(self.invite.request, tag, body))

    def fails(self, failure: RequestFailure) -> list[object]:
        return self.feed(RequestFailed(self.invite.key, failure))

    def hangs_up(self) -> list[object]:
        return self.feed(HangUp(1))
