"""Real admission on the bed: webhooks that deny or are down, and PodSecurity carried through an act."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
import subprocess
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from acp_tui.model.operation import OutcomeKind
from acp_tui.model.plan import Answer, CheckResult, Verb
from testbed import scenery
from testbed.process import BedError, free_port
from tests.system.test_troubles import act, chart_of, check, config, effect, healthy, plan
from tests.system.test_troubles import workload as deployment
from tests.system.ward import Ward

pytestmark = pytest.mark.system

ROOT = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
Hook = Callable[[int, str], str]


class Denies(BaseHTTPRequestHandler):
    """Denies what has the word `forbidden` in it, as an admission webhook does."""

    def do_POST(self) -> None:
        review = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        denied = "forbidden" in json.dumps(review["request"].get("object"))
        answer: dict[str, Any] = {"uid": review["request"]["uid"], "allowed": not denied}
        if denied:
            answer["status"] = {"code": 403, "message": "the word forbidden is not allowed"}
        data = json.dumps({"apiVersion": review["apiVersion"], "kind": review["kind"], "response": answer}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate of the loopback address that signs itself, and its key, in one file."""
    folder = tmp_path_factory.mktemp("webhook")
    argv = ("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1",
            "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem", "-out", "cert.pem")  # fmt: skip
    subprocess.run(argv, cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def denying(authority: Path) -> Iterator[int]:
    """The port of a webhook that answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Denies)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority / "cert.pem", authority / "key.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


@pytest.fixture
def webhook(ward: Ward, authority: Path) -> Iterator[Hook]:
    """Registers a webhook for ConfigMaps of the namespace and returns once the server asks it; gives its name."""
    made: list[str] = []
    east = ward.bed["east"]

    def register(port: int, said: str) -> str:
        name = f"w{ward.namespace[-4:]}.example.org"
        hook = {
            "name": name,
            "clientConfig": {
                "url": f"https://127.0.0.1:{port}/",
                "caBundle": base64.b64encode((authority / "cert.pem").read_bytes()).decode(),
            },
            "rules": [
                {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["*"], "resources": ["configmaps"]},
            ],
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": ward.namespace}},
            "sideEffects": "None",
            "admissionReviewVersions": ["v1"],
            "timeoutSeconds": 5,
        }
        east.request("POST", ROOT, {"metadata": {"name": name}, "webhooks": [hook]})
        made.append(name)
        tried = config("forbidden", name="probe")
        path = f"/api/v1/namespaces/{ward.namespace}/configmaps?dryRun=All"

        def asked() -> bool:
            try:
                east.request("POST", path, tried)
            except BedError as error:
                return said in str(error)
            return False

        east.wait("the webhook", asked)
        return name

    yield register
    for name in made:
        east.request("DELETE", f"{ROOT}/{name}")


async def test_a_webhook_that_denies_an_object_is_foreseen_and_named(
    ward: Ward, tmp_path: Path, webhook: Hook, denying: int
) -> None:
    await act(ward, Verb.DEPLOY, "helm4", chart=chart_of(tmp_path, config("a")))
    name = await asyncio.to_thread(webhook, denying, "is not allowed")
    refused = await plan(ward, Verb.UPGRADE, "helm4", chart=chart_of(tmp_path, config("forbidden")))
    says = effect(refused, "ConfigMap").server
    assert says is not None
    assert (says.answer, says.text) == (Answer.WEBHOOK, f"webhook {name} denied it: the word forbidden is not allowed")
    assert not refused.allowed
    done = await act(ward, Verb.UPGRADE, "helm4", chart=chart_of(tmp_path, config("fine")))
    await healthy(ward, done, 1, 2)


async def test_a_webhook_that_is_down_is_named_with_what_it_answered(ward: Ward, tmp_path: Path, webhook: Hook) -> None:
    await act(ward, Verb.DEPLOY, "helm3", chart=chart_of(tmp_path, config("a")))
    port = free_port(set())
    name = await asyncio.to_thread(webhook, port, "failed calling webhook")
    refused = await plan(ward, Verb.UPGRADE, "helm3", chart=chart_of(tmp_path, config("b")))
    says = effect(refused, "ConfigMap").server
    assert says is not None
    assert says.answer is Answer.WEBHOOK
    assert says.text.startswith(f"webhook {name} (127.0.0.1:{port}) does not answer: dial tcp")
    assert [each.id for each in refused.refusals] == ["server"]
    assert "webhook" in check(refused, "server").advice


async def test_pods_that_podsecurity_forbids_are_foreseen_and_named_by_the_verdict_and_going_back_heals(
    ward: Ward, tmp_path: Path
) -> None:
    """Helm says that it went well: the ReplicaSet is taken, and no pod of it is made."""
    body = deployment()
    container = body["spec"]["template"]["spec"]["containers"][0]
    container["securityContext"] = {
        "allowPrivilegeEscalation": False,
        "runAsNonRoot": True,
        "capabilities": {"drop": ["ALL"]},
        "seccompProfile": {"type": "RuntimeDefault"},
    }
    await act(ward, Verb.DEPLOY, "helm4", chart=chart_of(tmp_path, body))
    level = [{"op": "add", "path": "/metadata/labels/pod-security.kubernetes.io~1enforce", "value": "restricted"}]
    scenery.run(
        ward.bed, "kubectl", "--context=bed-east", "patch", "namespace", ward.namespace, "--type=json",
        f"--patch={json.dumps(level)}",
    )  # fmt: skip
    container.pop("securityContext")
    planned = await plan(ward, Verb.UPGRADE, "helm4", chart=chart_of(tmp_path, body))
    says = effect(planned, "Deployment").server
    assert says is not None
    assert (says.answer, says.pods) == (Answer.POD_SECURITY, True)
    assert check(planned, "server").result is CheckResult.WARN
    done = await ward.controller.wait(ward.controller.start(planned).id)
    assert done.outcome is not None
    assert done.outcome.kind in (OutcomeKind.REGRESSED, OutcomeKind.NOT_PROVEN)
    assert any("PodSecurity restricted violated" in finding.what for finding in done.outcome.findings), done.outcome
    await healthy(ward, await act(ward, Verb.ROLLBACK, "helm4", revision=1), 1, 2, 3)
