"""By which the person hears and speaks: the handset, a headset, or the room.

    handset      lifted, and the speaker key was not pressed since
    aside        anything else: the mode that the speaker key leads to (`audio mode`)

Who dials or answers with the handset on its hook is heard aside, without a key. The speaker key
leads there from the handset, from there to the next of its modes if it has two, and else back to a
handset that is lifted, or to the end of the call.
"""

from __future__ import annotations

from firmware.media.events import AudioMode

SPEAKER_KEY = (
    (AudioMode.HANDS_FREE,),
    (AudioMode.HEADSET,),
    (AudioMode.HANDS_FREE, AudioMode.HEADSET),
    (AudioMode.HEADSET, AudioMode.HANDS_FREE),
)
"""Where the speaker key leads to, by the number of `audio mode`."""


class Ear:
    """The person's ear; what becomes of calls is not its business."""

    def __init__(self, modes: tuple[AudioMode, ...]) -> None:
        self.is_lifted = False  # The handset is in the hand,
        self.is_aside = False  # and the person has chosen to hear elsewhere.
        self._modes = modes
        self._aside = modes[0]

    @property
    def mode(self) -> AudioMode:
        """What is heard by now."""
        return AudioMode.HANDSET if self.is_lifted and not self.is_aside else self._aside

    def lift(self) -> None:
        """Take the handset: it is heard by that."""
        self.is_lifted, self.is_aside = True, False

    def put_back(self) -> bool:
        """Put the handset back; tell whether the person has left with it."""
        self.is_lifted = False
        return not self.is_aside

    def go_aside(self) -> None:
        """Hear by the first of the key's modes."""
        self.is_aside, self._aside = True, self._modes[0]

    def go_on(self) -> bool:
        """Hear by the next of the key's modes, else by the lifted handset; False: by neither."""
        if len(self._modes) > 1:
            self.is_aside = True
            self._aside = self._modes[1 - self._modes.index(self._aside)]
            return True
        self.is_aside = False
        return self.is_lifted

    def rest(self) -> None:
        """Nothing is heard any more: the next call begins as every call."""
        self.is_aside, self._aside = False, self._modes[0]
