"""No act passes the policy: not planned, not started, by no verb and over no backend."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from acp_tui.config.policy import load_policies
from acp_tui.controllers.checks import UNRENDERED
from acp_tui.controllers.controller import Controller
from acp_tui.controllers.guardrails import BY_NAME, Guardrails, admit
from acp_tui.controllers.journal import Journal
from acp_tui.model.errors import Refused
from acp_tui.model.operation import OperationState, OutcomeKind
from acp_tui.model.plan import Check, CheckResult, Effect, EffectAction, Intent, Plan, Verb
from acp_tui.model.refs import ObjectRef
from acp_tui.model.release import Owner, OwnerKind
from tests.controllers.conftest import REF, SECRET_WORD, Stopwatch, intent
from tests.fakes.cluster import FakeCluster, FakeEngine, FakeFleet

Policy = Callable[[str], None]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    folder = tmp_path / "acp-tui"
    folder.mkdir()
    return folder


@pytest.fixture
def policy(home: Path) -> Policy:
    """Writes the user's own policy file."""

    def write(text: str) -> None:
        (home / "policy.toml").write_text(text)

    return write


@pytest.fixture
def rails(home: Path, stopwatch: Stopwatch) -> Guardrails:
    return Guardrails(load_policies, clock=stopwatch)


@pytest.fixture
def guarded(make_controller: Callable[..., Controller], rails: Guardrails) -> Controller:
    return make_controller(guardrails=rails)


def made(verb: Verb = Verb.ROLLBACK, **more: Any) -> Plan:
    """A plan that nothing stands against."""
    return Plan("p", Intent(verb, REF), 0.0, headline="do it", **more)


def refusal(plan: Plan) -> Check:
    (found,) = plan.refusals
    return found


def effect(restarts: int | None) -> Effect:
    return Effect(EffectAction.UPDATE, ObjectRef("prod-east", "apps", "Deployment", "shop", "api"), restarts=restarts)


@pytest.fixture
def judged(rails: Guardrails, cluster: FakeCluster) -> Callable[[Plan], Plan]:
    session = FakeFleet(cluster).session("prod-east")
    return lambda plan: rails.judge(plan, session)


Judged = Callable[[Plan], Plan]


def test_without_a_policy_a_plan_is_as_it_was(judged: Judged) -> None:
    assert judged(made()) == made()


def test_a_policy_that_has_nothing_against_it_says_how_much_was_asked(judged: Judged, policy: Policy) -> None:
    policy('[[deny]]\nreason="x"\nverbs=["deploy"]\n[[cap]]\nrestarts=9\n')
    plan = judged(made())
    assert plan.allowed
    assert [(check.id, check.result, check.evidence) for check in plan.checks] == [
        ("policy", CheckResult.PASS, "2 rules in 1 file")
    ]


@pytest.mark.parametrize("verb", list(Verb))
def test_every_verb_passes_them(judged: Judged, policy: Policy, verb: Verb, home: Path) -> None:
    policy(f'\n[[deny]]\nname = "audit"\nreason = "the auditors are here"\nverbs = ["{verb}"]\n')
    found = refusal(judged(made(verb)))
    assert found.id == "policy.deny"
    assert found.evidence == f"deny audit ({home}/policy.toml:2): the auditors are here"
    others = [other for other in Verb if other is not verb]
    assert all(judged(made(other)).allowed for other in others)


@pytest.mark.parametrize(
    "scope",
    ['clusters = ["prod-*"]', 'namespaces = ["shop"]', 'releases = ["pay*"]', 'owners = ["Helm"]', ""],
)
def test_read_only_holds_where_it_is_asked_for(judged: Judged, policy: Policy, scope: str) -> None:
    policy(f"[[read_only]]\n{scope}\n")
    assert refusal(judged(made())).id == "policy.read-only"


@pytest.mark.parametrize("scope", ['clusters = ["edge-*"]', 'namespaces = ["billing"]', 'owners = ["HelmRequest"]'])
def test_read_only_elsewhere_does_not_hold(judged: Judged, policy: Policy, scope: str) -> None:
    policy(f"[[read_only]]\n{scope}\n")
    assert judged(made()).allowed


def test_a_cluster_is_known_by_every_name_it_has(judged: Judged, policy: Policy, cluster: FakeCluster) -> None:
    session = FakeFleet(cluster).session("prod-east")
    for name in {session.context.cluster_name, *session.store.names} - {""}:
        policy(f'[[deny]]\nreason="x"\nclusters=["{name}"]\n')
        assert not judged(made()).allowed, name


def test_what_captain_keeps_is_also_written_where_its_request_lies(judged: Judged, policy: Policy) -> None:
    policy('[[read_only]]\nclusters = ["global"]\n')
    kept = Owner(OwnerKind.HELMREQUEST, "payments-api", "cpaas-system", "global")
    assert not judged(made(owner=kept)).allowed
    assert judged(made()).allowed


