"""The signs the console draws with: one full set, one of pure ASCII."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from acp_tui.model.health import Tone
from acp_tui.terminal.lastscreen import speaks_utf8


class Glyphs(Struct, frozen=True, eq=False):
    """Each sign is one cell wide in every terminal; `tones` holds the sign of a health, empty for none."""

    name: str
    tones: Mapping[Tone, str]
    top_left: str = "╭"
    top_right: str = "╮"
    bottom_left: str = "╰"
    bottom_right: str = "╯"
    horizontal: str = "─"
    vertical: str = "│"
    thumb: str = "┃"
    cursor: str = "▌"
    ellipsis: str = "…"
    dot: str = "·"
    running: str = "▸"
    opened: str = "▾"
    closed: str = "▸"
    branch: str = "├"
    last_branch: str = "└"
    ascending: str = "↑"
    descending: str = "↓"
    more: str = "›"
    bar_full: str = "▇"
    bar_empty: str = "▁"
    arrow: str = "→"
    mark: str = "◆"

    def of(self, tone: Tone) -> str:
        return self.tones.get(tone, "")

    def say(self, text: str) -> str:
        """Our own words with the signs of this set: `·`, `…` and `→` become what an ASCII terminal can show."""
        if self.ellipsis == "…" or text.isascii():
            return text
        return self.in_place(text.replace("…", "...").replace("→", "->"))

    def in_place(self, text: str) -> str:
        """The same for text whose columns must not move: a sign for a sign."""
        return text if self.ellipsis == "…" else text.translate(_PLAIN_SIGNS)


_PLAIN_SIGNS = str.maketrans({"…": "~", "·": "-", "→": ">", "▸": ">", "•": "*", "×": "x"})

FULL = Glyphs(
    name="full",
    tones={Tone.OK: "●", Tone.WARN: "▲", Tone.FAIL: "✖", Tone.STALE: "◌", Tone.UNKNOWN: "○"},
)

ASCII = Glyphs(
    name="ascii",
    tones={Tone.OK: "+", Tone.WARN: "!", Tone.FAIL: "x", Tone.STALE: "~", Tone.UNKNOWN: "?"},
    top_left="+",
    top_right="+",
    bottom_left="+",
    bottom_right="+",
    horizontal="-",
    vertical="|",
    thumb="#",
    cursor=">",
    ellipsis="~",
    dot="-",
    running=">",
    opened="-",
    closed="+",
    branch="|",
    last_branch="`",
    ascending="^",
    descending="v",
    more=">",
    bar_full="#",
    bar_empty=".",
    arrow=">",
    mark="*",
)


def choose(wanted: str, *, env: Mapping[str, str], encoding: str) -> Glyphs:
    """The set to draw with: `wanted` is "full", "ascii" or "auto", which trusts only a terminal that speaks UTF-8."""
    if wanted == "ascii":
        return ASCII
    if wanted == "full":
        return FULL
    return FULL if speaks_utf8(env, encoding) else ASCII
