"""One version over several clusters: in order, each after the verdict of the last, no further than the first red."""

from __future__ import annotations

import asyncio
import base64
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import structs

from acp_tui.clients.helm.records import Records
from acp_tui.controllers.rollouts.journal import ABANDONED_SECONDS, KEPT
from acp_tui.controllers.rollouts.rollouts import Rollouts
from acp_tui.model.errors import Refused, UsageError
from acp_tui.model.operation import OutcomeKind
from acp_tui.model.plan import Check, CheckResult, ValuesMode, Verb
from acp_tui.model.release import ReleaseRef, Store
from acp_tui.model.rollout import LegState, Rollout, RolloutState, ValuesOf, Wish
from tests.fakes.acts import FakeActs
from tests.fakes.cluster import FakeCluster, FakeFleet

SECRET = "hunter2-the-password"


def chart(version: str, name: str = "api") -> dict[str, Any]:
    template = base64.b64encode(b"kind: ConfigMap").decode()
    return {
        "metadata": {"name": name, "version": version},
        "templates": [{"name": "templates/a.yaml", "data": template}],
    }


def place(name: str, *versions: str, status: str = "deployed", **values: Any) -> FakeCluster:
    """A cluster in which `pay` went through these versions."""
    made = FakeCluster(name)
    for number, version in enumerate(versions, 1):
        state = status if number == len(versions) else "superseded"
        made.record("pay", number, state, chart=chart(version), config=values)
    return made


def ref(cluster: str, store: Store = Store.SECRET) -> ReleaseRef:
    return ReleaseRef(cluster, "shop", "pay", store)


STAGING = place("staging", "1.0.0", "1.1.0", replicas=1, password=SECRET)


@pytest.fixture
def acts() -> FakeActs:
    return FakeActs()


@pytest.fixture
def make(tmp_path: Path, acts: FakeActs) -> Callable[..., Rollouts]:
    def made(*clusters: FakeCluster) -> Rollouts:
        return Rollouts(acts, FakeFleet(STAGING, *clusters), folder=tmp_path / "rollouts", records=Records)

    return made


def wish(*targets: str, **more: Any) -> Wish:
    more.setdefault("revision", 2)
    return Wish(more.pop("source", ref("staging")), targets=tuple(ref(each) for each in targets), **more)


def states(rollout: Rollout) -> dict[str, LegState]:
    return {leg.release.cluster: leg.state for leg in rollout.legs}


async def run(rollouts: Rollouts, made: Wish) -> Rollout:
    plan = await rollouts.plan(made)
    assert plan.allowed, plan.refused
    return await rollouts.wait(rollouts.start(plan).id)


async def test_each_cluster_is_upgraded_with_its_own_values_on_the_chart_of_the_source(
    make: Callable[..., Rollouts], acts: FakeActs
) -> None:
    plan = await make(place("east", "1.0.0", replicas=9)).plan(wish("east"))
    intent = acts.intents[0]
    assert (intent.verb, intent.release, intent.group) == (Verb.UPGRADE, ref("east"), plan.rollout.id)
    assert intent.values == "replicas: 9\n"
    assert intent.values_mode is ValuesMode.RESET
    assert "1.1.0" in (Path(intent.chart) / "Chart.yaml").read_text()
    assert plan.rollout.legs[0].before == "1.0.0"
    assert plan.plans[0] is not None
    assert plan.plans[0].headline == "upgrade pay to 1.1.0 of staging, with its own values"


async def test_the_values_of_the_source_are_taken_where_that_is_asked_for(
    make: Callable[..., Rollouts], acts: FakeActs
) -> None:
    await make(place("east", "1.0.0", replicas=9)).plan(wish("east", values=ValuesOf.SOURCE))
    assert acts.intents[0].values == f"password: {SECRET}\nreplicas: 1\n"


async def test_where_it_is_not_there_yet_it_is_deployed(make: Callable[..., Rollouts], acts: FakeActs) -> None:
    plan = await make(FakeCluster("east")).plan(wish("east"))
    assert (acts.intents[0].verb, acts.intents[0].values) == (Verb.DEPLOY, "")
    assert plan.plans[0] is not None
    assert plan.plans[0].headline.endswith("with the values of the chart: it has none of its own yet")


async def test_a_version_that_failed_at_its_source_is_doubted(make: Callable[..., Rollouts]) -> None:
    broken = place("north", "1.0.0", "1.2.0", status="failed")
    rollouts = make(broken, place("east", "1.0.0"))
    plan = await rollouts.plan(wish("east", source=ref("north")))
    assert plan.rollout.doubt == "revision 2 is failed in north itself"
    assert (await rollouts.plan(wish("east"))).rollout.doubt == ""


