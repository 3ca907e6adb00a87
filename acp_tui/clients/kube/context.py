"""What a kubeconfig context says: where a cluster is, how to trust it, and as whom to speak to it."""

from __future__ import annotations

import base64
import hashlib
import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct

ACP_EXTENSION = "acp.io/v1"


class Secret:
    """A text or bytes that no repr, log or crash report shows; equal by value, so that equal stanzas are one."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes) -> None:
        self._value = value

    def reveal(self) -> bytes:
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)

    def __repr__(self) -> str:
        return "<hidden>" if self._value else "<none>"


NOTHING = Secret(b"")


class ExecPlugin(Struct, frozen=True):
    """A program that prints an ExecCredential (client.authentication.k8s.io).

    `command` is absolute or a bare name looked up on PATH. `env` values may be secrets. `interactive_mode` is
    Never, IfAvailable or Always; the terminal is never lent, so Always cannot be served.
    """

    command: str
    args: tuple[str, ...] = ()
    env: tuple[tuple[str, Secret], ...] = ()
    api_version: str = "client.authentication.k8s.io/v1"
    provide_cluster_info: bool = False
    interactive_mode: str = "IfAvailable"
    install_hint: str = ""
    cluster_config: str = ""


class Impersonation(Struct, frozen=True):
    """Act as somebody else (Impersonate-* headers); `extra` is key and values."""

    user: str = ""
    uid: str = ""
    groups: tuple[str, ...] = ()
    extra: tuple[tuple[str, tuple[str, ...]], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.user or self.uid or self.groups or self.extra)


class Auth(Struct, frozen=True):
    """As whom to speak. Of several ways a token file beats a token, as in client-go; paths are absolute."""

    token: Secret = NOTHING
    token_file: str = ""
    username: str = ""
    password: Secret = NOTHING
    cert_file: str = ""
    key_file: str = ""
    cert_data: Secret = NOTHING
    key_data: Secret = NOTHING
    exec: ExecPlugin | None = None
    impersonate: Impersonation = Impersonation()

    @property
    def method(self) -> str:
        """How it authenticates, in words for a person."""
        if self.exec:
            return f"exec {os.path.basename(self.exec.command)}"
        if self.token_file:
            return f"token file {self.token_file}"
        if self.token:
            return "token"
        if self.username:
            return "user name and password"
        return "client certificate" if self.cert_file or self.cert_data else "anonymous"


class Tls(Struct, frozen=True):
    """How to trust the server; without `ca_file` and `ca_data` (PEM) the system's authorities decide."""

    ca_file: str = ""
    ca_data: bytes = b""
    server_name: str = ""
    insecure: bool = False


class AcpExtension(Struct, frozen=True):
    """What ACP's own CLI notes on a context (extension acp.io/v1); `cluster` is the platform's name for it."""

    is_global: bool = False
    platform_url: str = ""
    session: str = ""
    cluster: str = ""
    description: str = ""


class Context(Struct, frozen=True):
    """One way to one cluster. `problem` says why it cannot be used, empty where it can.

    `server` has no trailing slash; `source` is the file it came from, empty inside a pod. `warnings` hold what does
    not stop it (TLS not verified).
    """

    name: str
    server: str
    cluster_name: str = ""
    user_name: str = ""
    namespace: str = ""
    auth: Auth = Auth()
    tls: Tls = Tls()
    proxy_url: str = ""
    disable_compression: bool = False
    acp: AcpExtension | None = None
    production: bool = False
    problem: str = ""
    warnings: tuple[str, ...] = ()
    source: str = ""

    def __repr__(self) -> str:
        return f"Context({self.name!r}, {self.server!r}, {self.auth.method})"

    def __rich_repr__(self) -> Any:
        yield self.name
        yield self.server
        yield self.auth.method

    @property
    def identity(self) -> str:
        """The same for two contexts of one cluster: server address and a digest of the authority it is trusted by."""
        try:
            parts = urlsplit(self.server)
            port = parts.port or (443 if parts.scheme == "https" else 80)
        except ValueError:
            return f"{self.server} of context {self.name}"
        if not parts.hostname:
            return f"{self.server} of context {self.name}"
        place = f"{parts.scheme}://{parts.hostname.lower()}:{port}{parts.path.rstrip('/')}"
        return f"{place} {hashlib.sha256(self.tls.ca_data.strip()).hexdigest()[:16]}"

    def one_file(self) -> str:
        """The YAML of a kubeconfig with this context alone, for programs that take a file; it holds secrets."""
        import yaml

        document = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": self.name,
            "contexts": [{"name": self.name, "context": self._pair()}],
            "clusters": [{"name": self.cluster_name or self.name, "cluster": self._cluster()}],
            "users": [{"name": self.user_name or self.name, "user": _user(self.auth)}],
        }
        return yaml.safe_dump(document, sort_keys=False, allow_unicode=True)

    def write_private(self, path: Path) -> Path:
        """Writes `one_file` readable by its owner alone (0600, folder 0700) and returns the path."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(self.one_file())
        return path

    def _pair(self) -> dict[str, str]:
        pair = {"cluster": self.cluster_name or self.name, "user": self.user_name or self.name}
        return pair | ({"namespace": self.namespace} if self.namespace else {})

    def _cluster(self) -> dict[str, Any]:
        cluster: dict[str, Any] = {"server": self.server}
        if self.tls.insecure:
            cluster["insecure-skip-tls-verify"] = True
        elif self.tls.ca_data:
            cluster["certificate-authority-data"] = _b64(self.tls.ca_data)
        if self.tls.server_name:
            cluster["tls-server-name"] = self.tls.server_name
        if self.proxy_url:
            cluster["proxy-url"] = self.proxy_url
        if self.disable_compression:
            cluster["disable-compression"] = True
        if self.auth.exec and self.auth.exec.cluster_config:
            import json

            extension = json.loads(self.auth.exec.cluster_config)
            cluster["extensions"] = [{"name": "client.authentication.k8s.io/exec", "extension": extension}]
        return cluster


def _user(auth: Auth) -> dict[str, Any]:
    fields = {
        "token": auth.token.reveal().decode(),
        "tokenFile": auth.token_file,
        "username": auth.username,
        "password": auth.password.reveal().decode(),
        "client-certificate": auth.cert_file,
        "client-key": auth.key_file,
        "client-certificate-data": _b64(auth.cert_data.reveal()),
        "client-key-data": _b64(auth.key_data.reveal()),
        "as": auth.impersonate.user,
        "as-uid": auth.impersonate.uid,
        "as-groups": list(auth.impersonate.groups),
        "as-user-extra": {key: list(values) for key, values in auth.impersonate.extra},
        "exec": _exec(auth.exec) if auth.exec else None,
    }
    return {key: value for key, value in fields.items() if value}


def _exec(plugin: ExecPlugin) -> dict[str, Any]:
    return {
        "apiVersion": plugin.api_version,
        "command": plugin.command,
        "args": list(plugin.args),
        "env": [{"name": name, "value": value.reveal().decode()} for name, value in plugin.env],
        "provideClusterInfo": plugin.provide_cluster_info,
        "interactiveMode": plugin.interactive_mode,
        "installHint": plugin.install_hint,
    }


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode()
