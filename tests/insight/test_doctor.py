"""Each state a release can be stuck in, what is said of it, and the least act that is offered."""

from __future__ import annotations

import pytest
from msgspec import structs

from acp_tui.insight.doctor import Case, diagnose
from acp_tui.insight.life import HookState, Signs, judge
from acp_tui.model.operation import OutcomeKind
from acp_tui.model.recovery import Act, Ailment, Life
from acp_tui.model.release import ReleaseRef, Revision, Store

REF = ReleaseRef("east", "shop", "web")
NOW = 100_000.0
LONG_AGO = NOW - 50_000


def case(*states: str, **more: object) -> Case:
    """A release with these states, newest first, last written long ago."""
    history = tuple(
        Revision(REF, len(states) - index, state, "x", updated_at=LONG_AGO - index * 1000)
        for index, state in enumerate(states)
    )
    plain = Case(REF, history, NOW, payload=states[0] if states else "", signs=Signs(NOW, LONG_AGO))
    return structs.replace(plain, **more)


def acts(case: Case) -> list[Act]:
    return [remedy.act for remedy in diagnose(case)[0].remedies]


@pytest.mark.parametrize(
    ("states", "more", "ailment", "offered"),
    [
        (("pending-install",), {}, Ailment.PENDING_INSTALL, [Act.MARK_FAILED, Act.UNINSTALL]),
        (("pending-upgrade", "deployed"), {"changed": 0}, Ailment.PENDING_UPGRADE, [Act.MARK_FAILED, Act.ROLL_BACK]),
        (("pending-upgrade", "deployed"), {"changed": 2}, Ailment.PENDING_UPGRADE, [Act.ROLL_BACK, Act.MARK_FAILED]),
        (("pending-upgrade", "deployed"), {}, Ailment.PENDING_UPGRADE, [Act.ROLL_BACK, Act.MARK_FAILED]),
        (("pending-rollback", "failed", "superseded"), {}, Ailment.PENDING_ROLLBACK, [Act.ROLL_BACK, Act.MARK_FAILED]),
        (("uninstalling",), {}, Ailment.UNINSTALLING, [Act.UNINSTALL, Act.ROLL_BACK, Act.LET_GO]),
        (("failed", "superseded"), {}, Ailment.NOTHING_DEPLOYED, [Act.ROLL_BACK]),
        (("failed",), {}, Ailment.NOTHING_DEPLOYED, [Act.UNINSTALL]),
        (("deployed", "deployed"), {}, Ailment.SEVERAL_DEPLOYED, [Act.MARK_SUPERSEDED]),
        (("deployed",), {"unreadable": {1: "it is not gzip data"}}, Ailment.UNREADABLE, [Act.SET_ASIDE]),
        (("deployed",), {"payload": "failed"}, Ailment.LABEL_DIFFERS, [Act.REPAIR_LABEL]),
        (("deployed",), {"record_bytes": 1_000_000}, Ailment.TOO_LARGE, []),
        (("deployed",), {"has_chart": False}, Ailment.CHART_GONE, []),
        (("deployed",), {"request_chart": "no chart version found"}, Ailment.CHART_GONE, []),
    ],
)
def test_a_state_is_recognised_and_the_least_act_comes_first(
    states: tuple[str, ...], more: dict[str, object], ailment: Ailment, offered: list[Act]
) -> None:
    found = diagnose(case(*states, **more))
    assert found[0].ailment is ailment
    assert [remedy.act for remedy in found[0].remedies] == offered
    assert found[0].sentence.endswith(".")


@pytest.mark.parametrize("states", [("deployed",), ("deployed", "superseded"), ("failed", "deployed"), ()])
def test_a_release_that_helm_can_go_on_with_is_well(states: tuple[str, ...]) -> None:
    assert diagnose(case(*states)) == ()


@pytest.mark.parametrize(
    ("states", "more", "ailment", "offered"),
    [
        (("pending-upgrade", "deployed"), {"changed": 0}, Ailment.PENDING_UPGRADE, [Act.ROLL_BACK]),
        (("deployed", "deployed"), {}, Ailment.SEVERAL_DEPLOYED, [Act.WAIT]),
        (("deployed",), {"payload": "failed"}, Ailment.LABEL_DIFFERS, [Act.WAIT]),
        (("uninstalling",), {}, Ailment.UNINSTALLING, [Act.UNINSTALL, Act.ROLL_BACK]),
        (("uninstalling",), {"request": "held by captain.cpaas.io"}, Ailment.REQUEST_HANGS,
         [Act.WAIT, Act.FREE_REQUEST]),
        (("deployed",), {"record_bytes": 1_000_000}, Ailment.TOO_LARGE, []),
    ],
)  # fmt: skip
def test_of_captains_releases_only_what_captain_can_do_is_offered(
    states: tuple[str, ...], more: dict[str, object], ailment: Ailment, offered: list[Act]
) -> None:
    captains = case(*states, **more)
    found = diagnose(structs.replace(captains, ref=structs.replace(REF, store=Store.CAPTAIN)))
    assert found[0].ailment is ailment
    assert [remedy.act for remedy in found[0].remedies] == offered


