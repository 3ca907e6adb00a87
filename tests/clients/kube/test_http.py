"""The transport over real sockets: what it sends, what it reads, and what it says when a server misbehaves."""

from __future__ import annotations

import asyncio
import base64
import gzip
from pathlib import Path
from typing import Any

import msgspec
import pytest

from acp_tui import __version__
from acp_tui.clients import errors
from acp_tui.clients.kube.context import Auth, Impersonation, Secret
from acp_tui.clients.kube.lister import list_all
from acp_tui.clients.kube.reflector import Reflector
from acp_tui.model.objects import Object
from acp_tui.wire.kubernetes import Unreadable
from tests.clients.kube.conftest import dialled
from tests.fakes.api_server import FakeApiServer, document, failure, page, pieces, redirect
from tests.fakes.kube import FakeSink, event, listed, obj

PODS = "/api/v1/pods"


async def test_a_read_says_who_we_are_and_takes_compressed_answers(server: FakeApiServer) -> None:
    server.on(PODS, document({"items": ["x" * 100_000]}, gzip=True))

    async with dialled(server.url, auth=Auth(token=Secret(b"t0ken"))) as transport:
        answer = await transport.get(PODS, params={"limit": 5, "watch": True})

    seen = server.seen[0]
    assert seen.headers["Authorization"] == "Bearer t0ken"
    assert seen.headers["User-Agent"] == f"acp-tui/{__version__}"
    assert seen.headers["Accept-Encoding"] == "gzip"
    assert seen.query == {"limit": "5", "watch": "true"}
    assert len(answer.body) > 100_000
    assert 0 < transport.stats.bytes_in < 2_000
    assert transport.stats.requests == 1


async def test_compression_can_be_switched_off(server: FakeApiServer) -> None:
    server.on(PODS, document({"items": []}))

    async with dialled(server.url, disable_compression=True) as transport:
        await transport.get(PODS)

    assert server.seen[0].headers["Accept-Encoding"] == "identity"


async def test_reads_and_writes_act_as_the_impersonated_user(server: FakeApiServer) -> None:
    server.on(PODS, document({}))
    who = Impersonation(
        user="jane", uid="42", groups=("dev", "ops"), extra=(("example.org/reason", ("on call", "again")),)
    )

    async with dialled(server.url, auth=Auth(token=Secret(b"t"), impersonate=who)) as transport:
        await transport.get(PODS)
        await transport.send("POST", PODS, body=b"{}")

    for seen in server.seen:
        assert seen.headers["Impersonate-User"] == "jane"
        assert seen.headers["Impersonate-Uid"] == "42"
        assert seen.headers.getall("Impersonate-Group") == ["dev", "ops"]
        assert seen.headers.getall("Impersonate-Extra-example.org%2Freason") == ["on call", "again"]


async def test_basic_authentication(server: FakeApiServer) -> None:
    server.on(PODS, document({}))

    async with dialled(server.url, auth=Auth(username="ann", password=Secret(b"s:cret"))) as transport:
        await transport.get(PODS)

    kind, _, word = server.seen[0].headers["Authorization"].partition(" ")
    assert (kind, base64.b64decode(word)) == ("Basic", b"ann:s:cret")


async def test_a_write_goes_out_as_given_with_its_type_and_identity(server: FakeApiServer) -> None:
    server.on(PODS, document({"kind": "Pod"}, status=201))
    body = b'{"metadata":{"name":"web","labels":{"gone":null}}}'

    async with dialled(server.url, auth=Auth(token=Secret(b"t"))) as transport:
        answer = await transport.send(
            "PATCH",
            PODS,
            body=body,
            content_type="application/merge-patch+json",
            params={"dryRun": "All", "force": True},
        )

    seen = server.seen[0]
    assert answer.status == 201
    assert seen.method == "PATCH"
    assert msgspec.json.decode(seen.body) == msgspec.json.decode(body)
    assert seen.headers["Content-Type"] == "application/merge-patch+json"
    assert seen.headers["Authorization"] == "Bearer t"
    assert seen.headers["User-Agent"] == f"acp-tui/{__version__}"
    assert seen.query == {"dryRun": "All", "force": "true"}
    assert transport.stats.bytes_out == len(body)


async def test_server_side_apply_takes_yaml(server: FakeApiServer) -> None:
    server.on(PODS, document({}))

    async with dialled(server.url) as transport:
        await transport.send(
            "PATCH", PODS, body=b"metadata:\n  name: web\n", content_type="application/apply-patch+yaml"
        )

    assert msgspec.json.decode(server.seen[0].body) == {"metadata": {"name": "web"}}
    assert server.seen[0].headers["Content-Type"] == "application/apply-patch+yaml"


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (401, "Unauthorized", errors.Unauthorized),
        (403, "Forbidden", errors.Forbidden),
        (404, "NotFound", errors.NotFound),
        (409, "Conflict", errors.Conflict),
        (410, "Expired", errors.Gone),
        (422, "Invalid", errors.Rejected),
        (500, "InternalError", errors.ServerFailed),
        (503, "ServiceUnavailable", errors.ServerFailed),
    ],
)
async def test_each_refusal_is_an_error_of_its_own(
    server: FakeApiServer, status: int, reason: str, kind: type[errors.ApiError]
) -> None:
    server.on(PODS, failure(status, reason, "the server says no \x1b[31m"))

    async with dialled(server.url) as transport:
        for ask in (transport.get(PODS), transport.send("POST", PODS, body=b"{}")):
            with pytest.raises(kind) as caught:
                await ask
            assert caught.value.status == status
            assert caught.value.title == "prod: the server says no ␛[31m"
            assert caught.value.tried.endswith(f"{PODS} → {status}")
            assert caught.value.advice


