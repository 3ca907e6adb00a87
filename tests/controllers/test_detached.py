"""An act in a process of its own: what it is told, what it tells, who may follow and cancel it, what its end leaves."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec import structs

from acp_tui.clients.helm.engines import find_engines
from acp_tui.clients.kube.context import Auth, Context, ExecPlugin, Secret, Tls
from acp_tui.clients.kube.kubeconfig import load
from acp_tui.controllers.acts import Acts
from acp_tui.controllers.attached import Detached
from acp_tui.controllers.controller import Controller
from acp_tui.controllers.detached import Outposts
from acp_tui.controllers.errand import Engine, Errand, Post, decode, encode
from acp_tui.controllers.journal import Journal
from acp_tui.controllers.lock import is_held
from acp_tui.controllers.story import OUTPUT_LINES, ROOM, Reader, Story
from acp_tui.controllers.verify import Verify
from acp_tui.model.cluster import Role
from acp_tui.model.errors import Refused, UsageError
from acp_tui.model.operation import Operation, OperationState, OutcomeKind, StepProgress, StepState
from acp_tui.model.plan import Intent, Plan, Verb
from acp_tui.model.release import ReleaseRef
from acp_tui.sim.scenario.fleet import Scenery
from acp_tui.sim.scenario.fleet import fleet as demo_fleet
from acp_tui.sim.serve import serve, write_private

REF = ReleaseRef("prod-east", "shop", "payments-api")
STEPS = (StepProgress("journal", "Write the journal"), StepProgress("act", "helm rollback payments-api 41"))


def operation(id: str = "20261121T140700-abc123") -> Operation:
    return Operation(id, Verb.ROLLBACK, REF, "Roll back", OperationState.RUNNING, started_at=1000.0, steps=STEPS)


# what it is told


def errand(context: Context) -> Errand:
    plan = Plan("p", Intent(Verb.UPGRADE, REF, values="password: hunter2"), made_at=1.0)
    post = Post("prod-east", context, ("prod-east",), Role.WORKLOAD, production=True)
    engine = Engine(program="/usr/bin/helm", version=(4, 1, 0))
    return Errand(plan, operation(), (post,), engine, "/state/journal", Verify(), ("/etc/policy.yaml",), 7)


def test_an_errand_arrives_as_it_was_sent_with_the_credentials_in_it() -> None:
    plugin = ExecPlugin("aws", ("token",), env=(("AWS_SECRET", Secret(b"two")),))
    auth = Auth(token=Secret(b"one"), exec=plugin)
    sent = errand(Context("prod-east", "https://east:6443", auth=auth, tls=Tls(ca_data=b"PEM")))
    assert decode(encode(sent)) == sent


def test_an_errand_shows_no_secret_of_itself() -> None:
    assert "hunter2" not in repr(errand(Context("prod-east", "https://east:6443")))


def test_half_an_errand_begins_nothing(tmp_path: Path) -> None:
    """Whoever started the process was killed while it wrote."""
    told = encode(structs.replace(errand(Context("prod-east", "https://east:6443")), journal=str(tmp_path / "journal")))
    argv = [sys.executable, "-m", "acp_tui.controllers.detached"]
    done = subprocess.run(argv, input=told[:-40], cwd=Path(__file__).parents[2], check=False, timeout=60)
    assert done.returncode == 1
    assert not (tmp_path / "journal").exists()


def test_a_runner_begins_without_what_only_screens_and_later_steps_need() -> None:
    """It is there for every act: what takes long to import is imported when it is needed, or never."""
    heavy = ("textual", "rich", "aiohttp", "kubernetes_asyncio", "yaml", "acp_tui.fleet", "acp_tui.ui", "acp_tui.sim")
    code = f"import acp_tui.controllers.detached, sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


# what it tells


def test_a_story_is_read_along_and_is_private(tmp_path: Path) -> None:
    path = tmp_path / "story"
    story, first = Story(path), operation()
    reader = Reader(path, first)
    story.tell(first)
    acting = structs.replace(STEPS[1], state=StepState.RUNNING, started_at=1001.0)
    now = structs.replace(first, steps=(STEPS[0], acting))
    story.tell(now)
    for line in ("preparing", "rolling back"):
        now = structs.replace(now, output=(*now.output, line))
        story.tell(now)
    assert reader.read() == now
    assert reader.began
    over = structs.replace(now, state=OperationState.SUCCEEDED, revision_after=43)
    story.tell(over)
    assert reader.read() == over
    assert reader.read() is reader.read()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_line_that_is_half_written_waits_for_its_end(tmp_path: Path) -> None:
    path = tmp_path / "story"
    path.write_bytes(b'{"said":"one"}\n{"said":"tw')
    reader = Reader(path, operation())
    assert reader.read().output == ("one",)
    with path.open("ab") as file:
        file.write(b'o"}\nnot json\n{"said":"three"}\n')
    assert reader.read().output == ("one", "two", "three")


def test_a_story_is_bounded_and_its_states_are_told_to_the_end(tmp_path: Path) -> None:
    path = tmp_path / "story"
    story, now = Story(path), operation()
    story.tell(now)
    for number in range(2 * ROOM // 1000):
        now = structs.replace(now, output=(*now.output, f"{number} {'x' * 1000}")[-OUTPUT_LINES:])
        story.tell(now)
    story.tell(structs.replace(now, state=OperationState.FAILED))
    assert path.stat().st_size < ROOM + 10_000
    assert Reader(path, operation()).read().state is OperationState.FAILED


# who follows it


async def test_an_act_of_another_process_is_followed_to_its_verdict(tmp_path: Path) -> None:
    journal, begun = Journal(tmp_path), operation()
    record, story = journal.begin(begun), Story(journal.beside(begun.id, "story"))
    story.tell(begun)
    acts = Acts(Journal(tmp_path))
    seen: list[Operation] = []
    heard = asyncio.Event()

    def hear(state: Operation) -> None:
        seen.append(state)
        heard.set()

    acts.subscribe(hear)
    waiting = asyncio.ensure_future(acts.wait(begun.id))
    story.tell(structs.replace(begun, output=("rolling back",)))
    await asyncio.wait_for(heard.wait(), 5)
    assert seen[-1].output == ("rolling back",)
    record.end(structs.replace(begun, state=OperationState.SUCCEEDED, ended_at=1052.0))
    done = await asyncio.wait_for(waiting, 5)
    assert (done.state, done.output) == (OperationState.SUCCEEDED, ("rolling back",))


async def test_what_others_begin_is_seen_while_one_attends(tmp_path: Path) -> None:
    acts = Acts(Journal(tmp_path))
    seen = asyncio.Event()
    acts.subscribe(lambda each: seen.set())
    acts.attend()
    record = Journal(tmp_path).begin(operation())
    await asyncio.wait_for(seen.wait(), 10)
    await acts.close()
    record.close()


async def test_an_act_whose_process_is_gone_is_lost_for_those_who_follow(tmp_path: Path) -> None:
    """What it wrote is known as far as it told."""
    record, story = Journal(tmp_path).begin(operation()), Story(tmp_path / f"{operation().id}.story")
    story.tell(structs.replace(operation(), revision_after=43))
    acts = Acts(Journal(tmp_path))
    waiting = asyncio.ensure_future(acts.wait(operation().id))
    await asyncio.sleep(0)
    record.close()
    lost = await asyncio.wait_for(waiting, 5)
    assert (lost.state, lost.revision_after) == (OperationState.LOST, 43)


async def test_the_output_of_an_act_that_is_over_is_still_there(tmp_path: Path) -> None:
    journal, begun = Journal(tmp_path), operation()
    record, story = journal.begin(begun), Story(journal.beside(begun.id, "story"))
    story.tell(begun)
    story.tell(structs.replace(begun, output=("rolling back",)))
    record.end(structs.replace(begun, state=OperationState.SUCCEEDED))
    assert Acts(Journal(tmp_path)).operation(begun.id).output == ("rolling back",)


async def test_a_cancel_that_nobody_hears_says_where_to_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal lies on a disk that another machine shares."""
    monkeypatch.setattr("acp_tui.controllers.attached.DEAF_SECONDS", 0.0)
    begun = structs.replace(operation(), user="anna@elsewhere")
    record = Journal(tmp_path).begin(begun)
    acts = Acts(Journal(tmp_path))
    with pytest.raises(Refused) as refused:
        await acts.cancel(begun.id)
    assert "anna@elsewhere" in refused.value.advice
    await acts.close()
    record.close()


