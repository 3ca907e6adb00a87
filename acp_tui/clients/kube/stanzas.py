"""Turns the entries of a kubeconfig into a Context, naming what is wrong instead of giving up."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from acp_tui.clients.kube.context import (
    ACP_EXTENSION,
    NOTHING,
    AcpExtension,
    Auth,
    Context,
    ExecPlugin,
    Impersonation,
    Secret,
    Tls,
)
from acp_tui.wire.text import clean, one_line

_PRODUCTION = re.compile(r"(^|[-_./:])prod", re.IGNORECASE)
_EXEC_CLUSTER_EXTENSION = "client.authentication.k8s.io/exec"
_PEM = b"-----BEGIN "


class Entry(Struct, frozen=True):
    """A named entry and the file it stands in, against whose folder its relative paths are read."""

    value: Any
    file: Path

    @property
    def fields(self) -> dict[str, Any]:
        return self.value if isinstance(self.value, dict) else {}

    def text(self, key: str) -> str:
        value = self.fields.get(key)
        return "" if value is None else str(value)

    def path(self, key: str) -> str:
        """An absolute path; relative ones count from the file's folder."""
        value = self.text(key)
        return str(self.file.absolute().parent / value) if value else ""


class _Bad(Exception):
    """A value that makes its context unusable; the text is for a person."""


def read_context(name: str, entry: Entry, *, clusters: dict[str, Entry], users: dict[str, Entry]) -> Context:
    """The context with everything it refers to, or with `problem` saying why it cannot be used."""
    cluster_name, user_name = entry.text("cluster"), entry.text("user")
    cluster = clusters.get(cluster_name)
    bare = Context(
        name=clean(name),
        server="",
        cluster_name=clean(cluster_name),
        user_name=clean(user_name),
        namespace=clean(entry.text("namespace")),
        production=bool(_PRODUCTION.search(name) or _PRODUCTION.search(cluster_name)),
        source=str(entry.file),
    )
    if cluster is None:
        return _unusable(bare, f"its cluster {clean(cluster_name)!r} is not in the kubeconfig")
    context = msgspec.structs.replace(
        bare,
        server=clean(cluster.text("server")).rstrip("/"),
        proxy_url=cluster.text("proxy-url"),
        disable_compression=cluster.fields.get("disable-compression") is True,
        acp=_acp(cluster, entry),
    )
    user = users.get(user_name)
    try:
        _check_addresses(context)
        context = msgspec.structs.replace(context, tls=_tls(cluster))
        if context.tls.insecure:
            context = msgspec.structs.replace(context, warnings=("the server's certificate is not verified",))
        if user is None and user_name:
            raise _Bad(f"its user {clean(user_name)!r} is not in the kubeconfig")
        if user is not None:
            context = msgspec.structs.replace(context, auth=_auth(user, cluster))
    except _Bad as bad:
        return _unusable(context, str(bad))
    return context


def _unusable(context: Context, why: str) -> Context:
    return msgspec.structs.replace(context, problem=one_line(why, limit=300))


def _check_addresses(context: Context) -> None:
    try:
        parts = urlsplit(context.server)
        sound = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:
        sound = False
    if not context.server:
        raise _Bad(f"cluster {context.cluster_name!r} names no server")
    if not sound:
        raise _Bad(f"the server {context.server!r} is not an http or https address")
    if context.proxy_url:
        scheme = context.proxy_url.split(":", 1)[0].lower()
        if scheme.startswith("socks"):
            raise _Bad("proxy-url is a SOCKS proxy, which is not supported; use an http or https proxy in front of it")
        if scheme not in ("http", "https"):
            raise _Bad("proxy-url is not an http or https address")


def _acp(cluster: Entry, context: Entry) -> AcpExtension | None:
    found = {**_extension(cluster, ACP_EXTENSION), **_extension(context, ACP_EXTENSION)}
    if not found:
        return None
    return AcpExtension(
        is_global=found.get("isGlobal") in (True, "true"),
        platform_url=clean(str(found.get("platformUrl") or "")),
        session=clean(str(found.get("sessionName") or "")),
        cluster=clean(str(found.get("clusterName") or "")),
        description=one_line(str(found.get("description") or ""), limit=200),
    )


def _extension(entry: Entry, name: str) -> dict[str, Any]:
    extensions = entry.fields.get("extensions")
    for item in extensions if isinstance(extensions, list) else ():
        if isinstance(item, dict) and item.get("name") == name and isinstance(item.get("extension"), dict):
            return dict(item["extension"])
    return {}


