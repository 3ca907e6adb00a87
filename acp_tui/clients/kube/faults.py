"""Says in words what broke a connection, from what it, OpenSSL and the operating system raise."""

from __future__ import annotations

import os
import re
import socket
import ssl
from typing import Protocol, TypeVar

from acp_tui.clients import errors
from acp_tui.clients.errors import ApiError
from acp_tui.clients.kube.connection import NotConnected, NotHttp, ProxyRefused
from acp_tui.clients.kube.context import Context
from acp_tui.wire.text import one_line

_E = TypeVar("_E", bound=BaseException)

_SEVERAL = re.compile(r"\[Errno (\d+)\]")  # asyncio joins what each address of a host said

# OpenSSL's X509_V_ERR_* (openssl/x509_vfy.h).
_NOT_YET_VALID, _EXPIRED, _HOSTNAME, _ADDRESS = 9, 10, 62, 64


class _Told(Protocol):
    """Makes the error of a kind, with what was tried of which cluster."""

    def __call__(self, kind: type[ApiError], what: str, *, advice: str, more: str = "") -> ApiError: ...


def from_exception(
    error: OSError, *, context: Context, request: str, seconds: float | None, write: bool = False
) -> ApiError:
    """The error to show; for a write that was under way it says that the outcome is not known."""
    found = _find(error, context=context, request=request, seconds=seconds)
    if write and not isinstance(error, NotConnected):
        found.advice = f"it is not known whether it was carried out: look at the object first. {found.advice}"
    return found


def _find(error: BaseException, *, context: Context, request: str, seconds: float | None) -> ApiError:
    tried = f"{request} at {context.server}"

    def told(kind: type[ApiError], what: str, *, advice: str, more: str = "") -> ApiError:
        return kind(
            f"{context.name}: {what}",
            cluster=context.name,
            tried=f"{tried}: {more}" if more else tried,
            advice=advice,
        )

    verification = _cause(error, ssl.SSLCertVerificationError)
    if verification is not None:
        return _untrusted(verification, told)
    broken = _cause(error, ssl.SSLError)
    if broken is not None:
        return _tls_broken(broken, told)
    if isinstance(error, ProxyRefused):
        return told(
            errors.ConnectFailed,
            f"the proxy refused or cannot be reached ({_words(error)})",
            advice="check proxy-url in the kubeconfig and HTTPS_PROXY, NO_PROXY in the environment",
        )
    if _cause(error, TimeoutError):
        connecting = isinstance(error, NotConnected)
        after = f" in {seconds:.0f} s" if seconds and not connecting else ""
        what = "does not accept connections" if connecting else f"gave no answer{after}"
        return told(errors.TimedOut, f"the server {what}", advice="check network, VPN and firewall")
    if _cause(error, socket.gaierror) or _cause(error, UnicodeError):
        return told(
            errors.ConnectFailed,
            "the host name of the server is not known",
            advice="check the address in the kubeconfig, DNS and VPN",
        )
    if isinstance(error, NotHttp):
        return told(
            errors.NotKubernetes,
            f"the server does not speak HTTP ({_words(error)})",
            advice="check scheme and port of the server in the kubeconfig",
        )
    what = "the connection broke off"
    if isinstance(error, NotConnected):
        what = f"the server cannot be reached ({_words(error)})"
    return told(errors.ConnectFailed, what, advice="check that the server is up, network and VPN")


def _cause(error: BaseException, kind: type[_E]) -> _E | None:
    """The innermost error of a kind."""
    found: _E | None = None
    seen: BaseException | None = error
    while seen is not None:
        found = seen if isinstance(seen, kind) else found
        seen = seen.__cause__
    return found


def _untrusted(error: ssl.SSLCertVerificationError, told: _Told) -> ApiError:
    code, said = error.verify_code, one_line(error.verify_message, limit=160)
    if code in (_EXPIRED, _NOT_YET_VALID):
        when = "has expired" if code == _EXPIRED else "is not valid yet"
        return told(
            errors.CertificateExpired,
            f"the server's certificate {when}",
            advice="compare the clocks first; then the certificate has to be renewed on the server",
        )
    if code in (_HOSTNAME, _ADDRESS):
        return told(
            errors.TlsFailed,
            "the server's certificate is for another name",
            more=said,
            advice="use the name the certificate has, or set tls-server-name in the kubeconfig",
        )
    return told(
        errors.TlsFailed,
        "the server's certificate is not from the authority in the kubeconfig",
        more=said,
        advice="the cluster may have been rebuilt: fetch its kubeconfig again; do not switch verification off",
    )


def _tls_broken(error: ssl.SSLError, told: _Told) -> ApiError:
    reason = (error.reason or str(error)).replace("_", " ").lower()
    if "certificate expired" in reason:
        return told(
            errors.CertificateExpired,
            "the server says that our client certificate has expired",
            advice="renew the client certificate of the user in the kubeconfig",
        )
    if "wrong version number" in reason or "http request" in reason or "record layer" in reason:
        return told(
            errors.TlsFailed,
            "the server does not speak TLS on this port",
            advice="check scheme and port of the server in the kubeconfig",
        )
    return told(
        errors.TlsFailed,
        f"the TLS connection failed ({one_line(reason, limit=100)})",
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
