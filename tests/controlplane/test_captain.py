"""Captain's loop does to HelmRequests and release records what the recorded one did."""

from __future__ import annotations

from typing import Any

from acp_tui.controlplane.settings import Settings, Style
from tests.controlplane.conftest import EVENTS, RELEASES, REQUESTS, Play, payload, recorded

DEPLOYMENT = "/apis/apps/v1/namespaces/default/deployments/web"


def shape(record: Any) -> Any:
    """What is written of a release record, whatever the moment and the random parts."""
    told = payload(record)
    chart = told["chart"]
    return {
        "name": record["metadata"]["name"],
        "labels": {key: each for key, each in record["metadata"]["labels"].items() if key != "modifiedAt"},
        "label names": sorted(record["metadata"]["labels"]),
        "spec": sorted(record["spec"]),
        "status": sorted(record["status"]),
        "chart": sorted(chart),
        "chart metadata": chart["metadata"],
        "values": chart["values"],
        "config": told["config"],
        "manifest": told["manifest"].strip(),
        "hooks": told["hooks"],
        "description": told["info"]["description"],
    }


def told(request: Any) -> Any:
    """The status of a HelmRequest without moments and hashes."""
    status = {key: each for key, each in request["status"].items() if key not in ("lastSpecHash", "conditions")}
    conditions = [{**each, "lastTransitionTime": ""} for each in request["status"]["conditions"]]
    return {**status, "conditions": conditions, "finalizers": request["metadata"]["finalizers"]}


async def test_an_install_leaves_what_the_recorded_one_left(play: Play) -> None:
    async with play() as scene:
        await scene.ask("web-east", "web", "1.0.0", {"replicas": 2})
        request = await scene.synced("1.0.0")
        (theirs,) = recorded("1-installed", "global-helmrequests")
        assert told(request) == told(theirs)
        assert request["status"]["lastSpecHash"].isdecimal()
        (record,) = await scene.releases()
        assert shape(record) == shape(recorded("1-installed", "workload-releases")[0])
        await scene.until(lambda: scene.events("Synced"))
        messages = {each["message"] for each in await scene.events("Synced")}
        assert messages == {each["message"] for each in recorded("1-installed", "global-events")}
        live = await scene.get(scene.east, DEPLOYMENT)
        assert live["metadata"]["labels"] == {"app.kubernetes.io/managed-by": "Helm"}
        assert live["spec"]["replicas"] == 2


async def test_a_missing_chart_version_fails_while_the_conditions_look_fine(play: Play) -> None:
    async with play() as scene:
        await scene.ask("web-east", "web", "1.0.0", {"replicas": 2})
        before = await scene.synced("1.0.0")
        await scene.change("web-east", version="9.9.9")
        request = await scene.failed()
        (theirs,) = recorded("3-chart-version-missing", "global-helmrequests")
        assert request["status"]["reason"] == theirs["status"]["reason"]
        assert request["status"]["conditions"] == before["status"]["conditions"]
        assert request["status"]["lastSpecHash"] == before["status"]["lastSpecHash"]
        assert request["status"]["version"] == "1.0.0"
        assert await scene.statuses() == [(1, "deployed")]

        async def counted() -> Any:
            found = await scene.events("FailedSync")
            return found if found and found[0]["count"] > 1 else None

        (event,) = await scene.until(counted)
        assert (event["type"], event["source"]["component"]) == ("Warning", "captain")


