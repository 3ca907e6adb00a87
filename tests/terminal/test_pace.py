"""What is under way on a slow line is bounded by what its terminal says; one that says nothing holds up nothing."""

from __future__ import annotations

from acp_tui.terminal.pace import ASK_FROM, NARROWEST, QUESTION, SILENCE_SECONDS, SILENCES, WIDEST, Pace
from tests.terminal.line import Line


def flooded(line: Line, *, seconds: float, frame: int = 4000, every: float = 0.1) -> float:
    """Frames for so long, each sent when it may be; the longest that one waited on the line."""
    longest = 0.0
    begin = line.now
    for number in range(int(seconds / every)):
        line.until(begin + number * every)
        if line.pace.free:
            line.send(bytes(frame))
            longest = max(longest, line.lag)
    return longest


class TestSlowLine:
    def test_what_is_under_way_stays_small_where_more_is_wanted_than_the_line_carries(self) -> None:
        line = Line(rate=30_000, delay=0.02)
        # Two frames of 133 ms: the one that is drawn, and one behind it.
        assert flooded(line, seconds=60) < 0.27

    def test_five_frames_a_second_leave_room_for_a_key(self) -> None:
        line = Line(rate=30_000, delay=0.02)
        assert flooded(line, seconds=60, frame=2000, every=0.2) < 0.15

    def test_without_questions_it_grows_without_end(self) -> None:
        line = Line(rate=30_000, delay=0.02, asks=False)
        assert flooded(line, seconds=20) > 5

    def test_a_fast_line_is_not_held_up_however_long_it_is(self) -> None:
        line = Line(rate=5_000_000, delay=0.25)
        for number in range(100):
            line.until(number * 0.1)
            assert line.pace.free
            line.send(bytes(4000))

    def test_a_line_that_becomes_slow_is_noticed_and_one_that_becomes_fast_again_too(self) -> None:
        line = Line(rate=5_000_000, delay=0.05)
        flooded(line, seconds=3)
        line.rate = 20_000
        flooded(line, seconds=5)
        assert line.pace.window < 4 * NARROWEST
        line.rate = 5_000_000
        flooded(line, seconds=30)
        assert line.pace.window == WIDEST


class TestQuestions:
    def test_small_frames_are_never_asked_after(self) -> None:
        pace = Pace()
        pace.begin(0.01)
        assert all(pace.add(bytes(150)) == bytes(150) for _ in range(ASK_FROM // 150))

    def test_a_terminal_that_never_answered_is_never_asked(self) -> None:
        pace = Pace()
        assert all(not pace.add(bytes(9000)).endswith(QUESTION) and pace.free for _ in range(99))

    def test_one_that_falls_silent_is_waited_for_a_few_times_and_then_no_more(self) -> None:
        now = [0.0]
        pace = Pace(clock=lambda: now[0])
        pace.begin(0.01)
        waits = 0
        for _ in range(20):
            pace.add(bytes(WIDEST))
            if not pace.free:
                waits += 1
                assert 0 < pace.patience <= SILENCE_SECONDS
                now[0] += pace.patience
                assert pace.free
        assert waits == SILENCES
        assert not pace.awaits
        pace.answered()
        pace.add(bytes(WIDEST))
        assert not pace.free

    def test_an_answer_to_nothing_is_nothing(self) -> None:
        pace = Pace()
        pace.begin(0.01)
        pace.answered()
        assert pace.free
