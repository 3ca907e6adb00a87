"""Says in words what broke a connection, from what it, OpenSSL and the operating system raise."""

from __future__ import annotations

import os
import re
import socket
import ssl
from typing import TypeVar

from acp_tui.clients import errors
from acp_tui.clients.errors import ApiError
from acp_tui.clients.kube.connection import NotConnected, NotHttp, ProxyRefused
from acp_tui.clients.kube.context import Context
from acp_tui.wire.text import one_line

_E = TypeVar("_E", bound=BaseException)

_SEVERAL = re.compile(r"\[Errno (\d+)\]")  # asyncio joins what each address of a host said

# OpenSSL's X509_V_ERR_* (openssl/x509_vfy.h).
_NOT_YET_VALID, _EXPIRED, _HOSTNAME, _ADDRESS = 9, 10, 62, 64


def from_exception(
    error: OSError, *, context: Context, request: str, seconds: float | None, write: bool = False
) -> ApiError:
    """The error to show; for a write that was under way it says that the outcome is not known."""
    found = _find(error, context=context, request=request, seconds=seconds)
    if write and not isinstance(error, NotConnected):
        found.advice = f"it is not known whether it was carried out: look at the object first. {found.advice}"
    return found


def _find(error: BaseException, *, context: Context, request: str, seconds: float | None) -> ApiError:
    name, server = context.name, context.server
    tried = f"{request} at {server}"
    verification = _cause(error, ssl.SSLCertVerificationError)
    if verification is not None:
        return _untrusted(verification, context=context, tried=tried)
    broken = _cause(error, ssl.SSLError)
    if broken is not None:
        return _tls_broken(broken, context=context, tried=tried)
    if isinstance(error, ProxyRefused):
        return errors.ConnectFailed(
            f"{name}: the proxy refused or cannot be reached ({_words(error)})",
            cluster=name,
            tried=tried,
            advice="check proxy-url in the kubeconfig and HTTPS_PROXY, NO_PROXY in the environment",
        )
    if _cause(error, TimeoutError):
        connecting = isinstance(error, NotConnected)
        after = f" in {seconds:.0f} s" if seconds and not connecting else ""
        what = "does not accept connections" if connecting else f"gave no answer{after}"
        return errors.TimedOut(
            f"{name}: the server {what}",
            cluster=name,
            tried=tried,
            advice="check network, VPN and firewall",
        )
    if _cause(error, socket.gaierror) or _cause(error, UnicodeError):
        return errors.ConnectFailed(
            f"{name}: the host name of the server is not known",
            cluster=name,
            tried=tried,
            advice="check the address in the kubeconfig, DNS and VPN",
        )
    if isinstance(error, NotHttp):
        return errors.NotKubernetes(
            f"{name}: the server does not speak HTTP ({_words(error)})",
            cluster=name,
            tried=tried,
            advice="check scheme and port of the server in the kubeconfig",
        )
    what = "the connection broke off"
    if isinstance(error, NotConnected):
        what = f"the server cannot be reached ({_words(error)})"
    return errors.ConnectFailed(
        f"{name}: {what}",
        cluster=name,
        tried=tried,
        advice="check that the server is up, network and VPN",
    )


def _cause(error: BaseException, kind: type[_E]) -> _E | None:
    """The innermost error of a kind."""
    found: _E | None = None
    seen: BaseException | None = error
    while seen is not None:
        found = seen if isinstance(seen, kind) else found
        seen = seen.__cause__
    return found


def _untrusted(error: ssl.SSLCertVerificationError, *, context: Context, tried: str) -> errors.TlsFailed:
    name, code = context.name, error.verify_code
    if code in (_EXPIRED, _NOT_YET_VALID):
        when = "has expired" if code == _EXPIRED else "is not valid yet"
        return errors.CertificateExpired(
            f"{name}: the server's certificate {when}",
            cluster=name,
            tried=tried,
            advice="compare the clocks first; then the certificate has to be renewed on the server",
        )
    if code in (_HOSTNAME, _ADDRESS):
        return errors.TlsFailed(
            f"{name}: the server's certificate is for another name",
            cluster=name,
            tried=f"{tried}: {one_line(error.verify_message, limit=160)}",
            advice="use the name the certificate has, or set tls-server-name in the kubeconfig",
        )
    return errors.TlsFailed(
        f"{name}: the server's certificate is not from the authority in the kubeconfig",
        cluster=name,
        tried=f"{tried}: {one_line(error.verify_message, limit=160)}",
        advice="the cluster may have been rebuilt: fetch its kubeconfig again; do not switch verification off",
    )


def _tls_broken(error: ssl.SSLError, *, context: Context, tried: str) -> errors.TlsFailed:
    name, reason = context.name, (error.reason or str(error)).replace("_", " ").lower()
    if "certificate expired" in reason:
        return errors.CertificateExpired(
            f"{name}: the server says that our client certificate has expired",
            cluster=name,
            tried=tried,
            advice="renew the client certificate of the user in the kubeconfig",
        )
    if "wrong version number" in reason or "http request" in reason or "record layer" in reason:
        return errors.TlsFailed(
            f"{name}: the server does not speak TLS on this port",
            cluster=name,
            tried=tried,
            advice="check scheme and port of the server in the kubeconfig",
        )
    return errors.TlsFailed(
        f"{name}: the TLS connection failed ({one_line(reason, limit=100)})",
        cluster=name,
        tried=tried,
        advice="check client certificate, key and the server's TLS settings",
    )


def _words(error: BaseException) -> str:
    """A short reason; asyncio's own texts repeat the addresses, the operating system's do not."""
    inner = _cause(error, OSError) or error
    number = inner.errno if isinstance(inner, OSError) else None
    if number is None and (several := _SEVERAL.search(str(inner))):
        number = int(several[1])
    if number and number > 0:
        return os.strerror(number).lower()
    return one_line(str(inner) or type(error).__name__, limit=80)