def test_an_owner_in_doubt_is_held_to_the_rules_for_owners(judged: Judged, policy: Policy) -> None:
    policy('[[deny]]\nreason="theirs"\nowners=["Argo CD"]\n')
    doubt = Check("owner", "Helm alone owns it", CheckResult.UNKNOWN, "global does not answer")
    assert "who keeps the release is not known" in refusal(judged(made(checks=(doubt,)))).evidence
    assert judged(made()).allowed


@pytest.mark.parametrize(
    ("restarts", "allowed", "words"),
    [
        ((3, 2), True, ""),
        ((3, 3), False, "6 pods would restart, 5 are allowed"),
        ((3, None), False, "not known for Deployment api; 5 are allowed"),
        ((), True, ""),
    ],
)
def test_a_cap_counts_the_pods_of_the_whole_act(
    judged: Judged, policy: Policy, restarts: tuple[int | None, ...], allowed: bool, words: str
) -> None:
    policy("[[cap]]\nrestarts = 5\n")
    plan = judged(made(effects=tuple(map(effect, restarts))))
    assert plan.allowed is allowed
    assert allowed or words in refusal(plan).evidence


def test_a_cap_is_not_kept_by_an_act_of_which_nobody_could_render_what_changes(judged: Judged, policy: Policy) -> None:
    policy("[[cap]]\nrestarts = 5\n")
    blind = Check(UNRENDERED, "What it renders to", CheckResult.UNKNOWN, "the registry does not answer")
    found = refusal(judged(made(Verb.UPGRADE, effects=(effect(0),), checks=(blind,))))
    assert "what changes is not known, so neither is how many pods restart; 5 are allowed" in found.evidence
    rendered = structs.replace(blind, result=CheckResult.PASS)
    assert judged(made(Verb.UPGRADE, effects=(effect(0),), checks=(rendered,))).allowed


def test_of_several_caps_the_strictest_counts(judged: Judged, policy: Policy) -> None:
    policy('[[cap]]\nrestarts = 50\n[[cap]]\nname="small"\nrestarts = 2\nclusters=["prod-*"]\n')
    assert "cap small" in refusal(judged(made(effects=(effect(3),)))).evidence


@pytest.mark.parametrize(
    ("rules", "confirm"),
    [
        ("", ""),
        ('[[production]]\nclusters=["prod-*"]\n', "payments-api"),
        ('[[production]]\nconfirm="cluster/release"\n[[production]]\n', "prod-east/payments-api"),
        ('[[production]]\nclusters=["edge-*"]\n', ""),
    ],
)
def test_production_is_confirmed_with_the_longest_text_asked_for(
    judged: Judged, policy: Policy, rules: str, confirm: str
) -> None:
    policy(f"{rules}[[cap]]\nrestarts=9\n")
    plan = judged(made())
    assert (plan.confirm, plan.production, plan.allowed) == (confirm, bool(confirm), True)
    assert judged(plan) == plan
    assert (BY_NAME in {check.id for check in plan.checks}) is bool(confirm)


def test_a_broken_file_refuses_and_says_where(judged: Judged, policy: Policy, home: Path) -> None:
    policy('[[deny]]\nreason = "x"\n[[deny]]\n')
    found = refusal(judged(made()))
    assert found.id == "policy.files"
    assert found.evidence.startswith(f"{home}/policy.toml:3: ")
    assert "nobody knows what it forbids" in found.advice


def test_a_refusal_is_one_clean_line_whatever_the_file_holds(judged: Judged, policy: Policy) -> None:
    policy('[[deny]]\nname = "a\\nb"\nreason = """first\nsecond \\u001b[31mred"""\n')
    found = refusal(judged(made()))
    assert "\n" not in found.evidence
    assert "\x1b" not in found.evidence


FREEZE = '[[freeze]]\nname="evening"\nreason="nobody is there"\nfrom="{begin}"\nto="{end}"\ntimezone="UTC"\n'


