"""Tokens say who one is, RBAC objects say what one may."""

from __future__ import annotations

import aiohttp
import pytest

from acp_tui.sim.cluster import ClusterSpec
from acp_tui.sim.serve import serve
from tests.sim.conftest import CONFIG_MAPS, PODS, TOKENS, Api, config_map

RBAC = "/apis/rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/v1"


@pytest.fixture
async def viewer(api: Api) -> Api:
    """The restricted user, who may look around in namespace default."""
    subject = [{"kind": "User", "name": "viewer", "apiGroup": "rbac.authorization.k8s.io"}]
    ref = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "view"}
    body = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "v"}}
    await api.post(f"{RBAC}/namespaces/default/rolebindings", {**body, "roleRef": ref, "subjects": subject})
    return api.as_user("viewer")


@pytest.mark.parametrize("headers", [{"Authorization": "Bearer wrong"}, {"Authorization": ""}])
async def test_an_unknown_token_is_unauthorized(api: Api, headers: dict[str, str]) -> None:
    answer = await api.ask("GET", PODS, headers=headers)
    assert (answer.status, answer.body["reason"]) == (401, "Unauthorized")


async def test_health_needs_no_token(api: Api) -> None:
    async with api.session.get(f"{api.cluster.url}/readyz") as got:
        assert (got.status, await got.text()) == (200, "ok")


async def test_a_viewer_reads_its_namespace_and_no_secret(viewer: Api) -> None:
    assert (await viewer.ask("GET", PODS)).status == 200
    assert (await viewer.ask("GET", "/api/v1/namespaces/kube-system/pods")).status == 403
    secrets = await viewer.ask("GET", "/api/v1/namespaces/default/secrets")
    assert secrets.body["message"] == (
        'secrets is forbidden: User "viewer" cannot list resource "secrets" in API group "" in the namespace "default"'
    )
    nodes = await viewer.ask("GET", "/api/v1/nodes/n1")
    assert nodes.body["message"] == (
        'nodes "n1" is forbidden: User "viewer" cannot get resource "nodes" in API group "" at the cluster scope'
    )


async def test_a_viewer_writes_nothing(viewer: Api) -> None:
    answer = await viewer.ask("POST", CONFIG_MAPS, config_map("a"))
    assert answer.status == 403
    assert 'cannot create resource "configmaps"' in answer.body["message"]


@pytest.mark.parametrize(
    ("verb", "resource", "allowed"), [("list", "pods", True), ("delete", "pods", False), ("get", "secrets", False)]
)
async def test_access_reviews_agree_with_the_rules(viewer: Api, verb: str, resource: str, allowed: bool) -> None:
    attributes = {"namespace": "default", "verb": verb, "resource": resource}
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    said = await viewer.post(f"{REVIEWS}/selfsubjectaccessreviews", body)
    assert said["status"]["allowed"] is allowed


async def test_rules_reviews_list_the_rules(viewer: Api) -> None:
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": {"namespace": "default"}}
    said = await viewer.post(f"{REVIEWS}/selfsubjectrulesreviews", body)
    assert any("pods" in rule["resources"] for rule in said["status"]["resourceRules"])
    assert said["status"]["incomplete"] is False


async def test_who_am_i(viewer: Api) -> None:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    said = await viewer.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", body)
    assert said["status"]["userInfo"]["username"] == "viewer"


async def test_an_administrator_may_act_as_another(viewer: Api, api: Api) -> None:
    acting = await api.ask("GET", "/api/v1/nodes", headers={"Impersonate-User": "viewer"})
    assert acting.status == 403
    refused = await viewer.ask("GET", PODS, headers={"Impersonate-User": "admin"})
    assert "cannot impersonate" in refused.body["message"]


async def test_an_open_cluster_takes_the_user_from_the_path(session: aiohttp.ClientSession) -> None:
    async with serve([ClusterSpec(name="open", tokens=TOKENS, open_as="admin")]) as fleet:
        url = fleet["open"].url
        async with session.get(f"{url}/api/v1/nodes") as got:
            assert got.status == 200
        async with session.get(f"{url}/as/viewer/api/v1/nodes") as got:
            assert got.status == 403
        async with session.get(f"{url}/api/v1/nodes", headers={"Authorization": "Bearer wrong"}) as got:
            assert got.status == 401
