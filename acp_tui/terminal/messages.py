"""What Textual calls the pieces of input: keys, mouse, paste, focus, and what the terminal says it can do."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from textual import events
from textual._xterm_parser import XTermParser
from textual.keys import Keys
from textual.message import Message
from textual.messages import TerminalSupportsSynchronizedOutput

from acp_tui.terminal.input import Kind, Piece

_MODE = re.compile(r"\x1b\[\?(\d+);([0-4])\$y")
_POSITION = re.compile(r"\x1b\[(\d{1,4});(\d{1,4})R")
_STATUS = re.compile(r"\x1b\[\??\d*n")
_SYNCHRONIZED = "2026"


class Translator:
    """Pieces in, messages out. Only the tables of Textual's parser are asked, never its state.

    `on_position` takes the answer to a question for the cursor's column where one was asked, and says so; the same
    sequence is a function key otherwise. `on_status` hears that the terminal has come as far as a question for its
    status.
    """

    def __init__(self, *, on_position: Callable[[int], bool], on_status: Callable[[], None] = lambda: None) -> None:
        self._tables = XTermParser()
        self._on_position = on_position
        self._on_status = on_status

    def messages(self, piece: Piece) -> Iterator[Message]:
        """The messages of one piece; none for what has no meaning here."""
        if piece.kind is Kind.TEXT:
            for character in piece.text:
                yield from self._keys(character)
        elif piece.kind is Kind.ESCAPE:
            yield events.Key("escape", "\x1b")
        elif piece.kind is Kind.PASTE:
            yield events.Paste(piece.text)
        elif piece.kind is Kind.MOUSE:
            report = self._tables.parse_mouse_code(piece.text)
            if report is not None:
                yield report
        elif piece.kind is Kind.ALT:
            whole = list(self._keys(f"\x1b{piece.text}"))
            yield from whole or self._keys(piece.text, alt=True)
        else:
            yield from self._sequence(piece.text)

    def _sequence(self, text: str) -> Iterator[Message]:
        if text in ("\x1b[I", "\x1b[O"):
            yield events.AppFocus() if text == "\x1b[I" else events.AppBlur()
        elif mode := _MODE.fullmatch(text):
            if mode[1] == _SYNCHRONIZED and mode[2] != "0":
                yield TerminalSupportsSynchronizedOutput()
        elif _STATUS.fullmatch(text):
            self._on_status()
        elif not ((position := _POSITION.fullmatch(text)) and self._on_position(int(position[2]))):
            yield from self._keys(text)

    def _keys(self, text: str, *, alt: bool = False) -> Iterator[events.Key]:
        try:
            keys = list(self._tables._sequence_to_key_events(text, alt=alt))
        except (ValueError, OverflowError):
            # A code point that there is not.
            return
        for key in keys:
            if key.key != Keys.Ignore and _storable(key.character):
                yield key


def _storable(character: str | None) -> bool:
    """Half of a surrogate pair is no character: it could not be written to any terminal or file."""
    return character is None or not any("\ud800" <= each <= "\udfff" for each in character)
