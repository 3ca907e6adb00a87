"""An undo is offered as long as the release stands where the act left it, and by one function everywhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import structs

from acp_tui.controllers.controller import Controller
from acp_tui.controllers.undo import never, undo_of
from acp_tui.model.errors import Refused, UsageError
from acp_tui.model.operation import Operation, OperationState, StepProgress, StepState
from acp_tui.model.plan import Intent, Verb
from acp_tui.model.release import Revision, Store
from tests.controllers.conftest import REF, intent, manifest
from tests.fakes.cluster import FakeCluster


def act(verb: Verb = Verb.ROLLBACK, **more: Any) -> Operation:
    fields: dict[str, Any] = {
        "state": OperationState.SUCCEEDED,
        "revision_before": 42,
        "revision_after": 43,
        "record_uid": "uid-43",
    }
    return Operation(id="op", verb=verb, release=REF, headline="h", started_at=1.0, **(fields | more))


def history(*revisions: int, status: str = "deployed") -> tuple[Revision, ...]:
    return tuple(Revision(REF, number, status, f"v{number}", uid=f"uid-{number}") for number in revisions)


@pytest.mark.parametrize(
    ("operation", "seen", "back"),
    [
        (act(Verb.ROLLBACK), history(43, 42, 41), Intent(Verb.ROLLBACK, REF, revision=42)),
        (act(Verb.UPGRADE, state=OperationState.FAILED), history(43, 42), Intent(Verb.ROLLBACK, REF, revision=42)),
        (act(Verb.DEPLOY, revision_before=None, revision_after=1, record_uid="uid-1"), history(1),
         Intent(Verb.UNINSTALL, REF)),
        (act(Verb.PAUSE, revision_after=None, record_uid=""), history(42), Intent(Verb.RESUME, REF)),
        (act(Verb.RESUME), history(43, 42), Intent(Verb.PAUSE, REF)),
        (act(Verb.UNINSTALL, revision_after=None, record_uid=""), history(42, 41, status="uninstalled"),
         Intent(Verb.ROLLBACK, REF, revision=42)),
        (act(Verb.ROLLBACK, record_uid=""), history(43, 42), Intent(Verb.ROLLBACK, REF, revision=42)),
    ],
)  # fmt: skip
def test_the_way_back_is_an_act_of_its_own(operation: Operation, seen: tuple[Revision, ...], back: Intent) -> None:
    assert never(operation) == ""
    assert undo_of(operation, seen) == back


@pytest.mark.parametrize(
    ("operation", "seen", "why"),
    [
        (act(), history(44, 43, 42), "moved since: it was left at revision 43, now the newest is 44"),
        (act(), history(42, 41), "moved since"),
        (act(record_uid="uid-other"), history(43, 42), "another one of that number"),
        (act(), (), "no record of the release is left"),
        (act(), history(43, 41), "revision 42 is no longer in the history"),
        (act(Verb.UNINSTALL), (), "its records went with it"),
        (act(Verb.UNINSTALL), history(1), "moved since: revision 1 is there"),
        (act(Verb.UNINSTALL), history(42), "moved since"),
    ],
)
def test_a_release_that_moved_is_not_taken_back(operation: Operation, seen: tuple[Revision, ...], why: str) -> None:
    assert never(operation) == ""
    with pytest.raises(Refused) as caught:
        undo_of(operation, seen)
    assert why in caught.value.title


CAPTAINS = structs.replace(REF, store=Store.CAPTAIN)


def captains(verb: Verb = Verb.UPGRADE, *, acted: bool = True) -> Operation:
    """An act on a HelmRequest that Captain could not carry out: the spec is written, no new revision stands."""
    step = StepProgress("act", "Captain", StepState.FAILED, started_at=2.0 if acted else None)
    made = act(verb, state=OperationState.FAILED, revision_after=None, record_uid="", steps=(step,))
    return structs.replace(made, release=CAPTAINS)


def test_a_spec_that_captain_could_not_apply_is_taken_back_to_what_runs() -> None:
    failed_now = (*history(43, status="failed"), *history(42))
    assert never(captains()) == ""
    assert undo_of(captains(), failed_now) == Intent(Verb.ROLLBACK, CAPTAINS, revision=42)
    with pytest.raises(Refused, match="now revision 44 is deployed"):
        undo_of(captains(), history(44, 43))
    assert "there is nothing to take back" in never(captains(acted=False))


@pytest.mark.parametrize(
    ("operation", "why"),
    [
        (act(state=OperationState.RUNNING), "it still runs"),
        (act(state=OperationState.VERIFYING), "it still runs"),
        (act(state=OperationState.LOST), "nobody saw how far it came"),
        (act(state=OperationState.REFUSED), "nothing was done"),
        (act(Verb.RESYNC), "nothing to take back"),
        (act(Verb.ADOPT), "nothing to take back"),
        (act(revision_after=None), "wrote no revision"),
        (act(Verb.DEPLOY, revision_after=None), "wrote no revision"),
        (act(Verb.UPGRADE, revision_before=None), "nothing to go back to"),
    ],
)
def test_some_acts_have_no_way_back_and_say_why(operation: Operation, why: str) -> None:
    assert why in never(operation)
    with pytest.raises(Refused, match="No undo of op"):
        undo_of(operation, history(43, 42))


def test_what_to_do_by_hand_is_said() -> None:
    with pytest.raises(Refused) as caught:
        undo_of(act(Verb.UNINSTALL, undo="deploy api 1.9.2 again"), ())
    assert caught.value.advice == "By hand: deploy api 1.9.2 again."


# over a cluster


async def test_a_rollback_is_undone_until_somebody_else_acts(controller: Controller, cluster: FakeCluster) -> None:
    done = await controller.wait(controller.start(await controller.plan(intent(Verb.ROLLBACK))).id)
    assert (done.revision_before, done.revision_after, bool(done.record_uid)) == (42, 43, True)
    back = await controller.undo(done.id)
    assert back == Intent(Verb.ROLLBACK, REF, revision=42)
    assert (await controller.plan(back)).allowed
    cluster.record("payments-api", 44, "deployed", manifest=manifest("1.9.3"))
    with pytest.raises(Refused, match="now the newest is 44"):
        await controller.undo(done.id)


async def test_another_console_undoes_from_the_journal(
    controller: Controller, make_controller: Callable[..., Controller]
) -> None:
    done = await controller.wait(controller.start(await controller.plan(intent(Verb.ROLLBACK))).id)
    assert await make_controller().undo(done.id) == Intent(Verb.ROLLBACK, REF, revision=42)


async def test_an_act_nobody_knows_has_no_undo(controller: Controller) -> None:
    with pytest.raises(UsageError, match="No operation 'what'"):
        await controller.undo("what")
