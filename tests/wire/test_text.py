"""Text from outside cannot steer the terminal or hide what it says."""

from __future__ import annotations

import json

import pytest

from acp_tui.wire.text import clean, clean_json, one_line


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("\x1b]52;c;aGk=\x07", "␛]52;c;aGk=␇"),
        ("\x1b[2J", "␛[2J"),
        ("\x9b2J", "�2J"),
        ("\x90q\x9c", "�q�"),
        ("a\u202eb", "a�b"),
        ("a\u200bb", "a�b"),
        ("\ufeffa", "�a"),
        ("a\x7fb", "a�b"),
        ("a\nb\tc\r", "a␊b␉c␍"),
        ("\ud800", "�"),
        ("\U000e0041", "�"),
    ],
)
def test_what_a_terminal_would_obey_or_hide_becomes_visible(hostile: str, shown: str) -> None:
    assert clean(hostile) == shown


@pytest.mark.parametrize(
    "harmless", ["", "web-7d4b", "生产环境 集群", "é ü ñ", "● ▲ ✖", "[/]oops [@click=app.quit]x[/]"]
)
def test_other_text_stays_as_it_is(harmless: str) -> None:
    assert clean(harmless) == harmless
    assert json.loads(clean_json(json.dumps(harmless).encode())) == harmless
    assert json.loads(clean_json(json.dumps(harmless, ensure_ascii=False).encode())) == harmless


def test_lines_of_logs_keep_newline_and_tab() -> None:
    assert clean("one\r\n\ttwo\x1b[0m", multiline=True) == "one\n\ttwo␛[0m"


def test_one_line_folds_white_space_and_shows_the_cut() -> None:
    assert one_line("back-off\n  restarting\tfailed\x1b") == "back-off restarting failed␛"
    assert one_line("abcdefgh", limit=5) == "abcd…"


@pytest.mark.parametrize("escaped", [True, False], ids=["escaped", "raw"])
@pytest.mark.parametrize(
    "hostile",
    [
        "\x7f",
        "\x9b2J",
        "a\u202eb",
        "\u200b",
        "\u2028",
        "\ufeff",
        "\u061c",
        "\u00ad",
        "\ufff9",
        "\U000e0041",
        "中\u2066文",
    ],
)
def test_json_decodes_to_what_clean_would_have_made_of_each_string(hostile: str, escaped: bool) -> None:
    data = json.dumps({"message": hostile}, ensure_ascii=escaped).encode()

    assert json.loads(clean_json(data)) == {"message": clean(hostile)}


@pytest.mark.parametrize(
    "hostile", ["\x1b[31m", "\x00", "\b", "\f", "\r", '"\x1b', "\\\x1b", "\\\\\x07", "\x01\\u001b"]
)
def test_escaped_controls_are_found_whatever_backslashes_stand_around_them(hostile: str) -> None:
    assert json.loads(clean_json(json.dumps(hostile).encode())) == clean(hostile)


def test_a_backslash_that_only_looks_like_an_escape_is_left_alone() -> None:
    text = "C:\\u001b\\r\\n"

    assert json.loads(clean_json(json.dumps({"path": text, "other": "\x1b"}).encode()))["path"] == text


def test_newline_and_tab_survive_in_json_and_crlf_becomes_a_newline() -> None:
    assert json.loads(clean_json(rb'"a\n\tb\r\nc"')) == "a\n\tb\nc"


def test_bytes_that_are_not_utf8_and_lone_surrogates_do_not_spoil_the_page() -> None:
    assert json.loads(clean_json(b'["\xff\xfe", "ok"]')) == ["��", "ok"]
    assert json.loads(clean_json(rb'["\ud83d", "\udc00x", "\ud83d\ude00"]')) == ["�", "�x", "😀"]
