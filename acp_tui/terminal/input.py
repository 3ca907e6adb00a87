"""Cuts the bytes a terminal sends into what they mean one by one; there is no byte sequence it stumbles over."""

from __future__ import annotations

import re
from codecs import getincrementaldecoder
from enum import Enum
from typing import NamedTuple

ESCAPE_SECONDS = 0.02
"""Silence after which an Escape is the key and no longer the begin of something."""
SEQUENCE_SECONDS = 0.5
"""Silence after which the begin of a sequence is noise: longer, because nobody types one and slow lines cut them."""
LONGEST = 64
"""Bytes after which something that began like a control sequence is taken for noise."""
LONGEST_ANSWER = 4096
"""Bytes after which a string that a terminal answers with (clipboard, colours, its name) is taken for noise."""
LONGEST_PASTE = 1 << 20
"""Bytes of a paste that are kept."""

_ESCAPE = 0x1B
_PASTE_BEGINS = b"\x1b[200~"
_PASTE_ENDS = b"\x1b[201~"
_INTERRUPT = b"\x03"
_CONTROL_SEQUENCE = re.compile(rb"\x1b\[([0-?]*)([ -/]*)([@-~])")
_BROKEN_SEQUENCE = re.compile(rb"\x1b\[[0-?]*[ -/]*[^ -~]")
_STRING_STARTS = b"]PX^_"
_STRING_END = re.compile(rb"\x07|\x1b\\|\x1b(?=[^\\])")


class Kind(Enum):
    """What a piece of input is."""

    TEXT = "text"
    ESCAPE = "escape"
    SEQUENCE = "sequence"
    ALT = "alt"
    MOUSE = "mouse"
    PASTE = "paste"


class Piece(NamedTuple):
    """Text as typed or pasted; a whole sequence; or a mouse report, in the form of SGR whatever form it came in."""

    kind: Kind
    text: str = ""


