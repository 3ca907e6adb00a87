"""A private file is whole or as it was, and nobody else's to read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from acp_tui.config.private import write_private


@pytest.mark.parametrize("synced", [False, True])
def test_the_new_content_takes_the_place_of_the_old_in_a_folder_of_our_own(tmp_path: Path, synced: bool) -> None:
    path = tmp_path / "state" / "record.json"
    write_private(path, b"old")
    write_private(path, b"new", synced=synced)

    assert path.read_bytes() == b"new"
    assert (path.stat().st_mode & 0o777, path.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert list(path.parent.iterdir()) == [path]


def test_a_disk_that_does_not_take_it_leaves_what_was_there_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "record.json"
    write_private(path, b"old")

    def full(file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_private(path, b"new", synced=True)

    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
