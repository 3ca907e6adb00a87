"""From a checked theme file to what paints: our own styles, and the terminal library's theme for its own widgets."""

from __future__ import annotations

from rich.style import Style
from textual.theme import Theme

from acp_tui.config.themes import ThemeFile
from acp_tui.model.health import Tone
from acp_tui.ui.look import Look

_ROLE_OF_TONE = {
    Tone.PLAIN: "text",
    Tone.DIM: "dim",
    Tone.ACCENT: "accent",
    Tone.OK: "ok",
    Tone.WARN: "warn",
    Tone.FAIL: "fail",
    Tone.STALE: "stale",
    Tone.UNKNOWN: "unknown",
}


def look_of(theme: ThemeFile) -> Look:
    """The styles of our own widgets; a theme of the terminal's own colours marks by reversing."""
    ground = None if theme.ansi else _rich(theme.colours["background"])

    def style(role: str, *, bold: bool | None = None) -> Style:
        return Style(color=_rich(theme.colours[role]), bgcolor=ground, bold=bold)

    reverse = Style(reverse=True)
    plainly = Style(color="default", bgcolor="default", bold=True, reverse=True)
    return Look(
        tones={tone: style(role) for tone, role in _ROLE_OF_TONE.items()},
        base=style("text"),
        frame=style("frame"),
        frame_focus=style("focus", bold=True),
        title=style("text"),
        title_focus=style("focus", bold=True),
        header=style("dim"),
        cursor=plainly if theme.ansi else Style(bgcolor=_rich(theme.colours["cursor"]), bold=True),
        cursor_idle=Style(underline=True),
        match=reverse if theme.ansi else Style(color=ground, bgcolor=_rich(theme.colours["match"])),
        changed=reverse,
    )


def textual_theme(theme: ThemeFile) -> Theme:
    """The same colours under the names that the library's own widgets and our CSS ask for."""
    colours = theme.colours
    variables = css_variables(theme)
    if theme.ansi:
        variables |= {"ansi-background": "ansi_black", "ansi-foreground": "ansi_white"}
    return Theme(
        name=theme.name,
        primary=colours["accent"],
        secondary=colours["accent"],
        warning=colours["warn"],
        error=colours["fail"],
        success=colours["ok"],
        accent=colours["accent"],
        foreground=colours["text"],
        background=colours["background"],
        surface=colours["background"],
        panel=colours["raised"],
        boost=colours["raised"],
        dark=theme.dark,
        variables=variables,
        ansi=theme.ansi,
    )


def css_variables(theme: ThemeFile) -> dict[str, str]:
    """Variables of our own for CSS; each exists in every theme."""
    colours = theme.colours
    return {
        "frame": colours["frame"],
        "frame-focus": colours["focus"],
        "raised": colours["raised"],
        "text-muted": colours["dim"],
        "text-accent": colours["accent"],
        "text-success": colours["ok"],
        "text-warning": colours["warn"],
        "text-error": colours["fail"],
        "block-cursor-background": colours["cursor"],
        "block-cursor-foreground": colours["text"],
        "block-cursor-text-style": "bold",
        "input-selection-background": colours["cursor"],
    }


def _rich(colour: str) -> str:
    """`ansi_bright_red` is `bright_red` for Rich, `#rgb` is written out."""
    if colour.startswith("ansi_"):
        return colour.removeprefix("ansi_")
    if len(colour) == 4:
        return "#" + "".join(digit * 2 for digit in colour[1:])
    return colour
