"""Which kinds a server serves, in two requests where it can, and how a word finds its kind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from acp_tui.clients.kube.context import Context
from acp_tui.clients.kube.discovery import discover, version
from acp_tui.clients.kube.http import HttpTransport
from tests.fakes.api_server import FakeApiServer, document, failure, page, running


def resource(
    plural: str, kind: str, *, group: str = "", scope: str = "Namespaced", short: Any = None
) -> dict[str, Any]:
    served = {"group": group, "version": "v1", "kind": kind}
    return {"resource": plural, "responseKind": served, "scope": scope, "shortNames": short, "verbs": ["get", "list"]}


def group(name: str, **versions: list[dict[str, Any]]) -> dict[str, Any]:
    served = [{"version": key, "resources": value, "freshness": "Current"} for key, value in versions.items()]
    return {"metadata": {"name": name} if name else None, "versions": served}


def aggregated(*groups: dict[str, Any]) -> Any:
    return document({"kind": "APIGroupDiscoveryList", "items": list(groups)})


CORE = group(
    "",
    v1=[
        resource("pods", "Pod", short=["po"]),
        resource("namespaces", "Namespace", scope="Cluster", short=["ns"]),
        resource("events", "Event", short=["ev"]),
        {"resource": None, "responseKind": None},
    ],
)


@pytest.fixture
async def server() -> AsyncIterator[FakeApiServer]:
    async with running() as fake:
        yield fake


@pytest.fixture
async def transport(server: FakeApiServer) -> AsyncIterator[HttpTransport]:
    opened = HttpTransport(Context(name="prod", server=server.url), env={})
    yield opened
    await opened.close()


async def test_two_requests_tell_all_kinds(server: FakeApiServer, transport: HttpTransport) -> None:
    server.on("/api", aggregated(CORE))
    apps = group("apps", v1=[resource("deployments", "Deployment", group="apps", short=["deploy"])])
    server.on("/apis", aggregated(apps))

    kinds = await discover(transport)

    assert [kind.kind for kind in kinds.all] == ["Pod", "Namespace", "Event", "Deployment"]
    assert len(server.seen) == 2
    deployment = kinds.by_gk("apps", "Deployment")
    assert deployment is not None
    assert deployment.path("shop", "web") == "/apis/apps/v1/namespaces/shop/deployments/web"
    assert kinds.has("apps", "Deployment")
    assert not kinds.has("", "Deployment")


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("pods", "Pod"),
        ("pod", "Pod"),
        ("Pod", "Pod"),
        ("po", "Pod"),
        ("ns", "Namespace"),
        ("deploy", "Deployment"),
        ("deployments.apps", "Deployment"),
        ("deploy.apps", "Deployment"),
        ("deployments.v1.apps", "Deployment"),
        ("charts", "Chart"),
        ("nothing", None),
        ("", None),
    ],
)
async def test_any_word_of_kubectl_finds_the_kind(
    server: FakeApiServer, transport: HttpTransport, word: str, kind: str | None
) -> None:
    server.on("/api", aggregated(CORE))
    apps = group("apps", v1=[resource("deployments", "Deployment", group="apps", short=["deploy"])])
    server.on(
        "/apis", aggregated(apps, group("x.io", v1=[resource("charts", "Chart", group="x.io", short=["pods", "po"])]))
    )

    found = (await discover(transport)).find(word)

    assert (found.kind if found else None) == kind


async def test_core_comes_before_other_groups_and_the_preferred_version_first(
    server: FakeApiServer, transport: HttpTransport
) -> None:
    server.on("/api", aggregated(CORE))
    later = [resource("events", "Event", group="events.k8s.io")]
    server.on("/apis", aggregated(group("events.k8s.io", v1=later, v1beta1=later)))

    kinds = await discover(transport)

    found, other = kinds.find("events"), kinds.by_resource("events.k8s.io", "events")
    assert found is not None
    assert found.group == ""
    assert other is not None
    assert other.version == "v1"
    assert kinds.by_api_version("events.k8s.io/v1beta1", "Event") is not None
    assert kinds.by_api_version("events.k8s.io/v1alpha1", "Event") is None


async def test_a_group_whose_server_is_down_is_told_and_the_rest_is_there(
    server: FakeApiServer, transport: HttpTransport
) -> None:
    stale = group("metrics.k8s.io", v1beta1=[])
    stale["versions"][0]["freshness"] = "Stale"
    server.on("/api", aggregated(CORE))
    server.on("/apis", aggregated(stale))

    kinds = await discover(transport)

    assert kinds.find("pods") is not None
    assert kinds.problems == ("metrics.k8s.io/v1beta1: its server does not answer",)


async def test_older_servers_are_asked_group_by_group(server: FakeApiServer, transport: HttpTransport) -> None:
    server.on("/api", document({"kind": "APIVersions", "versions": ["v1"]}))
    versions = [{"version": "v1beta1"}, {"version": "v1"}]
    groups = [
        {"name": "apps", "versions": versions, "preferredVersion": {"version": "v1"}},
        {"name": "broken.io", "versions": [{"version": "v1"}]},
    ]
    deployment = {"name": "deployments", "kind": "Deployment", "namespaced": True, "shortNames": ["deploy"]}
    scale = {"name": "deployments/scale", "kind": "Scale", "namespaced": True}
    server.on("/apis", document({"kind": "APIGroupList", "groups": groups}))
    server.on("/api/v1", document({"resources": [{"name": "pods", "kind": "Pod", "namespaced": True, "verbs": None}]}))
    server.on("/apis/apps/v1", document({"resources": [deployment, scale]}))
    server.on("/apis/apps/v1beta1", document({"resources": [deployment]}))
    server.on("/apis/broken.io/v1", failure(503, "ServiceUnavailable", "down"))

    kinds = await discover(transport)

    found = kinds.find("deploy")
    assert found is not None
    assert found.api_version == "apps/v1"
    assert [kind.kind for kind in kinds.all] == ["Pod", "Deployment"]
    assert kinds.problems == ("broken.io/v1: prod: down",)


async def test_the_version_is_the_servers_word_and_empty_where_there_is_none(
    server: FakeApiServer, transport: HttpTransport
) -> None:
    server.on(
        "/version",
        document({"gitVersion": "v1.34.2"}),
        page("404 page not found", status=404, content_type="text/plain"),
    )

    assert await version(transport) == "v1.34.2"
    assert await version(transport) == ""
