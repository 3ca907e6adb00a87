"""The words of the review and of the verdict."""

from __future__ import annotations

import pytest
from msgspec import structs

from acp_tui.model.health import Tone
from acp_tui.model.operation import OperationState
from acp_tui.model.plan import Answer, Drift, Effect, EffectAction, Intent, ServerSays, Verb
from acp_tui.model.refs import ObjectRef
from acp_tui.ui.review import lines, verdict
from acp_tui.ui.widgets.tint import Line, text_of
from tests.fakes.backend import NOW
from tests.ui.detail.plans import DEPLOYMENT, HEALTHY, PAYMENTS, REGRESSED, operation, plan


def sign(tone: Tone) -> str:
    return {Tone.OK: "+", Tone.WARN: "!", Tone.FAIL: "x"}.get(tone, "?")


def words(found: list[Line]) -> str:
    return "\n".join(text_of(line) for line in found)


def test_the_title_names_act_release_namespace_and_cluster() -> None:
    assert lines.title(plan().intent) == "Roll back payments-api · shop · prod-east"


@pytest.mark.parametrize(
    ("intent", "base", "said"),
    [
        (Intent(Verb.ROLLBACK, PAYMENTS, revision=41), 42, "42 → 41, as revision 43"),
        (Intent(Verb.UNINSTALL, PAYMENTS), 42, "42 → nothing"),
        (Intent(Verb.UNINSTALL, PAYMENTS, keep_history=True), 42, "42 → nothing, history kept"),
        (Intent(Verb.UPGRADE, PAYMENTS, chart="./api", version="2.0"), 42, "42 → 43 (./api 2.0)"),
        (Intent(Verb.DEPLOY, PAYMENTS, chart="oci://r/api"), 0, "nothing → 1 (oci://r/api)"),
    ],
)
def test_it_says_from_which_revision_to_which(intent: Intent, base: int, said: str) -> None:
    assert lines.passage(plan(intent, base_revision=base)) == said


def test_an_owner_above_helm_is_said_first() -> None:
    assert "HelmRequest payments-api (global) would undo" in words(lines.head(plan(refused=True), 100))
    assert "helm 3.19.2; nobody else" in words(lines.head(plan(), 100))


def test_refusals_come_first_with_the_way_that_works() -> None:
    said = words(lines.checks(plan(refused=True), sign, 100))
    assert said.splitlines()[0].startswith("x refused   Owner")
    assert "Roll back the HelmRequest in cluster global" in said
    assert "+ ok        Rights · update secrets" in said


def test_on_a_low_screen_what_is_in_order_shares_a_line() -> None:
    said = words(lines.checks(plan(refused=True), sign, 100, brief=True)).splitlines()
    assert said[-1] == "+ ok        Rights, Not locked"
    assert said[0].startswith("x refused")


def test_the_reason_does_not_say_the_title_again() -> None:
    headline = "Roll back payments-api from 42 (failed) to 41: the newest that was deployed"
    said = words(lines.head(structs.replace(plan(), headline=headline), 100))
    assert said.splitlines()[-1] == "Why        the newest that was deployed"


def test_at_80_columns_no_line_is_wider_than_the_frame() -> None:
    everything = [
        *lines.head(plan(refused=True), 76),
        *lines.checks(plan(refused=True), sign, 76),
        *lines.way_back(plan(), 76),
    ]
    assert max(len(text_of(line)) for line in everything) <= 76


def test_what_no_undo_brings_back_is_said_beside_the_undo() -> None:
    said = words(lines.way_back(plan(), 100))
    assert "Undo       roll back to 42" in said
    assert "Not undone database changes made by hook payments-migrate" in said
    assert said.endswith("CRDs")


def test_the_last_line_says_what_to_type_or_that_it_cannot_run() -> None:
    assert text_of(lines.verdict_before(plan())) == "type payments-api to roll back; esc leaves everything as it is"
    assert text_of(lines.verdict_before(plan(confirm=""))) == "y to roll back; esc leaves everything as it is"
    assert text_of(lines.verdict_before(plan(refused=True))).startswith("Cannot roll back: 1 check refused")


def test_an_unknown_number_of_restarts_is_never_a_dash() -> None:
    ref = ObjectRef("c", "", "ConfigMap", "n", "x")
    assert lines.restarts(Effect(EffectAction.UPDATE, ref, restarts=None)) == ("? pods", Tone.UNKNOWN)
    assert lines.restarts(Effect(EffectAction.UPDATE, ref, restarts=0)) == ("-", Tone.DIM)
    assert lines.restarts(Effect(EffectAction.UPDATE, ref, restarts=1)) == ("1 pod", Tone.WARN)
    paced = Effect(EffectAction.UPDATE, ref, restarts=3, pace="2 at a time")
    assert lines.restarts(paced) == ("3 pods, 2 at a time", Tone.WARN)


def test_an_effect_without_a_diff_says_why_there_is_none() -> None:
    ref = ObjectRef("c", "batch", "Job", "n", "migrate")
    assert lines.diff_lines(Effect(EffectAction.RUN, ref, "pre-rollback"))[-1].startswith("This hook runs")


def test_the_verdict_shows_evidence_findings_and_what_to_do() -> None:
    said = words(verdict.outcome_lines(operation(OperationState.FAILED, outcome=REGRESSED), sign, NOW))
    assert said.splitlines() == [
        "+ 1/3 pods ready",
        "x payments-api-5f66 crash loops since 30s",
        "  exit code 1, 4 restarts",
        "next  Read the logs of payments-api-5f66",
        "undo  roll back to 42",
    ]


def test_the_state_line_is_the_verdict_once_there_is_one() -> None:
    running = verdict.state_line(operation(), sign, NOW)
    assert text_of(running) == "? running · 0:52 · helm rollback payments-api 41"
    done = verdict.state_line(operation(OperationState.SUCCEEDED, outcome=HEALTHY), sign, NOW)
    assert text_of(done) == "+ healthy · Rolled back payments-api to 41 as revision 43"


@pytest.mark.parametrize(
    ("says", "stays", "shown"),
    [
        (None, False, ("-", Tone.DIM)),
        (ServerSays(Answer.OK), False, ("ok", Tone.OK)),
        (ServerSays(Answer.OK), True, ("1 stays", Tone.WARN)),
        (ServerSays(Answer.IMMUTABLE, "spec.selector"), False, ("immutable field", Tone.FAIL)),
        (ServerSays(Answer.QUOTA, "tight", pods=True), False, ("pods: quota", Tone.WARN)),
        (ServerSays(Answer.NOT_ASKED), False, ("not asked", Tone.UNKNOWN)),
    ],
)
def test_what_the_server_says_is_one_word_and_never_green_by_default(
    says: ServerSays | None, stays: bool, shown: tuple[str, Tone]
) -> None:
    drift = (Drift("spec.replicas", "3", "5", "3", "kubectl-edit", 1000.0, stays=stays),)
    effect = Effect(EffectAction.UPDATE, DEPLOYMENT, server=says, drift=drift)
    assert lines.server_says(effect) == shown
    end = "stays" if stays else "becomes 3"
    assert lines.drift_lines(effect, 1060.0)[-1] == (
        f"spec.replicas is 5 live, stored 3, set by kubectl-edit 1m ago: {end}"
    )
