"""An act on records that is killed between its copy and its last write can be told, and put back."""

from __future__ import annotations

from pathlib import Path

import pytest

from acp_tui.clients.helm.records import Records
from acp_tui.controllers.doctor.backup import Backups
from acp_tui.controllers.doctor.repair import Repair
from acp_tui.model.errors import Refused
from acp_tui.model.recovery import Act
from tests.controllers.conftest import REF, Stopwatch
from tests.fakes.records import FakeRecordServer, Killed


@pytest.fixture
def server() -> FakeRecordServer:
    """Revisions 1, 2 and 3, which all say deployed."""
    server = FakeRecordServer()
    for number in (1, 2, 3):
        server.record(REF.name, number, "deployed")
    return server


@pytest.fixture
def backups(tmp_path: Path) -> Backups:
    return Backups(tmp_path)


@pytest.fixture
def repair(server: FakeRecordServer, backups: Backups, stopwatch: Stopwatch) -> Repair:
    return Repair(server, REF, backups, clock=stopwatch)


async def supersede(server: FakeRecordServer, repair: Repair, *numbers: int) -> None:
    history = {each.revision: each for each in await Records(server).history(REF)}
    await repair.run("act-1", Act.MARK_SUPERSEDED, [history[number] for number in numbers])


def states(server: FakeRecordServer) -> list[str]:
    """What the payloads say, which must be what the labels say."""
    found = []
    for number in (1, 2, 3):
        status = str(server.release(REF.name, number)["info"]["status"])
        path = f"/api/v1/namespaces/shop/secrets/sh.helm.release.v1.{REF.name}.v{number}"
        assert server.objects[path]["metadata"]["labels"]["status"] == status
        found.append(status)
    return found


async def test_killed_between_copy_and_write_nothing_changed_and_nothing_is_to_put_back(
    server: FakeRecordServer, repair: Repair, backups: Backups
) -> None:
    server.killed_before = 1
    with pytest.raises(Killed):
        await supersede(server, repair, 1)
    assert states(server) == ["deployed", "deployed", "deployed"]
    with pytest.raises(Refused, match="There is nothing to put back") as caught:
        await repair.put_back(backups.newest(REF))
    assert caught.value.tried == "act act-1 ended before it wrote: all is as it was saved"
    await supersede(server, repair, 1)
    assert states(server) == ["superseded", "deployed", "deployed"], "it can be done again"


async def test_killed_after_a_write_what_was_written_is_put_back_and_the_rest_left_alone(
    server: FakeRecordServer, repair: Repair, backups: Backups
) -> None:
    server.killed_after = 1
    with pytest.raises(Killed):
        await supersede(server, repair, 1, 2)
    assert states(server) == ["superseded", "deployed", "deployed"]
    written = await repair.put_back(backups.newest(REF))
    assert written.words == "1 record put back"
    assert states(server) == ["deployed", "deployed", "deployed"]


async def test_a_record_that_somebody_wrote_after_the_kill_is_not_put_back(
    server: FakeRecordServer, repair: Repair, backups: Backups
) -> None:
    server.killed_after = 1
    with pytest.raises(Killed):
        await supersede(server, repair, 1)
    server.restate(REF.name, 1, "failed")
    with pytest.raises(Refused, match="was written since"):
        await repair.put_back(backups.newest(REF))
    assert states(server)[0] == "failed"
