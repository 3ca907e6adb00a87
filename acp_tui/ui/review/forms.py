"""What is typed into the deploy and upgrade forms, and the intent it makes; what cannot be right is said by field."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from pathlib import Path

from msgspec import Struct, field

from acp_tui.model.plan import Intent, ValuesMode, Verb
from acp_tui.model.release import ReleaseRef

_NAME = re.compile(r"^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$")
_LABEL = re.compile(r"^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$")
RELEASE_NAME_LIMIT = 53
"""Helm refuses longer names, because objects named after a release still need room for a suffix."""


class FieldKind(StrEnum):
    TEXT = "text"
    FLAG = "flag"
    VALUES = "values"


class Field(Struct, frozen=True):
    """One line of a form; `help` stands beside it until something is wrong with what was typed."""

    id: str
    title: str
    help: str
    kind: FieldKind = FieldKind.TEXT


CHART = Field("chart", "Chart", "directory, .tgz, oci://..., URL, or repo/name")
VERSION = Field("version", "Version", "empty: the newest")
REPOSITORY = Field("repository", "Repository", "https://... (only for a bare chart name)")
VALUES = Field("values", "Values file", "a YAML file, or written in the editor", FieldKind.VALUES)
NO_HOOKS = Field("no_hooks", "Skip hooks", "run none of the chart's hooks", FieldKind.FLAG)

DEPLOY_FIELDS = (
    CHART,
    VERSION,
    REPOSITORY,
    Field("name", "Release", "its name in the namespace"),
    Field("cluster", "Cluster", "where it goes"),
    Field("namespace", "Namespace", "in which it lives"),
    Field("create_namespace", "Make namespace", "if it is not there yet", FieldKind.FLAG),
    VALUES,
    NO_HOOKS,
)
UPGRADE_FIELDS = (
    Field("chart", "Chart", "empty: the chart of the current revision"),
    Field("version", "Version", "empty: the newest, or that of the chart above"),
    REPOSITORY,
    Field("reuse", "Reuse values", "start from the values of the current revision", FieldKind.FLAG),
    VALUES,
    NO_HOOKS,
)


class Typed(Struct, frozen=True):
    """What stands in a form: texts and flags by field id; `edited` is YAML from the editor and wins over a file."""

    texts: Mapping[str, str] = field(default_factory=dict)
    flags: Mapping[str, bool] = field(default_factory=dict)
    edited: str = ""

    def text(self, id: str) -> str:
        return self.texts.get(id, "").strip()

    def flag(self, id: str) -> bool:
        return self.flags.get(id, False)


class Judged(Struct, frozen=True):
    """An intent, or the problems that keep it from being one, by field id."""

    intent: Intent | None
    problems: Mapping[str, str]


def deploy(typed: Typed, clusters: Collection[str]) -> Judged:
    """The intent of the deploy form; `clusters` are the names that can be chosen."""
    problems = _chart_problems(typed, needed=True)
    name, namespace, cluster = typed.text("name"), typed.text("namespace"), typed.text("cluster")
    if not _NAME.match(name) or len(name) > RELEASE_NAME_LIMIT:
        problems["name"] = f"small letters, digits, - and . ; at most {RELEASE_NAME_LIMIT}"
    if not _LABEL.match(namespace) or len(namespace) > 63:
        problems["namespace"] = "small letters, digits and - ; at most 63"
    if cluster not in clusters:
        problems["cluster"] = (
            f"one of {', '.join(sorted(clusters)[:4])} ..."
            if len(clusters) > 4
            else (f"one of {', '.join(sorted(clusters))}")
        )
    values = _values(typed, problems)
    if problems:
        return Judged(None, problems)
    return Judged(
        Intent(
            Verb.DEPLOY,
            ReleaseRef(cluster, namespace, name),
            chart=_chart(typed),
            version=typed.text("version"),
            repository=typed.text("repository"),
            values=values,
            create_namespace=typed.flag("create_namespace"),
            no_hooks=typed.flag("no_hooks"),
        ),
        {},
    )


def upgrade(typed: Typed, release: ReleaseRef) -> Judged:
    """The intent of the upgrade form for an existing release."""
    problems = _chart_problems(typed, needed=False)
    values = _values(typed, problems)
    if problems:
        return Judged(None, problems)
    return Judged(
        Intent(
            Verb.UPGRADE,
            release,
            chart=_chart(typed),
            version=typed.text("version"),
            repository=typed.text("repository"),
            values=values,
            values_mode=ValuesMode.REUSE if typed.flag("reuse") else ValuesMode.RESET,
            no_hooks=typed.flag("no_hooks"),
        ),
        {},
    )


def _chart(typed: Typed) -> str:
    chart = typed.text("chart")
    return str(Path(chart).expanduser()) if _is_path(chart) else chart


def _is_path(chart: str) -> bool:
    return chart.startswith((".", "/", "~")) or (chart.endswith((".tgz", ".tar.gz")) and "://" not in chart)


def _chart_problems(typed: Typed, *, needed: bool) -> dict[str, str]:
    chart, repository = typed.text("chart"), typed.text("repository")
    problems: dict[str, str] = {}
    if not chart:
        if needed:
            problems["chart"] = "name a chart: a directory, .tgz, oci://..., URL, or repo/name"
    elif _is_path(chart):
        path = Path(chart).expanduser()
        if not path.exists():
            problems["chart"] = "no such file or directory"
        elif path.is_dir() and not (path / "Chart.yaml").is_file():
            problems["chart"] = "not a chart: no Chart.yaml in it"
    elif "://" not in chart and "/" not in chart and not repository:
        problems["chart"] = "a bare name needs a repository; or write repo/name or ./directory"
    if repository and not repository.startswith(("https://", "http://")):
        problems["repository"] = "starts with https:// or http://"
    return problems


def _values(typed: Typed, problems: dict[str, str]) -> str:
    """The YAML text of the values; a text that is not a mapping is a problem of the values field."""
    text = typed.edited
    path = typed.text("values")
    if path and not text:
        try:
            text = Path(path).expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            problems["values"] = f"cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}"
            return ""
    if text.strip():
        problem = values_problem(text)
        if problem:
            problems["values"] = problem
    return text


def values_problem(text: str) -> str:
    """What keeps a text from being Helm values; empty for none. Never quotes the text: it may hold secrets."""
    import yaml

    try:
        made = yaml.load(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f" at line {mark.line + 1}" if mark else ""
        return f"not YAML{place}: {error.problem or 'cannot be parsed'}"
    except yaml.YAMLError:
        return "not YAML: it holds a character that YAML does not allow"
    if made is not None and not isinstance(made, dict):
        return "values are a mapping (key: value) at the top"
    return ""
