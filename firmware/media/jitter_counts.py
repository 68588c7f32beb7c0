"""What a jitter buffer counts, and what it tells of it."""

from __future__ import annotations

from dataclasses import dataclass

from firmware.frozen import frozen


@frozen
class JitterStatistics:
    """Of one call so far: packets, and milliseconds of sound."""

    received: int
    late: int  # Came when their moment was over.
    doubled: int
    lost: int  # Had not come when the next one was played; the late are among them.
    recovered: int  # Lost, and found in the packet that followed.
    bad: int  # Held nothing that the codec understands.
    stray: int  # Of a time seconds away, once.
    unknown: int  # Of a payload type that nobody agreed on.
    dropped: int  # The buffer was full.
    skipped: int  # Left out to catch up.
    concealed_ms: int
    shortened: int  # Times that a period was cut out,
    lengthened: int  # or repeated.
    shortened_ms: int
    lengthened_ms: int
    depth_ms: int
    target_ms: int


@dataclass(slots=True)
class Counts:
    """The same while it is being counted; sound in samples."""

    received: int = 0
    late: int = 0
    doubled: int = 0
    lost: int = 0
    recovered: int = 0
    bad: int = 0
    stray: int = 0
    unknown: int = 0
    dropped: int = 0
    skipped: int = 0
    concealed: int = 0
    shortened: int = 0
    lengthened: int = 0
    cut: int = 0
    added: int = 0

    def scaled(self, change: int) -> None:
        """Count a change of length."""
        if change < 0:
            self.shortened += 1
            self.cut -= change
        else:
            self.lengthened += 1
            self.added += change

    def statistics(self, depth_s: float, target_s: float, rate: int) -> JitterStatistics:
        """Return the counts as a value."""
        per_ms = rate // 1000
        return JitterStatistics(
            received=self.received,
            late=self.late,
            doubled=self.doubled,
            lost=self.lost,
            recovered=self.recovered,
            bad=self.bad,
            stray=self.stray,
            unknown=self.unknown,
            dropped=self.dropped,
            skipped=self.skipped,
            concealed_ms=self.concealed // per_ms,
            shortened=self.shortened,
            lengthened=self.lengthened,
            shortened_ms=self.cut // per_ms,
            lengthened_ms=self.added // per_ms,
            depth_ms=round(depth_s * 1000),
            target_ms=round(target_s * 1000),
        )