def test_a_rollback_held_by_its_hook_is_offered_without_hooks() -> None:
    hook = HookState("migrate", ("pre-rollback",), recorded="Running", there=True, failed=True, ended_at=LONG_AGO)
    stuck = case("pending-rollback", "failed", "superseded", signs=Signs(NOW, LONG_AGO, hooks=(hook,)))
    assert acts(stuck)[0] is Act.ROLL_BACK_NO_HOOKS
    assert "its hook migrate failed" in diagnose(stuck)[0].sentence


def test_a_failing_delete_hook_is_told_apart_from_an_uninstall_that_was_killed() -> None:
    hook = HookState("goodbye", ("pre-delete",), recorded="Running", there=True, failed=True, ended_at=NOW - 5)
    (found,) = diagnose(case("uninstalling", signs=Signs(NOW, NOW - 5, hooks=(hook,))))
    assert found.ailment is Ailment.DELETE_HOOK
    assert [remedy.act for remedy in found.remedies] == [Act.UNINSTALL_NO_HOOKS, Act.ROLL_BACK_NO_HOOKS, Act.LET_GO]


CONFLICT = (
    'Upgrade "shop" failed: conflict occurred while applying object default/front apps/v1, Kind=Deployment: Apply '
    'failed with 1 conflict: conflict with "kubectl" with subresource "scale" using apps/v1: .spec.replicas'
)
IMMUTABLE = 'Deployment.apps "front" is invalid: spec.selector: Invalid value: {"app":"other"}: field is immutable'


def test_a_field_of_another_manager_is_taken_over_by_going_back_or_by_applying_again() -> None:
    """A plain rollback would meet the same conflict, so it is not among the ways out."""
    (found,) = diagnose(case("failed", "deployed", description=CONFLICT))
    assert found.ailment is Ailment.FIELD_CONFLICT
    assert found.sentence == (
        "Revision 2 failed at Deployment front: spec.replicas set by kubectl, and Helm does not take it over."
    )
    assert [(each.act, each.revisions) for each in found.remedies] == [
        (Act.ROLL_BACK_TAKE_OVER, (1,)),
        (Act.APPLY_TAKE_OVER, (2,)),
    ]


@pytest.mark.parametrize("frame", ["", 'cannot patch "front" with kind Deployment: '])
def test_an_immutable_field_names_the_object_and_the_field_and_spares_its_pods(frame: str) -> None:
    (found,) = diagnose(case("failed", "deployed", description=f'Upgrade "shop" failed: {frame}{IMMUTABLE}'))
    assert found.ailment is Ailment.IMMUTABLE_FIELD
    assert found.sentence == ("Revision 2 failed at Deployment front: spec.selector cannot be changed once it is made.")
    back, delete = found.remedies
    assert (back.act, back.revisions) == (Act.ROLL_BACK, (1,))
    assert delete.act is Act.DELETE_ORPHAN
    assert delete.object is not None
    assert (delete.object.group, delete.object.kind, delete.object.name) == ("apps", "Deployment", "front")


def test_any_other_failure_over_a_deployed_revision_is_no_state_to_be_led_out_of() -> None:
    assert diagnose(case("failed", "deployed", description='Upgrade "shop" failed: timed out')) == ()


def test_what_was_proven_bad_is_nothing_to_go_back_to() -> None:
    stuck = case("pending-upgrade", "superseded", proofs={1: OutcomeKind.REGRESSED})
    assert acts(stuck) == [Act.MARK_FAILED, Act.UNINSTALL]


class TestLife:
    def test_our_own_operation_means_somebody_is_at_it_and_nothing_else_is_offered(self) -> None:
        stuck = case("pending-upgrade", "deployed", signs=Signs(NOW, LONG_AGO, ours="upgrade 20261121-1"))
        assert acts(stuck) == [Act.WAIT]

    def test_a_hook_that_runs_is_work_until_the_deadline_and_a_doubt_after_it(self) -> None:
        hook = HookState("migrate", recorded="Running", there=True, active=True)
        assert judge(Signs(NOW, NOW - 100, hooks=(hook,)))[0] is Life.WORKING
        assert judge(Signs(NOW, LONG_AGO, hooks=(hook,)))[0] is Life.UNCLEAR

    def test_a_hook_that_ended_unnoticed_proves_that_nobody_waits_for_it(self) -> None:
        hook = HookState("migrate", recorded="Running", there=True, ended_at=NOW - 90)
        life, evidence = judge(Signs(NOW, NOW - 120, hooks=(hook,)))
        assert life is Life.NOBODY
        assert "hook migrate ended 1 m ago; the record says Running" in evidence

    def test_a_young_record_is_a_doubt_and_an_old_one_is_nobodys(self) -> None:
        assert judge(Signs(NOW, NOW - 60))[0] is Life.UNCLEAR
        assert judge(Signs(NOW, NOW - 631))[0] is Life.NOBODY
        assert judge(Signs(NOW, None))[0] is Life.UNCLEAR
