"""Acts survive those who watch them, in a command or in a console, and hold between several who want the same."""

from __future__ import annotations

import asyncio
import json
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from acp_tui.clients.helm.engine import HelmEngine
from acp_tui.model.operation import Operation, OperationState, OutcomeKind
from acp_tui.model.plan import Intent, Verb
from acp_tui.model.recovery import Life
from testbed.bed import Bed
from tests.system.survival.desk import Desk, outcome_of, sitting
from tests.system.survival.steps import first_record, nth_object
from tests.terminal.ptys import Terminal

pytestmark = pytest.mark.system


class Viewers:
    """The program as people start it, with a state folder of its own."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.env = {
            **desk.bed.env(desk.kubeconfig),
            "XDG_STATE_HOME": str(desk.folder / "state"),
            "TERM": "xterm-256color",
        }
        for name in ("XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_RUNTIME_DIR"):
            self.env[name] = str(desk.folder / name)
        self.journal = desk.journal

    async def command(self, *words: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "acp_tui", *words, env=self.env, cwd=Path(__file__).parents[3],
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip

    async def rollback(self, *more: str) -> asyncio.subprocess.Process:
        words = ("release", "rollback", "shop", "-n", self.desk.namespace, "--to", "1", "--yes", "--engine", "helm4")
        return await self.command(*words, *more)

    async def said(self, *words: str) -> tuple[int | None, str]:
        running = await self.command(*words)
        told, _ = await asyncio.wait_for(running.communicate(), 60)
        return running.returncode, told.decode()

    def console(self) -> Terminal:
        env = {**self.env, "PYTHONPATH": str(Path(__file__).parents[3])}
        return Terminal([sys.executable, "-m", "acp_tui"], size=(120, 40), env=env)

    def running(self) -> Operation:
        (only,) = [each for each in self.journal.past() if not each.state.over]
        return only


@pytest.fixture
async def viewers(desk: Desk) -> Viewers:
    """Release shop stands at revision 2, and a rollback to 1 is what people want."""
    await asyncio.to_thread(desk.released, "1.0.0")
    await asyncio.to_thread(desk.released, "1.1.0", message="two")
    return Viewers(desk)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGHUP], ids=lambda each: signal.Signals(each).name)
async def test_a_command_that_is_killed_leaves_its_act_to_itself_and_the_next_one_follows_it(
    desk: Desk, viewers: Viewers, number: signal.Signals
) -> None:
    gone = desk.gate.hold(nth_object(2))
    command = await viewers.rollback()
    await asyncio.wait_for(gone.wait(), 60)
    command.send_signal(number)
    assert await asyncio.wait_for(command.wait(), 10) == -number
    id = viewers.running().id
    following = asyncio.ensure_future(viewers.said("journal", "follow", id))
    desk.gate.let_go()
    code, told = await following
    assert code == 0, told
    assert "performing rollback" in told, "what Helm said before anybody followed"
    assert "healthy: Rolled back shop to 1 as revision 3" in told
    assert (await desk.newest()) == (3, "deployed")


async def test_detached_a_command_says_the_id_and_ends(desk: Desk, viewers: Viewers) -> None:
    command = await viewers.rollback("--detach", "-o", "json")
    told, _ = await asyncio.wait_for(command.communicate(), 60)
    assert command.returncode == 0, told
    id = json.loads(told[told.index(b"{") :])["operation"]["id"]
    code, words = await viewers.said("journal", "follow", id, "-o", "json")
    assert code == 0, words
    assert json.loads(words)["operation"]["outcome"]["kind"] == "healthy"


async def test_ctrl_c_cancels_and_the_verdict_says_what_is_left(desk: Desk, viewers: Viewers) -> None:
    gone = desk.gate.hold(nth_object(2))
    command = await viewers.rollback()
    await asyncio.wait_for(gone.wait(), 60)
    command.send_signal(signal.SIGINT)
    told, _ = await asyncio.wait_for(command.communicate(), 60)
    assert command.returncode == 130, told
    assert b"revision 3 is pending-rollback" in told
    assert (await desk.newest()) == (3, "pending-rollback")


async def test_a_console_that_is_killed_finds_its_act_again_with_what_helm_said_and_the_verdict(
    desk: Desk, viewers: Viewers
) -> None:
    """In a terminal, and the second console in another one."""
    gone = desk.gate.hold(nth_object(2))

    def begin() -> None:
        with viewers.console() as terminal:
            terminal.shows("bed-east")
            terminal.send("3")
            terminal.until(lambda: re.search(r"╭─ Releases \d", terminal.text) is not None)
            terminal.send("/")
            terminal.send(desk.namespace)
            terminal.send("\r")
            terminal.until(lambda: re.search(r"Releases 1(/\d+)?  /", terminal.text) is not None)
            terminal.send("b")
            terminal.shows("planned", "as revision 3")
            terminal.send("y")
            terminal.shows("performing rollback")
            terminal.signal(signal.SIGKILL)
            terminal.wait()

    await asyncio.to_thread(begin)
    await asyncio.wait_for(gone.wait(), 60)

    loop = asyncio.get_running_loop()

    def find() -> None:
        with viewers.console() as terminal:
            terminal.shows("1 running")
            terminal.send("7")
            terminal.shows("rollback", "running")
            terminal.send("\r")
            terminal.shows("performing rollback")
            loop.call_soon_threadsafe(desk.gate.let_go)
            terminal.shows("Rolled back shop to 1 as revision 3", "pods ready", seconds=60)
            terminal.send("q")
            terminal.wait()

    await asyncio.to_thread(find)
    assert (await desk.newest()) == (3, "deployed")


async def test_of_two_machines_that_roll_back_at_once_one_comes_too_late_and_nothing_is_lost(desk: Desk) -> None:
    """Two folders of state are two machines: no lock of ours holds between them, the records of the release do."""
    await asyncio.to_thread(desk.released, "1.0.0")
    await asyncio.to_thread(desk.released, "1.1.0", message="two")
    first, second = desk.controller, desk.console(state="elsewhere")
    before = await asyncio.to_thread(desk.records)
    plans = [await each.plan(Intent(Verb.ROLLBACK, desk.ref, revision=1, engine="helm4")) for each in (first, second)]
    gone = desk.gate.hold(nth_object(1))
    begun = first.start(plans[0])
    await asyncio.wait_for(gone.wait(), 60)
    late = await asyncio.wait_for(second.wait(second.start(plans[1]).id), 60)
    assert outcome_of(late).kind is OutcomeKind.FAILED
    assert outcome_of(late).title == "Nothing was done to shop: shop moved since the plan was made"
    desk.gate.let_go()
    done = await asyncio.wait_for(first.wait(begun.id), 60)
    assert outcome_of(done).kind is OutcomeKind.HEALTHY, done.outcome
    after = await asyncio.to_thread(desk.records)
    assert set(before) < set(after)
    assert sorted(after.values()) == ["deployed", "superseded", "superseded"]
    assert await second.doctor.examine(desk.ref) == ()


async def test_of_two_helms_at_once_one_record_is_written(desk: Desk) -> None:
    """Both looked before either wrote: the name of the record decides, and the one that lost says so."""
    await asyncio.to_thread(desk.released, "1.0.0")
    await asyncio.to_thread(desk.released, "1.1.0", message="two")
    first, second = desk.controller, desk.console(state="elsewhere")
    plans = [await each.plan(Intent(Verb.ROLLBACK, desk.ref, revision=1, engine="helm4")) for each in (first, second)]
    gone = desk.gate.hold(first_record)
    begun = first.start(plans[0])
    await asyncio.wait_for(gone.wait(), 60)
    won = await asyncio.wait_for(second.wait(second.start(plans[1]).id), 60)
    assert outcome_of(won).kind is OutcomeKind.HEALTHY, won.outcome
    desk.gate.let_go()
    lost = await asyncio.wait_for(first.wait(begun.id), 60)
    assert outcome_of(lost).kind is OutcomeKind.FAILED, lost.outcome
    after = await asyncio.to_thread(desk.records)
    assert sorted(after.values()) == ["deployed", "superseded", "superseded"]
    assert await first.doctor.examine(desk.ref) == ()


async def test_an_api_server_that_dies_in_the_middle_is_waited_for_and_the_truth_is_told(
    private_bed: Bed, engines: Sequence[HelmEngine], tmp_path: Path
) -> None:
    """Killed with half of the objects written and back after Helm gave up: the record is read then, and leads out."""
    private_bed["east"].request("POST", "/api/v1/namespaces", {"metadata": {"name": "shop"}})
    async with sitting(private_bed, "shop", engines, tmp_path) as desk:
        await asyncio.to_thread(desk.released, "1.0.0")
        plan = await desk.plan(Verb.UPGRADE, "helm3", chart=desk.chart("1.1.0"), values="message: new")
        gone = desk.gate.hold(nth_object(2))
        away = asyncio.Event()

        def hear(operation: Operation) -> None:
            if any(step.id == "record" and step.note for step in operation.steps):
                away.set()

        desk.controller.subscribe(hear)
        begun = desk.controller.start(plan)
        await asyncio.wait_for(gone.wait(), 60)
        await asyncio.to_thread(private_bed["east"].api.kill)
        desk.gate.let_go()
        await asyncio.wait_for(away.wait(), 60)
        await asyncio.to_thread(private_bed["east"].restart_api)
        done = await asyncio.wait_for(desk.controller.wait(begun.id), 60)
        assert done.state is OperationState.FAILED, done
        assert "revision 2 is pending-upgrade" in outcome_of(done).evidence
        said = await desk.led_out("helm3")
        assert said[0].ailment.value == "pending-upgrade"
        assert said[0].life is Life.NOBODY
        done = await desk.act(Verb.UPGRADE, "helm3", chart=desk.chart("1.2.0"))
        assert outcome_of(done).kind is OutcomeKind.HEALTHY, done.outcome
