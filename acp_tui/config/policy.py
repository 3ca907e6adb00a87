"""Policy files: what a team forbids, when, and up to which size, with the line each rule stands on."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from itertools import chain, repeat
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from acp_tui.config.files import BadFile, Document, Problem, read
from acp_tui.config.policyfiles import policy_files
from acp_tui.config.windows import MOMENT, Window, window
from acp_tui.model.plan import Verb
from acp_tui.model.release import Owner, ReleaseRef

_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<path>[^`]*)`)?$", re.DOTALL)
_PATH = re.compile(r"^(?P<table>\w+)(?:\[(?P<index>\d+)\])?(?:\.(?P<key>\w+))?")

Patterns = Annotated[tuple[Annotated[str, Meta(min_length=1)], ...], Meta(min_length=1)]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Instant = Annotated[str, Meta(extra_json_schema={"pattern": MOMENT})]


class Rule(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every rule may have. It holds where each list it has fits; a list it does not have fits everything.

    In patterns `*` stands for any text, `?` for one character and `[ab]` for one of these.
    """

    name: Annotated[str, Meta(description="A short word by which a refusal calls the rule.")] = ""
    reason: Annotated[str, Meta(description="Why, for the person who is refused.")] = ""
    verbs: Annotated[tuple[Verb, ...], Meta(min_length=1, description="Acts it is about.")] = ()
    clusters: Annotated[Patterns, Meta(description="Patterns over context and cluster names.")] = ()
    namespaces: Annotated[Patterns, Meta(description="Patterns over namespaces.")] = ()
    releases: Annotated[Patterns, Meta(description="Patterns over release names.")] = ()
    owners: Annotated[
        Patterns, Meta(description="Patterns over who keeps the release: Helm, HelmRequest, HelmRequest/name, …")
    ] = ()

    def fits(self, verb: Verb, ref: ReleaseRef, *, clusters: Iterable[str], owner: Owner | None) -> bool:
        """`clusters` are all names the cluster goes by; an owner nobody knows (None) fits any pattern."""
        owners = () if owner is None else (owner.kind.value, f"{owner.kind.value}/{owner.name}")
        return (
            (not self.verbs or verb in self.verbs)
            and _fits(self.clusters, clusters)
            and _fits(self.namespaces, (ref.namespace,))
            and _fits(self.releases, (ref.name,))
            and (owner is None or _fits(self.owners, owners))
        )


