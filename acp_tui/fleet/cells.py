"""How one fact becomes one cell: its text and the tone it is painted in."""

from __future__ import annotations

from fractions import Fraction

from msgspec import Struct

from acp_tui.model.freshness import Age, Freshness
from acp_tui.model.health import TONE_OF_HEALTH, Health, Tone
from acp_tui.model.quantity import show
from acp_tui.model.quota import QuotaUse

_HEALTH_WORD = {
    Health.HEALTHY: "OK",
    Health.SUSPENDED: "OFF",
    Health.PROGRESSING: "WARN",
    Health.MISSING: "FAIL",
    Health.DEGRADED: "FAIL",
    Health.UNKNOWN: "?",
}
_MINUTE, _HOUR, _DAY, _YEAR = 60, 3600, 86400, 365 * 86400


class Cell(Struct, frozen=True):
    """Plain text (never markup) and its tone; the glyph of the tone is added by whoever paints."""

    text: str
    tone: Tone = Tone.PLAIN


UNKNOWN = Cell("?", Tone.UNKNOWN)
NOTHING = Cell("-", Tone.DIM)


def health_cell(health: Health) -> Cell:
    return Cell(_HEALTH_WORD[health], TONE_OF_HEALTH[health])


def aged(cell: Cell, freshness: Freshness) -> Cell:
    """The same words in the tone their age allows: what nobody vouches for now is neither green nor red."""
    if freshness.state in (Age.STALE, Age.CACHED):
        return cell if cell.tone is Tone.UNKNOWN else Cell(cell.text, Tone.STALE)
    if freshness.state is Age.NEVER and cell.tone is Tone.OK:
        return UNKNOWN
    return cell


def text_cell(text: str, tone: Tone = Tone.PLAIN) -> Cell:
    return Cell(text, tone) if text else NOTHING


def count_cell(count: int | None, *, bad: Tone = Tone.FAIL) -> Cell:
    """A count of things that should be none."""
    if count is None:
        return UNKNOWN
    return Cell(str(count), bad if count else Tone.DIM)


def of_cell(part: int | None, whole: int | None, *, good: Tone = Tone.OK, bad: Tone = Tone.FAIL) -> Cell:
    """`part/whole` where all of the whole is good; either half may be unknown."""
    text = f"{_number(part)}/{_number(whole)}"
    if part is None or whole is None:
        return Cell(text, Tone.UNKNOWN)
    return Cell(text, good if part >= whole else bad)


def bad_of_cell(bad: int | None, whole: int | None) -> Cell:
    """`bad/whole` where none of the whole should be bad."""
    text = f"{_number(bad)}/{_number(whole)}"
    if bad is None:
        return Cell(text, Tone.UNKNOWN)
    return Cell(text, Tone.FAIL if bad else Tone.PLAIN)


def ratio_tone(ratio: float | None) -> Tone:
    """Above 95 % a quota is about to say no, above 85 % it is worth a look."""
    if ratio is None:
        return Tone.UNKNOWN
    if ratio >= 0.95:
        return Tone.FAIL
    return Tone.WARN if ratio >= 0.85 else Tone.OK


def percent_cell(ratio: float | None) -> Cell:
    return UNKNOWN if ratio is None else Cell(percent(ratio), ratio_tone(ratio))


def use_cell(use: QuotaUse | None) -> Cell:
    """`62% 31/50`; a resource no quota limits is `-`."""
    if use is None:
        return NOTHING
    hard = show(use.resource, use.hard)
    if use.used is None or use.ratio is None:
        return Cell(f"?/{hard}", Tone.UNKNOWN)
    return Cell(f"{percent(use.ratio)} {_used(use.resource, use.used, hard)}/{hard}", ratio_tone(use.ratio))


def age_cell(at: float | None, now: float, *, tone: Tone = Tone.DIM) -> Cell:
    return UNKNOWN if at is None else Cell(lasting(now - at), tone)


def latency_cell(milliseconds: float | None) -> Cell:
    if milliseconds is None:
        return UNKNOWN
    tone = Tone.WARN if milliseconds >= 1000 else Tone.PLAIN
    return Cell(f"{milliseconds:.0f}ms" if milliseconds < 10_000 else f"{milliseconds / 1000:.0f}s", tone)


def age(at: float | None, now: float) -> str:
    """How long ago a moment was, `?` where it is not known; a moment in the future is now."""
    return "?" if at is None else lasting(now - at)


def lasting(seconds: float) -> str:
    """At most four characters: 41s, 3m, 4h, 12d, 2y."""
    whole = max(0, int(seconds))
    if whole < _MINUTE:
        return f"{whole}s"
    if whole < _HOUR:
        return f"{whole // _MINUTE}m"
    if whole < 2 * _DAY:
        return f"{whole // _HOUR}h"
    return f"{whole // _DAY}d" if whole < 2 * _YEAR else f"{whole // _YEAR}y"


def percent(ratio: float) -> str:
    return f"{min(ratio, 9.99) * 100:.0f}%"


def _used(resource: str, used: Fraction, hard: str) -> str:
    """Use without its unit where the limit shows the same one: `124/200Gi`."""
    text = show(resource, used)
    unit = hard.lstrip("0123456789.")
    return text.removesuffix(unit) if unit and text.endswith(unit) else text


def _number(value: int | None) -> str:
    return "?" if value is None else str(value)
