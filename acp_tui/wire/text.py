"""Makes text from outside harmless: what a terminal would obey or hide becomes visible."""

from __future__ import annotations

import re

REPLACEMENT = "�"
_MAX_LINE = 4096

_INVISIBLE = (
    (0x7F, 0x9F),  # DEL and C1: 0x9B alone is CSI on many terminals
    (0xAD, 0xAD),  # soft hyphen
    (0x61C, 0x61C),  # Arabic letter mark
    (0x180E, 0x180E),
    (0x200B, 0x200F),  # zero width, left-to-right and right-to-left marks
    (0x2028, 0x202E),  # line and paragraph separators, bidirectional embeddings
    (0x2060, 0x206F),  # word joiner, invisible operators, bidirectional isolates
    (0xD800, 0xDFFF),  # lone surrogates: they cannot be written to a UTF-8 terminal
    (0xFEFF, 0xFEFF),
    (0xFFF9, 0xFFFB),
    (0xE0000, 0xE007F),  # tags
)


def _table(kept: str) -> dict[int, str]:
    table = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in kept}
    for first, last in _INVISIBLE:
        table.update(dict.fromkeys(range(first, last + 1), REPLACEMENT))
    return table


_ONE_LINE = _table("")
_MANY_LINES = _table("\n\t")


def clean(text: str, *, multiline: bool = False) -> str:
    """The same text with C0 as control pictures, and DEL, C1, bidirectional and zero-width characters as U+FFFD.

    `multiline` keeps newline and tab, and reads CR LF as a newline; without it they become pictures too.
    """
    if text.isprintable():
        return text
    if multiline:
        return text.replace("\r\n", "\n").translate(_MANY_LINES)
    return text.translate(_ONE_LINE)


def one_line(text: str, *, limit: int = _MAX_LINE) -> str:
    """Cleaned text on one line of at most `limit` characters: white space runs become a space, the cut shows `…`."""
    line = clean(" ".join(text[: limit * 4].split()))
    return line if len(line) <= limit else line[: max(limit - 1, 0)] + "…"


# Each scan starts with one literal byte, because the regex engine then jumps from one to the next instead of
# trying alternatives at every byte of a page of some megabytes.
_HEX = rb"[0-9a-fA-F]"
_SUSPECT_ESCAPE = re.compile(
    rb"\\(?:[bfr]|u(?:00(?:[01]|7[fF]|[89]|[aA][dD])|061[cC]|180[eE]|20(?:0[bBcCdDeEfF]|2[89aAbBcCdDeE]|6)"
    rb"|[dD][89a-fA-F]|[fF][eE][fF][fF]|[fF][fF][fF][9aAbB]))"
)
_ANY_ESCAPE = re.compile(
    rb"\\(?:\\|r\\n|[bfr]|u(?:[dD][89abAB]" + _HEX + rb"{2}\\u[dD][c-fC-F]" + _HEX + rb"{2}|" + _HEX + rb"{4}))"
)
_SUSPECT_UTF8 = tuple(
    re.compile(pattern)
    for pattern in (
        rb"\xc2[\x80-\x9f\xad]",
        rb"\xd8\x9c",
        rb"\xe1\xa0\x8e",
        rb"\xe2(?:\x80[\x8b-\x8f\xa8-\xae]|\x81[\xa0-\xaf])",
        rb"\xef(?:\xbb\xbf|\xbf[\xb9-\xbb])",
        rb"\xf3\xa0[\x80\x81][\x80-\xbf]",
    )
)
_SHORT = {b"b": 0x08, b"f": 0x0C, b"r": 0x0D}


def _visible(code: int) -> bytes | None:
    """UTF-8 of what stands for this code point; None for one that may stay."""
    shown = _MANY_LINES.get(code)
    return None if shown is None else shown.encode()


def _escape(match: re.Match[bytes]) -> bytes:
    found = match.group()
    if found == b"\\r\\n":
        return b"\\n"
    word = found[1:]
    if word in _SHORT:
        return _visible(_SHORT[word]) or found
    if not word.startswith(b"u"):
        return found
    code = int(word[1:5], 16)
    if len(word) > 5:
        code = 0x10000 + ((code - 0xD800) << 10) + (int(word[7:], 16) - 0xDC00)
    return _visible(code) or found


def _utf8(match: re.Match[bytes]) -> bytes:
    return _visible(ord(match.group().decode())) or b""


def clean_json(data: bytes) -> bytes:
    """JSON whose strings are clean once decoded: no control, bidirectional or zero-width character is left in them.

    Newline and tab stay, because logs and YAML need them; views of one line use `one_line`. Bytes that are not
    UTF-8 and lone surrogates become U+FFFD, because one of them would make the whole page undecodable. Raw control
    bytes need no work: JSON forbids them inside strings and decoders refuse them.
    """
    if not data.isascii():
        data = _valid_utf8(data)
        for suspect in _SUSPECT_UTF8:
            if suspect.search(data):
                data = suspect.sub(_utf8, data)
    if b"\x7f" in data:
        data = data.replace(b"\x7f", REPLACEMENT.encode())
    if b"\\" in data and _SUSPECT_ESCAPE.search(data):
        data = _ANY_ESCAPE.sub(_escape, data)
    return data


def _valid_utf8(data: bytes) -> bytes:
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode(errors="replace").encode()
    return data
