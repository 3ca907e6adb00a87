"""What tones and parts of the screen are painted in: plain Rich styles made once from a theme."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct
from rich.style import Style

from acp_tui.model.health import Tone

Span = tuple[str, Tone]
"""Text in a tone; every line of our own widgets is made of these, so nothing from outside is ever markup."""


class Look(Struct, frozen=True, eq=False):
    """One set of styles; all of them carry the background, so that a line needs no second pass."""

    tones: Mapping[Tone, Style]
    base: Style
    frame: Style
    frame_focus: Style
    title: Style
    title_focus: Style
    header: Style
    cursor: Style
    cursor_idle: Style
    match: Style
    changed: Style

    def of(self, tone: Tone) -> Style:
        return self.tones[tone]


def colourless() -> Look:
    """What NO_COLOR asks for: weight and reversal alone, the terminal's own two colours."""
    tones = dict.fromkeys(Tone, Style())
    tones |= {
        Tone.DIM: Style(dim=True),
        Tone.STALE: Style(dim=True),
        Tone.ACCENT: Style(bold=True),
        Tone.WARN: Style(bold=True),
        Tone.FAIL: Style(bold=True),
    }
    nothing = Style()
    return Look(
        tones=tones,
        base=nothing,
        frame=Style(dim=True),
        frame_focus=Style(bold=True),
        title=nothing,
        title_focus=Style(bold=True),
        header=Style(dim=True),
        cursor=Style(reverse=True, dim=False),
        cursor_idle=Style(underline=True),
        match=Style(bold=True, underline=True),
        changed=Style(reverse=True),
    )
