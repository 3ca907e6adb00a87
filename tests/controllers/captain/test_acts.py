"""Acts on a release that Captain keeps go through its HelmRequest, and end with a verdict of the cluster."""

from __future__ import annotations

import json

from acp_tui.controllers.journal import Journal
from acp_tui.controlplane.settings import Settings
from acp_tui.model.operation import OperationState, OutcomeKind
from acp_tui.model.plan import CheckResult, EffectAction, ValuesMode, Verb
from acp_tui.model.release import OwnerKind
from tests.controllers.captain.conftest import IN_EAST, Console, check
from tests.controlplane.conftest import REQUESTS


async def test_a_rollback_writes_version_and_values_of_the_record_and_keeps_the_old_spec(console: Console) -> None:
    async with console() as desk:
        plan = await desk.plan(Verb.ROLLBACK)
        assert (plan.owner.kind, plan.owner.name, plan.engine) == (OwnerKind.HELMREQUEST, "web-east", "Captain")
        assert plan.intent.revision == 1
        assert "through HelmRequest web-east (global)" in plan.headline
        assert [(each.action, each.ref.name) for each in plan.effects] == [(EffectAction.UPDATE, "web")]
        assert check(plan, "server").result is CheckResult.PASS, check(plan, "server")
        done = await desk.act(Verb.ROLLBACK)
        assert done.outcome is not None
        assert done.outcome.kind is OutcomeKind.HEALTHY, done.outcome
        assert done.outcome.title.startswith("Rolled back web to 1 as revision 3 · ")
        request = await desk.scene.request()
        assert (request["spec"]["version"], request["spec"]["values"]) == ("1.0.0", {"replicas": 2})
        kept = json.loads(request["metadata"]["annotations"]["last-spec"])
        assert (kept["version"], kept["values"]) == ("1.1.0", {"replicas": 3})
        assert await desk.scene.statuses() == [(1, "superseded"), (2, "superseded"), (3, "deployed")]


async def test_an_upgrade_changes_version_and_values(console: Console) -> None:
    async with console() as desk:
        plan = await desk.plan(Verb.UPGRADE, version="1.0.0", values="replicas: 1", values_mode=ValuesMode.REUSE)
        assert check(plan, "render").result is CheckResult.PASS, check(plan, "render")
        assert plan.target_chart == "web 1.0.0"
        assert [each.action for each in plan.effects] == [EffectAction.UPDATE]
        done = await desk.controller.wait(desk.controller.start(plan).id)
        assert done.outcome is not None
        assert done.outcome.kind is OutcomeKind.HEALTHY, done.outcome
        request = await desk.scene.request()
        assert (request["spec"]["version"], request["spec"]["values"]) == ("1.0.0", {"replicas": 1})


async def test_a_missing_version_warns_and_then_fails_whatever_the_conditions_say(console: Console) -> None:
    async with console() as desk:
        plan = await desk.plan(Verb.UPGRADE, version="9.9.9", values_mode=ValuesMode.REUSE)
        assert check(plan, "chart").result is CheckResult.WARN
        assert "9.9.9 is not in the catalog (it has 1.2.0, 1.1.0, 1.0.0)" in check(plan, "chart").evidence
        done = await desk.controller.wait(desk.controller.start(plan).id)
        assert done.state is OperationState.FAILED
        assert done.outcome is not None
        assert done.outcome.title == "Captain could not upgrade web: cannot find version 9.9.9 for chart web.demo"
        assert "roll back to 2, which runs" in done.outcome.advice
        request = await desk.scene.request()
        assert {each["status"] for each in request["status"]["conditions"]} == {"True"}

        back = await desk.plan(Verb.ROLLBACK)
        assert back.intent.revision == 2, "what runs is what is gone back to"
        assert "its conditions look fine" in check(back, "phase").evidence
        healed = await desk.act(Verb.ROLLBACK)
        assert healed.outcome is not None
        assert healed.outcome.kind is OutcomeKind.HEALTHY, healed.outcome


async def test_a_failed_attempt_stays_in_our_journal_when_captain_deletes_it(console: Console) -> None:
    async with console() as desk:
        done = await desk.act(Verb.UPGRADE, version="1.2.0", values_mode=ValuesMode.REUSE)
        assert done.outcome is not None
        assert done.outcome.kind is OutcomeKind.FAILED
        assert done.outcome.title.startswith("Captain could not upgrade web: UPGRADE FAILED: job failed: ")
        (attempt,) = [line for line in done.outcome.evidence if line.startswith("revision 3 (web 1.2.0) failed: ")][:1]
        healed = await desk.act(Verb.ROLLBACK, revision=1)
        assert healed.outcome is not None
        assert healed.outcome.title.startswith("Rolled back web to 1 as revision 3 · "), "its number is used again"
        assert await desk.scene.statuses() == [(1, "superseded"), (2, "superseded"), (3, "deployed")]
        past = Journal(desk.journal).past()
        told = next(each for each in past if each.id == done.id)
        assert told.outcome is not None
        assert attempt in told.outcome.evidence


async def test_what_the_server_refuses_is_refused_before_the_request_is_changed(console: Console) -> None:
    async with console() as desk:
        plan = await desk.plan(Verb.UPGRADE, values="replicas: three", values_mode=ValuesMode.REUSE)
        assert [each.id for each in plan.refusals] == ["server"]


