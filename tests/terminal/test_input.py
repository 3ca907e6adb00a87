"""Any bytes at all become pieces of input, and none of them ends or confuses the program."""

from __future__ import annotations

import random

import pytest
from textual import events
from textual.messages import TerminalSupportsSynchronizedOutput

from acp_tui.terminal.input import ESCAPE_SECONDS, LONGEST, SEQUENCE_SECONDS, Decoder, Kind, Piece
from acp_tui.terminal.messages import Translator


def pieces(*parts: bytes) -> list[Piece]:
    decoder = Decoder()
    return [piece for part in parts for piece in decoder.feed(part)]


def keys(data: bytes) -> list[str]:
    """Names of the keys that these bytes and then silence are."""
    decoder, translator = Decoder(), Translator(on_position=lambda _: False)
    found = [message for piece in decoder.feed(data) + decoder.rest() for message in translator.messages(piece)]
    return [message.key if isinstance(message, events.Key) else type(message).__name__ for message in found]


@pytest.mark.parametrize(
    ("data", "names"),
    [
        (b"jK/", ["j", "K", "slash"]),
        (b"\x1b[A\x1b[B\x1b[6~\x1bOP", ["up", "down", "pagedown", "f1"]),
        (b"\x1b[Z\t\r\x7f\x10", ["shift+tab", "tab", "enter", "backspace", "ctrl+p"]),
        (b"\x1b", ["escape"]),
        (b"\x1b\x1b", ["escape", "escape"]),
        (b"\x1bx", ["alt+x"]),
        (b"\x1b[106u\x1b[27u", ["j", "escape"]),
        (b"\x1b[1;5A", ["ctrl+up"]),
        (b"\x1b[[A", ["f1"]),
        ("仓".encode(), ["仓"]),
        (b"\x1b[I\x1b[O", ["AppFocus", "AppBlur"]),
    ],
)
def test_keys_have_the_names_that_textual_gives_them(data: bytes, names: list[str]) -> None:
    assert keys(data) == names


class TestSilence:
    def test_a_lone_escape_is_the_key_after_a_short_one(self) -> None:
        decoder = Decoder()
        assert decoder.feed(b"\x1b") == []
        assert decoder.patience == ESCAPE_SECONDS <= 0.03
        assert decoder.rest() == [Piece(Kind.ESCAPE)]
        assert decoder.patience == 0

    def test_the_begin_of_a_sequence_waits_longer_and_is_then_noise(self) -> None:
        decoder = Decoder()
        assert decoder.feed(b"\x1b[1;") == []
        assert decoder.patience == SEQUENCE_SECONDS
        assert decoder.rest() == []
        assert decoder.feed(b"j") == [Piece(Kind.TEXT, "j")]

    def test_a_sequence_that_arrives_in_parts_is_whole(self) -> None:
        assert pieces(b"\x1b", b"[", b"1;5", b"A") == [Piece(Kind.SEQUENCE, "\x1b[1;5A")]


class TestMouse:
    def test_old_reports_beyond_column_95_are_read(self) -> None:
        assert pieces(b"\x1b[M \xe1\x30") == [Piece(Kind.MOUSE, "\x1b[<0;193;16M")]

    def test_an_old_report_may_hold_any_byte(self) -> None:
        assert pieces(b"\x1b[M\x20\x1b\x1bj")[-1] == Piece(Kind.TEXT, "j")

    def test_releases_are_releases_in_every_form(self) -> None:
        assert [piece.text for piece in pieces(b"\x1b[<0;5;6m", b"\x1b[35;5;6M", b"\x1b[M#%&")] == ["\x1b[<0;5;6m"] * 3

    def test_they_become_mouse_events(self) -> None:
        (press,) = Translator(on_position=lambda _: False).messages(pieces(b"\x1b[<0;150;7M")[0])
        assert isinstance(press, events.MouseDown)
        assert (press.x, press.y) == (149, 6)


