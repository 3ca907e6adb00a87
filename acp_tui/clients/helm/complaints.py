"""What Helm says when something goes wrong: its lines made readable, its errors sorted and given advice."""

from __future__ import annotations

import re

from acp_tui.model.errors import AcpTuiError, ChartError, EngineError
from acp_tui.wire.text import clean, one_line

MAX_MESSAGE = 2000

# Helm 3 puts file, line and clock in front of what it says with --debug, Helm 4 writes logfmt.
_DEBUG_3 = re.compile(r"^[\w/]+\.go:\d+: \d{4}-\d\d-\d\d [^\[]{0,80}\[debug\] ?")
_DEBUG_4 = re.compile(r"^(?:time=\S+ )?level=(?:DEBUG|INFO|WARN|ERROR) msg=(\"(?:[^\"\\]|\\.)*\"|\S+) ?")
_STACK = re.compile(r"^helm\.go:\d+: ")
_ERROR = re.compile(r"^Error: (?:(?:INSTALLATION|UPGRADE|ROLLBACK|UNINSTALL) FAILED: )?")
# An API server's refusal may repeat the whole object, and that object may be a Secret.
_OBJECT = re.compile(r'Invalid value: "\{.*\}"')

_REGISTRY = re.compile(
    r"/v2/|failed to perform \".*on source|failed to (?:fetch|download)|manifest unknown|not a chart repository|oci://"
)
_CHART = (
    (
        "does not render",
        re.compile(r"(?:parse|execution|YAML parse) error (?:at|on) |^template: |^\S+\.(?:yaml|tpl|txt|yml):\d+:\d+"),
    ),
    ("does not take these values", re.compile(r"values don't meet the specifications of the schema")),
    ("has defaults that are not YAML", re.compile(r"cannot load values\.yaml")),
    (
        "is not a chart",
        re.compile(r"Chart\.yaml file is missing|unable to detect chart|not appear to be a gzipped archive"),
    ),
    ("does not load", re.compile(r"validation: chart\.metadata|cannot load Chart\.yaml|chart metadata")),
    ("lacks a dependency", re.compile(r"missing in charts/ directory|dependencies? .*(?:missing|out of sync)")),
    (
        "is not found",
        re.compile(r"chart .* not found|repo .* not found|path .* not found"),
    ),
)
_CHART_ADVICE = "correct the chart or its values, or choose another version; nothing was changed"
_ENGINE = (
    (
        re.compile(r"invalid ownership metadata"),
        "An object of the chart exists already and belongs to something else",
        "rename the release, delete the object, or give it to this release with Helm's labels and annotations",
    ),
    (
        re.compile(r"another operation \(install/upgrade/rollback\) is in progress"),
        "Another operation on this release is in progress, or was left unfinished",
        "if nobody works on it, roll back to the last good revision: a rollback does not ask for the lock",
    ),
    (
        re.compile(r"cannot re-?use a name that is still in use"),
        "A release of this name exists already",
        "upgrade it, or choose another name",
    ),
    (
        re.compile(r"has no deployed releases"),
        "No revision of this release was ever deployed",
        "install it, or uninstall what is left of it first",
    ),
    (
        re.compile(r"release: not found|Release not loaded|release has no \S+ version"),
        "The release or revision does not exist any more",
        "reload the history: revisions beyond the limit are pruned",
    ),
    (
        re.compile(r"no matches for kind"),
        "The cluster does not serve a kind that the manifest needs",
        "install its CRD, or choose a chart version for this Kubernetes version",
    ),
    (
        re.compile(r"cluster unreachable|connection refused|i/o timeout|no such host|certificate"),
        "Helm cannot reach the cluster",
        "acp-tui doctor tries the same kubeconfig context",
    ),
    (
        re.compile(r"is forbidden|forbidden:|Unauthorized"),
        "The cluster does not allow this",
        "ask for the right that the message names, or use another context",
    ),
    (
        re.compile(r"conflict with |Apply failed with \d+ conflict"),
        "Another field manager owns a field that the chart sets",
        "see who owns it with kubectl get --show-managed-fields; let one of the two set it",
    ),
)


def plain(line: str) -> str:
    """One line of Helm's output, cleaned, without clocks and source lines, and without objects in error texts."""
    line = _DEBUG_3.sub("", line)
    if match := _DEBUG_4.match(line):
        line = f"{match.group(1).strip(chr(34))} {line[match.end() :]}".rstrip()
    return one_line(hide_objects(line))


def hide_objects(text: str) -> str:
    return _OBJECT.sub("Invalid value: {…}", text)


def error_of(lines: list[str]) -> str:
    """Helm's error out of the raw lines of stderr: from the last `Error:` to the stack trace; else the last lines."""
    starts = [index for index, line in enumerate(lines) if line.startswith("Error:")]
    told = lines[starts[-1] :] if starts else lines[-3:]
    for index, line in enumerate(told):
        if _STACK.match(line):
            told = told[:index]
            break
    return tidy(_ERROR.sub("", "\n".join(told)))


def is_stack(line: str) -> bool:
    """Where Helm 3's stack trace begins; nothing after it is for people."""
    return _STACK.match(line) is not None


def tidy(message: str) -> str:
    """An error text that may be shown: cleaned, without objects, at most 2,000 characters."""
    text = clean(hide_objects(message.strip()), multiline=True)
    return text if len(text) <= MAX_MESSAGE else text[: MAX_MESSAGE - 1] + "…"


def explain(message: str, *, chart: str = "") -> AcpTuiError:
    """Helm's words as an error with a title, Helm's own text and advice: a ChartError where the chart is at fault."""
    text = tidy(message)
    if _REGISTRY.search(text):
        return ChartError(
            f"Chart {chart or 'of this release'} cannot be fetched",
            tried=text,
            advice="check the reference, the network, and the login that helm registry login keeps",
        )
    for pattern, title, advice in _ENGINE:
        if pattern.search(text):
            return EngineError(title, tried=text, advice=advice)
    for fault, pattern in _CHART:
        if pattern.search(text):
            return ChartError(f"Chart {chart or 'of this release'} {fault}", tried=text, advice=_CHART_ADVICE)
    return EngineError("Helm reports an error", tried=text or "no error text", advice="the records show what it did")