class ReadOnly(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Nothing is done there; without lists nowhere at all."""


class Production(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An act there is confirmed by typing a name."""

    confirm: Annotated[
        Literal["release", "cluster/release"], Meta(description="What has to be typed before it runs.")
    ] = "release"

    def marks(self, clusters: Iterable[str]) -> bool:
        """Whether it is about all of a cluster, so that the cluster itself is production."""
        about_some = self.verbs or self.namespaces or self.releases or self.owners
        return not about_some and _fits(self.clusters, clusters)


class Deny(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Acts that fit are refused."""

    reason: Annotated[str, Meta(min_length=1, description="Why, for the person who is refused.")]


class Freeze(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Acts that fit are refused while the window is open: from `from` on, and no longer at `to`."""

    reason: Annotated[str, Meta(min_length=1, description="Why, for the person who is refused.")]
    begin: Annotated[Instant, Meta(description="18:00, fri 18:00, 2026-12-23 or 2026-12-23 18:00.")] = msgspec.field(
        default="00:00", name="from"
    )
    end: Annotated[Instant, Meta(description="Of the same kind; an earlier time is one of the next day.")] = (
        msgspec.field(default="24:00", name="to")
    )
    days: Annotated[tuple[Day, ...], Meta(min_length=1, description="Days on which a window of times begins.")] = ()
    timezone: Annotated[str, Meta(description="Name in the time zone database, such as Europe/Berlin.")] = "UTC"

    def window(self) -> Window:
        """Raises ValueError where the words make no window."""
        return window(self.begin, self.end, zone=self.timezone, days=self.days)


class Cap(Rule, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An act that restarts more pods than this is refused, and one of which that is not known."""

    restarts: Annotated[int, Meta(ge=0, description="Pods that one act may restart.")]


class Policy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One policy file of acp-tui. Of several files, and of several rules, the strictest counts."""

    read_only: tuple[ReadOnly, ...] = ()
    production: tuple[Production, ...] = ()
    deny: tuple[Deny, ...] = ()
    freeze: tuple[Freeze, ...] = ()
    cap: tuple[Cap, ...] = ()


class Placed(Struct, frozen=True):
    """A rule and where it stands."""

    rule: Rule
    kind: str
    path: Path
    line: int

    def __str__(self) -> str:
        return f"{self.kind} {self.rule.name}".rstrip()

    @property
    def place(self) -> str:
        return f"{self.path}:{self.line}" if self.line else str(self.path)


class Policies(Struct, frozen=True):
    """All rules of all files; with a problem nobody knows what the team forbids."""

    files: tuple[Path, ...] = ()
    rules: tuple[Placed, ...] = ()
    problems: tuple[Problem, ...] = ()


def load_policies(named: Sequence[str] = ()) -> Policies:
    """Rules of the user's own policy file where there is one, of those the settings name, and of these.

    Never raises: what cannot be read is a problem, a named file that is not there included, and so is a settings
    file that does not say whether it names one.
    """
    paths, problems = policy_files(named)
    rules: list[Placed] = []
    for path in paths:
        try:
            rules += _rules(_read(path))
        except BadFile as error:
            problems += error.problems
    return Policies(paths, tuple(rules), problems)


def schema() -> dict[str, Any]:
    """JSON schema of a policy file, for editors and for a team's own checks."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **msgspec.json.schema(Policy)}


def _fits(patterns: Sequence[str], names: Iterable[str]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for name in names for pattern in patterns)


def _read(path: Path) -> Document:
    """A pipe would say something else each time it is asked."""
    if path.exists() and not path.is_file():
        raise BadFile((Problem(path, 0, "is no regular file"),))
    return read(path)


def _rules(document: Document) -> tuple[Placed, ...]:
    """Raises BadFile naming every place that is wrong."""
    try:
        policy = msgspec.convert(dict(document.data), Policy)
    except msgspec.ValidationError as error:
        raise BadFile((_problem(document, str(error)),)) from error
    placed = tuple(
        Placed(rule, kind, document.path, line)
        for kind in Policy.__struct_fields__
        for rule, line in zip(
            getattr(policy, kind), chain(_lines(document, kind), repeat(document.line_of("", kind))), strict=False
        )
    )
    wrong = tuple(_wrong(placed))
    if wrong:
        raise BadFile(wrong)
    return placed


def _wrong(placed: Iterable[Placed]) -> Iterator[Problem]:
    for each in placed:
        if isinstance(each.rule, Freeze):
            try:
                each.rule.window()
            except ValueError as error:
                yield Problem(each.path, each.line, f"{each} {error}")


def _problem(document: Document, message: str) -> Problem:
    """What msgspec says, with the line of the rule it is about."""
    found = _AT.match(message)
    what, path = (found["what"], found["path"] or "") if found else (message, "")
    place = _PATH.match(path)
    unknown = re.search(r"unknown field `(\w+)`", what)
    if not place:
        return document.problem(f"is no policy: {what}", table=unknown[1] if unknown else "", key="")
    table, index = place["table"], int(place["index"] or 0)
    known = f"; known: {', '.join(Verb)}" if place["key"] == "verbs" else ""
    line = _line(document, table, index)
    return Problem(document.path, line, f"{path}: {what[:1].lower()}{what[1:]}{known}")


def _lines(document: Document, table: str) -> list[int]:
    """The lines on which the rules of a kind begin, in order; none for rules that are written inline.

    A head only counts where the text since the one before is TOML by itself: inside a long text it would be no head.
    """
    lines = document.text.splitlines()
    head = re.compile(rf"""\s*\[\[\s*["']?{re.escape(table)}["']?\s*\]\]""")
    found: list[int] = []
    start = 0
    for number, line in enumerate(lines):
        if head.match(line) and _whole("\n".join(lines[start:number])):
            found.append(number + 1)
            start = number
    return found


def _line(document: Document, table: str, index: int) -> int:
    """The line on which rule number `index` of a kind begins; the kind's own line where it is written inline."""
    found = _lines(document, table)
    return found[index] if index < len(found) else document.line_of("", table) or document.line_of(table)


def _whole(text: str) -> bool:
    """Only a text over several lines can hide what looks like a head."""
    if '"""' not in text and "'''" not in text:
        return True
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return True