def clock_text(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M")


def test_a_freeze_names_its_rule_and_when_it_ends(judged: Judged, policy: Policy, stopwatch: Stopwatch) -> None:
    policy(FREEZE.format(begin=clock_text(stopwatch.now), end=clock_text(stopwatch.now + 3600)))
    found = refusal(judged(made()))
    assert found.evidence.startswith("freeze evening (")
    assert clock_text(stopwatch.now + 3600) in found.advice


# with the controller


async def test_a_plan_made_before_a_freeze_does_not_start_inside_it(
    guarded: Controller, policy: Policy, stopwatch: Stopwatch, engine: FakeEngine
) -> None:
    stopwatch.now -= stopwatch.now % 60
    policy(FREEZE.format(begin=clock_text(stopwatch.now + 60), end=clock_text(stopwatch.now + 7200)))
    plan = await guarded.plan(intent(Verb.ROLLBACK))
    assert plan.allowed
    stopwatch.now += 60
    with pytest.raises(Refused, match="A freeze holds") as caught:
        guarded.start(plan)
    assert "freeze evening" in caught.value.tried
    assert engine.requests == []


async def test_a_plan_refused_in_a_freeze_starts_when_it_is_over(
    guarded: Controller, policy: Policy, stopwatch: Stopwatch
) -> None:
    stopwatch.now -= stopwatch.now % 60
    policy(FREEZE.format(begin=clock_text(stopwatch.now - 60), end=clock_text(stopwatch.now + 60)))
    plan = await guarded.plan(intent(Verb.ROLLBACK))
    assert not plan.allowed
    stopwatch.now += 60
    ended = await guarded.wait(guarded.start(plan).id)
    assert ended.state is not OperationState.REFUSED


async def test_a_rule_added_since_the_plan_counts(guarded: Controller, policy: Policy) -> None:
    plan = await guarded.plan(intent(Verb.ROLLBACK))
    policy("[[read_only]]\n")
    with pytest.raises(Refused, match="makes it read-only"):
        guarded.start(plan)


async def test_a_confirmation_asked_for_since_the_plan_counts(guarded: Controller, policy: Policy) -> None:
    plan = structs.replace(await guarded.plan(intent(Verb.ROLLBACK)), confirm="", production=False)
    policy("[[production]]\n")
    with pytest.raises(Refused, match="another confirmation"):
        guarded.start(plan)


async def test_a_broken_policy_leaves_reading_and_past_acts_alone(guarded: Controller, policy: Policy) -> None:
    policy("[[broken")
    plan = await guarded.plan(intent(Verb.ROLLBACK))
    assert plan.effects
    assert refusal(plan).id == "policy.files"
    assert guarded.operations() == ()


async def test_who_tried_what_against_which_rule_is_in_the_journal(
    guarded: Controller, policy: Policy, journal: Journal, home: Path
) -> None:
    policy('[[deny]]\nname="audit"\nreason="closed"\n')
    plan = await guarded.plan(intent(Verb.ROLLBACK))
    with pytest.raises(Refused):
        guarded.start(plan)
    (entry,) = Journal(journal.folder).past()
    assert (entry.state, entry.verb, entry.release) == (OperationState.REFUSED, Verb.ROLLBACK, REF)
    assert "@" in entry.user
    assert entry.outcome is not None
    assert entry.outcome.kind is OutcomeKind.REFUSED
    assert entry.outcome.evidence == (f"The policy denies it: deny audit ({home}/policy.toml:1): closed",)
    assert guarded.operations() == (entry,)


async def test_to_confirm_a_plan_that_is_refused_is_an_attempt(
    guarded: Controller, policy: Policy, journal: Journal, engine: FakeEngine
) -> None:
    policy('[[deny]]\nname="audit"\nreason="closed"\n')
    plan = await guarded.plan(intent(Verb.ROLLBACK))
    assert Journal(journal.folder).past() == ()
    guarded.attempted(plan)
    assert [entry.state for entry in Journal(journal.folder).past()] == [OperationState.REFUSED]
    policy("")
    guarded.attempted(await guarded.plan(intent(Verb.ROLLBACK)))
    assert len(Journal(journal.folder).past()) == 1
    assert engine.requests == []


async def test_an_act_that_found_the_release_taken_is_in_the_journal(guarded: Controller, journal: Journal) -> None:
    plan = await guarded.plan(intent(Verb.ROLLBACK))
    first = guarded.start(plan)
    with pytest.raises(Refused, match="being worked on"):
        guarded.start(plan)
    await guarded.wait(first.id)
    states = {entry.state for entry in Journal(journal.folder).past()}
    assert OperationState.REFUSED in states
    assert len(states) == 2


async def test_no_value_a_server_quotes_reaches_the_entry_of_a_refused_act(
    guarded: Controller, journal: Journal
) -> None:
    plan = await guarded.plan(intent(Verb.ROLLBACK, values=f"password: {SECRET_WORD}"))
    quoting = Check("dry-run", "The server takes it", CheckResult.REFUSE, f"bad value {SECRET_WORD}", SECRET_WORD)
    with pytest.raises(Refused):
        guarded.start(structs.replace(plan, checks=(*plan.checks, quoting)))
    texts = [path.read_text() for path in journal.folder.rglob("*.jsonl")]
    assert len(texts) == 1
    assert SECRET_WORD not in texts[0]
    assert "The server takes it" in texts[0]


def test_what_was_confirmed_is_what_is_asked_for() -> None:
    admit(made(confirm="payments-api"), confirmed="payments-api")
    with pytest.raises(Refused, match="another confirmation"):
        admit(made(confirm="prod-east/payments-api"), confirmed="payments-api")
