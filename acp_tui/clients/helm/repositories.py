"""Chart repositories over HTTP, and those that Helm's own repositories.yaml names."""

from __future__ import annotations

import os
import ssl
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from acp_tui.model.errors import ChartError
from acp_tui.wire.text import one_line

_TIMEOUT = 60.0


class Repository(Struct, frozen=True):
    """One repository with its credentials, which go only to its own host unless `pass_credentials_all`."""

    name: str
    url: str
    username: str = ""
    password: str = ""
    ca_file: str = msgspec.field(default="", name="caFile")
    cert_file: str = msgspec.field(default="", name="certFile")
    key_file: str = msgspec.field(default="", name="keyFile")
    insecure_skip_tls_verify: bool = False
    pass_credentials_all: bool = False

    def __repr__(self) -> str:
        return f"Repository({self.name} {self.shown(self.url)})"

    def shown(self, url: str) -> str:
        """The URL without user information and query, which may hold secrets."""
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
        return one_line(f"{parts.scheme}://{parts.hostname or ''}{port}{parts.path}", limit=300)

    async def get(self, url: str, *, limit: int) -> bytes:
        """The body of a GET, at most `limit` bytes, redirects followed. Raises ChartError."""
        import httpx

        own = urlsplit(url).netloc == urlsplit(self.url).netloc
        auth = (self.username, self.password) if self.username and (own or self.pass_credentials_all) else None
        body = bytearray()
        try:
            async with (
                httpx.AsyncClient(verify=self._tls(), follow_redirects=True, timeout=_TIMEOUT) as client,
                client.stream("GET", url, auth=auth) as response,
            ):
                if response.status_code != 200:
                    raise self._failed(url, f"HTTP {response.status_code}")
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > limit:
                        raise self._failed(url, f"more than {limit} bytes")
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise self._failed(url, one_line(str(error) or type(error).__name__, limit=300)) from error
        return bytes(body)

    def _failed(self, url: str, why: str) -> ChartError:
        return ChartError(
            f"The chart repository {self.name or self.shown(self.url)} does not give what is needed",
            tried=f"GET {self.shown(url)}: {why}",
            advice="check URL, network and credentials of the repository",
        )

    def _tls(self) -> ssl.SSLContext | bool:
        if self.insecure_skip_tls_verify:
            return False
        if not self.ca_file and not self.cert_file:
            return True
        context = ssl.create_default_context(cafile=self.ca_file or None)
        if self.cert_file:
            context.load_cert_chain(self.cert_file, self.key_file or None)
        return context


class _File(Struct, frozen=True):
    repositories: list[Repository] | None = None


def repositories_file(env: Mapping[str, str]) -> Path:
    """Where Helm keeps its repositories: HELM_REPOSITORY_CONFIG, HELM_CONFIG_HOME, XDG_CONFIG_HOME, or the usual place.

    That is ~/.config, on macOS ~/Library/Preferences, and on Windows %APPDATA%.
    """
    if named := env.get("HELM_REPOSITORY_CONFIG"):
        return Path(named)
    if home := env.get("HELM_CONFIG_HOME"):
        return Path(home) / "repositories.yaml"
    if config := env.get("XDG_CONFIG_HOME") or (env.get("APPDATA", "") if sys.platform == "win32" else ""):
        return Path(config) / "helm" / "repositories.yaml"
    user = Path(env.get("HOME") or os.path.expanduser("~"))
    return user / ("Library/Preferences" if sys.platform == "darwin" else ".config") / "helm" / "repositories.yaml"


def repositories(env: Mapping[str, str]) -> tuple[Repository, ...]:
    """All repositories Helm knows; none where its file does not exist. Raises ChartError for a broken file."""
    import yaml

    path = repositories_file(env)
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise _broken(path, error.strerror or "unreadable") from error
    try:
        file: Any = yaml.safe_load(text)
        return tuple(msgspec.convert(file or {}, _File, strict=False).repositories or ())
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise _broken(path, one_line(str(error), limit=300)) from error


def find_repository(name: str, env: Mapping[str, str]) -> Repository:
    known = repositories(env)
    for repository in known:
        if repository.name == name:
            return repository
    names = ", ".join(repository.name for repository in known) or "none"
    raise ChartError(
        f"Helm knows no repository {one_line(name, limit=100)!r}",
        tried=f"read {repositories_file(env)}: {one_line(names, limit=300)}",
        advice="add it with helm repo add, or give the repository's URL",
    )


def _broken(path: Path, why: str) -> ChartError:
    return ChartError("Helm's list of repositories is not readable", tried=f"{path}: {why}", advice="helm repo list")