def test_an_act_nobody_knows_is_no_act(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        Acts(Journal(tmp_path)).operation("20261121T140700-ffffff")


# one that runs


class Desk:
    """Two consoles of one user at the simulated fleet."""

    def __init__(self, posts: Outposts, folder: Path) -> None:
        self.posts = posts
        self.folder = folder
        self.engines = find_engines({})

    def console(self, *, steady: float = 0.2) -> Controller:
        return Controller(
            self.posts,
            engines=lambda: self.engines,
            journal=Journal(self.folder / "journal"),
            verify=Verify(deadline_seconds=60, steady_seconds=steady, poll_seconds=0.1),
            launch=Detached(),
        )

    def words(self, pid: int) -> list[str]:
        """What its command line says after the name of the program."""
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[1:-1]

    async def free(self) -> None:
        """The last thing a runner gives back is the lock."""
        async with asyncio.timeout(10):
            while True:
                if not is_held(self.folder / "locks", REF):
                    return
                await asyncio.sleep(0.02)

    def pid(self, id: str) -> int:
        return int(json.loads((self.folder / "journal" / f"{id}.jsonl").read_bytes().splitlines()[0])["pid"])


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    pytest.importorskip("helm_python")
    specs = [spec for spec in demo_fleet(Scenery(pace=0.05, scale=0.2)) if spec.name == "prod-east"]
    async with serve(specs) as box:
        kubeconfig = tmp_path / "kubeconfig"
        write_private(kubeconfig, box.kubeconfig())
        context = load([kubeconfig]).context("prod-east")
        posts = Outposts((Post("prod-east", context, ("prod-east",), Role.WORKLOAD, production=True),))
        yield Desk(posts, tmp_path)
        await posts.close()


async def test_an_act_needs_no_terminal_and_nobody_who_watches(desk: Desk) -> None:
    first, second = desk.console(), desk.console()
    plan = await first.plan(Intent(Verb.ROLLBACK, REF, revision=41))
    begun = first.start(plan)
    with pytest.raises(Refused, match="being worked on"):
        second.start(plan)
    await first.begun(begun.id)
    pid = desk.pid(begun.id)
    assert os.getsid(pid) == pid
    assert [os.readlink(f"/proc/{pid}/fd/{number}") for number in (0, 1)] == ["/dev/null", "/dev/null"]
    assert desk.words(pid) == ["-P", "-m", "acp_tui.controllers.detached"]
    os.kill(pid, signal.SIGHUP)
    await first.close()

    done = await asyncio.wait_for(second.wait(begun.id), 60)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.HEALTHY, done.outcome
    assert done.revision_after == 43
    assert done.output, "what Helm said is there, though the first console is gone"
    await desk.free()
    left = {path.suffix for path in (desk.folder / "journal").iterdir() if path.stem == begun.id}
    assert left == {".jsonl", ".story"}


async def test_any_console_cancels_it(desk: Desk) -> None:
    """While a verdict is waited for a cancel ends the waiting."""
    first, second = desk.console(steady=600), desk.console()
    verifying = asyncio.Event()
    first.subscribe(lambda each: verifying.set() if each.state is OperationState.VERIFYING else None)
    begun = first.start(await first.plan(Intent(Verb.ROLLBACK, REF, revision=41)))
    await asyncio.wait_for(verifying.wait(), 60)
    await asyncio.wait_for(second.cancel(begun.id), 30)
    done = await asyncio.wait_for(first.wait(begun.id), 30)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.NOT_PROVEN
    assert "ended by hand" in done.outcome.title


async def test_sigterm_of_the_runner_is_a_clean_cancel(desk: Desk) -> None:
    console = desk.console()
    begun = console.start(await console.plan(Intent(Verb.ROLLBACK, REF, revision=41)))
    await console.begun(begun.id)
    os.kill(desk.pid(begun.id), signal.SIGTERM)
    done = await asyncio.wait_for(console.wait(begun.id), 60)
    assert done.outcome is not None
    assert done.outcome.kind in (OutcomeKind.CANCELLED, OutcomeKind.NOT_PROVEN)
    assert done.state is not OperationState.LOST


async def test_a_runner_that_cannot_begin_did_nothing_and_says_why(desk: Desk) -> None:
    console = desk.console()
    plan = await console.plan(Intent(Verb.ROLLBACK, REF, revision=41))
    (desk.folder / "journal").parent.mkdir(exist_ok=True)
    console._launch = Detached(env={**os.environ, "PYTHONHOME": "/nonexistent"})
    done = await asyncio.wait_for(console.wait(console.start(plan).id), 30)
    assert done.outcome is not None
    assert done.outcome.kind is OutcomeKind.FAILED
    assert done.outcome.title == "Nothing was done to payments-api: its runner did not begin"
    assert done.outcome.evidence