async def test_an_uninstall_deletes_the_request_and_sees_the_objects_go(console: Console) -> None:
    async with console() as desk:
        plan = await desk.plan(Verb.UNINSTALL)
        assert plan.confirm == "web"
        assert [each.action for each in plan.effects] == [EffectAction.DELETE]
        done = await desk.controller.wait(desk.controller.start(plan).id)
        assert done.outcome is not None
        assert done.outcome.kind is OutcomeKind.HEALTHY, done.outcome
        await desk.scene.gone(desk.scene.main, f"{REQUESTS}/web-east")


async def test_a_deletion_that_a_hook_blocks_says_so_and_is_no_success(console: Console) -> None:
    async with console(chart="hooky") as desk:
        done = await desk.act(Verb.UNINSTALL)
        assert done.outcome is not None
        assert done.outcome.kind is OutcomeKind.FAILED
        assert "job failed: " in done.outcome.title
        assert "HelmRequest web-east stays as long as Captain fails" in done.outcome.advice
        again = await desk.plan(Verb.UNINSTALL)
        assert check(again, "deleting").result is CheckResult.WARN


async def test_pause_and_resume_are_marks_on_the_request(console: Console) -> None:
    async with console() as desk:
        paused = await desk.act(Verb.PAUSE)
        assert paused.outcome is not None
        assert paused.outcome.title.startswith("Paused web: Captain leaves it as it is · ")
        plan = await desk.plan(Verb.ROLLBACK)
        assert [each.id for each in plan.refusals] == ["paused"]
        assert plan.refusals[0].advice == "Resume it first."
        resumed = await desk.act(Verb.RESUME)
        assert resumed.outcome is not None
        assert resumed.outcome.kind is OutcomeKind.HEALTHY, resumed.outcome
        assert "captain-no-sync" not in (await desk.scene.request())["metadata"]["annotations"]


async def test_to_resume_what_was_changed_meanwhile_changes_nobody_knows_what(console: Console) -> None:
    """A cap on restarts is not kept by it, and no effect of the plan is taken for all there is."""
    async with console() as desk:
        await desk.act(Verb.PAUSE)
        plan = await desk.plan(Verb.RESUME)
        assert "render" not in {each.id for each in plan.checks}
        await desk.scene.change("web-east", version="1.0.0")
        plan = await desk.plan(Verb.RESUME)
        assert check(plan, "render").result is CheckResult.UNKNOWN
        assert plan.allowed


async def test_a_request_kept_in_a_workload_cluster_is_changed_there(console: Console) -> None:
    async with console(kept_in_east=True) as desk:
        plan = await desk.plan(Verb.ROLLBACK)
        assert "through HelmRequest web (east)" in plan.headline
        done = await desk.act(Verb.ROLLBACK)
        assert done.outcome is not None
        assert done.outcome.kind is OutcomeKind.HEALTHY, done.outcome
        spec = (await desk.scene.get(desk.scene.east, f"{IN_EAST}/web"))["spec"]
        assert (spec["version"], spec["values"]) == ("1.0.0", {"replicas": 2})
        assert await desk.scene.statuses() == [(1, "superseded"), (2, "superseded"), (3, "deployed")]
        resync = await desk.plan(Verb.RESYNC)
        assert [each.id for each in resync.refusals] == ["reach"], "Captain looks at its spec alone there"


async def test_adoption_is_a_mark_on_the_request(console: Console) -> None:
    async with console() as desk:
        done = await desk.act(Verb.ADOPT)
        assert done.outcome is not None
        assert done.outcome.kind is OutcomeKind.HEALTHY, done.outcome
        assert (await desk.scene.request())["metadata"]["annotations"]["captain-force-adopt-resources"] == "true"


async def test_a_resync_makes_a_new_revision_of_the_same(console: Console) -> None:
    async with console() as desk:
        done = await desk.act(Verb.RESYNC)
        assert done.outcome is not None
        assert done.outcome.kind is OutcomeKind.HEALTHY, done.outcome
        assert done.revision_after == 3


async def test_sources_of_values_are_said_before_a_rollback(console: Console) -> None:
    async with console() as desk:
        base = {"metadata": {"name": "base"}, "data": {"values.yaml": "message: hello"}}
        await desk.scene.post(desk.scene.main, "/api/v1/namespaces/cpaas-system/configmaps", base)
        await desk.scene.change("web-east", valuesFrom=[{"configMapKeyRef": {"name": "base"}}], version="1.0.0")
        await desk.scene.synced("1.0.0")
        plan = await desk.plan(Verb.ROLLBACK)
        found = check(plan, "values-from")
        assert found.result is CheckResult.WARN
        assert "ConfigMap base (values.yaml)" in found.evidence


async def test_a_request_that_was_changed_since_the_plan_is_planned_again(console: Console) -> None:
    async with console() as desk:
        plan = await desk.plan(Verb.ROLLBACK)
        await desk.scene.change("web-east", values={"replicas": 4})
        done = await desk.controller.wait(desk.controller.start(plan).id)
        assert done.outcome is not None
        assert "was changed since the plan was made" in done.outcome.title
        assert (await desk.scene.request())["spec"]["values"] == {"replicas": 4}


async def test_what_a_request_has_no_words_for_is_refused(console: Console) -> None:
    async with console() as desk:
        plan = await desk.plan(Verb.UPGRADE, chart="demo/other", no_hooks=True)
        assert {each.id for each in plan.refusals} == {"options", "chart"}


async def test_the_recorded_build_that_gives_a_deletion_up_ends_with_what_the_cluster_says(console: Console) -> None:
    async with console(Settings(first_retry=0.1, poll=0.05, give_up_deletion=1), chart="hooky") as desk:
        done = await desk.act(Verb.UNINSTALL)
        assert done.outcome is not None
        assert done.outcome.kind is not OutcomeKind.HEALTHY, "its objects are still there"