class TestPaste:
    def test_it_is_one_piece_however_it_arrives(self) -> None:
        assert pieces(b"\x1b[200~kub", b"ectl\r\x1b[20", b"1~q") == [
            Piece(Kind.PASTE, "kubectl\r"),
            Piece(Kind.TEXT, "q"),
        ]

    def test_sequences_and_wrong_bytes_in_it_press_no_key(self) -> None:
        assert pieces(b"\x1b[200~D\x1b[A\xff\x00\x1b[201~") == [Piece(Kind.PASTE, "D\x1b[A")]

    def test_one_without_an_end_is_given_up_at_an_interrupt(self) -> None:
        assert pieces(b"\x1b[200~D", b"y\r", b"\x1b", b"\x03", b"j") == [Piece(Kind.TEXT, "j")]

    def test_an_interrupt_among_what_is_pasted_ends_nothing(self) -> None:
        assert pieces(b"\x1b[200~D\x03y", b"\x1b[201~") == [Piece(Kind.PASTE, "D\x03y")]

    def test_an_end_without_a_begin_is_nothing(self) -> None:
        assert pieces(b"\x1b[201~") == []


class TestNoise:
    def test_bytes_that_are_no_utf_8_are_dropped_and_the_rest_is_read(self) -> None:
        assert pieces(b"a\xffb\xe4\xbb", b"\x93c") == [Piece(Kind.TEXT, "ab"), Piece(Kind.TEXT, "仓c")]

    def test_late_answers_press_no_key(self) -> None:
        answers = (
            b"\x1b]11;rgb:1e1e/1e1e/1e1e\x07\x1bP>|XTerm(390)\x1b\\\x1b[?62;22c\x1b[0n\x1b[?2026;2$y\x1b_Gi=1;OK\x1b\\j"
        )
        assert [name for name in keys(answers) if name != "TerminalSupportsSynchronizedOutput"] == ["j"]

    def test_that_the_terminal_can_show_a_frame_at_once_is_told(self) -> None:
        told = Translator(on_position=lambda _: False).messages(pieces(b"\x1b[?2026;2$y")[0])
        assert [type(message) for message in told] == [TerminalSupportsSynchronizedOutput]

    def test_a_sequence_without_an_end_does_not_swallow_what_follows(self) -> None:
        assert pieces(b"\x1b[" + b"1;" * LONGEST, b"j")[-1:] == [Piece(Kind.TEXT, "j")]

    def test_a_key_of_a_character_that_there_is_not_is_nothing(self) -> None:
        assert keys(b"\x1b[99999999u\x1b[55296u\x1b[1:2:3;4:5u") == []

    def test_an_answer_about_the_cursor_goes_to_who_asked(self) -> None:
        translator = Translator(on_position=lambda column: column == 3)
        assert list(translator.messages(pieces(b"\x1b[1;3R")[0])) == []
        assert [type(message) for message in translator.messages(pieces(b"\x1b[1;5R")[0])] == [events.Key]

    @pytest.mark.parametrize("seed", range(4))
    def test_random_bytes_are_survived_and_the_next_key_is_heard(self, seed: int) -> None:
        dice = random.Random(seed)
        decoder, translator = Decoder(), Translator(on_position=lambda _: False)
        starts = [b"\x1b[", b"\x1b[<", b"\x1b[M", b"\x1b]", b"\x1bP", b"\x1bO", b"\x1b", b"\x1b[200~", b"\x1b[?"]
        for _ in range(2000):
            data = dice.choice(starts) + dice.randbytes(dice.randrange(40))
            for piece in decoder.feed(data) + (decoder.rest() if dice.random() < 0.3 else []):
                for message in translator.messages(piece):
                    assert message is not None
        decoder.feed(b"\x1b[201~")
        decoder.rest()
        assert decoder.feed(b"\x1b\\j")[-1:] in ([Piece(Kind.TEXT, "j")], [Piece(Kind.TEXT, "\\j")])
