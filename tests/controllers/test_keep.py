"""What acp-tui keeps of a release it acted on: beyond pruning, private, bounded, deletable, without secrets."""

from __future__ import annotations

import gzip
import stat
from pathlib import Path
from typing import Any

import pytest
from msgspec import structs

from acp_tui.clients.helm.records import Records
from acp_tui.controllers import keep as bounds
from acp_tui.controllers.controller import Controller
from acp_tui.controllers.keep import Keep, whole_history
from acp_tui.controllers.keeping import Keeping
from acp_tui.controllers.redact import hush
from acp_tui.insight.retention import leaving, with_leaving
from acp_tui.model.kept import KeptRevision, KeptWords, Words
from acp_tui.model.plan import Verb
from acp_tui.model.release import ReleaseBody, ReleaseRef, Revision, Store
from tests.controllers.conftest import REF, SECRET_WORD, intent
from tests.fakes.cluster import FakeCluster


def revision(number: int, status: str = "superseded", *, ref: ReleaseRef = REF, uid: str = "") -> Revision:
    return Revision(ref, number, status, f"v{number}", uid=uid or f"uid-{number}", resource_version="1")


def copy_of(number: int, *, uid: str = "", manifest: str = "") -> KeptRevision:
    kept = structs.replace(revision(number, uid=uid), kept_at=1.0)
    return KeptRevision(kept, ReleaseBody(REF, number, "superseded", "api", "1.0", "1.0", manifest, {}, {}, ""))


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    return Keep(tmp_path / "kept")


class TestRetention:
    def test_below_the_limit_nothing_leaves(self) -> None:
        assert leaving([revision(2, "deployed"), revision(1)], limit=10) == ()

    def test_the_oldest_leaves_and_the_deployed_one_is_spared(self) -> None:
        history = [revision(n, "failed") for n in range(10, 1, -1)] + [revision(1, "deployed")]
        assert leaving(history, limit=10) == (2,)

    def test_captain_also_sweeps_what_is_neither_deployed_nor_superseded(self) -> None:
        ref = structs.replace(REF, store=Store.CAPTAIN)
        history = [revision(3, "failed", ref=ref), revision(2, "deployed", ref=ref), revision(1, ref=ref)]
        assert leaving(history, limit=10) == (3,)
        assert [each.leaves for each in with_leaving(history, limit=10)] == [True, False, False]


class TestKeep:
    def test_a_copy_comes_back_whole_and_its_file_is_private(self, keep: Keep) -> None:
        keep.write(copy_of(7, manifest="a: 1\n"))
        (found,) = keep.revisions(REF)
        assert (found.revision, found.kept_at, found.uid) == (7, 1.0, "uid-7")
        body = keep.body(REF, 7)
        assert body is not None
        assert body.manifest == "a: 1\n"
        (path,) = keep.folder.glob("*/*")
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700

    def test_one_number_used_twice_is_two_copies(self, keep: Keep) -> None:
        keep.write(copy_of(3, uid="first", manifest="a: 1\n"))
        keep.write(copy_of(3, uid="second", manifest="b: 2\n"))
        assert len(keep.revisions(REF)) == 2
        body = keep.body(REF, 3, "first")
        assert body is not None
        assert body.manifest == "a: 1\n"

    def test_words_of_one_act_are_gathered_and_the_last_of_a_container_count(self, keep: Keep) -> None:
        def heard(*words: Words) -> KeptWords:
            return KeptWords(REF, "20261121T1", 5.0, 7, "uid-7", words)

        keep.hear(heard(Words("hook-1", "run", "hook migrate", 4.0, "exit 1", ("no table",))))
        keep.hear(heard(Words("api-1", "web", "CrashLoopBackOff", 5.0, "exit 2", ("boom",))))
        (both,) = keep.words(REF, uid="uid-7")
        assert [each.lines for each in both.words] == [("no table",), ("boom",)]
        assert keep.words(REF, uid="another") == ()

    def test_a_torn_file_counts_as_not_kept(self, keep: Keep) -> None:
        keep.write(copy_of(7))
        (path,) = keep.folder.glob("*/*")
        path.write_bytes(path.read_bytes()[:30])
        assert keep.revisions(REF) == ()
        assert keep.body(REF, 7) is None

    def test_forgetting_leaves_other_releases_alone(self, keep: Keep) -> None:
        other = structs.replace(REF, name="other")
        keep.write(copy_of(7))
        keep.hear(KeptWords(other, "op", 1.0))
        assert set(keep.releases()) == {REF, other}
        assert keep.forget(REF) == 1
        assert keep.releases() == (other,)

    def test_the_bounds_hold_and_the_newest_stay(self, keep: Keep, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bounds, "PER_RELEASE", 3)
        for number in range(1, 6):
            keep.write(copy_of(number))
        assert [each.revision for each in keep.revisions(REF)] == [5, 4, 3]
        monkeypatch.setattr(bounds, "KEPT_BYTES", 1)
        keep.write(copy_of(6))
        assert keep.revisions(REF) == ()


def test_a_history_has_the_kept_ones_that_the_cluster_lost(keep: Keep) -> None:
    listed = [revision(3, uid="new"), revision(2)]
    kept = [structs.replace(revision(3, "failed", uid="old"), kept_at=1.0), structs.replace(revision(2), kept_at=1.0)]
    whole = whole_history(listed, kept)
    assert [(each.revision, each.uid, each.kept_at) for each in whole] == [
        (3, "new", None), (3, "old", 1.0), (2, "uid-2", None),
    ]  # fmt: skip


async def test_an_act_keeps_every_revision_it_found_and_the_one_it_made_without_secrets(
    controller: Controller, cluster: FakeCluster
) -> None:
    before = {each.revision for each in await _history(controller, cluster)}
    plan = await controller.plan(intent(Verb.ROLLBACK, revision=41))
    await controller.wait(controller.start(plan).id)
    kept = {each.revision: each for each in controller.keep.revisions(REF)}
    assert set(kept) == before | {max(before) + 1}
    assert kept[43].status == "deployed"
    assert kept[42].size > 0
    body = controller.keep.body(REF, 41)
    assert body is not None
    assert "image: registry/pay:" in body.manifest
    for path in controller.keep.folder.rglob("*.gz"):
        assert SECRET_WORD.encode() not in gzip.decompress(path.read_bytes())


async def test_what_is_kept_already_is_not_read_again(controller: Controller, cluster: FakeCluster, keep: Keep) -> None:
    keeping = Keeping(keep, REF, "op", records=Records(cluster), clock=lambda: 5.0)
    await keeping.revisions()
    assert {each.kept_at for each in keep.revisions(REF)} == {5.0}
    cluster.asked.clear()
    await keeping.revisions()
    assert cluster.asked == ["/api/v1/namespaces/shop/secrets"], "the list alone"


async def _history(controller: Controller, cluster: FakeCluster) -> Any:
    return await Records(cluster).history(REF)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("connect failed password=hunter2 host=db", "connect failed password=•••••• host=db"),
        ('{"api_key": "abc123", "n": 1}', '{"api_key": ••••••, "n": 1}'),
        ("Authorization: Bearer eyJhbGciOi.eyJzdWI", "Authorization: Bearer ••••••"),
        ("DB_PASSWORD: s3cret-word, retrying", "DB_PASSWORD: ••••••, retrying"),
        ("no such table: orders", "no such table: orders"),
        ("token expired, ask for another", "token expired, ask for another"),
    ],
)
def test_a_log_line_is_kept_without_what_it_calls_a_secret(said: str, kept: str) -> None:
    assert hush(said) == kept