async def test_a_busy_server_says_how_long_to_wait(server: FakeApiServer) -> None:
    server.on(PODS, failure(429, "TooManyRequests", "busy", headers={"Retry-After": "3"}))

    async with dialled(server.url) as transport:
        with pytest.raises(errors.TooManyRequests) as caught:
            await transport.get(PODS)

    assert caught.value.retry_after == 3.0
    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (page("<html>502 Bad Gateway</html>", status=502), errors.ServerFailed),
        (page("<html>404</html>", status=404), errors.NotKubernetes),
        (page("<html>Sign in</html>"), errors.NotKubernetes),
        (redirect("https://login.example.org/"), errors.NotKubernetes),
    ],
    ids=["502", "404", "login page", "redirect"],
)
async def test_a_web_page_is_not_taken_for_an_answer(
    server: FakeApiServer, answer: Any, kind: type[errors.ApiError]
) -> None:
    server.on(PODS, answer)

    async with dialled(server.url) as transport:
        with pytest.raises(kind) as caught:
            await transport.get(PODS)
        with pytest.raises(kind):
            async with transport.stream(PODS):
                pass

    assert "<html" not in str(caught.value)


async def test_html_that_claims_to_be_json_is_told_by_the_decoder(server: FakeApiServer) -> None:
    server.on(PODS, page("<html>oops</html>", content_type="application/json"))

    async with dialled(server.url) as transport:
        with pytest.raises(Unreadable, match="web page"):
            await list_all(transport, PODS, Object)


async def test_a_connection_reset_in_the_middle_of_a_list_is_told(server: FakeApiServer) -> None:
    server.on(PODS, pieces([b'{"items": ['], reset=True, length=5000))

    async with dialled(server.url) as transport:
        with pytest.raises(errors.ConnectFailed, match="broke off"):
            await transport.get(PODS)


async def test_a_compressed_answer_that_was_cut_off_is_told(server: FakeApiServer) -> None:
    async def cut(request: Any) -> Any:
        from aiohttp import web

        return web.Response(body=b"\x1f\x8b\x08\x00\x00", headers={"Content-Encoding": "gzip"})

    server.on(PODS, cut)

    async with dialled(server.url) as transport:
        with pytest.raises(errors.ConnectFailed, match="cut off"):
            await transport.get(PODS)


async def test_a_large_answer_is_unpacked_when_it_is_looked_at(server: FakeApiServer) -> None:
    listing = {"items": [{"metadata": {"name": f"{number**9}\x1b"}} for number in range(2000)]}
    server.on(PODS, document(listing, gzip=True))
    server.on("/version", document({"gitVersion": "v1.34.2"}, gzip=True))

    async with dialled(server.url) as transport:
        small, large = await transport.get("/version"), await transport.get(PODS)

    assert (small.large, large.large) == (False, True)
    names = [item["metadata"]["name"] for item in msgspec.json.decode(large.body)["items"]]
    assert names == [f"{number**9}␛" for number in range(2000)]
    assert large.body is large.body


async def test_a_large_compressed_answer_that_was_cut_off_is_told_when_it_is_looked_at(server: FakeApiServer) -> None:
    packed = gzip.compress(b"".join(b"%d" % (number**9) for number in range(2000)))

    async def cut(request: Any) -> Any:
        from aiohttp import web

        return web.Response(body=packed[:-100], headers={"Content-Encoding": "gzip"})

    server.on(PODS, cut)

    async with dialled(server.url) as transport:
        answer = await transport.get(PODS)
        with pytest.raises(errors.ConnectFailed, match="cut off"):
            _ = answer.body
        with pytest.raises(errors.ConnectFailed, match="cut off"):
            await list_all(transport, PODS, Object)


async def test_a_server_that_never_answers_is_given_up(server: FakeApiServer) -> None:
    server.on(PODS, server.hang())

    async with dialled(server.url) as transport:
        with pytest.raises(errors.TimedOut, match="gave no answer"):
            await transport.get(PODS, timeout=0.1)


async def test_a_write_without_an_answer_says_that_its_outcome_is_not_known(server: FakeApiServer) -> None:
    server.on(PODS, pieces([], reset=True, length=10))

    async with dialled(server.url) as transport:
        with pytest.raises(errors.ConnectFailed) as caught:
            await transport.send("DELETE", PODS)

    assert "not known whether" in caught.value.advice
    assert len(server.seen) == 1


