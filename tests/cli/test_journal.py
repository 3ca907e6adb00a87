"""`acp-tui journal`, and the policy on the command line: what was done, what was refused, and the way back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from msgspec import structs

from acp_tui.clients.box import Box, start_box
from acp_tui.controllers.journal import Journal
from acp_tui.model.operation import Operation, OperationState, Outcome, OutcomeKind
from acp_tui.model.plan import Verb
from acp_tui.model.release import ReleaseRef
from tests.cli.conftest import Acp

EAST = ("--context", "prod-east", "-o", "json")
ID = "20261121T140700-abc123"


@pytest.fixture
def entry(home: Path) -> Operation:
    """One act in the journal of this home, with texts that are not friendly."""
    made = Operation(
        id=ID,
        verb=Verb.ROLLBACK,
        release=ReleaseRef("prod-east", "shop", "payments-api"),
        headline="Roll back payments-api\x1b[2J from 42 to 41",
        state=OperationState.RUNNING,
        started_at=1_790_000_000.0,
        user="anna@shell as admin",
        undo="roll back to 42",
        revision_before=42,
        revision_after=43,
    )
    outcome = Outcome(OutcomeKind.HEALTHY, "Rolled back\nas revision 43", evidence=("3 of 3 pods are ready",))
    record = Journal(home / "acp-tui" / "journal").begin(made)
    ended = structs.replace(made, state=OperationState.SUCCEEDED, outcome=outcome, ended_at=1_790_000_052.0)
    record.end(ended)
    return ended


def test_an_empty_journal_is_an_empty_list(acp: Acp) -> None:
    assert acp("journal", "list", "-o", "json").document == {"kind": "JournalEntryList", "items": []}
    assert acp("journal").code == 0


@pytest.mark.usefixtures("entry")
class TestReading:
    @pytest.mark.parametrize("words", [("journal",), ("journal", "list")])
    def test_the_list_says_who_did_what_where(self, acp: Acp, words: tuple[str, ...]) -> None:
        head, line = acp(*words).out.splitlines()
        assert head.split() == ["ID", "AGE", "ACT", "RELEASE", "BEFORE", "AFTER", "VERDICT", "WHO"]
        assert line.split()[0] == ID
        assert line.split()[2:] == [
            "rollback", "prod-east/shop/payments-api", "42", "43", "healthy", "anna@shell", "as", "admin",
        ]  # fmt: skip

    def test_the_list_is_the_same_for_scripts(self, acp: Acp) -> None:
        (item,) = acp("journal", "-o", "json").document["items"]
        assert acp("journal", "list", "-o", "json").document["items"] == [item]
        assert yaml.safe_load(acp("journal", "list", "-o", "yaml").out)["items"][0]["operation"]["id"] == ID
        assert (item["operation"]["revisionBefore"], item["operation"]["revisionAfter"]) == (42, 43)
        assert item["noUndo"] == ""

    def test_an_entry_is_shown_whole_on_clean_lines(self, acp: Acp) -> None:
        out = acp("journal", "show", ID).out
        assert "anna@shell as admin" in out
        assert "healthy: Rolled back" in out
        assert "3 of 3 pods are ready" in out
        assert f"acp-tui journal undo {ID} (roll back to 42)" in out
        assert "\x1b" not in out
        assert all(line[:1].islower() for line in out.splitlines()[1:]), "one line a field"

    def test_an_entry_is_a_document(self, acp: Acp) -> None:
        document = acp("journal", "show", ID, "-o", "json").document
        assert document["kind"] == "JournalEntry"
        assert document["operation"]["startedAt"].endswith("Z")

    def test_only_as_many_as_asked_for(self, acp: Acp, home: Path, entry: Operation) -> None:
        later = structs.replace(entry, id="20261122T140700-abc123")
        Journal(home / "acp-tui" / "journal").begin(later).end(later)
        assert len(acp("journal", "list", "-o", "json").document["items"]) == 2
        (item,) = acp("journal", "list", "--limit", "1", "-o", "json").document["items"]
        assert item["operation"]["id"] == later.id

    @pytest.mark.parametrize("verb", ["show", "undo"])
    def test_an_entry_that_is_not_there(self, acp: Acp, verb: str) -> None:
        answer = acp("journal", verb, "what", "-o", "json")
        assert (answer.code, answer.error["slug"]) == (2, "usage")
        assert answer.error["advice"] == "acp-tui journal list"


@pytest.fixture(scope="module")
def acting_box(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Box]:
    box = start_box(tmp_path_factory.mktemp("acting"), still=True, only=("global", "prod-east"), pace=0.02)
    yield box
    box.close()


@pytest.fixture
def acting(acting_box: Box, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("helm_python")
    monkeypatch.setenv("KUBECONFIG", str(acting_box.kubeconfig))


@pytest.mark.usefixtures("acting")
class TestActing:
    def test_a_shared_policy_refuses_and_the_journal_knows_who_tried(self, acp: Acp, tmp_path: Path) -> None:
        team = tmp_path / "team.toml"
        team.write_text('[[deny]]\nname = "audit"\nreason = "the books are open"\nclusters = ["prod-*"]\n')
        words = ("release", "rollback", "payments-api", "--policy", str(team), *EAST)
        planned = acp(*words, "--plan")
        assert (planned.code, planned.document["allowed"]) == (7, False)
        assert acp("journal", "-o", "json").document["items"] == [], "a plan is no attempt"

        answer = acp(*words, "--yes")
        assert (answer.code, answer.error["slug"]) == (7, "refused")
        assert f"deny audit ({team}:1): the books are open" in answer.error["tried"]

        (item,) = acp("journal", "-o", "json").document["items"]
        assert (item["operation"]["state"], item["operation"]["verb"]) == ("refused", "rollback")
        assert str(team) in item["operation"]["outcome"]["evidence"][0]
        assert item["noUndo"] == "it was refused: nothing was done"
        assert acp("journal", "undo", item["operation"]["id"], "--yes", *EAST).code == 7

    @pytest.mark.parametrize("where", ["before", "after"])
    def test_a_policy_that_is_not_there_refuses_while_reading_goes_on(
        self, acp: Acp, tmp_path: Path, where: str
    ) -> None:
        missing = ("--policy", str(tmp_path / "none.toml"))
        first, last = (missing, ()) if where == "before" else ((), missing)
        answer = acp(*first, "release", "rollback", "payments-api", *last, "--yes", *EAST)
        assert answer.code == 7
        assert "none.toml" in answer.error["tried"]
        assert acp(*first, "release", "history", "payments-api", *EAST).code == 0

    @pytest.mark.parametrize(
        ("words", "code", "said"),
        [
            (("--yes",), 7, "add --confirm prod-east/payments-api"),
            ((), 7, "add --confirm prod-east/payments-api"),
            (("--yes", "--confirm", "payments-api"), 7, "this act wants 'prod-east/payments-api'"),
            (("--confirm", "prod-east/payments-api", "--to", "3"), 7, ""),
        ],
    )
    def test_production_of_a_policy_is_confirmed_by_name(
        self, acp: Acp, home: Path, words: tuple[str, ...], code: int, said: str
    ) -> None:
        (home / "acp-tui").mkdir(exist_ok=True)
        (home / "acp-tui" / "policy.toml").write_text('[[production]]\nconfirm = "cluster/release"\n')
        answer = acp("release", "rollback", "payments-api", *words, *EAST)
        assert answer.code == code
        assert said in answer.error["advice"]

    def test_an_act_is_taken_back_once(self, acp: Acp) -> None:
        done = acp("release", "rollback", "payments-api", "--confirm", "payments-api", *EAST).document["operation"]
        assert (done["revisionBefore"], done["revisionAfter"]) == (42, 43)
        planned = acp("journal", "undo", done["id"], "--plan", *EAST).document["plan"]
        assert (planned["intent"]["verb"], planned["intent"]["revision"]) == ("rollback", 42)

        back = acp("journal", "undo", done["id"], "--yes", "--deadline", "1", *EAST)
        assert back.document["operation"]["revisionAfter"] == 44
        again = acp("journal", "undo", done["id"], "--yes", *EAST)
        assert (again.code, again.error["slug"]) == (7, "refused")
        assert "moved since" in again.error["title"]