def _tls(cluster: Entry) -> Tls:
    insecure = cluster.fields.get("insecure-skip-tls-verify") is True
    file, data = cluster.path("certificate-authority"), _data(cluster, "certificate-authority-data")
    if data:
        file = ""
    elif file and not insecure:
        data = _file(file, "certificate-authority")
    if data and _PEM not in data:
        raise _Bad("certificate-authority holds no PEM certificate")
    return Tls(ca_file=file, ca_data=data, server_name=cluster.text("tls-server-name"), insecure=insecure)


def _auth(user: Entry, cluster: Entry) -> Auth:
    provider = user.fields.get("auth-provider")
    if isinstance(provider, dict):
        kind = clean(str(provider.get("name") or "unknown"))
        advice = (
            "use an exec plugin instead: kubelogin (kubectl oidc-login)" if kind == "oidc" else "use an exec plugin"
        )
        raise _Bad(f"auth-provider {kind} is gone from Kubernetes clients; {advice}")
    token_file = user.path("tokenFile")
    auth = Auth(
        token=_secret(user.text("token").strip()),
        token_file=token_file,
        username=user.text("username"),
        password=_secret(user.text("password")),
        cert_file="" if user.text("client-certificate-data") else user.path("client-certificate"),
        key_file="" if user.text("client-key-data") else user.path("client-key"),
        cert_data=_hidden(_data(user, "client-certificate-data")),
        key_data=_hidden(_data(user, "client-key-data")),
        exec=_exec(user, cluster),
        impersonate=_impersonation(user),
    )
    _check_certificate(auth)
    return auth


def _check_certificate(auth: Auth) -> None:
    for path, what in ((auth.cert_file, "client-certificate"), (auth.key_file, "client-key")):
        if path:
            _file(path, what)
    has_cert, has_key = bool(auth.cert_file or auth.cert_data), bool(auth.key_file or auth.key_data)
    if has_cert != has_key:
        missing = "client-key" if has_cert else "client-certificate"
        raise _Bad(f"{missing} is missing: a client certificate needs both")


def _exec(user: Entry, cluster: Entry) -> ExecPlugin | None:
    stanza = user.fields.get("exec")
    if not isinstance(stanza, dict):
        return None
    command = str(stanza.get("command") or "")
    if not command:
        raise _Bad("its exec plugin names no command")
    if os.path.dirname(command) and not os.path.isabs(command):
        command = str(user.file.absolute().parent / command)
    mode = str(stanza.get("interactiveMode") or "IfAvailable")
    if mode == "Always":
        raise _Bad(
            f"exec plugin {clean(command)} insists on a terminal (interactiveMode: Always); log in with it first"
        )
    args, env = stanza.get("args"), stanza.get("env")
    provides = stanza.get("provideClusterInfo") is True
    config = _extension(cluster, _EXEC_CLUSTER_EXTENSION) if provides else {}
    return ExecPlugin(
        command=command,
        args=tuple(str(arg) for arg in args) if isinstance(args, list) else (),
        env=tuple(
            (str(item["name"]), _secret(str(item.get("value") or "")))
            for item in (env if isinstance(env, list) else ())
            if isinstance(item, dict) and item.get("name")
        ),
        api_version=str(stanza.get("apiVersion") or "client.authentication.k8s.io/v1"),
        provide_cluster_info=provides,
        interactive_mode=mode,
        install_hint=one_line(str(stanza.get("installHint") or ""), limit=500),
        cluster_config=json.dumps(config, sort_keys=True, default=str) if config else "",
    )


def _impersonation(user: Entry) -> Impersonation:
    groups, extra = user.fields.get("as-groups"), user.fields.get("as-user-extra")
    found = Impersonation(
        user=user.text("as"),
        uid=user.text("as-uid"),
        groups=tuple(str(group) for group in groups) if isinstance(groups, list) else (),
        extra=tuple(
            (str(key), tuple(str(value) for value in values) if isinstance(values, list) else (str(values),))
            for key, values in (extra.items() if isinstance(extra, dict) else ())
        ),
    )
    if found and not found.user:
        raise _Bad("as-groups, as-uid and as-user-extra need `as`, the user to act as")
    return found


def _data(entry: Entry, key: str) -> bytes:
    text = entry.text(key)
    if not text:
        return b""
    try:
        return base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError) as error:
        raise _Bad(f"{key} is not base64") from error


def _file(path: str, what: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise _Bad(f"{what} {path} cannot be read: {error.strerror or error}") from error


def _secret(text: str) -> Secret:
    return Secret(text.encode()) if text else NOTHING


def _hidden(data: bytes) -> Secret:
    return Secret(data) if data else NOTHING
