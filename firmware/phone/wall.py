"""The clock on the wall here: the zone's offset, and how a person wants times and dates written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from enum import Enum

from firmware.frozen import frozen


class DateForm(Enum):
    """How a date is written; the number is that of the parameter `date format`."""

    DAY_MONTH = 0
    MONTH_DAY = 1
    DOTS = 2
    SLASHES = 3
    MONTH_FIRST = 4
    ISO = 5


DATES = {
    DateForm.DAY_MONTH: ("{0.day} {0:%b}", " {0.year}", "{0:%a} "),
    DateForm.MONTH_DAY: ("{0:%b} {0.day}", " {0.year}", "{0:%a} "),
    DateForm.DOTS: ("{0:%d.%m.}", "{0.year}", "{0:%a} "),
    DateForm.SLASHES: ("{0:%d/%m}", "/{0.year}", "{0:%a} "),
    DateForm.MONTH_FIRST: ("{0:%m/%d}", "/{0.year}", "{0:%a} "),
    DateForm.ISO: ("{0.year}-{0:%m-%d}", "", ""),
}
"""Of each form: day and month, the year where it is said, the day of the week before it."""


@frozen
class Wall:
    """Seconds east of UTC, and the forms."""

    zone_s: int = 0
    is_24: bool = True
    form: DateForm = DateForm.DAY_MONTH

    def local(self, unix_s: float) -> datetime:
        """Return a moment as a clock on the wall here shows it."""
        return datetime.fromtimestamp(unix_s, UTC) + timedelta(seconds=self.zone_s)

    def clock(self, then: datetime) -> str:
        """Say a time of day: "14:03", "2:03 pm"."""
        if self.is_24:
            return f"{then:%H:%M}"
        return f"{then.hour % 12 or 12}:{then:%M} {'pm' if then.hour >= 12 else 'am'}"

    def day(self, then: datetime, *, with_year: bool = False) -> str:
        """Say day and month: "12 Nov", "11/12/2026"."""
        day, year, _ = DATES[self.form]
        return (day + year * with_year).format(then)

    def date(self, then: datetime) -> str:
        """Say a date as the idle screen does: "Mon 12 Nov"."""
        return DATES[self.form][2].format(then) + self.day(then)
