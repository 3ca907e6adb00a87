"""Which words of a line are painted in which tone: YAML, unified diffs, logs, without a highlighting library."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from acp_tui.insight.mask import MASK
from acp_tui.model.health import Tone

Span = tuple[str, Tone]
Line = tuple[Span, ...]
Tint = Callable[[str], Line]
"""Splits one line of text into spans; the spans joined are always the line itself."""

_YAML = re.compile(
    r"^(?P<indent>\s*(?:- )*)(?P<key>[^\s#\"'{\[][^:#]*?|\"[^\"]*\"|'[^']*')(?P<colon>:)(?P<rest>\s.*|)$"
)
_SEVERE = re.compile(
    r"\b(?:FATAL|PANIC|ERROR|ERR|CRITICAL|CRIT)\b|\blevel=(?:error|fatal)\b|^[EF]\d{4} ", re.IGNORECASE
)
_CAREFUL = re.compile(r"\b(?:WARN|WARNING)\b|^W\d{4} ", re.IGNORECASE)
_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d) ")


def text_of(line: Line) -> str:
    """The characters of a painted line."""
    return "".join(text for text, _ in line)


def plain(text: str) -> Line:
    return ((text, Tone.PLAIN),) if text else ()


def yaml(text: str) -> Line:
    """Keys in the accent, comments and document marks dim, values as they are."""
    stripped = text.lstrip()
    if stripped.startswith("#") or text == "---":
        return ((text, Tone.DIM),)
    found = _YAML.match(text)
    if found is None:
        return plain(text)
    parts: tuple[Span, ...] = (
        (found["indent"], Tone.DIM),
        (found["key"], Tone.ACCENT),
        (found["colon"], Tone.DIM),
        (found["rest"], Tone.DIM if MASK in found["rest"] else Tone.PLAIN),
    )
    return tuple(part for part in parts if part[0])


def diff(text: str) -> Line:
    """What goes is FAIL, what comes is OK, heads and context are dim; the signs of the diff stay readable."""
    if text.startswith(("--- ", "+++ ", "diff ")):
        return ((text, Tone.ACCENT),)
    tone = {"+": Tone.OK, "-": Tone.FAIL, "@": Tone.ACCENT, " ": Tone.DIM, "…": Tone.DIM}.get(text[:1], Tone.PLAIN)
    return ((text, tone),) if text else ()


def log(text: str) -> Line:
    """A leading RFC 3339 stamp dim, lines that call themselves errors or warnings in those tones."""
    stamp = _STAMP.match(text)
    head = stamp.group() if stamp else ""
    body = text[len(head) :]
    tone = Tone.PLAIN
    if _SEVERE.search(body[:200]):
        tone = Tone.FAIL
    elif _CAREFUL.search(body[:200]):
        tone = Tone.WARN
    return tuple(part for part in ((head, Tone.DIM), (body, tone)) if part[0])


def cut(line: Line, start: int, end: int) -> Line:
    """Characters `start` to `end` of a painted line."""
    kept: list[Span] = []
    position = 0
    for text, tone in line:
        first, last = max(start - position, 0), min(end - position, len(text))
        if first < last:
            kept.append((text[first:last], tone))
        position += len(text)
    return tuple(kept)


def split_at(line: Line, marks: Iterable[tuple[int, int]]) -> tuple[tuple[Line, bool], ...]:
    """A painted line in pieces, each told whether it lies in one of the (ordered, disjoint) marks."""
    pieces: list[tuple[Line, bool]] = []
    position = 0
    total = len(text_of(line))
    for start, end in marks:
        if start > position:
            pieces.append((cut(line, position, start), False))
        pieces.append((cut(line, start, end), True))
        position = end
    if position < total:
        pieces.append((cut(line, position, total), False))
    return tuple(pieces)
