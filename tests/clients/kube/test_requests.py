"""Lists, rights, changes and logs: what goes over the wire and what comes back."""

from __future__ import annotations

from collections.abc import AsyncIterator

import msgspec
import pytest

from acp_tui.clients import errors
from acp_tui.clients.kube.access import Access, AccessCache, can, who_am_i
from acp_tui.clients.kube.apply import Patch, delete, dry_run, patch
from acp_tui.clients.kube.context import Context
from acp_tui.clients.kube.http import HttpTransport
from acp_tui.clients.kube.lister import list_all, list_table
from acp_tui.clients.kube.streams import LINE_LIMIT, logs
from acp_tui.model.objects import Object
from acp_tui.model.refs import Kind
from tests.fakes.api_server import FakeApiServer, document, failure, pieces, running
from tests.fakes.kube import listed, obj

PODS = "/api/v1/pods"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
POD = Kind("", "v1", "Pod", "pods")
NODE = Kind("", "v1", "Node", "nodes", namespaced=False)


@pytest.fixture
async def server() -> AsyncIterator[FakeApiServer]:
    async with running() as fake:
        yield fake


@pytest.fixture
async def transport(server: FakeApiServer) -> AsyncIterator[HttpTransport]:
    opened = HttpTransport(Context(name="prod", server=server.url), env={})
    yield opened
    await opened.close()


async def test_a_list_follows_its_pages_and_keeps_the_version_of_the_list(
    server: FakeApiServer, transport: HttpTransport
) -> None:
    server.on(PODS, pieces([listed(obj("a"), version="7", token="n/1=")]), pieces([listed(obj("b"), version="7")]))

    found = await list_all(transport, POD, Object, label_selector="a in (b,c)", metadata_only=True)

    assert [item.metadata.name for item in found.items] == ["a", "b"]
    assert found.resource_version == "7"
    assert [seen.query.get("continue") for seen in server.seen] == [None, "n/1="]
    assert {seen.query["labelSelector"] for seen in server.seen} == {"a in (b,c)"}
    assert "PartialObjectMetadataList" in server.seen[0].headers["Accept"]


async def test_a_list_that_is_forgotten_again_and_again_gives_up(
    server: FakeApiServer, transport: HttpTransport
) -> None:
    server.on(PODS, failure(410, "Expired", "too old"))

    with pytest.raises(errors.Gone):
        await list_all(transport, PODS, Object)
    assert len(server.seen) == 3


async def test_a_table_joins_its_pages(server: FakeApiServer, transport: HttpTransport) -> None:
    columns = [{"name": "Name", "type": "string"}]

    def part(name: str, token: str) -> object:
        meta = {"continue": token, "resourceVersion": "5"}
        return {"kind": "Table", "metadata": meta, "columnDefinitions": columns, "rows": [{"cells": [name]}]}

    server.on("/api/v1/namespaces/shop/pods", document(part("a", "next")), document(part("b", "")))

    table = await list_table(transport, POD, namespace="shop", include="None")

    assert [row.cells for row in table.rows] == [("a",), ("b",)]
    assert "as=Table" in server.seen[0].headers["Accept"]
    assert server.seen[0].query["includeObject"] == "None"


async def test_a_review_asks_for_one_right(server: FakeApiServer, transport: HttpTransport) -> None:
    server.on(REVIEWS, document({"status": {"allowed": False, "reason": "no role\n binds it"}}, status=201))

    found = await can(transport, "get", POD, "shop", name="web", subresource="log")

    assert found == Access(allowed=False, reason="no role binds it")
    assert msgspec.json.decode(server.seen[0].body)["spec"]["resourceAttributes"] == {
        "verb": "get",
        "version": "v1",
        "resource": "pods",
        "namespace": "shop",
        "name": "web",
        "subresource": "log",
    }


async def test_cluster_wide_kinds_are_asked_for_without_a_namespace(
    server: FakeApiServer, transport: HttpTransport
) -> None:
    server.on(REVIEWS, document({"status": {"allowed": True}}))

    assert (await can(transport, "list", NODE, "shop")).allowed is True
    assert "namespace" not in msgspec.json.decode(server.seen[0].body)["spec"]["resourceAttributes"]


async def test_a_review_without_an_answer_is_neither_yes_nor_no(
    server: FakeApiServer, transport: HttpTransport
) -> None:
    server.on(REVIEWS, failure(500, "InternalError", "webhook down"), document({"status": None}))

    assert await can(transport, "get", POD, "shop") == Access(allowed=None, reason="prod: webhook down")
    assert (await can(transport, "get", POD, "shop")).allowed is None


