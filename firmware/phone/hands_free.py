"""The speaker key: to hear and speak without the handset, at any moment of a call."""

from __future__ import annotations

from firmware.phone.serving import Serving
from firmware.phone.state import State

IN_A_CALL = frozenset({State.CALLING, State.ANSWERING, State.TALKING})


class HandsFree(Serving):
    """What the key does; before a call it is as good as lifting the handset."""

    def _speak_aside(self) -> list[object]:
        """Begin to hear aside, go on to the next way, go back to the handset, or hang up."""
        ear = self._ear
        if self.state in {State.IDLE, State.RINGING}:
            return self._begin_aside()
        if self._flash_by is not None or (ear.is_lifted and not ear.is_aside):
            ear.go_aside()
            self._lifted, self._flash_by = True, None
            return []
        is_heard = self._lifted or self.state in IN_A_CALL
        if not is_heard or (self.state is State.TALKING and self._call.is_held):
            return self._begin_aside()
        if ear.go_on():
            return []
        self._lifted = False
        return self._leave(resume=False)

    def _begin_aside(self) -> list[object]:
        self._ear.go_aside()
        self._lifted = True
        return self._off_hook()
