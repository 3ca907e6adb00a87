"""The process an act runs in: a session of its own, no terminal, nobody needed, over when the verdict is reached.

Its standard input brings the errand. It takes over the lock it inherited, holds the journal record, tells the story
beside it, and listens at a pipe of the file system for a wish to cancel; SIGTERM is the same wish.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from acp_tui.clients.helm.engine import HelmEngine
from acp_tui.clients.helm.records import Records
from acp_tui.clients.kube.context import Context
from acp_tui.clients.kube.discovery import Kinds, discover
from acp_tui.clients.kube.http import Dialer, HttpTransport
from acp_tui.config.locks import FileLock
from acp_tui.config.policy import load_policies
from acp_tui.controllers.errand import CANCEL, Errand, Post, decode
from acp_tui.controllers.gate import GatedClusters
from acp_tui.controllers.guardrails import Guardrails, admit
from acp_tui.controllers.journal import Journal
from acp_tui.controllers.keep import Keep
from acp_tui.controllers.lock import holder, sign
from acp_tui.controllers.refusal import refusal
from acp_tui.controllers.seams import Cluster, KindTable
from acp_tui.controllers.story import Story
from acp_tui.controllers.work import Work, runner_of
from acp_tui.model.cluster import Role
from acp_tui.model.errors import AcpTuiError, EngineError, Refused
from acp_tui.model.release import Store

assert sys.platform != "win32"  # noqa: S101 - there an act runs in the process that began it


def main() -> int:
    """Ends with 1 where nobody told it the whole errand: then nothing was begun."""
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    told = sys.stdin.buffer.read()
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    _forget_import_path()
    try:
        errand = decode(told)
    except msgspec.DecodeError:
        return 1
    asyncio.run(carry_out(errand))
    return 0


async def carry_out(errand: Errand) -> None:
    journal = Journal(Path(errand.journal))
    id, plan = errand.operation.id, errand.plan
    lock = FileLock(errand.lock)
    os.set_inheritable(errand.lock, False)
    sign(lock, holder(errand.operation))
    posts = Outposts(errand.posts)
    clusters = GatedClusters(posts)
    judged = Guardrails(lambda: load_policies(errand.policies)).judge(
        plan, clusters.session(plan.intent.release.cluster)
    )
    try:
        admit(judged, confirmed=plan.confirm)
    except Refused as error:
        journal.refuse(refusal(errand.operation, judged, error))
        return
    if plan.intent.release.store is Store.CAPTAIN:
        await posts.learn()
    story = Story(journal.beside(id, "story"))
    journal.beside(id, "err").unlink(missing_ok=True)
    work = Work(
        plan=plan,
        operation=errand.operation,
        changed=story.tell,
        clusters=clusters,
        engine=lambda: _engine(errand),
        kinds=_kinds,
        records=Records,
        journal=journal,
        verify=errand.verify,
        keep=Keep(journal.kept),
    )
    runner = runner_of(work, lock)
    wishes: set[asyncio.Task[None]] = set()

    def cancel() -> None:
        wishes.add(asyncio.ensure_future(runner.cancel()))

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, cancel)
    try:
        with Ear(journal.beside(id, "ear"), cancel):
            await runner.run()
        await asyncio.gather(*wishes, return_exceptions=True)
    finally:
        story.close()
        lock.release()
        await posts.close()


async def _engine(errand: Errand) -> HelmEngine:
    if errand.engine is None:
        raise EngineError("No Helm engine is found")
    return errand.engine.open(os.environ)


async def _kinds(cluster: Cluster) -> KindTable:
    return cluster.kinds or await discover(cluster.transport)


class Outpost:
    """One cluster, dialled when it is first asked."""

    def __init__(self, post: Post, dial: Dialer) -> None:
        self.context: Context = post.context
        self.transport: HttpTransport = dial(post.context)
        self.kinds: Kinds | None = None
        self.store = _Standing(post)


class _Standing:
    def __init__(self, post: Post) -> None:
        self.names: tuple[str, ...] = post.names
        self.role: Role = post.role
        self.production: bool = post.production
        self.last_known: float | None = None


class Outposts:
    """The few clusters that one act needs."""

    def __init__(self, posts: Sequence[Post]) -> None:
        dial = Dialer()
        self._posts = {post.name: Outpost(post, dial) for post in posts}

    @property
    def names(self) -> Sequence[str]:
        return tuple(self._posts)

    def session(self, name: str) -> Outpost:
        return self._posts[name]

    async def learn(self) -> None:
        """Asks each for its kinds; one that does not answer keeps none, and says so when it is asked for claims."""

        async def ask(post: Outpost) -> None:
            with contextlib.suppress(AcpTuiError):
                post.kinds = await discover(post.transport)

        await asyncio.gather(*map(ask, self._posts.values()))

    async def close(self) -> None:
        for post in self._posts.values():
            await post.transport.close()


class Ear:
    """A named pipe that only this user can write to; without one, where the disk has none, SIGTERM is left."""

    def __init__(self, path: Path, cancel: Callable[[], None]) -> None:
        self._path = path
        self._cancel = cancel
        self._file = -1

    def __enter__(self) -> None:
        with contextlib.suppress(OSError):
            os.mkfifo(self._path, 0o600)
            # Open for writing too, so that it does not end with the first who said something.
            self._file = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
            asyncio.get_running_loop().add_reader(self._file, self._hear)

    def __exit__(self, *_: object) -> None:
        if self._file >= 0:
            asyncio.get_running_loop().remove_reader(self._file)
            os.close(self._file)
        self._path.unlink(missing_ok=True)

    def _hear(self) -> None:
        with contextlib.suppress(BlockingIOError):
            if CANCEL in os.read(self._file, 4096):
                self._cancel()


def _forget_import_path() -> None:
    """What let us find this package is nothing for the programs we start."""
    theirs = os.environ.pop("PYTHONPATH", "").partition(os.pathsep)[2]
    if theirs:
        os.environ["PYTHONPATH"] = theirs


if __name__ == "__main__":
    sys.exit(main())
