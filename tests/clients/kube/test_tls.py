"""Whom the transport trusts, whom it shows itself to, and what it says when trust fails."""

from __future__ import annotations

import os
import ssl
from pathlib import Path
from typing import Any

import pytest
import trustme

from acp_tui.clients import errors
from acp_tui.clients.kube.context import Auth, Secret, Tls
from tests.clients.kube.conftest import dialled
from tests.fakes.api_server import FakeApiServer, document, failure, running

PODS = "/api/v1/pods"


class Authorities:
    """The right and a wrong certificate authority, and a server's certificate from the right one."""

    def __init__(self) -> None:
        self.right, self.wrong = trustme.CA(), trustme.CA()

    def server(self, *names: str, **options: Any) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.right.issue_cert(*names, **options).configure_cert(context)
        return context


@pytest.fixture(scope="module")
def authorities() -> Authorities:
    return Authorities()


async def test_a_server_with_the_clusters_own_authority_is_trusted(authorities: Authorities) -> None:
    async with running(tls=authorities.server("127.0.0.1")) as server:
        server.on(PODS, document({"items": []}))
        async with dialled(server.url, tls=Tls(ca_data=authorities.right.cert_pem.bytes())) as transport:
            assert (await transport.get(PODS)).status == 200
            assert (await transport.send("POST", PODS, body=b"{}")).status == 200


async def test_a_wrong_authority_is_told_without_inviting_to_switch_verification_off(authorities: Authorities) -> None:
    wrong = Tls(ca_data=authorities.wrong.cert_pem.bytes())
    async with running(tls=authorities.server("127.0.0.1")) as server, dialled(server.url, tls=wrong) as transport:
        with pytest.raises(errors.TlsFailed, match="not from the authority") as caught:
            await transport.get(PODS)
        with pytest.raises(errors.TlsFailed):
            await transport.send("POST", PODS, body=b"{}")

    assert "do not switch verification off" in caught.value.advice


async def test_an_expired_certificate_of_the_server_is_told(authorities: Authorities) -> None:
    from datetime import UTC, datetime

    ended = authorities.server("127.0.0.1", not_after=datetime(2020, 1, 1, tzinfo=UTC))
    right = Tls(ca_data=authorities.right.cert_pem.bytes())
    async with running(tls=ended) as server, dialled(server.url, tls=right) as transport:
        with pytest.raises(errors.CertificateExpired, match="expired"):
            await transport.get(PODS)


async def test_a_certificate_for_another_name_is_accepted_only_under_its_name(authorities: Authorities) -> None:
    authority = authorities.right.cert_pem.bytes()
    async with running(tls=authorities.server("kube.example.org")) as server:
        server.on(PODS, document({}))
        async with dialled(server.url, tls=Tls(ca_data=authority)) as transport:
            with pytest.raises(errors.TlsFailed, match="another name"):
                await transport.get(PODS)
        named = Tls(ca_data=authority, server_name="kube.example.org")
        async with dialled(server.url, tls=named) as transport:
            assert (await transport.get(PODS)).status == 200
            assert (await transport.send("POST", PODS, body=b"{}")).status == 200
        async with dialled(server.url, tls=Tls(insecure=True)) as transport:
            assert (await transport.get(PODS)).status == 200


async def test_plain_http_behind_an_https_address_is_told(server: FakeApiServer) -> None:
    async with dialled(server.url.replace("http://", "https://"), tls=Tls(insecure=True)) as transport:
        with pytest.raises(errors.TlsFailed, match="does not speak TLS"):
            await transport.get(PODS)


async def test_a_client_certificate_is_presented_and_leaves_no_file_behind(
    authorities: Authorities, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    tls = authorities.server("127.0.0.1")
    authorities.right.configure_trust(tls)
    tls.verify_mode = ssl.CERT_REQUIRED
    client = authorities.right.issue_cert("ann@example.org")
    auth = Auth(cert_data=Secret(client.cert_chain_pems[0].bytes()), key_data=Secret(client.private_key_pem.bytes()))
    async with running(tls=tls) as server:
        server.on(PODS, document({}))
        async with dialled(server.url, auth=auth, tls=Tls(ca_data=authorities.right.cert_pem.bytes())) as transport:
            assert (await transport.get(PODS)).status == 200

    assert os.listdir(tmp_path) == []


async def test_a_401_with_an_expired_client_certificate_says_so(authorities: Authorities) -> None:
    from datetime import UTC, datetime

    client = authorities.right.issue_cert("ann@example.org", not_after=datetime(2021, 6, 1, tzinfo=UTC))
    auth = Auth(cert_data=Secret(client.cert_chain_pems[0].bytes()), key_data=Secret(client.private_key_pem.bytes()))
    async with running(tls=authorities.server("127.0.0.1")) as server:
        server.on(PODS, failure(401, "Unauthorized", "Unauthorized"))
        async with dialled(server.url, auth=auth, tls=Tls(ca_data=authorities.right.cert_pem.bytes())) as transport:
            with pytest.raises(errors.Unauthorized) as caught:
                await transport.get(PODS)

    assert "ended on 2021-06-01" in caught.value.advice


async def test_a_client_certificate_that_is_none_is_told_without_its_content(authorities: Authorities) -> None:
    auth = Auth(cert_data=Secret(b"not a certificate"), key_data=Secret(b"s3cret"))
    async with dialled("https://127.0.0.1:1", auth=auth) as transport:
        with pytest.raises(errors.TlsFailed) as caught:
            await transport.get(PODS)

    assert "s3cret" not in f"{caught.value!r} {caught.value} {transport!r}"
