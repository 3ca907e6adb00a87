"""The journal has every act whole, tells those nobody finished, and never stands in the way of the truth."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from acp_tui.config.locks import is_held
from acp_tui.controllers import journal as journal_file
from acp_tui.controllers.journal import Journal, Record
from acp_tui.controllers.lock import lock_release
from acp_tui.model.errors import Refused
from acp_tui.model.operation import Operation, OperationState, Outcome, OutcomeKind, StepProgress, StepState
from acp_tui.model.plan import Verb
from tests.controllers.conftest import REF


def operation(id: str = "20261121T140700-abc123", **more: Any) -> Operation:
    return Operation(
        id=id,
        verb=Verb.ROLLBACK,
        release=REF,
        headline="Roll back payments-api from 42 (failed) to 41",
        state=OperationState.RUNNING,
        started_at=1000.0,
        user="anna@shell as admin",
        steps=(StepProgress("prepare", "Look again"), StepProgress("act", "helm rollback payments-api 41")),
        output=("what helm printed",),
        **more,
    )


def finished(begun: Operation) -> Operation:
    outcome = Outcome(OutcomeKind.HEALTHY, "Rolled back payments-api to 41 as revision 43 · 0:52")
    return structs.replace(begun, state=OperationState.SUCCEEDED, outcome=outcome, ended_at=1052.0)


def acting(at: float = 1001.0) -> StepProgress:
    return StepProgress("act", "helm rollback payments-api 41", StepState.RUNNING, started_at=at)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "acp-tui" / "journal"


def test_an_act_is_read_back_as_it_ended_without_what_helm_printed(folder: Path) -> None:
    record = Journal(folder).begin(operation())
    record.step(acting())
    record.end(finished(operation()))
    (read,) = Journal(folder).past()
    assert read == structs.replace(finished(operation()), output=())


def test_files_are_for_their_owner_alone(folder: Path) -> None:
    record = Journal(folder).begin(operation())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()} == {0o600}
    record.end(finished(operation()))
    assert [path.name for path in folder.iterdir()] == ["20261121T140700-abc123.jsonl"]


def test_an_act_that_runs_is_shown_as_running_with_the_step_it_is_at(folder: Path) -> None:
    record = Journal(folder).begin(operation())
    record.step(acting())
    (read,) = Journal(folder).past()
    assert read.state is OperationState.RUNNING
    assert [step.state for step in read.steps] == [StepState.WAITING, StepState.RUNNING]
    record.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from acp_tui.controllers.journal import Journal
from tests.controllers.test_journal import acting, operation
record = Journal(Path(sys.argv[1])).begin(operation())
record.step(acting())
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_an_act_whose_process_was_killed_is_lost_and_says_where(folder: Path) -> None:
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", KILLED, str(folder)], cwd=root, check=False, timeout=30)
    assert done.returncode == -9
    (read,) = Journal(folder).past()
    assert read.state is OperationState.LOST
    assert read.ended_at == 1001.0
    assert read.outcome is not None
    assert "during 'helm rollback payments-api 41'" in read.outcome.title
    assert "release doctor payments-api" in read.outcome.advice


def test_an_act_that_ends_while_somebody_looks_is_not_lost(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = Journal(folder).begin(operation())

    def ends_meanwhile(path: Path) -> bool:
        record.end(finished(operation()))
        return is_held(path)

    monkeypatch.setattr(journal_file, "is_held", ends_meanwhile)
    (read,) = Journal(folder).past()
    assert read.state is OperationState.SUCCEEDED


def test_an_act_that_is_begun_twice_leaves_the_first_record_as_it_is(folder: Path) -> None:
    record = Journal(folder).begin(operation())
    with pytest.raises(Refused, match="The journal cannot be written"):
        Journal(folder).begin(operation())
    record.end(finished(operation()))
    (read,) = Journal(folder).past()
    assert read.state is OperationState.SUCCEEDED


def test_a_torn_last_line_costs_only_itself(folder: Path) -> None:
    record = Journal(folder).begin(operation())
    record.step(acting())
    record.close()
    path = folder / "20261121T140700-abc123.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    (read,) = Journal(folder).past()
    assert read.state is OperationState.LOST
    assert read.steps[1].state is StepState.WAITING


@pytest.mark.parametrize("junk", [b"", b"\n", b"not json\n", b"\xff\xfe\n", b'{"at": 1, "event": "begin"}\n'])
def test_files_that_hold_no_act_are_passed_over(folder: Path, junk: bytes) -> None:
    folder.mkdir(parents=True)
    (folder / "20261121T000000-ffffff.jsonl").write_bytes(junk)
    (folder / "notes.txt").write_text("mine")
    assert Journal(folder).past() == ()


def test_no_folder_is_no_past(tmp_path: Path) -> None:
    assert Journal(tmp_path / "never").past() == ()


def test_acts_come_newest_first(folder: Path) -> None:
    for id in ("20261121T140700-aaaaaa", "20261122T140700-bbbbbb", "20261120T140700-cccccc"):
        Journal(folder).begin(operation(id)).end(finished(operation(id)))
    assert [each.id[:8] for each in Journal(folder).past()] == ["20261122", "20261121", "20261120"]


def test_a_folder_that_cannot_be_written_is_said_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "acp-tui").write_text("a file where the folder should be")
    with pytest.raises(Refused, match="The journal cannot be written") as caught:
        Journal(tmp_path / "acp-tui" / "journal").begin(operation())
    assert caught.value.advice.startswith("Nothing was done.")


def full_after(monkeypatch: pytest.MonkeyPatch, allowed: list[int]) -> None:
    """After so many writes (a count in a list) they fail with ENOSPC, half a line written, as on a real disk."""
    write = os.write

    def limited(file: int, data: bytes) -> int:
        if allowed[0] > 0:
            allowed[0] -= 1
            return write(file, data)
        if len(data) > 40 and allowed[0] == 0:
            allowed[0] = -1
            return write(file, data[:20])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "write", limited)


def test_a_full_disk_is_said_before_anything_is_done(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full_after(monkeypatch, [0])
    with pytest.raises(Refused, match="No space left on device"):
        Journal(folder).begin(operation())
    assert list(folder.iterdir()) == [], "nothing is left behind that would read as a lost act"


def test_a_disk_that_fills_up_later_does_not_cost_the_verdict(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The room taken at the beginning is given back for the line that did not fit; the torn one is passed over."""
    record = Journal(folder).begin(operation())
    allowed = [0]
    full_after(monkeypatch, allowed)
    unlink = Path.unlink

    def freed(path: Path, missing_ok: bool = False) -> None:
        unlink(path, missing_ok=missing_ok)
        allowed[0] = 10

    monkeypatch.setattr(Path, "unlink", freed)
    record.end(finished(operation()))
    (read,) = Journal(folder).past()
    assert read.outcome == finished(operation()).outcome


