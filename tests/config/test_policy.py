"""Policy files: rules with the line they stand on, windows to the second, and nothing guessed from a broken file."""

from __future__ import annotations

import json
import os
import re
import textwrap
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from acp_tui.config.policy import Deny, Policies, Production, Rule, load_policies, schema
from acp_tui.config.windows import window
from acp_tui.model.plan import Verb
from acp_tui.model.release import Owner, OwnerKind, ReleaseRef

REF = ReleaseRef("prod-east", "shop", "payments-api")
HELM = Owner()
Write = Callable[..., Policies]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "acp-tui").mkdir()
    return tmp_path / "acp-tui"


@pytest.fixture
def written(home: Path) -> Write:
    """Reads a text as the user's own policy file."""

    def write(text: str) -> Policies:
        (home / "policy.toml").write_text(text)
        return load_policies()

    return write


def at(text: str, zone: str = "UTC", *, fold: int = 0) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp()


def test_without_any_file_there_is_no_rule_and_no_problem(home: Path) -> None:
    assert load_policies() == Policies()


def test_every_rule_knows_its_line(written: Write, home: Path) -> None:
    found = written(
        '# ours\n[[deny]]\nname = "keep"\nreason = """\n[[deny]]\nis only a word here"""\n\n'
        ' [[ deny ]] # second\nreason = "b"\n\n[[cap]]\nrestarts = 3\n'
    )
    assert [(str(each), each.line) for each in found.rules] == [("deny keep", 2), ("deny", 8), ("cap", 11)]
    assert found.rules[0].place == f"{home / 'policy.toml'}:2"


def test_a_long_file_is_read_in_no_time(written: Write) -> None:
    """It is read at each start, on the loop of the console."""
    rules = "".join(f'[[deny]]\nreason = """\n[[deny]]\n{number}"""\n' for number in range(500))
    begun = time.process_time()
    found = written(rules)
    assert [each.line for each in found.rules] == [4 * number + 1 for number in range(500)]
    assert time.process_time() - begun < 1.0


def test_a_production_rule_about_a_whole_cluster_marks_it(written: Write) -> None:
    found = written(
        '[[production]]\nclusters = ["live-*"]\n\n[[production]]\nclusters = ["lab"]\nnamespaces = ["billing"]\n'
    )
    marks = [[each.rule.marks([name]) for name in ("live-1", "lab")] for each in found.rules if isinstance(
        each.rule, Production
    )]  # fmt: skip
    assert marks == [[True, False], [False, False]], "one about a namespace makes no cluster production"


