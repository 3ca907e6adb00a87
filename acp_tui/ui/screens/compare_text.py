"""What differs between two revisions, as lines: values first, then object by object, what is equal in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from acp_tui.model.health import Tone
from acp_tui.model.plan import Effect, EffectAction
from acp_tui.ui.review.lines import ACTION_LOOK, object_name
from acp_tui.ui.widgets.tint import Line, diff


def compare_lines(effects: Sequence[Effect], values: str) -> tuple[list[str | Line], list[int]]:
    """The lines of a comparison, and the indices at which a change begins, for the keys that walk them.

    `values` is a unified diff of the values; `effects` are objects as they would go from the older to the newer.
    """
    lines: list[str | Line] = []
    starts: list[int] = []
    _part(lines, starts, (("Values", Tone.ACCENT),), values)
    changed = [effect for effect in effects if effect.action is not EffectAction.UNCHANGED]
    for effect in changed:
        tone, word = ACTION_LOOK[effect.action]
        head: Line = ((object_name(effect), Tone.ACCENT), (f"  {word}", tone), (f"  {effect.summary}", Tone.DIM))
        _part(lines, starts, head, effect.diff)
    same = [effect for effect in effects if effect.action is EffectAction.UNCHANGED]
    if same:
        lines.append(((_same_words(same), Tone.DIM),))
    return lines, starts


def _part(lines: list[str | Line], starts: list[int], head: Line, text: str) -> None:
    found = _hunks(text)
    if not found:
        lines += [(*head, ("  equal", Tone.DIM)), ""]
        return
    lines.append(head)
    for line in found:
        if line.startswith("@@"):
            starts.append(len(lines))
        lines.append(diff(line))
    if not any(line.startswith("@@") for line in found):
        starts.append(len(lines) - len(found))
    lines.append("")


def _hunks(text: str) -> list[str]:
    """A unified diff without its two lines of file names: the head above says what it is."""
    return [line for line in text.splitlines() if not line.startswith(("--- ", "+++ ", "---\t", "+++\t"))]


def _same_words(same: Sequence[Effect]) -> str:
    kinds = Counter(effect.ref.kind for effect in same).most_common()
    return f"{len(same)} more equal ({', '.join(f'{kind} {count}' for kind, count in kinds)})"