def test_a_journal_that_stays_full_lets_the_file_go(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record: Record = Journal(folder).begin(operation())
    full_after(monkeypatch, [0])
    with pytest.raises(OSError, match="No space left"):
        record.end(finished(operation()))
    monkeypatch.undo()
    (read,) = Journal(folder).past()
    assert read.state is OperationState.LOST


def test_the_reserve_of_a_dead_process_is_swept(folder: Path) -> None:
    record = Journal(folder).begin(operation())
    os.close(record._file)
    assert [path.suffix for path in folder.iterdir() if path.name.startswith(".")] == [".reserve"]
    later = Journal(folder).begin(operation("20261121T150000-dddddd"))
    assert [path.name for path in folder.iterdir() if path.name.startswith(".")] == [".20261121T150000-dddddd.reserve"]
    later.close()


def id_of(number: int) -> str:
    return f"20261121T{number:06}-abc123"


def names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.iterdir() if path.suffix == ".jsonl")


def test_the_oldest_records_go_when_there_are_too_many(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_file, "KEPT", 3)
    for number in range(6):
        Journal(folder).begin(operation(id_of(number))).end(finished(operation(id_of(number))))
    assert names(folder) == [id_of(number) for number in (3, 4, 5)]


def test_the_oldest_records_go_when_they_are_too_large(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Journal(folder).begin(operation(id_of(0))).end(finished(operation(id_of(0))))
    size = (folder / f"{id_of(0)}.jsonl").stat().st_size
    monkeypatch.setattr(journal_file, "KEPT_BYTES", int(size * 2.2))
    for number in range(1, 6):
        Journal(folder).begin(operation(id_of(number))).end(finished(operation(id_of(number))))
    assert names(folder) == [id_of(4), id_of(5)]


def test_what_has_no_end_stays_whatever_its_age(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost act, one that still runs and a file nobody can read: each may be all that is known of it."""
    monkeypatch.setattr(journal_file, "KEPT", 1)
    lost = Journal(folder).begin(operation(id_of(0)))
    lost.step(acting())
    lost.close()
    running = Journal(folder).begin(operation(id_of(1)))
    (folder / f"{id_of(2)}.jsonl").write_bytes(b"what is this\n")
    (folder / f"{id_of(0)}-killed-before-its-first-line.jsonl").touch()
    for number in range(3, 6):
        Journal(folder).begin(operation(id_of(number))).end(finished(operation(id_of(number))))
    assert names(folder) == [id_of(number) for number in (0, 1, 2, 5)]
    running.end(finished(operation(id_of(1))))
    assert [each.state for each in Journal(folder).past()] == [
        OperationState.SUCCEEDED, OperationState.SUCCEEDED, OperationState.LOST,
    ]  # fmt: skip


def refused(id: str) -> Operation:
    outcome = Outcome(OutcomeKind.REFUSED, "Refused: A freeze holds", evidence=("freeze evening (policy.toml:3)",))
    return structs.replace(operation(id), state=OperationState.REFUSED, outcome=outcome, ended_at=1000.0, output=())


def test_what_was_refused_is_read_back_among_the_acts(folder: Path) -> None:
    journal = Journal(folder)
    journal.begin(operation(id_of(1))).end(finished(operation(id_of(1))))
    journal.refuse(refused(id_of(2)))
    journal.begin(operation(id_of(3))).end(finished(operation(id_of(3))))
    assert [each.id for each in Journal(folder).past()] == [id_of(3), id_of(2), id_of(1)]
    assert Journal(folder).past()[1] == refused(id_of(2))
    assert {stat.S_IMODE(path.stat().st_mode) for path in (folder / "refused").iterdir()} == {0o600}


def test_an_act_is_found_however_old(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_file, "REMEMBERED", 1)
    journal = Journal(folder)
    for number in range(4):
        journal.begin(operation(id_of(number))).end(finished(operation(id_of(number))))
    journal.refuse(refused(id_of(9)))
    assert [found.id for number in (0, 9) if (found := journal.find(id_of(number)))] == [id_of(0), id_of(9)]
    assert len(journal.past(limit=3)) == 4
    assert journal.find("nobody") is journal.find("../journal/" + id_of(0)) is journal.find("") is None


def test_a_thousand_refusals_push_no_act_out(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_file, "REMEMBERED", 4)
    monkeypatch.setattr(journal_file, "KEPT", 4)
    journal = Journal(folder)
    journal.begin(operation(id_of(0))).end(finished(operation(id_of(0))))
    for number in range(1, 20):
        journal.refuse(refused(id_of(number)))
    assert names(folder / "refused") == [id_of(number) for number in (16, 17, 18, 19)]
    assert Journal(folder).past()[-1].id == id_of(0)


def test_a_refusal_that_cannot_be_recorded_stays_a_refusal(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    Journal(tmp_path / "state" / "journal").refuse(refused(id_of(1)))


def test_a_release_is_locked_once_and_free_again_after(tmp_path: Path) -> None:
    first = lock_release(tmp_path / "locks", REF, holder="operation 7 of anna")
    with pytest.raises(Refused, match="payments-api is being worked on") as caught:
        lock_release(tmp_path / "locks", REF, holder="operation 8")
    assert caught.value.tried == "operation 7 of anna"
    other = lock_release(tmp_path / "locks", structs.replace(REF, name="search"), holder="operation 9")
    other.release()
    first.release()
    first.release()
    lock_release(tmp_path / "locks", REF, holder="operation 8").release()


def test_a_lock_folder_that_cannot_be_made_refuses(tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("in the way")
    with pytest.raises(Refused, match="Cannot lock payments-api"):
        lock_release(tmp_path / "locks", REF, holder="x")
