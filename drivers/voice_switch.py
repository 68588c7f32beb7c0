"""Several sound cards as one: each mode has its own way for sound, and a switch leads to it.

The ways of a phone are data (`VoiceWay`): which card, and how much louder its microphone and its
loudspeaker have to be than those of a handset. Two ways by one card share its stream: to go from
one to the other nothing is closed. Only the card in use is open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import reduce

from drivers.interfaces import Voice, VoiceCounts, VoiceMode, VoiceWay, nobody


class VoiceSwitch:
    """The cards of a board; before it was told otherwise sound goes by the handset.

    `open_card` makes the part for a card's name; all of them keep the same rate.
    """

    def __init__(
        self, ways: Mapping[VoiceMode, VoiceWay], open_card: Callable[[str], Voice]
    ) -> None:
        self._ways = ways
        names = dict.fromkeys(way.card for way in ways.values())
        self._cards = {name: open_card(name) for name in names}
        self._card = self._cards[ways[VoiceMode.HANDSET].card]
        assert len({(card.rate, card.keeps_time) for card in self._cards.values()}) == 1
        self._tick: Callable[[], None] = nobody
        self._is_running = False

    @property
    def rate(self) -> int:
        return self._card.rate

    @property
    def frame_bytes(self) -> int:
        return self._card.frame_bytes

    @property
    def keeps_time(self) -> bool:
        return self._card.keeps_time

    @property
    def fault(self) -> str:
        """What is wrong with the card in use."""
        return self._card.fault

    @property
    def counts(self) -> VoiceCounts:
        """What all of them lost."""
        return reduce(VoiceCounts.plus, (card.counts for card in self._cards.values()))

    def use(self, mode: VoiceMode) -> VoiceWay:
        way = self._ways.get(mode, self._ways[VoiceMode.HANDSET])
        card = self._cards[way.card]
        if card is not self._card:
            before, self._card = self._card, card
            if self._is_running:
                before.stop()
                card.start(self._tick)
        return way

    def start(self, tick: Callable[[], None]) -> None:
        self._tick, self._is_running = tick, True
        self._card.start(tick)

    def stop(self) -> None:
        self._is_running = False
        self._card.stop()

    def take(self) -> bytes:
        return self._card.take()

    def give(self, frame: bytes) -> None:
        self._card.give(frame)