async def test_values_the_server_refuses_leave_a_failed_record_that_the_next_sync_deletes(play: Play) -> None:
    async with play() as scene:
        await scene.ask("web-east", "web", "1.0.0", {"replicas": 2})
        first = await scene.synced("1.0.0")
        await scene.change("web-east", version="1.1.0", values={"replicas": 3})
        upgraded = await scene.synced("1.1.0")
        assert upgraded["status"]["notes"] == "web has 3 replicas.\n"
        await scene.change("web-east", values={"replicas": "three"})
        request = await scene.failed()
        assert request["status"]["reason"].startswith('UPGRADE FAILED: cannot patch "web" with kind Deployment: ')

        async def settled() -> Any:
            found = await scene.statuses()
            return found if found[-1] == (3, "failed") else None

        assert await scene.until(settled) == [(1, "superseded"), (2, "deployed"), (3, "failed")]
        await scene.change("web-east", version="1.0.0", values={"replicas": 2})
        back = await scene.synced("1.0.0")
        assert back["status"]["lastSpecHash"] == first["status"]["lastSpecHash"]
        assert await scene.statuses() == [(1, "superseded"), (2, "superseded"), (3, "deployed")]
        ours, theirs = (await scene.releases()), recorded("5-rolled-back-by-spec", "workload-releases")
        assert [shape(each) for each in ours if each["spec"]["version"] != 2] == [
            shape(each) for each in theirs if each["spec"]["version"] != 2
        ]


async def test_a_failing_hook_blocks_the_deletion_as_the_product_does(play: Play) -> None:
    async with play() as scene:
        await scene.ask("hooky-east", "hooky", "0.1.0", {})
        await scene.synced("0.1.0", name="hooky-east")
        await scene.main.send("DELETE", f"{REQUESTS}/hooky-east")
        (event,) = await scene.until(lambda: scene.events("FailedDelete"))
        theirs = [each for each in recorded("6-delete-blocked-by-failing-hook", "global-events")
                  if each["reason"] == "FailedDelete"]  # fmt: skip
        assert event["message"].startswith("Delete HelmRequest hooky-east error : job failed: ")
        assert {(each["type"], each["source"]["component"]) for each in (event, *theirs)} == {("Warning", "global")}
        request = await scene.request("hooky-east")
        assert request["metadata"]["finalizers"] == ["captain.cpaas.io"]
        assert await scene.get(scene.east, "/apis/apps/v1/namespaces/default/deployments/hooky")
        assert await scene.statuses() == [(1, "deployed")]


async def test_the_recorded_build_gives_a_blocked_deletion_up(play: Play) -> None:
    async with play(Settings(first_retry=0.1, poll=0.05, give_up_deletion=2)) as scene:
        await scene.ask("hooky-east", "hooky", "0.1.0", {})
        await scene.synced("0.1.0", name="hooky-east")
        await scene.main.send("DELETE", f"{REQUESTS}/hooky-east")
        await scene.gone(scene.main, f"{REQUESTS}/hooky-east")
        job = await scene.get(scene.east, "/apis/batch/v1/namespaces/default/jobs/hooky-cleanup")
        assert [each["type"] for each in job["status"]["conditions"]][-1] == "Failed"


async def test_a_deletion_takes_objects_and_records_with_it(play: Play) -> None:
    async with play() as scene:
        await scene.ask("web-east", "web", "1.0.0", {"replicas": 1})
        await scene.synced("1.0.0")
        await scene.main.send("DELETE", f"{REQUESTS}/web-east")
        await scene.gone(scene.main, f"{REQUESTS}/web-east")
        await scene.gone(scene.east, DEPLOYMENT)
        assert await scene.statuses() == []
        assert await scene.events("SuccessfulDelete")


async def test_kept_resources_outlive_their_request(play: Play) -> None:
    async with play() as scene:
        await scene.ask("web-east", "web", "1.0.0", {"replicas": 1})
        await scene.synced("1.0.0")
        note = {"metadata": {"annotations": {"captain-keep-resources": ""}}}
        await scene.merge(scene.main, f"{REQUESTS}/web-east", note)
        await scene.main.send("DELETE", f"{REQUESTS}/web-east")
        await scene.gone(scene.main, f"{REQUESTS}/web-east")
        assert await scene.statuses() == []
        assert await scene.get(scene.east, DEPLOYMENT)


async def test_a_paused_request_is_left_alone_until_the_mark_is_gone(play: Play) -> None:
    async with play() as scene:
        await scene.ask("web-east", "web", "1.0.0", {"replicas": 1})
        await scene.synced("1.0.0")
        pause = {"metadata": {"annotations": {"captain-no-sync": "true"}}, "spec": {"version": "1.1.0"}}
        await scene.merge(scene.main, f"{REQUESTS}/web-east", pause)
        await scene.ask("other", "web", "1.0.0", {}, releaseName="other")
        await scene.synced("1.0.0", name="other")
        assert (await scene.request())["status"]["version"] == "1.0.0"
        await scene.merge(scene.main, f"{REQUESTS}/web-east", {"metadata": {"annotations": {"captain-no-sync": None}}})
        await scene.synced("1.1.0")


