"""Everything that can be wrong from outside: what, where, what next; an exit code, and JSON for scripts."""

from __future__ import annotations

import json
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import trustme

from tests.cli.conftest import Acp, Answer

Kubeconfig = Callable[..., Path]


def told(answer: Answer, code: int, slug: str) -> Any:
    """The error, which must be complete: a code, a stable word, what happened, where, and what to do next."""
    assert answer.code == code
    error = answer.error
    assert (error["exitCode"], error["slug"]) == (code, slug)
    assert error["title"]
    assert error["tried"]
    assert error["advice"]
    return error


# the kubeconfig


def test_no_kubeconfig(acp: Acp, home: Path) -> None:
    error = told(acp("get", "clusters", "-o", "json"), 3, "kubeconfig")

    assert str(home / ".kube" / "config") in json.dumps(error)


def test_a_kubeconfig_that_cannot_be_read(acp: Acp, tmp_path: Path) -> None:
    error = told(acp("get", "clusters", "--kubeconfig", str(tmp_path), "-o", "json"), 3, "kubeconfig")

    assert str(tmp_path) in error["title"]


def test_a_kubeconfig_that_is_no_yaml_is_told_with_its_line(acp: Acp, tmp_path: Path) -> None:
    path = tmp_path / "broken"
    path.write_text("apiVersion: v1\nclusters: [\n")

    error = told(acp("get", "clusters", "--kubeconfig", str(path), "-o", "json"), 3, "kubeconfig")

    assert f"{path}:" in json.dumps(error)


@pytest.mark.usefixtures("fleet")
def test_an_unknown_context_is_told_with_the_names_near_it(acp: Acp) -> None:
    error = told(acp("get", "clusters", "--context", "prod-est", "-o", "json"), 3, "kubeconfig")

    assert "prod-est" in error["title"]
    assert "prod-east" in error["advice"]


def test_one_broken_file_of_several_leaves_the_others(
    acp: Acp, fleet: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "broken"
    broken.write_text("[")
    monkeypatch.setenv("KUBECONFIG", f"{broken}:{fleet}")

    answer = acp("get", "clusters", "--context", "staging")

    assert answer.code == 0
    assert "staging" in answer.out
    assert str(broken) in answer.err


# the server


class _Stub(BaseHTTPRequestHandler):
    """Answers every request alike."""

    code = 200
    kind = "application/json"
    body = b"{}"

    def do_GET(self) -> None:
        self.send_response(self.code)
        self.send_header("Content-Type", self.kind)
        self.send_header("Content-Length", str(len(self.body)))
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:
        return


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler], tls: ssl.SSLContext | None = None) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    if tls:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def _certified(authority: trustme.CA, not_after: datetime | None = None) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1", not_after=not_after).configure_cert(context)
    return context


def test_an_expired_certificate(acp: Acp, kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    yesterday = datetime.now(UTC) - timedelta(days=1)
    with serving(_Stub, _certified(authority, yesterday)) as server:
        config = kubeconfig(server=server, ca=str(tmp_path / "ca.pem"))
        error = told(acp("get", "clusters", "--kubeconfig", str(config), "-o", "json"), 4, "certificate-expired")

    assert "expired" in error["title"]
    assert server in error["tried"]


def test_a_wrong_authority(acp: Acp, kubeconfig: Kubeconfig, tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(str(tmp_path / "other.pem"))
    with serving(_Stub, _certified(trustme.CA())) as server:
        config = kubeconfig(server=server, ca=str(tmp_path / "other.pem"))
        error = told(acp("get", "clusters", "--kubeconfig", str(config), "-o", "json"), 4, "tls")

    assert "kubeconfig" in error["advice"]


def test_a_token_that_is_not_taken(acp: Acp, kubeconfig: Kubeconfig) -> None:
    class Refusing(_Stub):
        code = 401
        body = b'{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Unauthorized","code":401}'

    with serving(Refusing) as server:
        config = kubeconfig(server=server, token="hush-hush")
        answer = acp("get", "clusters", "--kubeconfig", str(config), "-o", "json")

    told(answer, 4, "unauthorized")
    assert "hush-hush" not in answer.out + answer.err


def test_a_server_that_answers_a_web_page(acp: Acp, kubeconfig: Kubeconfig) -> None:
    class Portal(_Stub):
        kind = "text/html"
        body = b"<!doctype html><title>Log in</title>"

    with serving(Portal) as server:
        config = kubeconfig(server=server)
        error = told(acp("get", "clusters", "--kubeconfig", str(config), "-o", "json"), 4, "not-kubernetes")

    assert "web" in error["title"]


def test_a_port_where_nobody_listens(acp: Acp, kubeconfig: Kubeconfig) -> None:
    with serving(_Stub) as server:
        pass
    config = kubeconfig(server=server)

    told(acp("get", "clusters", "--kubeconfig", str(config), "-o", "json"), 4, "connect")


# words


@pytest.mark.parametrize(
    "words",
    [
        ("get", "nonsense"),
        ("release", "rollback"),
        ("release", "rollback", "x", "--to", "zero"),
        ("get", "clusters", "--timeout", "0"),
        ("no-such-command",),
    ],
)
def test_wrong_words_are_told_as_text_and_as_json(acp: Acp, words: tuple[str, ...]) -> None:
    assert acp(*words).code == 2

    answer = acp(*words, "-o", "json")
    assert answer.code == 2
    assert answer.error["slug"] == "usage"


@pytest.mark.usefixtures("fleet")
def test_demo_and_kubeconfig_at_once(acp: Acp, fleet: Path) -> None:
    answer = acp("get", "clusters", "--demo", "--kubeconfig", str(fleet), "-o", "json")

    assert (answer.code, answer.error["slug"]) == (2, "usage")
