"""The hint line: which keys work here, in places that stay the same from row to row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from acp_tui.actions import Action, actions_at
from acp_tui.config.keys import shown_key
from acp_tui.model.health import Tone
from acp_tui.ui.look import Span
from acp_tui.ui.widgets.cells import width_of

if TYPE_CHECKING:
    from acp_tui.ui.screens.base import Acting

Hint = tuple[str, str, Tone]
"""A key, its word, and the tone of the key."""
_BY_USE = ("table", "tree", "release", "object", "workspace", "marks", "scroll")
"""Contexts that many places share, in the order in which their keys are used; what a place has of its own is first."""
MOST = 8
"""At most so many hints stand in the line; help has them all."""


def typed_hints(pairs: Iterable[tuple[str, str]]) -> tuple[Span, ...]:
    """The keys while a line is typed: all the others are letters then."""
    return tuple(span for key, word in pairs for span in _spans((key, word, Tone.ACCENT)))


def hints_of(screen: Acting[Any]) -> tuple[Span, ...]:
    """The keys under the fingers, whole words only, the most used first: a narrow terminal cuts the others.

    What another row would allow stays in its place, dimmed: from row to row nothing moves. While rows are marked, only
    what takes them is there.
    """
    fitting: list[Hint] = []
    last: list[Hint] = []
    for action in sorted(actions_at(screen.place), key=_use):
        keys = screen.acp.keymap.keys_of(action.name)
        if not action.hint or not keys or not screen.has(action):
            continue
        if action.danger and screen.acp.settings.read_only:
            continue
        reason = screen.why_not(action)
        if reason and (screen.marking or not screen.may_be(action)):
            continue
        hint = (shown_key(keys[0]), action.hint, Tone.DIM if reason else Tone.ACCENT)
        (last if action.context == "global" else fitting).append(hint)
    room = screen.app.size.width - 2 - sum(map(_cells, last))
    out: list[Span] = []
    for hint in fitting[:MOST]:
        room -= _cells(hint)
        if room < 0:
            break
        out += _spans(hint)
    return tuple(out + [span for hint in last for span in _spans(hint)])


def _use(action: Action) -> int:
    return _BY_USE.index(action.context) + 1 if action.context in _BY_USE else 0


def _cells(hint: Hint) -> int:
    return width_of(hint[0]) + width_of(hint[1]) + 3


def _spans(hint: Hint) -> tuple[Span, Span]:
    return (hint[0], hint[2]), (f" {hint[1]}  ", Tone.DIM)
