"""Acts on a HelmRequest survive the console too, and what a killed runner leaves is Captain's to finish."""

from __future__ import annotations

import asyncio
import json
import os
import signal

from acp_tui.controllers.attached import Detached
from acp_tui.model.operation import Operation, OperationState, OutcomeKind, StepState
from acp_tui.model.plan import Verb
from tests.controllers.captain.conftest import Console


async def test_an_act_whose_console_is_gone_goes_on_to_its_verdict(console: Console) -> None:
    async with console(launch=Detached()) as desk:
        begun = desk.controller.start(await desk.plan(Verb.ROLLBACK, revision=1))
        await desk.controller.begun(begun.id)
        await desk.controller.close()
        done = await asyncio.wait_for(desk.spare().wait(begun.id), 60)
        assert done.outcome is not None
        assert done.outcome.kind is OutcomeKind.HEALTHY, done.outcome
        assert any("HelmRequest web-east written" in line for line in done.output)


async def test_a_runner_killed_after_it_wrote_leaves_the_rest_to_captain_and_the_next_look_says_so(
    console: Console,
) -> None:
    async with console(launch=Detached(), steady=30) as desk:
        verifying = asyncio.Event()

        def hear(operation: Operation) -> None:
            if any(step.id == "verify" and step.state is StepState.RUNNING for step in operation.steps):
                verifying.set()

        desk.controller.subscribe(hear)
        begun = desk.controller.start(await desk.plan(Verb.ROLLBACK, revision=1))
        await asyncio.wait_for(verifying.wait(), 60)
        first_line = (desk.journal / f"{begun.id}.jsonl").read_bytes().splitlines()[0]
        os.kill(json.loads(first_line)["pid"], signal.SIGKILL)
        lost = await asyncio.wait_for(desk.controller.wait(begun.id), 60)
        assert lost.state is OperationState.LOST
        assert lost.outcome is not None
        assert lost.outcome.title.endswith("revision 3 is deployed")
        assert lost.outcome.evidence == ("its records are in order, and nobody works on it",)
