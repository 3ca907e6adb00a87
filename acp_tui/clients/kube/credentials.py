"""Who we are to one cluster, kept fresh: token files, exec plugins, client certificates, impersonation."""

from __future__ import annotations

import base64
import time
from pathlib import Path

from msgspec import Struct

from acp_tui.clients.errors import CredentialFailed
from acp_tui.clients.kube.context import NOTHING, Context, Secret
from acp_tui.clients.kube.execplugin import ExecCredential, ExecPlugins, PluginFailed
from acp_tui.model.refs import Clock

_TOKEN_FILE_SECONDS = 60.0
"""As client-go: projected service account tokens rotate under a running process."""


class ClientCertificate(Struct, frozen=True):
    """A certificate and its key: two files, or PEM in memory."""

    cert_file: str = ""
    key_file: str = ""
    cert: Secret = NOTHING
    key: Secret = NOTHING


class Credentials:
    """The credentials of one context; `plugins` is shared by all contexts of a fleet."""

    def __init__(self, context: Context, *, plugins: ExecPlugins, clock: Clock = time.time) -> None:
        self._context = context
        self._plugins = plugins
        self._clock = clock
        self._token = b""
        self._token_read_at: float | None = None
        self._exec: ExecCredential | None = None

    async def authorization(self) -> str:
        """The Authorization header, empty where a client certificate or nobody speaks; raises CredentialFailed."""
        header = await self._authorization()
        if not header.isprintable():
            raise CredentialFailed(
                f"{self._context.name}: the token holds control characters or line breaks",
                cluster=self._context.name,
                tried=self._context.auth.method,
                advice="write the token again, as one line",
            )
        return header

    async def _authorization(self) -> str:
        auth = self._context.auth
        if auth.token_file:
            return _bearer(self._file_token(fresh=False))
        if auth.token:
            return _bearer(auth.token.reveal())
        if auth.exec:
            credential = await self._plugin()
            return _bearer(credential.token.reveal()) if credential.token else ""
        if auth.username:
            pair = auth.username.encode() + b":" + auth.password.reveal()
            return f"Basic {base64.b64encode(pair).decode()}"
        return ""

    async def certificate(self) -> ClientCertificate | None:
        """The client certificate to present, None where there is none; raises CredentialFailed."""
        auth = self._context.auth
        if auth.cert_file or auth.cert_data:
            return ClientCertificate(
                cert_file=auth.cert_file, key_file=auth.key_file, cert=auth.cert_data, key=auth.key_data
            )
        if auth.exec and not auth.token and not auth.token_file:
            credential = await self._plugin()
            return ClientCertificate(cert=credential.cert, key=credential.key) if credential.cert else None
        return None

    async def renew(self) -> bool:
        """After a 401: whether there is something new to try."""
        auth = self._context.auth
        if auth.token_file:
            before = self._token
            return self._file_token(fresh=True) != before
        if auth.exec and not auth.token:
            before_exec = self._exec
            await self._plugin(refused=before_exec)
            return self._exec is not before_exec
        return False

    def impersonation(self) -> list[tuple[str, str]]:
        """Impersonate-* headers, a header for each group and extra value."""
        who = self._context.auth.impersonate
        headers = [("Impersonate-User", who.user)] if who.user else []
        headers += [("Impersonate-Uid", who.uid)] if who.uid else []
        headers += [("Impersonate-Group", group) for group in who.groups]
        for key, values in who.extra:
            headers += [(f"Impersonate-Extra-{_escape(key)}", value) for value in values]
        return headers

    async def _plugin(self, *, refused: ExecCredential | None = None) -> ExecCredential:
        try:
            self._exec = await self._plugins.credential(self._context, refused=refused)
        except PluginFailed as failure:
            raise CredentialFailed(
                f"{self._context.name}: {failure.why}",
                cluster=self._context.name,
                tried=f"credentials of user {self._context.user_name!r}",
                advice=failure.advice,
            ) from failure
        return self._exec

    def _file_token(self, *, fresh: bool) -> bytes:
        now = self._clock()
        read_at = self._token_read_at
        if not fresh and read_at is not None and 0 <= now - read_at < _TOKEN_FILE_SECONDS:
            return self._token
        path = self._context.auth.token_file
        try:
            token = Path(path).read_bytes().strip()
        except OSError as error:
            if self._token:
                return self._token
            raise self._bad_token_file(f"cannot be read: {error.strerror}") from error
        if not token:
            raise self._bad_token_file("is empty")
        self._token, self._token_read_at = token, now
        return token

    def _bad_token_file(self, why: str) -> CredentialFailed:
        return CredentialFailed(
            f"{self._context.name}: the token file {why}",
            cluster=self._context.name,
            tried=self._context.auth.token_file,
            advice="check tokenFile of the user in the kubeconfig",
        )


def _bearer(token: bytes) -> str:
    return f"Bearer {token.decode('ascii', errors='replace')}"


def _escape(key: str) -> str:
    """Header names allow no slash and the like: percent-encoded, as client-go does (RFC 7230 token)."""
    allowed = "!#$&'*+-.^_`|~"
    return "".join(
        char if char.isascii() and (char.isalnum() or char in allowed) else "".join(f"%{b:02X}" for b in char.encode())
        for char in key
    )
