"""The acts of this machine, running and past, whoever began them: listed, followed, waited for, cancelled."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from acp_tui.controllers.attached import PAUSE, Following
from acp_tui.controllers.journal import Journal
from acp_tui.controllers.story import Reader, with_story
from acp_tui.controllers.work import Act
from acp_tui.model.errors import UsageError
from acp_tui.model.operation import Operation

WATCH_SECONDS = 2.0
"""How soon an act that another process began is seen here."""


class Acts:
    """Those in one journal; used from one event loop."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._operations: dict[str, Operation] = {}
        self._running: dict[str, tuple[Act, asyncio.Task[Operation]]] = {}
        self._attending: asyncio.Task[None] | None = None
        self._listeners: list[Callable[[Operation], None]] = []

    async def cancel(self, id: str) -> None:
        """Asks a running operation to stop and returns when Helm is over; one that is over already is left alone.

        Raises Refused where its process cannot be reached from this machine.
        """
        act, _ = self._attached(id) or (None, None)
        if act is not None:
            await act.cancel()

    async def begun(self, id: str) -> Operation:
        """The operation as soon as the journal has it, or it is over: from then on it needs nobody."""
        while True:
            operation = self.operation(id)
            if operation.state.over or self._journal.find(id) is not None:
                return operation
            await asyncio.sleep(PAUSE)

    async def wait(self, id: str) -> Operation:
        """The operation once it is over, whoever began it; cancelling the wait does not cancel the operation."""
        _, task = self._attached(id) or (None, None)
        return await asyncio.shield(task) if task is not None else self.operation(id)

    def attend(self) -> None:
        """From now on follows what any process of this user runs on this machine, until `close`."""
        self._attending = self._attending or asyncio.ensure_future(self._attend())

    async def close(self) -> None:
        """Ends the following. Acts that run in processes of their own go on."""
        tasks: list[asyncio.Task[Any]] = [task for _, task in self._running.values()]
        if self._attending is not None:
            tasks.append(self._attending)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def operation(self, id: str) -> Operation:
        """One operation, running or past, with its output as far as it is kept; raises UsageError for an unknown id."""
        known = self._operations.get(id)
        if known is None:
            known = self._journal.find(id)
            if known is None:
                raise UsageError(f"No operation {id!r}", advice="Activity lists them all")
            known = with_story(known, Reader(self._journal.beside(id, "story"), known).read())
        return known

    def operations(self) -> tuple[Operation, ...]:
        """Running and past ones, newest first, with those that other acp-tui processes journal here."""
        known = {each.id: each for each in self._journal.past()} | self._operations
        return tuple(sorted(known.values(), key=lambda each: (each.started_at, each.id), reverse=True))

    def bound(self) -> tuple[Operation, ...]:
        """Running ones that end when this program does; none where acts have processes of their own."""
        return tuple(self._operations[id] for id, (act, _) in self._running.items() if not act.lasting)

    def subscribe(self, callback: Callable[[Operation], None]) -> Callable[[], None]:
        """Calls back on the loop with every new state of an operation; returns what ends that."""
        self._listeners.append(callback)

        def unsubscribe() -> None:
            if callback in self._listeners:
                self._listeners.remove(callback)

        return unsubscribe

    def _follow(self, id: str, act: Act) -> tuple[Act, asyncio.Task[Operation]]:
        followed = self._running[id] = (act, asyncio.ensure_future(self._run(id, act)))
        return followed

    async def _run(self, id: str, act: Act) -> Operation:
        try:
            return await act.run()
        finally:
            self._running.pop(id, None)

    def _attached(self, id: str) -> tuple[Act, asyncio.Task[Operation]] | None:
        """What follows a running operation; one of another process is attached to now. None for what is over."""
        known = self._running.get(id)
        if known is None:
            operation = self._journal.find(id)
            if operation is not None and not operation.state.over:
                self._operations[id] = operation
                known = self._follow(id, Following(operation, self._journal, self._changed))
        return known

    async def _attend(self) -> None:
        while True:
            for operation in await asyncio.to_thread(self._journal.past):
                if not operation.state.over and operation.id not in self._running and self._attached(operation.id):
                    self._changed(operation)
            await asyncio.sleep(WATCH_SECONDS)

    def _changed(self, operation: Operation) -> None:
        """Tells the listeners in the loop's next round, so that one which fails cannot break the act."""
        self._operations[operation.id] = operation
        loop = asyncio.get_running_loop()
        for callback in tuple(self._listeners):
            loop.call_soon(callback, operation)
