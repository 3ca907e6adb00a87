"""What is loaded to trust a cluster: its own authority alone, and once for all clusters that have the same."""

from __future__ import annotations

import asyncio

import pytest
import trustme

from acp_tui.clients.kube.context import Secret, Tls
from acp_tui.clients.kube.credentials import ClientCertificate
from acp_tui.clients.kube.trust import Trusts


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def own(authority: trustme.CA) -> Tls:
    return Tls(ca_data=authority.cert_pem.bytes())


async def test_a_cluster_with_an_authority_of_its_own_loads_no_other(own: Tls) -> None:
    context = await Trusts().context(own, None)

    assert context.cert_store_stats()["x509"] == 1


async def test_clusters_that_trust_the_same_share_one_context_whatever_their_names(own: Tls) -> None:
    trusts = Trusts()
    named = Tls(ca_data=own.ca_data, server_name="kube.example.org")

    first, second, system, again = await asyncio.gather(
        *(trusts.context(tls, None) for tls in (own, named, Tls(), Tls()))
    )

    assert first is second
    assert system is again
    assert first is not system


async def test_authorities_and_the_lack_of_any_never_mix(own: Tls) -> None:
    trusts = Trusts()

    contexts = [
        await trusts.context(tls, None)
        for tls in (own, Tls(ca_data=trustme.CA().cert_pem.bytes()), Tls(ca_data=own.ca_data, insecure=True))
    ]

    assert len({id(each) for each in contexts}) == 3


async def test_who_shows_a_certificate_has_a_context_of_its_own(authority: trustme.CA, own: Tls) -> None:
    trusts = Trusts()
    client = authority.issue_cert("ann@example.org")
    shown = ClientCertificate(
        cert=Secret(client.cert_chain_pems[0].bytes()), key=Secret(client.private_key_pem.bytes())
    )

    first, second = [await trusts.context(own, shown) for _ in range(2)]

    assert first is not second
    assert first is not await trusts.context(own, None)
