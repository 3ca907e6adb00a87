"""Which HTTP proxy leads to a server: the context's own, else the environment's, as Go programs read it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from urllib.parse import urlsplit


def proxy_for(server: str, *, proxy_url: str, env: Mapping[str, str]) -> str:
    """The URL of the proxy, empty for none.

    Rules of Go's golang.org/x/net/http/httpproxy: loopback is never proxied; NO_PROXY lists hosts, domains with
    their subdomains, addresses, networks and `*`, each with an optional port.
    """
    if proxy_url:
        return proxy_url
    parts = urlsplit(server)
    name = "HTTPS_PROXY" if parts.scheme == "https" else "HTTP_PROXY"
    proxy = env.get(name) or env.get(name.lower()) or ""
    host = (parts.hostname or "").lower()
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if not proxy or _is_loopback(host):
        return ""
    excluded = env.get("NO_PROXY") or env.get("no_proxy") or ""
    if any(_matches(host, port, entry.strip().lower()) for entry in excluded.split(",") if entry.strip()):
        return ""
    return proxy if "://" in proxy else f"http://{proxy}"


def _is_loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" or (address is not None and address.is_loopback)


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _matches(host: str, port: int, entry: str) -> bool:
    if entry == "*":
        return True
    if "/" in entry:
        address = _address(host)
        try:
            return address is not None and address in ipaddress.ip_network(entry, strict=False)
        except ValueError:
            return False
    if entry.count(":") == 1:
        entry, _, wanted = entry.partition(":")
        if wanted != str(port):
            return False
    entry = entry.removeprefix("*").strip("[]")
    if entry.startswith("."):
        return host.endswith(entry)
    return host == entry or host.endswith(f".{entry}")