async def test_nobody_listening_is_told_with_the_address() -> None:
    async with dialled("http://127.0.0.1:1") as transport:
        with pytest.raises(errors.ConnectFailed) as caught:
            await transport.get(PODS)

    assert caught.value.title == "prod: the server cannot be reached (connection refused)"
    assert "http://127.0.0.1:1" in caught.value.tried


async def test_an_unknown_host_and_a_dead_proxy_are_told_apart() -> None:
    async with dialled("http://kube.invalid") as transport:
        with pytest.raises(errors.ConnectFailed, match="host name"):
            await transport.get(PODS)
    async with dialled("http://kube.invalid", proxy_url="http://127.0.0.1:1") as transport:
        with pytest.raises(errors.ConnectFailed, match="proxy"):
            await transport.get(PODS)


async def test_an_unusable_context_says_why_before_anything_is_sent(server: FakeApiServer) -> None:
    async with dialled(server.url, problem="its user 'x' is not in the kubeconfig") as transport:
        with pytest.raises(errors.ConnectFailed, match="not in the kubeconfig"):
            await transport.get(PODS)

    assert server.seen == []


async def test_lines_of_any_length_come_whole_and_clean(server: FakeApiServer) -> None:
    long = b'{"m":"' + b"x" * 6_000_000 + b'"}'
    server.on(PODS, pieces([b'{"m":"\\u0', b'01b"}\n', long + b"\n\n", b'{"cut":']))

    async with dialled(server.url) as transport, transport.stream(PODS) as lines:
        found = [line async for line in lines]

    assert [len(line) for line in found] == [11, len(long), 7]
    assert msgspec.json.decode(found[0]) == {"m": "␛"}


async def test_a_silent_stream_is_given_up_after_the_idle_time(server: FakeApiServer) -> None:
    server.on(PODS, server.hang(b'{"type":"BOOKMARK"}\n'))

    async with dialled(server.url) as transport, transport.stream(PODS, idle_timeout=0.1) as lines:
        assert await anext(lines) == b'{"type":"BOOKMARK"}'
        with pytest.raises(errors.TimedOut):
            await anext(lines)


async def test_a_renewed_token_file_is_tried_once_after_a_401(server: FakeApiServer, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("old\n")
    server.on(PODS, document({}), failure(401, "Unauthorized", "expired"), document({}))

    async with dialled(server.url, auth=Auth(token_file=str(token))) as transport:
        await transport.get(PODS)
        token.write_text("new\n")
        await transport.get(PODS)

    assert [seen.headers["Authorization"] for seen in server.seen] == ["Bearer old", "Bearer old", "Bearer new"]


async def test_a_401_without_anything_new_to_try_is_final(server: FakeApiServer) -> None:
    server.on(PODS, failure(401, "Unauthorized", "Unauthorized"))

    async with dialled(server.url, auth=Auth(token=Secret(b"t"))) as transport:
        with pytest.raises(errors.Unauthorized):
            await transport.get(PODS)

    assert len(server.seen) == 1


async def test_a_token_of_several_lines_is_told_and_never_shown(server: FakeApiServer, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("s3cret\nX-Evil: 1\n")

    async with dialled(server.url, auth=Auth(token_file=str(token))) as transport:
        with pytest.raises(errors.CredentialFailed, match="line breaks") as caught:
            await transport.get(PODS)

    assert "s3cret" not in f"{caught.value!r} {caught.value}"


async def test_after_close_nothing_is_asked_any_more(server: FakeApiServer) -> None:
    async with dialled(server.url) as transport:
        pass
    with pytest.raises(errors.ConnectFailed, match="closed"):
        await transport.get(PODS)


async def test_a_watch_over_the_wire_survives_a_bad_gateway_a_reset_and_a_fragment(server: FakeApiServer) -> None:
    added = [event("ADDED", obj(name, version)) + b"\n" for name, version in (("b", "11"), ("c", "12"))]
    server.on(
        PODS,
        page("<html>502</html>", status=502),
        pieces([listed(obj("a"), version="10")]),
        pieces([added[0]], reset=True),
        pieces([added[1], added[1][:30]]),
        pieces([listed(obj("a"), obj("b", "11"), obj("c", "12"), version="12")]),
        server.hang(event("DELETED", obj("a", "13")) + b"\n"),
    )
    sink = FakeSink()

    async with dialled(server.url) as transport:
        reflector = Reflector(transport, PODS, Object, sink=sink)
        for _ in range(3):
            await reflector.pass_once()
        assert sink.names == ["a", "b", "c"]
        assert [type(error) for error in sink.errors] == [errors.ServerFailed, errors.ConnectFailed, Unreadable]

        following = asyncio.create_task(reflector.pass_once())
        await sink.until("b", "c")
        following.cancel()
        with pytest.raises(asyncio.CancelledError):
            await following
