"""While a plan is made, whoever waits hears what is being asked."""

from __future__ import annotations

from acp_tui.controllers.controller import Controller
from acp_tui.model.plan import Verb
from tests.controllers.conftest import intent


async def test_planning_tells_records_objects_and_each_dry_run(controller: Controller) -> None:
    heard: list[str] = []
    plan = await controller.plan(intent(Verb.ROLLBACK, revision=41), told=heard.append)
    assert heard[0] == "asking prod-east for its kinds and the release's records"
    assert [words for words in heard if words.startswith("reading record")] == [
        "reading record 42", "reading record 41",
    ]  # fmt: skip
    assert "reading 2 live objects" in heard
    tried = [words for words in heard if words.startswith("dry run")]
    asked = sum(effect.server is not None for effect in plan.effects)
    assert len(tried) >= asked
    assert tried[-1] == f"dry run {len(tried)} of {len(tried)}"
