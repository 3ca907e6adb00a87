"""The way to a server: the context's proxy first, else the environment's, by Go's rules."""

from __future__ import annotations

import pytest

from acp_tui.clients.kube.proxy import proxy_for

ENV = {"HTTPS_PROXY": "proxy:3128", "HTTP_PROXY": "http://plain:80"}


@pytest.mark.parametrize(
    ("server", "no_proxy", "proxy"),
    [
        ("https://kube.example.org", "", "http://proxy:3128"),
        ("http://kube.example.org", "", "http://plain:80"),
        ("https://127.0.0.1:6443", "", ""),
        ("https://localhost:6443", "", ""),
        ("https://[::1]:6443", "", ""),
        ("https://kube.example.org", "example.org", ""),
        ("https://kube.example.org", ".example.org", ""),
        ("https://kube.example.org", "*.example.org", ""),
        ("https://kubeexample.org", "example.org", "http://proxy:3128"),
        ("https://10.1.2.3:6443", "10.0.0.0/8", ""),
        ("https://11.1.2.3:6443", "10.0.0.0/8,bad/net", "http://proxy:3128"),
        ("https://kube:6443", "kube:6443", ""),
        ("https://kube:6443", "kube:443", "http://proxy:3128"),
        ("https://kube:6443", " , other, * ", ""),
    ],
)
def test_the_environment_names_proxies_and_exceptions(server: str, no_proxy: str, proxy: str) -> None:
    assert proxy_for(server, proxy_url="", env={**ENV, "no_proxy": no_proxy}) == proxy


def test_the_contexts_own_proxy_beats_the_environment() -> None:
    assert proxy_for("https://127.0.0.1", proxy_url="http://mine", env=ENV) == "http://mine"


def test_without_either_there_is_none() -> None:
    assert proxy_for("https://kube", proxy_url="", env={}) == ""
