"""Who keeps a release."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import yaml

from acp_tui.insight.grouping import Group, chart_of, group_of
from acp_tui.insight.owners import claims_of_app_release, claims_of_request, owner_of_release
from acp_tui.insight.stuck import STUCK_AFTER, is_stuck
from acp_tui.model.application import ApplicationSource
from acp_tui.model.objects import ApplicationObject, HelmRequest, Meta
from acp_tui.model.platform import AppRelease
from acp_tui.model.release import Owner, OwnerKind, ReleaseRef, Store

CAPTAIN = Path(__file__).parent.parent / "fixtures" / "captain"
WEB = ReleaseRef("east-context", "default", "web")


def recorded(name: str) -> list[Any]:
    items: list[Any] = yaml.safe_load((CAPTAIN / f"{name}.yaml").read_text())["items"]
    return items


def meta(**fields: Any) -> Meta:
    return msgspec.convert(fields, Meta)


def test_a_recorded_helmrequest_of_global_owns_its_release_in_the_cluster_it_names() -> None:
    request = msgspec.convert(recorded("2-upgraded-global-helmrequests")[0], HelmRequest)
    claims = dict(claims_of_request(request, cluster="global"))

    owner = owner_of_release(WEB, clusters=["east"], claims=claims)

    assert owner == Owner(OwnerKind.HELMREQUEST, "web-east", "cpaas-system", "global")
    assert owner_of_release(WEB, clusters=["west"], claims=claims).kind is OwnerKind.HELM


def test_captains_defaults_are_the_requests_own_place_and_name() -> None:
    request = msgspec.convert({"metadata": {"name": "web", "namespace": "default"}, "spec": {}}, HelmRequest)

    ((claim, _),) = claims_of_request(request, cluster="east")

    assert claim == ("east", "default", "web")


def test_a_request_for_all_clusters_owns_the_release_in_each() -> None:
    spec = {"installToAllClusters": True, "clusterName": "ignored"}
    request = msgspec.convert({"metadata": {"name": "web", "namespace": "default"}, "spec": spec}, HelmRequest)
    claims = dict(claims_of_request(request, cluster="global"))

    assert owner_of_release(WEB, clusters=["anywhere"], claims=claims).name == "web"


def test_a_request_for_named_clusters_owns_the_release_in_each_of_them_and_nowhere_else() -> None:
    spec = {"targetClusters": {"clusterNames": {"names": ["east", "west"]}}}
    request = msgspec.convert({"metadata": {"name": "web", "namespace": "default"}, "spec": spec}, HelmRequest)
    claims = dict(claims_of_request(request, cluster="global"))

    names = {cluster: owner_of_release(WEB, clusters=[cluster], claims=claims).name for cluster in ("east", "west")}

    assert names == {"east": "web", "west": "web"}
    assert owner_of_release(WEB, clusters=["global"], claims=claims).kind is OwnerKind.HELM


def test_a_request_that_selects_clusters_by_labels_owns_what_captain_recorded() -> None:
    """Nobody but Captain knows which clusters that are; Helm's own release of that name is not Captain's."""
    spec = {"targetClusters": {"clusterLabels": {"labelSelector": {"tier": "edge"}}}}
    request = msgspec.convert({"metadata": {"name": "web", "namespace": "default"}, "spec": spec}, HelmRequest)
    claims = dict(claims_of_request(request, cluster="global"))
    recorded = ReleaseRef("edge-7", "default", "web", Store.CAPTAIN)

    assert owner_of_release(recorded, clusters=["edge-7"], claims=claims).name == "web"
    assert owner_of_release(WEB, clusters=["east"], claims=claims).kind is OwnerKind.HELM


def test_a_record_of_captain_has_a_request_even_where_we_may_not_see_it() -> None:
    ref = ReleaseRef("east", "default", "web", Store.CAPTAIN)

    assert owner_of_release(ref, clusters=["east"], claims={}).kind is OwnerKind.HELMREQUEST


def test_an_apprelease_owns_the_charts_it_lists_and_those_it_reports() -> None:
    given = {
        "metadata": {"name": "base", "namespace": "cpaas-system"},
        "spec": {"source": {"charts": [{"name": "captain"}, {"name": "c", "releaseName": "archon"}]}},
        "status": {"charts": {"x": {"releaseName": "sentry"}, "y": None}},
    }
    claims = dict(claims_of_app_release(msgspec.convert(given, AppRelease), cluster="east"))

    assert {claim[2] for claim in claims} == {"captain", "archon", "sentry"}
    ref = ReleaseRef("east", "cpaas-system", "sentry")
    assert owner_of_release(ref, clusters=["east"], claims=claims).kind is OwnerKind.APPRELEASE


def test_argo_cd_is_known_by_its_tracking_mark_alone() -> None:
    tracked = meta(annotations={"argocd.argoproj.io/tracking-id": "shop:apps/Deployment:default/web"})
    ordinary = meta(labels={"app.kubernetes.io/instance": "web"})

    assert owner_of_release(WEB, clusters=["east"], claims={}, objects=[ordinary, tracked]).name == "shop"
    assert owner_of_release(WEB, clusters=["east"], claims={}, objects=[ordinary]) == Owner()


def test_a_pending_release_is_stuck_when_nobody_wrote_to_it_for_long() -> None:
    assert is_stuck("pending-upgrade", 0.0, STUCK_AFTER + 1)
    assert not is_stuck("pending-upgrade", 0.0, STUCK_AFTER - 1)
    assert not is_stuck("failed", 0.0, STUCK_AFTER + 1)
    assert not is_stuck("pending-upgrade", None, STUCK_AFTER + 1)


SHOP = msgspec.convert(
    {
        "metadata": {"name": "shop", "namespace": "ns"},
        "spec": {"selector": {"matchLabels": {"app.cpaas.io/name": "shop.ns"}}},
    },
    ApplicationObject,
)


def test_the_strongest_mark_says_to_which_application_a_workload_belongs() -> None:
    marks: dict[str, Any] = {"name": "web-api", "namespace": "ns"}
    assert group_of("Deployment", meta(**marks)) == Group(ApplicationSource.OWNER, "ns", "Deployment/web-api")

    marks["labels"] = {"app.kubernetes.io/instance": "inst"}
    assert group_of("Deployment", meta(**marks)).source is ApplicationSource.INSTANCE

    marks["annotations"] = {"meta.helm.sh/release-name": "web", "meta.helm.sh/release-namespace": "other"}
    assert group_of("Deployment", meta(**marks)) == Group(ApplicationSource.HELM, "other", "web")

    marks["labels"] = {"app.cpaas.io/name": "shop.ns"}
    assert group_of("Deployment", meta(**marks), applications=[SHOP]) == Group(
        ApplicationSource.APPLICATION, "ns", "shop"
    )


def test_what_captain_installed_is_found_by_the_release_its_name_starts_with() -> None:
    installed = meta(name="web-api-worker", namespace="ns", labels={"app.kubernetes.io/managed-by": "Helm"})

    assert group_of("Deployment", installed, releases=["web", "web-api", "we"]).name == "web-api"
    assert group_of("Deployment", installed, releases=["other"]).source is ApplicationSource.OWNER


def test_an_application_without_a_selector_owns_nothing() -> None:
    empty = msgspec.convert({"metadata": {"name": "all"}, "spec": {"selector": {}}}, ApplicationObject)

    assert group_of("Deployment", meta(name="web"), applications=[empty]).source is ApplicationSource.OWNER


def test_the_chart_label_is_split_where_the_version_starts() -> None:
    assert chart_of(meta(labels={"helm.sh/chart": "kube-prometheus-stack-55.1.0"})) == (
        "kube-prometheus-stack",
        "55.1.0",
    )
    assert chart_of(meta(labels={"helm.sh/chart": "web-v1.0.0_build-7.x"})) == ("web", "v1.0.0+build-7.x")
    assert chart_of(meta(labels={"helm.sh/chart": "s3-proxy-1.2"})) == ("s3-proxy", "1.2")
    assert chart_of(meta(labels={})) == ("", "")
