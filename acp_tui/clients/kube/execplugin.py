"""Runs credential plugins (client.authentication.k8s.io) so that none can hang, flood or draw on the terminal."""

from __future__ import annotations

import asyncio
import json
import os
import re
import time
from typing import Any

from msgspec import Struct

from acp_tui.clients.children import kill_all
from acp_tui.clients.kube.context import NOTHING, Context, ExecPlugin, Secret
from acp_tui.model.refs import Clock
from acp_tui.wire.kubernetes import timestamp
from acp_tui.wire.text import one_line

TIMEOUT_SECONDS = 30.0
_STDOUT_LIMIT = 1024 * 1024
_STDERR_LIMIT = 64 * 1024
_LINGER_SECONDS = 1.0
_FAILURE_SECONDS = 20.0
_EXPIRY_MARGIN_SECONDS = 15.0
_AT_ONCE = 4
_TOKEN_LIKE = re.compile(r"(?i)(bearer\s+\S+|eyJ[\w-]{8,}[\w.=-]*|(?:token|password|secret)\s*[=:]\s*\S+)")


class PluginFailed(Exception):
    """Why a plugin gave no credential, and what to do about it; free of secrets."""

    def __init__(self, why: str, advice: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.advice = advice


class ExecCredential(Struct, frozen=True):
    """What a plugin printed: a token, a client certificate with key (PEM), or both."""

    token: Secret = NOTHING
    cert: Secret = NOTHING
    key: Secret = NOTHING
    expires_at: float | None = None


class _Output(Struct, frozen=True):
    data: bytes
    cut: bool


class ExecPlugins:
    """Shares what plugins printed: contexts with an equal stanza run it once, and at most four run at a time.

    A failure is remembered for a short while, so that a hundred contexts of one broken plugin do not wait for it
    one after the other.
    """

    def __init__(self, *, timeout: float = TIMEOUT_SECONDS, clock: Clock = time.time) -> None:
        self._timeout = timeout
        self._clock = clock
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._locks: dict[tuple[ExecPlugin, str], asyncio.Lock] = {}
        self._known: dict[tuple[ExecPlugin, str], ExecCredential] = {}
        self._failed: dict[tuple[ExecPlugin, str], tuple[float, PluginFailed]] = {}

    async def credential(self, context: Context, *, refused: ExecCredential | None = None) -> ExecCredential:
        """The current credential; one that has expired, or that the server just refused, is replaced by a new one.

        Raises PluginFailed.
        """
        plugin = context.auth.exec
        if plugin is None:
            raise PluginFailed("no exec plugin is configured")
        info = exec_info(plugin, context)
        key = (plugin, info)
        async with self._locks.setdefault(key, asyncio.Lock()):
            known = self._known.get(key)
            if known is not None and known is not refused and not self._expired(known):
                return known
            failed = self._failed.get(key)
            if failed and self._clock() - failed[0] < _FAILURE_SECONDS:
                raise PluginFailed(failed[1].why, failed[1].advice)
            try:
                async with self._slots:
                    found = await run_plugin(plugin, info=info, timeout=self._timeout)
            except PluginFailed as failure:
                self._failed[key] = (self._clock(), failure)
                raise
            self._failed.pop(key, None)
            self._known[key] = found
            return found

    def _expired(self, credential: ExecCredential) -> bool:
        return credential.expires_at is not None and self._clock() > credential.expires_at - _EXPIRY_MARGIN_SECONDS


def exec_info(plugin: ExecPlugin, context: Context) -> str:
    """KUBERNETES_EXEC_INFO: the request a plugin reads; with cluster details only where the stanza asks for them."""
    spec: dict[str, Any] = {"interactive": False}
    if plugin.provide_cluster_info:
        import base64

        tls = context.tls
        details: dict[str, Any] = {
            "server": context.server,
            "tls-server-name": tls.server_name,
            "insecure-skip-tls-verify": tls.insecure,
            "certificate-authority-data": base64.b64encode(tls.ca_data).decode(),
            "proxy-url": context.proxy_url,
            "config": json.loads(plugin.cluster_config) if plugin.cluster_config else None,
        }
        spec["cluster"] = {name: value for name, value in details.items() if value}
    return json.dumps({"apiVersion": plugin.api_version, "kind": "ExecCredential", "spec": spec})


async def run_plugin(plugin: ExecPlugin, *, info: str, timeout: float) -> ExecCredential:
    """Runs it once in a session of its own without a terminal; raises PluginFailed.

    Standard input is empty and both outputs are drained, because a plugin that waits for an answer or fills a pipe
    would wait for ever. Time-out and cancellation kill the whole process group.
    """
    env = {**os.environ, **{name: value.reveal().decode() for name, value in plugin.env}}
    env["KUBERNETES_EXEC_INFO"] = info
    name = one_line(plugin.command, limit=120)
    try:
        process = await _start(plugin, env)
    except (OSError, ValueError) as error:
        hint = plugin.install_hint or "install it, or check the command in the kubeconfig"
        why = error.strerror if isinstance(error, OSError) else "the command or its environment holds a NUL byte"
        raise PluginFailed(f"exec plugin {name} cannot be started: {why}", hint) from error
    try:
        async with asyncio.timeout(timeout):
            output, errors = await _talk(process)
    except TimeoutError as error:
        raise PluginFailed(
            f"exec plugin {name} gave no answer in {timeout:.0f} s and was stopped",
            "run it by hand: it may be waiting for a login",
        ) from error
    finally:
        await _end(process)
    if process.returncode != 0:
        raise PluginFailed(
            f"exec plugin {name} failed with exit code {process.returncode}: {_last_words(errors.data)}",
            "run it by hand, and log in again if it asks for it",
        )
    if output.cut:
        raise PluginFailed(f"exec plugin {name} printed more than 1 MiB", "run it by hand to see what it prints")
    return _read_credential(name, output.data)


async def _start(plugin: ExecPlugin, env: dict[str, str]) -> asyncio.subprocess.Process:
    """Cancelled half-way, asyncio would kill the program but not what it started: so the start is let finish first."""
    starting = asyncio.ensure_future(
        asyncio.create_subprocess_exec(
            plugin.command,
            *plugin.args,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            start_new_session=True,
            env=env,
        )
    )
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await _end(await starting)
        raise


async def _talk(process: asyncio.subprocess.Process) -> tuple[_Output, _Output]:
    """Drains both pipes until the process is gone; a grandchild that keeps them open is waited for only briefly."""
    if process.stdout is None or process.stderr is None:
        raise PluginFailed("the exec plugin has no pipes")
    drains = (
        asyncio.ensure_future(_drain(process.stdout, limit=_STDOUT_LIMIT, keep_end=False)),
        asyncio.ensure_future(_drain(process.stderr, limit=_STDERR_LIMIT, keep_end=True)),
    )
    try:
        await process.wait()
        _, pending = await asyncio.wait(drains, timeout=_LINGER_SECONDS)
        if pending:
            raise PluginFailed(
                "the exec plugin left a process behind that holds its output open", "run it by hand to see what it does"
            )
        return drains[0].result(), drains[1].result()
    finally:
        for drain in drains:
            drain.cancel()


async def _drain(stream: asyncio.StreamReader, *, limit: int, keep_end: bool) -> _Output:
    kept, cut = b"", False
    while chunk := await stream.read(65536):
        joined = kept + chunk if keep_end or len(kept) < limit else kept
        cut = cut or len(kept) + len(chunk) > limit
        kept = joined[-limit:] if keep_end else joined[:limit]
    return _Output(data=kept, cut=cut)


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        kill_all(process.pid)
        await process.wait()


def _last_words(errors: bytes) -> str:
    lines = [line for line in errors.decode(errors="replace").splitlines() if line.strip()]
    if not lines:
        return "it said nothing"
    return _TOKEN_LIKE.sub("<hidden>", one_line(lines[-1], limit=240))


def _read_credential(name: str, output: bytes) -> ExecCredential:
    advice = "it must print an ExecCredential as JSON; run it by hand to see"
    try:
        document = json.loads(output)
    except ValueError:
        # Not chained: the decoder's error carries the whole output, which may hold a token.
        raise PluginFailed(f"exec plugin {name} printed no JSON", advice) from None
    status = document.get("status") if isinstance(document, dict) else None
    if not isinstance(status, dict) or document.get("kind") != "ExecCredential":
        raise PluginFailed(f"exec plugin {name} printed no ExecCredential with a status", advice)
    words = {key: _word(status.get(key)) for key in ("token", "clientCertificateData", "clientKeyData")}
    if bool(words["clientCertificateData"]) != bool(words["clientKeyData"]):
        raise PluginFailed(f"exec plugin {name} printed half of a client certificate", advice)
    if not any(words.values()):
        raise PluginFailed(f"exec plugin {name} printed neither token nor certificate", advice)
    return ExecCredential(
        token=words["token"],
        cert=words["clientCertificateData"],
        key=words["clientKeyData"],
        expires_at=timestamp(status.get("expirationTimestamp") or ""),
    )


def _word(value: object) -> Secret:
    return Secret(value.strip().encode()) if isinstance(value, str) and value.strip() else NOTHING