async def test_a_resync_annotation_makes_a_new_revision_on_global(play: Play) -> None:
    async with play() as scene:
        await scene.ask("web-east", "web", "1.0.0", {"replicas": 1})
        before = await scene.synced("1.0.0")
        mark = {"metadata": {"annotations": {"kubectl-captain.resync": "now"}}}
        await scene.merge(scene.main, f"{REQUESTS}/web-east", mark)

        async def again() -> Any:
            found = await scene.request()
            return found["status"]["lastSpecHash"] != before["status"]["lastSpecHash"]

        await scene.until(again)
        assert await scene.statuses() == [(1, "superseded"), (2, "deployed")]


async def test_values_from_are_merged_below_the_values(play: Play) -> None:
    async with play() as scene:
        base = {"metadata": {"name": "base"}, "data": {"values.yaml": "replicas: 5\nmessage: hello\n"}}
        await scene.post(scene.main, "/api/v1/namespaces/cpaas-system/configmaps", base)
        sources = [
            {"configMapKeyRef": {"name": "base"}},
            {"secretKeyRef": {"name": "absent", "optional": True}},
        ]
        await scene.ask("web-east", "web", "1.0.0", {"replicas": 2}, valuesFrom=sources)
        await scene.synced("1.0.0")
        (record,) = await scene.releases()
        assert payload(record)["config"] == {"replicas": 2, "message": "hello"}


async def test_a_request_waits_for_what_it_depends_on(play: Play) -> None:
    async with play() as scene:
        await scene.ask("web-east", "web", "1.0.0", {}, dependencies=["first"])

        async def waits() -> Any:
            found = (await scene.request()).get("status") or {}
            return found if found.get("phase") == "Pending" else None

        status = await scene.until(waits)
        (condition,) = status["conditions"]
        assert (condition["type"], condition["status"], condition["reason"]) == (
            "Validated", "False", "DependenciesCheckFailed",
        )  # fmt: skip
        await scene.ask("first", "web", "1.0.0", {}, releaseName="first")
        await scene.synced("1.0.0")


async def test_one_request_can_be_for_all_clusters(play: Play) -> None:
    async with play() as scene:
        await scene.ask("everywhere", "web", "1.0.0", {}, installToAllClusters=True)
        request = await scene.synced("1.0.0", name="everywhere")
        assert request["status"]["syncedClusters"] == ["east", "global"]
        for transport in (scene.main, scene.east):
            assert (await scene.get(transport, RELEASES))["items"]


async def test_one_request_can_be_for_the_clusters_with_a_label(play: Play) -> None:
    async with play() as scene:
        place = "/apis/clusterregistry.k8s.io/v1alpha1/namespaces/cpaas-system/clusters"
        for name, tier in (("global", "centre"), ("east", "edge")):
            registered = {"name": name, "namespace": "cpaas-system", "labels": {"tier": tier}}
            body = {"apiVersion": "clusterregistry.k8s.io/v1alpha1", "kind": "Cluster", "metadata": registered}
            await scene.post(scene.main, place, body)
        chosen = {"clusterLabels": {"labelSelector": {"tier": "edge"}}}
        await scene.ask("edges", "web", "1.0.0", {}, clusterName="", targetClusters=chosen)
        request = await scene.synced("1.0.0", name="edges")
        assert request["status"]["syncedClusters"] == ["east"]
        assert (await scene.get(scene.east, RELEASES))["items"]
        assert (await scene.get(scene.main, RELEASES))["items"] == []


