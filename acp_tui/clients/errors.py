"""What can go wrong between us and a cluster, as errors that say what to do next.

ClusterError (model)
├── Unreadable (wire)       JSON was asked for and something else came
└── ApiError
    ├── ConnectFailed       no route, refused, unknown host, proxy failed, connection reset
    ├── TimedOut            no answer in time, or a stream fell silent
    ├── TlsFailed           wrong CA, wrong name, TLS broken off
    │   └── CertificateExpired
    ├── CredentialFailed    the exec plugin or token file gave nothing usable
    ├── Unauthorized        401
    ├── Forbidden           403
    ├── NotFound            404
    ├── Conflict            409
    ├── Gone                410: the resourceVersion or continue token is too old
    ├── Rejected            400, 405, 415, 422: the server does not accept the request
    ├── TooManyRequests     429, with retry_after in seconds
    ├── ServerFailed        5xx
    └── NotKubernetes       a web page, a redirect, a port that speaks something else
"""

from __future__ import annotations

from acp_tui.model.errors import ClusterError
from acp_tui.wire.kubernetes import Status


class ApiError(ClusterError):
    """A request to one cluster failed; `status` is the HTTP status, None where no answer came."""

    slug = "api"

    def __init__(
        self, title: str, *, cluster: str = "", tried: str = "", advice: str = "", status: int | None = None
    ) -> None:
        super().__init__(title, tried=tried, advice=advice)
        self.cluster = cluster
        self.status = status
        self.answer = Status()


class ConnectFailed(ApiError):
    slug = "connect"


class TimedOut(ApiError):
    slug = "timeout"


class TlsFailed(ApiError):
    slug = "tls"


class CertificateExpired(TlsFailed):
    slug = "certificate-expired"


class CredentialFailed(ApiError):
    slug = "credential"


class Unauthorized(ApiError):
    slug = "unauthorized"


class Forbidden(ApiError):
    slug = "forbidden"


class NotFound(ApiError):
    slug = "not-found"


class Conflict(ApiError):
    slug = "conflict"


class Gone(ApiError):
    slug = "gone"


class Rejected(ApiError):
    slug = "rejected"


class TooManyRequests(ApiError):
    """`retry_after` is a floor in seconds: API servers always say 1, so callers add a back-off of their own."""

    slug = "too-many-requests"
    retry_after: float = 1.0


class ServerFailed(ApiError):
    slug = "server"


class NotKubernetes(ApiError):
    slug = "not-kubernetes"


_BY_STATUS: dict[int, tuple[type[ApiError], str]] = {
    401: (Unauthorized, "log in again or renew the token, then retry"),
    403: (Forbidden, "ask an administrator of the cluster for the right named above"),
    404: (NotFound, "it may have been deleted meanwhile, or the server does not serve this kind"),
    409: (Conflict, "it changed meanwhile: look at it again, then repeat"),
    410: (Gone, "list again: the server has forgotten the version that was asked for"),
    429: (TooManyRequests, "the server is busy: wait, and open fewer views on it"),
}
_REJECTED = frozenset({400, 405, 406, 413, 415, 422})


def from_answer(
    status: Status, *, cluster: str, request: str, http: int, content_type: str = "", retry_after: str = ""
) -> ApiError:
    """The error for an HTTP answer that is no success; `request` is `GET /api/v1/pods`, without query or secrets."""
    if not status.reason and "html" in content_type.lower():
        return _web_page(cluster, request, http)
    if 300 <= http < 400:
        return _web_page(cluster, request, http)
    kind, advice = _BY_STATUS.get(http, (ServerFailed, "try again; if it stays so, look at the API server's health"))
    if http in _REJECTED:
        named = "; ".join(cause for cause in status.causes if cause not in status.message)
        kind, advice = Rejected, named or "correct what the message names, then repeat"
    said = status.message or status.reason or f"HTTP {http}"
    error = kind(f"{cluster}: {said}", cluster=cluster, tried=f"{request} → {http}", advice=advice, status=http)
    error.answer = status
    if isinstance(error, TooManyRequests):
        error.retry_after = _seconds(retry_after) or status.retry_after or 1.0
    return error


def _web_page(cluster: str, request: str, http: int) -> NotKubernetes | ServerFailed:
    if http >= 500:
        return ServerFailed(
            f"{cluster}: a proxy in front of the API server answered {http}",
            cluster=cluster,
            tried=f"{request} → {http}, a web page",
            advice="the API server behind it may be down: try again, or go to it directly",
            status=http,
        )
    return NotKubernetes(
        f"{cluster}: the server answers like a web site, not like a Kubernetes API server",
        cluster=cluster,
        tried=f"{request} → {http}",
        advice="check the server address in the kubeconfig; a login page means that the session ended: log in again",
        status=http,
    )


def _seconds(text: str) -> float | None:
    """Retry-After as seconds; API servers never send its date form."""
    try:
        return max(float(text), 0.0) if text else None
    except ValueError:
        return None