async def test_an_earlier_version_is_gone_back_to_as_the_cluster_had_it(
    make: Callable[..., Rollouts], acts: FakeActs
) -> None:
    plan = await make(place("east", "1.0.0", "1.1.0", "1.2.0", status="failed")).plan(wish("east"))
    assert (acts.intents[0].verb, acts.intents[0].revision) == (Verb.ROLLBACK, 2)
    assert plan.rollout.legs[0].before == "1.2.0"


async def test_an_earlier_version_that_the_cluster_never_had_is_an_upgrade_to_it(
    make: Callable[..., Rollouts], acts: FakeActs
) -> None:
    await make(place("east", "1.2.0")).plan(wish("east"))
    assert acts.intents[0].verb is Verb.UPGRADE


async def test_where_it_runs_already_nothing_is_done(make: Callable[..., Rollouts], acts: FakeActs) -> None:
    rollouts = make(place("east", "1.1.0"), place("west", "1.0.0"))
    done = await run(rollouts, wish("east", "west"))
    assert states(done) == {"east": LegState.NOTHING, "west": LegState.HEALTHY}
    assert acts.started == ["upgrade west"]
    assert done.state is RolloutState.DONE


async def test_a_failed_revision_of_that_version_is_not_there_already(
    make: Callable[..., Rollouts], acts: FakeActs
) -> None:
    await make(place("east", "1.0.0", "1.1.0", status="failed")).plan(wish("east"))
    assert acts.intents[0].verb is Verb.UPGRADE


async def test_another_chart_under_the_same_name_is_refused(make: Callable[..., Rollouts]) -> None:
    east = FakeCluster("east")
    east.record("pay", 1, "deployed", chart=chart("7.0.0", "bitnami-pay"))
    plan = await make(east).plan(wish("east"))
    assert not plan.allowed
    assert "bitnami-pay there, api here" in plan.refused[0].note


async def test_a_release_of_captain_changes_its_request_by_version_alone(
    make: Callable[..., Rollouts], acts: FakeActs, monkeypatch: pytest.MonkeyPatch
) -> None:
    west = place("west", "1.0.0", replicas=4)
    captain = ref("west", Store.CAPTAIN)
    monkeypatch.setattr(Records, "history", _as_secret(Records.history))
    monkeypatch.setattr(Records, "body", _as_secret(Records.body))
    await make(west).plan(Wish(ref("staging"), 2, (captain,)))
    intent = acts.intents[0]
    assert (intent.chart, intent.version, intent.values) == ("", "1.1.0", "")
    assert intent.values_mode is ValuesMode.REUSE


def _as_secret(real: Any) -> Any:
    async def read(self: Records, release: ReleaseRef, *rest: Any) -> Any:
        return await real(self, ReleaseRef(release.cluster, release.namespace, release.name), *rest)

    return read


async def test_a_request_for_several_clusters_is_refused_with_the_right_way(
    make: Callable[..., Rollouts], acts: FakeActs
) -> None:
    acts.checks["east"] = Check("reach", "It touches east alone", CheckResult.WARN, "this HelmRequest is for all")
    plan = await make(place("east", "1.0.0")).plan(wish("east"))
    assert not plan.allowed
    assert "this HelmRequest is for all" in plan.refused[0].note
    assert "acp-tui release upgrade" in plan.refused[0].note


async def test_clusters_come_one_after_the_other_in_the_order_given(
    make: Callable[..., Rollouts], acts: FakeActs
) -> None:
    acts.gates["west"] = asyncio.Event()
    rollouts = make(place("east", "1.0.0"), place("west", "1.0.0"))
    plan = await rollouts.plan(wish("west", "east"))
    seen: list[dict[str, LegState]] = []
    rollouts.subscribe(lambda rollout: seen.append(states(rollout)))
    rollouts.start(plan)
    await acts.awaited["west"].wait()
    assert states(rollouts.rollout(plan.rollout.id))["east"] is LegState.WAITING
    acts.gates["west"].set()
    done = await rollouts.wait(plan.rollout.id)
    assert acts.started == ["upgrade west", "upgrade east"]
    assert done.state is RolloutState.DONE
    assert {"west": LegState.RUNNING, "east": LegState.WAITING} in seen


@pytest.mark.parametrize(
    "kind", [OutcomeKind.REGRESSED, OutcomeKind.FAILED, OutcomeKind.NOT_PROVEN, OutcomeKind.RESIDUE]
)
async def test_it_stops_at_the_first_that_is_not_healthy(
    make: Callable[..., Rollouts], acts: FakeActs, kind: OutcomeKind
) -> None:
    acts.ends["east"] = kind
    rollouts = make(*(place(name, "1.0.0") for name in ("north", "east", "west")))
    done = await run(rollouts, wish("north", "east", "west"))
    assert states(done) == {"north": LegState.HEALTHY, "east": LegState.RED, "west": LegState.WAITING}
    assert acts.started == ["upgrade north", "upgrade east"]
    assert done.state is RolloutState.STOPPED
    assert done.legs[1].note == f"{kind.value}: {kind.value} there"