def test_rules_written_inline_stand_on_the_line_of_their_kind(written: Write) -> None:
    assert [each.line for each in written("\ncap = [{restarts = 3}, {restarts = 4}]\n").rules] == [2, 2]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("[[deny\n", 1, "is not TOML"),
        ('[[deny]]\nverbs = ["rollback"]\n', 1, "missing required field `reason`"),
        ('\n[[deny]]\nreason = "x"\nverbs = ["destroy"]\n', 2, "known: deploy, upgrade, rollback"),
        ('[[deny]]\nreason = "x"\n[[deny]]\nreason = "x"\nverb = ["rollback"]\n', 3, "unknown field `verb`"),
        ('[[deny]]\nreason = "x"\nclusters = []\n', 1, "length >= 1"),
        ('[[deny]]\nreason = "x"\nclusters = "prod"\n', 1, "expected `array`"),
        ("\nread_only = true\n", 2, "expected `array`"),
        ("[[denny]]\n", 1, "unknown field `denny`"),
        ('[[cap]]\nrestarts = -1\n', 1, ">= 0"),
        ('[[cap]]\nrestarts = true\n', 1, "expected `int`"),
        ('[[production]]\nconfirm = "yes"\n', 1, "invalid enum value"),
        ('[[freeze]]\nreason = "x"\nfrom = "5pm"\n', 1, "neither 18:00, fri 18:00"),
        ('[[freeze]]\nreason = "x"\nfrom = "18:60"\n', 1, "no time of day"),
        ('[[freeze]]\nreason = "x"\nfrom = "24:00"\nto = "06:00"\n', 1, "begins at 24:00"),
        ('[[freeze]]\nreason = "x"\nfrom = "06:00"\nto = "06:00"\n', 1, "ends when it begins"),
        ('[[freeze]]\nreason = "x"\nfrom = "fri 18:00"\n', 1, "both must be of one kind"),
        ('[[freeze]]\nreason = "x"\nfrom = "fri 18:00"\nto = "mon 06:00"\ndays = ["fri"]\n', 1, "only go with times"),
        ('[[freeze]]\nreason = "x"\nfrom = "2026-12-24"\nto = "2026-12-23"\n', 1, "ends before it begins"),
        ('[[freeze]]\nreason = "x"\nfrom = "2026-02-31"\nto = "2026-12-23"\n', 1, "day"),
        ('[[freeze]]\nreason = "x"\ntimezone = "Mars/Olympus"\n', 1, "does not know"),
        ('[[freeze]]\nreason = "x"\ntimezone = "../etc/passwd"\n', 1, "does not know"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_with_its_line_and_no_rule_is_left(
    written: Write, text: str, line: int, words: str
) -> None:
    found = written(text)
    assert found.rules == ()
    assert [problem.line for problem in found.problems] == [line]
    assert words in found.problems[0].text


def test_every_window_that_is_wrong_is_told(written: Write) -> None:
    found = written('[[freeze]]\nreason="x"\nto="00:00"\n[[freeze]]\nreason="x"\ntimezone="Nowhere"\n')
    assert [problem.line for problem in found.problems] == [1, 4]


def test_a_file_that_is_named_and_not_there_is_a_problem(home: Path) -> None:
    found = load_policies([str(home / "team.toml")])
    assert found.rules == ()
    assert "cannot be read" in found.problems[0].text


def test_a_file_that_may_not_be_read_is_a_problem(home: Path) -> None:
    (home / "policy.toml").symlink_to("policy.toml")
    assert "cannot be read" in load_policies().problems[0].text


@pytest.mark.parametrize("make", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_a_problem(home: Path, make: Callable[[Path], None]) -> None:
    make(home / "policy.toml")
    assert load_policies().problems[0].text == "is no regular file"


def test_own_named_and_shared_files_all_count_and_each_once(home: Path, tmp_path: Path) -> None:
    (home / "policy.toml").write_text("[[cap]]\nrestarts = 1\n")
    (home / "team.toml").write_text("[[cap]]\nrestarts = 2\n")
    (tmp_path / "shared.toml").write_text("[[cap]]\nrestarts = 3\n")
    (home / "config.toml").write_text(f'policy = ["team.toml", "{tmp_path}/shared.toml"]\n')
    found = load_policies([str(home / "team.toml")])
    assert [each.path.name for each in found.rules] == ["policy.toml", "team.toml", "shared.toml"]
    assert found.problems == ()


def test_one_broken_file_leaves_the_rules_of_the_others_and_its_problem(home: Path) -> None:
    (home / "policy.toml").write_text("[[cap]]\nrestarts = 1\n")
    (home / "team.toml").write_text("no toml at all")
    found = load_policies([str(home / "team.toml")])
    assert len(found.rules) == 1
    assert [problem.path.name for problem in found.problems] == ["team.toml"]


@pytest.mark.parametrize(
    "settings", ["policy = [", 'policy = "team.toml"', "policy = [1]", 'policy = [""]', 'read_only = "yes"']
)
def test_settings_that_may_demand_a_policy_and_cannot_be_understood_are_a_problem(home: Path, settings: str) -> None:
    (home / "config.toml").write_text(f"{settings}\n")
    assert [problem.line for problem in load_policies().problems] == [1]


def test_settings_that_are_wrong_elsewhere_are_none_of_the_policys_business(home: Path) -> None:
    (home / "config.toml").write_text('theme = 7\nverdict_seconds = "x"\n')
    assert load_policies().problems == ()


@pytest.mark.parametrize(
    ("rule", "fits"),
    [
        (Rule(), True),
        (Rule(verbs=(Verb.ROLLBACK, Verb.DEPLOY)), True),
        (Rule(verbs=(Verb.DEPLOY,)), False),
        (Rule(clusters=("prod-*",)), True),
        (Rule(clusters=("prod",)), False),
        (Rule(clusters=("ocp-?", "x")), True),
        (Rule(clusters=("PROD-*",)), False),
        (Rule(namespaces=("sh[ab]p", "shop")), True),
        (Rule(namespaces=("shop2",)), False),
        (Rule(releases=("payments-*",), namespaces=("billing",)), False),
        (Rule(releases=("payments-*",), namespaces=("shop",), clusters=("*-east",), owners=("Helm",)), True),
        (Rule(owners=("HelmRequest/*", "Argo CD")), False),
    ],
)
def test_a_rule_fits_where_each_list_it_has_fits(rule: Rule, fits: bool) -> None:
    assert rule.fits(Verb.ROLLBACK, REF, clusters=("prod-east", "ocp-1"), owner=HELM) is fits


@pytest.mark.parametrize("pattern", ["HelmRequest", "HelmRequest/*", "HelmRequest/payments-*"])
def test_an_owner_is_matched_by_kind_or_with_its_name(pattern: str) -> None:
    owner = Owner(OwnerKind.HELMREQUEST, "payments-api", "cpaas-system", "global")
    assert Deny(reason="x", owners=(pattern,)).fits(Verb.UPGRADE, REF, clusters=(), owner=owner)


def test_an_owner_nobody_knows_fits_any_pattern() -> None:
    assert Rule(owners=("Argo CD",)).fits(Verb.UPGRADE, REF, clusters=(), owner=None)
    assert not Rule(owners=("Argo CD",), verbs=(Verb.DEPLOY,)).fits(Verb.UPGRADE, REF, clusters=(), owner=None)


BERLIN = "Europe/Berlin"
"""Clocks go from 02:00 to 03:00 on 2026-03-29 and from 03:00 back to 02:00 on 2026-10-25."""


@pytest.mark.parametrize(
    ("begin", "end", "days", "moment", "open_"),
    [
        ("09:00", "17:00", (), "2026-11-21T08:59:59", False),
        ("09:00", "17:00", (), "2026-11-21T09:00:00", True),
        ("09:00", "17:00", (), "2026-11-21T16:59:59", True),
        ("09:00", "17:00", (), "2026-11-21T17:00:00", False),
        ("22:00", "06:00", (), "2026-11-21T21:59:59", False),
        ("22:00", "06:00", (), "2026-11-21T22:00:00", True),
        ("22:00", "06:00", (), "2026-11-22T05:59:59", True),
        ("22:00", "06:00", (), "2026-11-22T06:00:00", False),
        ("22:00", "06:00", ("fri",), "2026-11-20T22:00:00", True),
        ("22:00", "06:00", ("fri",), "2026-11-21T05:59:59", True),
        ("22:00", "06:00", ("fri",), "2026-11-21T22:00:00", False),
        ("22:00", "06:00", ("fri",), "2026-11-20T05:59:59", False),
        ("00:00", "24:00", ("sat", "sun"), "2026-11-20T23:59:59", False),
        ("00:00", "24:00", ("sat", "sun"), "2026-11-21T00:00:00", True),
        ("00:00", "24:00", ("sat", "sun"), "2026-11-22T23:59:59", True),
        ("00:00", "24:00", ("sat", "sun"), "2026-11-23T00:00:00", False),
        ("fri 18:00", "mon 06:00", (), "2026-11-20T17:59:59", False),
        ("fri 18:00", "mon 06:00", (), "2026-11-20T18:00:00", True),
        ("fri 18:00", "mon 06:00", (), "2026-11-23T05:59:59", True),
        ("fri 18:00", "mon 06:00", (), "2026-11-23T06:00:00", False),
        ("mon 12:00", "mon 09:00", (), "2026-11-23T10:00:00", False),
        ("mon 12:00", "mon 09:00", (), "2026-11-23T08:59:59", True),
        ("mon 09:00", "mon 12:00", (), "2026-11-23T12:00:00", False),
        ("2026-12-23", "2027-01-02", (), "2026-12-22T23:59:59", False),
        ("2026-12-23", "2027-01-02", (), "2026-12-23T00:00:00", True),
        ("2026-12-23", "2027-01-02", (), "2027-01-01T23:59:59", True),
        ("2026-12-23", "2027-01-02", (), "2027-01-02T00:00:00", False),
        ("2026-12-23 18:00", "2026-12-23T18:01", (), "2026-12-23T18:00:59", True),
        ("2026-12-23 18:00", "2026-12-23T18:01", (), "2026-12-23T18:01:00", False),
    ],
)
@pytest.mark.parametrize("zone", ["UTC", BERLIN, "America/New_York", "Asia/Kathmandu"])
def test_a_window_holds_from_its_first_second_and_no_longer_at_its_end(
    zone: str, begin: str, end: str, days: tuple[str, ...], moment: str, open_: bool
) -> None:
    found = window(begin, end, zone=zone, days=days).closes(at(moment, zone))
    assert (found is not None) is open_


def test_it_says_when_it_closes() -> None:
    assert window("fri 18:00", "mon 06:00", zone=BERLIN).closes(at("2026-11-21T12:00", BERLIN)) == at(
        "2026-11-23T06:00", BERLIN
    )


def test_a_night_in_which_clocks_go_back_is_frozen_without_a_gap() -> None:
    night = window("22:00", "02:30", zone=BERLIN)
    first, second = at("2026-10-25T02:30", BERLIN, fold=0), at("2026-10-25T02:30", BERLIN, fold=1)
    assert second - first == 3600
    assert [night.closes(moment) for moment in (first - 1, first, first + 1800, second - 1)] == [second] * 4
    assert night.closes(second) is None


def test_a_window_that_begins_at_a_time_shown_twice_begins_at_the_first() -> None:
    early = window("02:30", "04:00", zone=BERLIN)
    first = at("2026-10-25T02:30", BERLIN, fold=0)
    assert early.closes(first - 1) is None
    assert early.closes(first) == early.closes(first + 1800) == at("2026-10-25T04:00", BERLIN)


def test_a_time_that_is_skipped_is_the_moment_clocks_go_forward() -> None:
    jump = at("2026-03-29T01:00")
    begins, ends = window("02:30", "05:00", zone=BERLIN), window("22:00", "02:30", zone=BERLIN)
    assert begins.closes(jump - 1) is None
    assert begins.closes(jump) == at("2026-03-29T05:00", BERLIN)
    assert ends.closes(jump - 1) == jump
    assert ends.closes(jump) is None


def test_a_window_inside_the_skipped_hour_never_opens() -> None:
    never = window("02:10", "02:50", zone=BERLIN)
    assert [never.closes(at("2026-03-29T01:00") + step) for step in range(-3600, 3600, 300)] == [None] * 24


def test_a_weekend_over_a_change_of_clocks_ends_by_the_clock_on_the_wall() -> None:
    weekend = window("fri 18:00", "mon 06:00", zone=BERLIN)
    assert weekend.closes(at("2026-10-26T05:59:59", BERLIN)) == at("2026-10-26T05:00")
    assert weekend.closes(at("2026-03-30T05:59:59", BERLIN)) == at("2026-03-30T04:00")
    assert weekend.closes(at("2026-03-30T06:00", BERLIN)) is None


def test_a_day_that_an_island_skipped_does_not_confuse() -> None:
    nights = window("22:00", "06:00", zone="Pacific/Apia")
    assert nights.closes(at("2011-12-31T05:00", "Pacific/Apia")) is not None
    assert nights.closes(at("2011-12-31T07:00", "Pacific/Apia")) is None


def test_the_policy_of_the_manual_is_a_policy(written: Write) -> None:
    page = (Path(__file__).parents[2] / "docs" / "guardrails.md").read_text("utf-8")
    (example,) = [block for block in re.findall(r"(?:^(?: {4}.*)?\n)+", page, re.MULTILINE) if "[[deny]]" in block]
    found = written(textwrap.dedent(example))
    assert found.problems == ()
    assert {each.kind for each in found.rules} == {"read_only", "production", "deny", "freeze", "cap"}


def test_the_schema_in_the_manual_is_that_of_the_program() -> None:
    page = Path(__file__).parents[2] / "docs" / "policy.schema.json"
    assert json.loads(page.read_text("utf-8")) == json.loads(json.dumps(schema())), "run python docs/generate.py"


def test_the_schema_knows_every_field_of_every_rule() -> None:
    found: dict[str, Any] = schema()["$defs"]
    assert set(found["Policy"]["properties"]) == {"read_only", "production", "deny", "freeze", "cap"}
    assert {"from", "to", "days", "timezone", "verbs", "reason"} <= set(found["Freeze"]["properties"])
    assert found["Deny"]["required"] == ["reason"]
    assert found["Deny"]["additionalProperties"] is False
