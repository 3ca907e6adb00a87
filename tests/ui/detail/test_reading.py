"""What a person does with keys alone in a text and in logs."""

from __future__ import annotations

from pathlib import Path

from acp_tui.ui.screens.logs import LogsScreen
from acp_tui.ui.screens.text import TextScreen
from tests.ui.detail.scene import POD, scene
from tests.ui.detail.stage import stage


async def test_words_are_searched_and_walked_and_escape_ends_the_search_first() -> None:
    async with stage(lambda fake: TextScreen(POD)) as here:
        await here.press("slash", *"value", "enter", "n")
        assert "/value 2/60" in here.shown
        await here.press("escape")
        assert isinstance(here.screen, TextScreen)
        assert "/value" not in here.shown
        await here.press("escape")
        assert not isinstance(here.screen, TextScreen)


async def test_a_text_is_saved_for_its_owner_alone_and_never_over_another(tmp_path: Path) -> None:
    target = tmp_path / "pod.yaml"
    async with stage(lambda fake: TextScreen(POD)) as here:
        await here.press("s")
        await here.answer(str(target))
        assert here.said.startswith("Saved ")
        await here.press("s")
        await here.answer(str(target))
        assert "is there already" in here.said
    assert target.stat().st_mode & 0o777 == 0o600
    assert target.read_text() == scene().inspector.texts[POD.key]


async def test_a_description_has_conditions_and_events() -> None:
    async with stage(lambda fake: TextScreen(POD, what="describe")) as here:
        assert "ContainersNotReady" in here.shown
        assert 'Failed to pull image "registry/pay:1.9.2": not found' in here.shown
        assert "×5" in here.shown


async def test_logs_ask_for_another_container_the_one_before_and_times() -> None:
    async with stage(lambda fake: LogsScreen(POD)) as here:
        screen = here.screen
        assert isinstance(screen, LogsScreen)
        assert "request 59" in here.shown
        await here.press("c", "p", "t")
        asked = [each for each in here.fake.inspector.asked if each[0] == "logs"]
        assert asked == [
            ("logs", "api", True, False, False),
            ("logs", "sidecar", True, False, False),
            ("logs", "sidecar", False, True, False),
            ("logs", "sidecar", False, True, True),
        ]
        assert "sidecar 2/2 (before the last restart)" in here.shown