async def test_what_was_begun_goes_back_in_reverse_order(make: Callable[..., Rollouts], acts: FakeActs) -> None:
    acts.ends["east"] = OutcomeKind.REGRESSED
    rollouts = make(*(place(name, "1.0.0") for name in ("north", "east", "west")))
    done = await run(rollouts, wish("north", "east", "west"))
    acts.ends["east"] = OutcomeKind.RESIDUE
    back = await rollouts.plan_undo(done.id)
    assert [leg.release.cluster for leg in back.rollout.legs] == ["east", "north"]
    assert back.rollout.undoes == done.id
    undone = await rollouts.wait(rollouts.start(back).id)
    assert acts.started[2:] == ["rollback east", "rollback north"]
    assert undone.state is RolloutState.DONE


async def test_the_way_back_is_planned_also_where_one_cluster_moved_since(
    make: Callable[..., Rollouts], acts: FakeActs
) -> None:
    rollouts = make(place("east", "1.0.0"), place("west", "1.0.0"))
    done = await run(rollouts, wish("east", "west"))
    acts.undone["west"] = Refused("No undo: pay moved since")
    back = await rollouts.plan_undo(done.id)
    assert [leg.release.cluster for leg in back.refused] == ["west"]
    assert not back.allowed
    assert back.chosen(("east",)).allowed


async def test_nothing_begins_while_one_cluster_refuses(make: Callable[..., Rollouts], acts: FakeActs) -> None:
    acts.checks["west"] = Check("quota", "Fits the quota", CheckResult.REFUSE, "2 cores short")
    rollouts = make(place("east", "1.0.0"), place("west", "1.0.0"))
    plan = await rollouts.plan(wish("east", "west"))
    with pytest.raises(Refused) as error:
        rollouts.start(plan)
    assert "west: Fits the quota: 2 cores short" in error.value.tried
    assert acts.started == []
    without = plan.chosen(("east",))
    assert states(await rollouts.wait(rollouts.start(without).id)) == {"east": LegState.HEALTHY}


async def test_a_refusal_in_the_middle_stops_it_there(make: Callable[..., Rollouts], acts: FakeActs) -> None:
    """A freeze that begins between two clusters, or somebody else at the release."""
    acts.refuses["east"] = Refused("Frozen since 18:00")
    rollouts = make(*(place(name, "1.0.0") for name in ("north", "east", "west")))
    done = await run(rollouts, wish("north", "east", "west"))
    assert states(done) == {"north": LegState.HEALTHY, "east": LegState.REFUSED, "west": LegState.WAITING}
    assert done.legs[1].note == "Frozen since 18:00"


async def test_cancelled_it_stops_with_the_cluster_that_runs(make: Callable[..., Rollouts], acts: FakeActs) -> None:
    acts.gates["east"] = asyncio.Event()
    rollouts = make(place("east", "1.0.0"), place("west", "1.0.0"))
    plan = await rollouts.plan(wish("east", "west"))
    rollouts.start(plan)
    await acts.awaited["east"].wait()
    await rollouts.cancel(plan.rollout.id)
    done = rollouts.rollout(plan.rollout.id)
    assert states(done) == {"east": LegState.RED, "west": LegState.WAITING}
    assert acts.cancelled == ["op-1"]


async def test_after_a_killed_console_the_truth_is_told_and_it_goes_on(
    make: Callable[..., Rollouts], acts: FakeActs
) -> None:
    """The act in the middle ends by itself; nothing new begins until somebody looks."""
    acts.gates["east"] = asyncio.Event()
    clusters = [place(name, "1.0.0") for name in ("north", "east", "west")]
    killed = make(*clusters)
    plan = await killed.plan(wish("north", "east", "west"))
    killed.start(plan)
    await acts.awaited["east"].wait()
    killed._running[plan.rollout.id][1].cancel()
    await asyncio.sleep(0)

    again = make(*clusters)
    found = again.rollout(plan.rollout.id)
    assert found.state is RolloutState.INTERRUPTED
    assert states(found) == {"north": LegState.HEALTHY, "east": LegState.RUNNING, "west": LegState.WAITING}
    assert [each.id for each in again.interrupted()] == [plan.rollout.id]
    with pytest.raises(Refused):
        await again.plan_rest(plan.rollout.id)

    acts.end("op-2")
    assert states(again.rollout(plan.rollout.id))["east"] is LegState.HEALTHY
    rest = await again.plan_rest(plan.rollout.id)
    assert rest.rollout.id == plan.rollout.id
    done = await again.wait(again.start(rest).id)
    assert acts.started == ["upgrade north", "upgrade east", "upgrade west"]
    assert done.state is RolloutState.DONE
    assert again.interrupted() == ()
    assert [each.group for each in acts.operations()] == [plan.rollout.id] * 3


