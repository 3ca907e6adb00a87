"""The root of every error acp-tui raises on purpose.

AcpTuiError
├── UsageError         what was typed cannot be understood (exit 2)
├── ConfigError        a settings, theme, keymap or policy file is wrong
├── KubeconfigError    no kubeconfig, unreadable, invalid, unknown context
├── ClusterError       a cluster refused, failed or did not answer
│   └── (clients.errors refines it: ConnectFailed, TlsFailed, Unauthorized, Forbidden, NotFound, Conflict, …)
├── RecordError        a release record does not decode
├── ChartError         a chart is not found or does not render
├── EngineError        Helm said no
└── Refused            a check or a guardrail said no before anything was done
"""

from __future__ import annotations


class AcpTuiError(Exception):
    """An error a person can act on: what happened, what was tried, what to do next.

    All three texts are plain, cleaned of control characters and free of secrets. `exit_code` is what a
    one-shot command ends with; `slug` is the stable word scripts match on in JSON output.
    """

    exit_code = 1
    slug = "error"

    def __init__(self, title: str, *, tried: str = "", advice: str = "") -> None:
        super().__init__(title)
        self.title = title
        self.tried = tried
        self.advice = advice

    def __str__(self) -> str:
        return " · ".join(part for part in (self.title, self.tried, self.advice) if part)


class UsageError(AcpTuiError):
    """What was asked for cannot be understood."""

    exit_code = 2
    slug = "usage"


class ConfigError(AcpTuiError):
    """A settings, theme, keymap or policy file is wrong; `tried` names file and line."""

    exit_code = 2
    slug = "config"


class KubeconfigError(AcpTuiError):
    """No kubeconfig, an unreadable or invalid one, or a context it does not hold."""

    exit_code = 3
    slug = "kubeconfig"


class ClusterError(AcpTuiError):
    """A cluster refused, failed or did not answer."""

    exit_code = 4
    slug = "cluster"


class RecordError(AcpTuiError):
    """A release record does not decode."""

    exit_code = 5
    slug = "record"


class ChartError(AcpTuiError):
    """A chart is not found, is not a chart, or does not render."""

    exit_code = 5
    slug = "chart"


class EngineError(AcpTuiError):
    """A Helm engine is missing or reported failure."""

    exit_code = 6
    slug = "helm"


class Refused(AcpTuiError):
    """A check or guardrail said no before anything was done."""

    exit_code = 7
    slug = "refused"