class Decoder:
    """Bytes in, pieces out; what is not complete waits for more bytes, or for `rest` when none came in time.

    Bytes that are no UTF-8 are dropped, and so are strings that answer a query. Mouse reports are read in the forms of
    X10 with any coordinate, urxvt and SGR. A paste whose end was lost is given up at Ctrl+C typed alone.
    """

    def __init__(self) -> None:
        self._held = bytearray()
        self._pasted: bytearray | None = None
        self._utf8 = getincrementaldecoder("utf-8")(errors="ignore")

    @property
    def patience(self) -> float:
        """Seconds of silence after which `rest` should be asked; 0 where nothing was begun."""
        if not self._held or self._pasted is not None:
            return 0.0
        return ESCAPE_SECONDS if len(self._held) == 1 else SEQUENCE_SECONDS

    def feed(self, data: bytes) -> list[Piece]:
        """The pieces that these bytes complete."""
        if self._pasted is not None and data == _INTERRUPT:
            self._pasted = None
            self._held.clear()
            return []
        self._held += data
        out: list[Piece] = []
        while self._held:
            before = len(self._held), self._pasted is None
            if self._pasted is not None:
                self._take_paste(out)
            elif self._held[0] == _ESCAPE:
                self._take_sequence(out)
            else:
                self._take_text(out)
            if before == (len(self._held), self._pasted is None):
                break
        return out

    def rest(self) -> list[Piece]:
        """Nothing followed in time: a lone Escape is the key, and what was begun otherwise is noise."""
        if self._pasted is not None:
            return []
        held = bytes(self._held)
        self._held.clear()
        if held == b"\x1b":
            return [Piece(Kind.ESCAPE)]
        if held == b"\x1b\x1b":
            return [Piece(Kind.ESCAPE), Piece(Kind.ESCAPE)]
        return [Piece(Kind.ALT, chr(held[1]))] if len(held) == 2 and 0x20 <= held[1] < 0x7F else []

    def _drop(self, count: int) -> bytes:
        taken = bytes(self._held[:count])
        del self._held[:count]
        return taken

    def _take_text(self, out: list[Piece]) -> None:
        end = self._held.find(_ESCAPE)
        text = self._utf8.decode(self._drop(len(self._held) if end < 0 else end), final=end >= 0)
        if text:
            out.append(Piece(Kind.TEXT, text))

    def _take_paste(self, out: list[Piece]) -> None:
        pasted = self._pasted
        if pasted is None:
            return
        end = self._held.find(_PASTE_ENDS)
        if end < 0:
            # The end mark may have arrived in part.
            pasted += self._drop(max(0, len(self._held) - len(_PASTE_ENDS) + 1))
            del pasted[LONGEST_PASTE:]
            return
        pasted += self._drop(end)
        self._drop(len(_PASTE_ENDS))
        self._pasted = None
        text = pasted[:LONGEST_PASTE].decode("utf-8", errors="ignore").replace("\0", "")
        out.append(Piece(Kind.PASTE, text))

    def _take_sequence(self, out: list[Piece]) -> None:
        held = self._held
        if len(held) < 2:
            return
        second = held[1]
        if second == _ESCAPE:
            self._drop(1)
            out.append(Piece(Kind.ESCAPE))
        elif second == ord("["):
            self._take_control_sequence(out)
        elif second == ord("O"):
            if len(held) > 2:
                self._take_three(out)
        elif second in _STRING_STARTS:
            self._take_answer(out)
        elif second < 0x80:
            out.append(Piece(Kind.ALT, chr(self._drop(2)[1])))
        else:
            self._drop(1)

    def _take_three(self, out: list[Piece]) -> None:
        if self._held[2] == _ESCAPE:
            out.append(Piece(Kind.ALT, chr(self._drop(2)[1])))
        else:
            out.append(Piece(Kind.SEQUENCE, self._drop(3).decode("latin-1")))

    def _take_control_sequence(self, out: list[Piece]) -> None:
        held = self._held
        if held.startswith(b"\x1b[M"):
            if len(held) >= 6:
                button, column, row = self._drop(6)[3:]
                out.append(_mouse(button - 32, column - 32, row - 32, down=(button - 32) & 3 != 3))
            return
        found = _CONTROL_SEQUENCE.match(held)
        if found is None:
            if _BROKEN_SEQUENCE.match(held):
                # A control character or a new sequence ends what cannot be completed any more.
                length = next(at for at in range(2, len(held)) if not 0x20 <= held[at] < 0x7F)
                self._drop(length)
            elif len(held) > LONGEST:
                self._drop(len(held))
            return
        parameters, final = found[1], found[3]
        sequence = self._drop(found.end())
        if sequence == _PASTE_BEGINS:
            self._pasted = bytearray()
        elif sequence == b"\x1b[[":
            # The console of Linux says F1 to F5 with one more letter.
            out.append(Piece(Kind.SEQUENCE, (sequence + self._drop(1)).decode("latin-1")))
        elif len(sequence) > LONGEST or sequence == _PASTE_ENDS:
            return
        elif final in b"Mm" and parameters:
            mouse = _reported(parameters, final)
            if mouse is not None:
                out.append(mouse)
        else:
            out.append(Piece(Kind.SEQUENCE, sequence.decode("latin-1")))

    def _take_answer(self, out: list[Piece]) -> None:
        end = _STRING_END.search(self._held, 2)
        if end is not None:
            if len(self._held) == 3 and self._held[2] == _ESCAPE:
                return
            self._drop(end.end())
        elif len(self._held) > LONGEST_ANSWER:
            self._drop(len(self._held))


def _reported(parameters: bytes, final: bytes) -> Piece | None:
    """A report in the form of SGR or urxvt."""
    numbers = parameters.removeprefix(b"<").split(b";")
    if len(numbers) != 3 or not all(number.isdigit() and len(number) < 6 for number in numbers):
        return None
    button, column, row = map(int, numbers)
    if parameters.startswith(b"<"):
        return _mouse(button, column, row, down=final == b"M")
    return _mouse(button - 32, column, row, down=(button - 32) & 3 != 3)


def _mouse(button: int, column: int, row: int, *, down: bool) -> Piece:
    # The old forms call every release button 3: it is told as the release of the first one.
    released = not down and button & 3 == 3 and not button & 0x60
    code = max(0, button & ~3 if released else button)
    return Piece(Kind.MOUSE, f"\x1b[<{code};{max(1, column)};{max(1, row)}{'M' if down else 'm'}")
