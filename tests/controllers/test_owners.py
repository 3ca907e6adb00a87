"""A release that somebody else owns is not touched behind the owner's back, and the right way is named."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from acp_tui.controllers.controller import Controller
from acp_tui.model.cluster import Role
from acp_tui.model.plan import CheckResult, Intent, Verb
from acp_tui.model.refs import Kind
from acp_tui.model.release import OwnerKind, ReleaseRef, Store
from tests.controllers.conftest import check, intent
from tests.fakes.cluster import KINDS, FakeCluster, forbidden


async def test_a_release_that_captain_keeps_is_not_touched_and_the_right_way_is_named(
    make_controller: Callable[..., Controller], cluster: FakeCluster
) -> None:
    above = FakeCluster("global")
    above.store.role = Role.GLOBAL
    request = {
        "apiVersion": "app.alauda.io/v1",
        "kind": "HelmRequest",
        "metadata": {"name": "payments", "namespace": "cpaas-system"},
        "spec": {"clusterName": "prod-east", "namespace": "shop", "releaseName": "payments-api"},
    }
    above.put(request)
    plan = await make_controller(above).plan(intent(Verb.ROLLBACK))
    assert plan.owner.kind is OwnerKind.HELMREQUEST
    found = check(plan, "owner")
    assert found.result is CheckResult.REFUSE
    assert found.evidence == "payments-api belongs to HelmRequest payments (global)"
    assert "Change chart version and values of HelmRequest payments in namespace cpaas-system" in found.advice


async def test_a_release_that_argo_cd_tracks_is_not_touched(controller: Controller, cluster: FakeCluster) -> None:
    live = next(body for body in cluster.objects.values() if body["kind"] == "Deployment")
    live["metadata"]["annotations"] = {"argocd.argoproj.io/tracking-id": "shop-app:apps/Deployment:shop/payments-api"}
    plan = await controller.plan(intent(Verb.ROLLBACK))
    assert (plan.owner.kind, plan.owner.name) == (OwnerKind.ARGOCD, "shop-app")
    assert "in Git" in check(plan, "owner").advice


@pytest.mark.parametrize("verb", [Verb.ROLLBACK, Verb.UNINSTALL])
async def test_a_chart_of_an_apprelease_is_not_touched(
    controller: Controller, cluster: FakeCluster, verb: Verb
) -> None:
    cluster.kinds = type(cluster.kinds)([*KINDS, Kind("operator.alauda.io", "v1alpha1", "AppRelease", "appreleases")])
    cluster.put(
        {
            "apiVersion": "operator.alauda.io/v1alpha1",
            "kind": "AppRelease",
            "metadata": {"name": "base", "namespace": "shop"},
            "spec": {"source": {"charts": [{"name": "payments-api"}]}},
        }
    )
    plan = await controller.plan(intent(verb))
    assert (plan.owner.kind, plan.owner.name) == (OwnerKind.APPRELEASE, "base")
    found = check(plan, "owner")
    assert found.result is CheckResult.REFUSE
    assert found.advice.startswith("Change it through its ModuleInfo (spec.valuesOverride) or a ResourcePatch")


async def test_captains_own_records_are_refused_even_where_no_request_is_seen(
    make_controller: Callable[..., Controller], cluster: FakeCluster
) -> None:
    cluster.kinds = type(cluster.kinds)([*KINDS, Kind("app.alauda.io", "v1alpha1", "Release", "releases")])
    plan = await make_controller().plan(
        Intent(verb=Verb.ROLLBACK, release=ReleaseRef("prod-east", "shop", "payments-api", Store.CAPTAIN))
    )
    assert {"owner"} == {refusal.id for refusal in plan.refusals}


async def test_an_owner_that_could_not_be_asked_for_is_unknown_and_not_green(
    controller: Controller, cluster: FakeCluster
) -> None:
    path = "/apis/app.alauda.io/v1/helmrequests"
    cluster.failures[path] = forbidden("prod-east", "list helmrequests")
    found = check(await controller.plan(intent(Verb.ROLLBACK)), "owner")
    assert found.result is CheckResult.UNKNOWN
    assert "HelmRequests cannot be read" in found.evidence