async def test_an_act_that_began_before_it_could_be_noted_is_found_by_its_group(
    make: Callable[..., Rollouts], acts: FakeActs, tmp_path: Path
) -> None:
    rollouts = make(place("east", "1.0.0"))
    plan = await rollouts.plan(wish("east"))
    started = rollouts.start(plan)
    early = (tmp_path / "rollouts" / f"{started.id}.json").read_bytes()
    await rollouts.wait(started.id)
    (tmp_path / "rollouts" / f"{started.id}.json").write_bytes(early)
    found = make(place("east", "1.0.0")).rollout(started.id)
    assert (found.state, states(found)) == (RolloutState.INTERRUPTED, {"east": LegState.HEALTHY})


async def test_an_act_that_never_came_to_its_journal_was_not_begun(
    make: Callable[..., Rollouts], acts: FakeActs
) -> None:
    acts.gates["east"] = asyncio.Event()
    killed = make(place("east", "1.0.0"))
    plan = await killed.plan(wish("east"))
    killed.start(plan)
    await acts.awaited["east"].wait()
    killed._running[plan.rollout.id][1].cancel()
    await asyncio.sleep(0)
    acts.known.clear()
    again = make(place("east", "1.0.0"))
    assert states(again.rollout(plan.rollout.id)) == {"east": LegState.WAITING}
    acts.gates.clear()
    rest = await again.plan_rest(plan.rollout.id)
    assert states(await again.wait(again.start(rest).id)) == {"east": LegState.HEALTHY}


async def test_two_processes_do_not_run_one_rollout(make: Callable[..., Rollouts], acts: FakeActs) -> None:
    acts.gates["east"] = asyncio.Event()
    first, second = make(place("east", "1.0.0")), make(place("east", "1.0.0"))
    plan = await first.plan(wish("east"))
    first.start(plan)
    with pytest.raises(Refused, match="under way in another process"):
        second.start(plan)
    assert second.rollout(plan.rollout.id).state is RolloutState.RUNNING
    acts.gates["east"].set()
    await first.wait(plan.rollout.id)


async def test_no_value_comes_into_the_journal_and_the_chart_goes_with_the_end(
    make: Callable[..., Rollouts], tmp_path: Path
) -> None:
    done = await run(make(place("east", "1.0.0", password=SECRET)), wish("east", values=ValuesOf.SOURCE))
    kept = tmp_path / "rollouts"
    assert sorted(path.name for path in kept.iterdir()) == [f"{done.id}.json", f"{done.id}.lock"]
    assert SECRET.encode() not in b"".join(path.read_bytes() for path in kept.iterdir())
    assert (kept / f"{done.id}.json").stat().st_mode & 0o777 == 0o600


async def test_a_plan_that_nobody_begins_leaves_nothing(make: Callable[..., Rollouts], tmp_path: Path) -> None:
    rollouts = make(place("east", "1.0.0"))
    plan = await rollouts.plan(wish("east"))
    rollouts.forget(plan.rollout.id)
    assert list((tmp_path / "rollouts").iterdir()) == []


async def test_old_rollouts_and_abandoned_charts_go_and_nothing_else(
    make: Callable[..., Rollouts], tmp_path: Path
) -> None:
    folder = tmp_path / "rollouts"
    first = await run(make(place("east", "1.0.0")), wish("east"))
    for number in range(KEPT):
        copy = structs.replace(first, id=f"20990101T000000-{number:06}")
        (folder / f"{copy.id}.json").write_bytes(msgspec.json.encode(copy))
    for name, age in (("left-behind", ABANDONED_SECONDS + 60), ("under-review", 60.0)):
        (folder / name).mkdir()
        os.utime(folder / name, (time.time() - age,) * 2)
    await run(make(place("west", "1.0.0")), wish("west"))
    assert not (folder / f"{first.id}.json").exists()
    assert not (folder / "left-behind").exists()
    assert (folder / "under-review").exists()
    assert len(list(folder.glob("*.json"))) == KEPT + 1


async def test_each_word_to_type_is_asked_once(make: Callable[..., Rollouts], acts: FakeActs) -> None:
    acts.confirms = {"prod-a": "pay", "prod-b": "pay"}
    rollouts = make(place("prod-a", "1.0.0"), place("prod-b", "1.0.0"), place("test", "1.0.0"))
    plan = await rollouts.plan(wish("test", "prod-a", "prod-b"))
    assert (plan.confirm, plan.production) == ("pay", True)
    assert plan.chosen(("test",)).confirm == ""


async def test_an_id_nobody_knows_is_said(make: Callable[..., Rollouts]) -> None:
    with pytest.raises(UsageError):
        make().rollout("../../etc/passwd")
