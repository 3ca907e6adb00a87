"""Windows of time on a wall clock: daily, weekly or by date, in a time zone, changes of its clocks included."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from msgspec import Struct

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MOMENT = r"^(\d{4}-\d\d-\d\d([ T]\d\d:\d\d)?|((mon|tue|wed|thu|fri|sat|sun) )?\d\d:\d\d)$"
"""`18:00`, `fri 18:00`, `2026-12-23` (as that day begins) or `2026-12-23 18:00`."""

_MINUTES = 24 * 60


class Moment(Struct, frozen=True):
    """One end of a window: minutes after midnight, of each day, of a weekday (0 is Monday) or of a date."""

    minutes: int
    weekday: int | None = None
    date: date | None = None

    @property
    def form(self) -> str:
        return "a date" if self.date else "a day of the week" if self.weekday is not None else "a time of day"


class Window(Struct, frozen=True):
    """Holds from `begin` on, and no longer at `end`; `days` narrows a daily one to those it begins on.

    A time the clocks show twice lies inside as long as it shows at either end; one they skip is the moment they skip.
    """

    begin: Moment
    end: Moment
    zone: tzinfo
    days: frozenset[int] = frozenset(range(7))

    def closes(self, now: float) -> float | None:
        """When the window that is open at `now` closes; None where none is open."""
        ends = [end for begin, end in self._near(now) if begin <= now < end]
        return max(ends, default=None)

    def _near(self, now: float) -> Iterable[tuple[float, float]]:
        """The windows that could hold this moment."""
        if self.begin.date and self.end.date:
            yield self._between(self.begin.date, self.end.date)
            return
        today = datetime.fromtimestamp(now, self.zone).date()
        for back in range(9):
            day = today - timedelta(days=back)
            if self.begin.weekday is None and day.weekday() in self.days:
                yield self._between(day, day + timedelta(days=self.end.minutes <= self.begin.minutes))
            elif self.begin.weekday == day.weekday() and self.end.weekday is not None:
                long = (self.end.weekday - self.begin.weekday) % 7
                if long == 0 and self.end.minutes <= self.begin.minutes:
                    long = 7
                yield self._between(day, day + timedelta(days=long))

    def _between(self, first: date, last: date) -> tuple[float, float]:
        return (
            _instant(first, self.begin.minutes, self.zone, last=False),
            _instant(last, self.end.minutes, self.zone, last=True),
        )


def moment(text: str) -> Moment:
    """Raises ValueError, whose words complete "it …"."""
    if not re.fullmatch(MOMENT, text):
        raise ValueError(f"{text!r} is neither 18:00, fri 18:00, 2026-12-23 nor 2026-12-23 18:00")
    head, _, tail = text.replace("T", " ").rpartition(" ")
    clock = tail if ":" in tail else "00:00"
    named = head if ":" in tail else tail
    hours, minutes = int(clock[:2]), int(clock[3:])
    total = hours * 60 + minutes
    if minutes > 59 or total > _MINUTES:
        raise ValueError(f"{text!r} is no time of day")
    if not named:
        return Moment(total)
    if named in DAYS:
        return Moment(total, weekday=DAYS.index(named))
    return Moment(total, date=date.fromisoformat(named))


def window(begin: str, end: str, *, zone: str, days: Iterable[str] = ()) -> Window:
    """Raises ValueError where the words make no window."""
    first, last, chosen = moment(begin), moment(end), frozenset(map(DAYS.index, days))
    if first.form != last.form:
        raise ValueError(f"begins at {first.form} and ends at {last.form}: both must be of one kind")
    if chosen and (first.date or first.weekday is not None):
        raise ValueError("has days, which only go with times of day")
    if first.minutes == _MINUTES:
        raise ValueError("begins at 24:00: that is 00:00 of the next day")
    if first == last:
        raise ValueError("ends when it begins")
    if first.date and last.date and (last.date, last.minutes) < (first.date, first.minutes):
        raise ValueError("ends before it begins")
    return Window(first, last, _zone(zone), chosen or frozenset(range(7)))


def _zone(name: str) -> tzinfo:
    """UTC is known without any time zone data on the machine."""
    if name == "UTC":
        return UTC
    try:
        from zoneinfo import ZoneInfo

        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"names time zone {name!r}, which this machine does not know") from error


def _instant(day: date, minutes: int, zone: tzinfo, *, last: bool) -> float:
    """The moment a wall clock shows this; of two such moments the first or the last one."""
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    once, again = (wall.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1))
    if once <= again:
        return again if last else once
    return _skip(int(again), int(once), zone)


def _skip(before: int, after: int, zone: tzinfo) -> float:
    """The second at which clocks are put forward between these two."""
    target = datetime.fromtimestamp(after, zone).utcoffset()
    while after - before > 1:
        middle = (before + after) // 2
        if datetime.fromtimestamp(middle, zone).utcoffset() == target:
            after = middle
        else:
            before = middle
    return float(after)