async def test_answers_are_remembered_for_a_minute_but_silence_is_not(
    server: FakeApiServer, transport: HttpTransport
) -> None:
    now = 0.0
    yes = document({"status": {"allowed": True}})
    server.on(REVIEWS, failure(500, "InternalError", "down"), yes)
    cache = AccessCache(transport, clock=lambda: now)

    answers = []
    for moment in (0.0, 1.0, 60.0, 61.0):
        now = moment
        answers.append((await cache.can("get", POD, "shop")).allowed)

    assert answers == [None, True, True, True]
    assert len(server.seen) == 3


async def test_the_server_says_who_we_are(server: FakeApiServer, transport: HttpTransport) -> None:
    path = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
    server.on(path, document({"status": {"userInfo": {"username": "jane"}}}), failure(404, "NotFound", "not served"))

    assert await who_am_i(transport) == "jane"
    assert await who_am_i(transport) == ""


async def test_a_dry_run_stores_nothing_and_shows_what_would_be_refused(
    server: FakeApiServer, transport: HttpTransport
) -> None:
    body = {"kind": "Status", "code": 422, "reason": "Invalid", "message": "invalid", "details": {}}
    body["details"] = {"causes": [{"field": "spec.selector", "message": "field is immutable"}]}
    server.on(PODS, document(body, status=422))

    with pytest.raises(errors.Rejected) as caught:
        await dry_run(transport, PODS, b"{}", method="PATCH", content_type=Patch.APPLY)

    assert caught.value.advice == "spec.selector: field is immutable"
    assert server.seen[0].query == {
        "dryRun": "All",
        "fieldManager": "acp-tui",
        "fieldValidation": "Warn",
        "force": "false",
    }


async def test_a_delete_spares_another_object_of_the_same_name(server: FakeApiServer, transport: HttpTransport) -> None:
    server.on(PODS, failure(409, "Conflict", "the UID in the precondition does not match"))

    with pytest.raises(errors.Conflict):
        await delete(transport, PODS, uid="u1", resource_version="9")

    assert server.seen[0].method == "DELETE"
    assert msgspec.json.decode(server.seen[0].body) == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Background",
        "preconditions": {"uid": "u1", "resourceVersion": "9"},
    }


@pytest.mark.parametrize("kind", list(Patch))
async def test_a_patch_says_how_it_is_to_be_read(server: FakeApiServer, transport: HttpTransport, kind: Patch) -> None:
    server.on(PODS, document({}))

    await patch(transport, PODS, b'{"spec":{"replicas":null}}', kind=kind)

    assert server.seen[0].headers["Content-Type"] == kind
    assert ("force" in server.seen[0].query) is (kind is Patch.APPLY)


async def test_log_lines_are_clean_bounded_and_keep_their_empty_lines(
    server: FakeApiServer, transport: HttpTransport
) -> None:
    path = "/api/v1/namespaces/shop/pods/web/log"
    server.on(path, pieces([b"one\r\n\n\x1b[31mred\xff", b"\tx\n" + b"y" * (LINE_LIMIT + 9) + b"\nlast"]))

    found = [line async for line in logs(transport, "shop", "web", container="app", previous=True, tail_lines=9)]

    assert found == ["one", "", "␛[31mred�\tx", "y" * LINE_LIMIT + "…", "last"]
    assert server.seen[0].query == {"container": "app", "previous": "true", "tailLines": "9"}


async def test_a_pod_without_a_log_is_told(server: FakeApiServer, transport: HttpTransport) -> None:
    message = "a container name must be specified for pod web, choose one of: [a b]"
    server.on("/api/v1/namespaces/shop/pods/web/log", failure(400, "BadRequest", message))

    with pytest.raises(errors.Rejected, match="choose one of"):
        _ = [line async for line in logs(transport, "shop", "web")]


async def test_a_followed_log_gives_lines_as_they_come(server: FakeApiServer, transport: HttpTransport) -> None:
    server.on("/api/v1/namespaces/shop/pods/web/log", server.hang(b"first\nsec", b"ond\n", content_type="text/plain"))
    following = logs(transport, "shop", "web", follow=True, timestamps=True)

    assert [await anext(following), await anext(following)] == ["first", "second"]
    assert server.seen[0].query == {"follow": "true", "timestamps": "true"}