async def test_somebody_elses_object_stops_an_install_unless_it_may_be_adopted(play: Play) -> None:
    async with play() as scene:
        spec = {
            "replicas": 1,
            "selector": {"matchLabels": {"app": "x"}},
            "template": {
                "metadata": {"labels": {"app": "x"}},
                "spec": {"containers": [{"name": "a", "image": "nginx"}]},
            },
        }
        await scene.post(
            scene.east, "/apis/apps/v1/namespaces/default/deployments",
            {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": spec},
        )  # fmt: skip
        await scene.ask("web-east", "web", "1.0.0", {"replicas": 2})
        request = await scene.failed()
        assert "cannot be imported into the current release" in request["status"]["reason"]
        adopt = {"metadata": {"annotations": {"captain-force-adopt-resources": "true"}}}
        await scene.merge(scene.main, f"{REQUESTS}/web-east", adopt)
        await scene.synced("1.0.0")
        live = await scene.get(scene.east, DEPLOYMENT)
        assert live["metadata"]["annotations"]["meta.helm.sh/release-name"] == "web"


async def test_the_history_holds_as_many_revisions_as_it_may(play: Play) -> None:
    async with play(Settings(first_retry=0.2, poll=0.05, history_limit=2)) as scene:
        await scene.ask("web-east", "web", "1.0.0", {"replicas": 1})
        await scene.synced("1.0.0")
        await scene.change("web-east", version="1.1.0")
        await scene.synced("1.1.0")
        await scene.change("web-east", version="1.0.0")
        await scene.synced("1.0.0")

        async def pruned() -> Any:
            return await scene.statuses() == [(2, "superseded"), (3, "deployed")]

        await scene.until(pruned)


async def test_a_revision_that_a_dead_captain_left_pending_is_taken_away(play: Play) -> None:
    async with play() as scene:
        await scene.ask("web-east", "web", "1.0.0", {"replicas": 1})
        await scene.synced("1.0.0")
        (record,) = await scene.releases()
        labels = {**record["metadata"]["labels"], "status": "pending-upgrade", "version": "2"}
        left = {
            **record,
            "metadata": {"name": "sh.helm.release.v1.web.v2", "labels": labels},
            "spec": {**record["spec"], "version": 2},
            "status": {**record["status"], "status": "pending-upgrade"},
        }
        await scene.post(scene.east, RELEASES, left)
        await scene.change("web-east", version="1.1.0")
        await scene.synced("1.1.0")
        assert await scene.statuses() == [(1, "superseded"), (2, "deployed")]


async def test_the_documented_style_says_in_its_conditions_what_failed(play: Play) -> None:
    async with play(Settings(first_retry=0.2, poll=0.05, style=Style.DOCUMENTED)) as scene:
        await scene.ask("web-east", "web", "1.0.0", {"replicas": "two"})
        request = await scene.failed()
        told = {each["type"]: (each["status"], each["reason"]) for each in request["status"]["conditions"]}
        assert told == {"Initialized": ("True", "ChartLoaded"), "Synced": ("False", "ChartSyncFailed")}


async def test_a_request_kept_in_a_workload_cluster_is_synced_there(play: Play) -> None:
    async with play() as scene:
        spec = {"chart": "demo/web", "version": "1.0.0", "values": {"replicas": 1}}
        body = {"apiVersion": "app.alauda.io/v1", "kind": "HelmRequest", "metadata": {"name": "web"}, "spec": spec}
        path = "/apis/app.alauda.io/v1/namespaces/default/helmrequests"
        await scene.post(scene.east, path, body)

        async def synced() -> Any:
            found = await scene.get(scene.east, f"{path}/web")
            return (found.get("status") or {}).get("phase") == "Synced"

        await scene.until(synced)
        assert await scene.statuses() == [(1, "deployed")]


async def test_a_cluster_nobody_knows_does_not_hold_a_deletion(play: Play) -> None:
    async with play() as scene:
        await scene.ask("lost", "web", "1.0.0", {}, clusterName="nowhere")
        request = await scene.failed("lost")
        assert "nowhere" in request["status"]["reason"]
        await scene.main.send("DELETE", f"{REQUESTS}/lost")
        await scene.gone(scene.main, f"{REQUESTS}/lost")
        assert (await scene.get(scene.main, EVENTS))["items"]
