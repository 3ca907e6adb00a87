"""A file is held by one process at a time, and by nobody whose process is gone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from acp_tui.config.locks import hold, is_held, take
from acp_tui.config.private import open_private

HOLDER = "import sys; from pathlib import Path; from acp_tui.config.locks import hold; held = hold(Path(sys.argv[1]))"


def test_it_is_held_once_and_free_after(tmp_path: Path) -> None:
    path = tmp_path / "locks" / "one"
    held = hold(path)
    assert is_held(path)
    with pytest.raises(BlockingIOError):
        hold(path)
    held.release()
    held.release()
    assert not is_held(path)
    hold(path).release()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_looking_takes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "one"
    path.touch()
    assert not is_held(path)
    assert not is_held(path)
    file = open_private(path, os.O_RDWR)
    take(file)
    os.close(file)


def test_the_words_of_the_holder_are_read_by_others(tmp_path: Path) -> None:
    held = hold(tmp_path / "one")
    held.say("a long word of a first holder")
    held.say("anna")
    assert (tmp_path / "one").read_text() == "anna"
    held.release()


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    path = tmp_path / "one"
    code = f"{HOLDER}; print(flush=True); sys.stdin.read()"
    argv = [sys.executable, "-c", code, str(path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert is_held(path)
        process.kill()
    assert not is_held(path)


def test_a_child_that_inherits_it_holds_it_alone_once_we_let_go(tmp_path: Path) -> None:
    path = tmp_path / "one"
    held = hold(path)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=(held.file,)) as child:
        held.release()
        assert is_held(path)
        child.communicate()
    assert not is_held(path)


def test_what_is_not_there_is_held_by_nobody_and_what_cannot_be_asked_is_not_called_free(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "loop").symlink_to("loop")
    assert not is_held(tmp_path / "missing" / "one")
    assert not is_held(tmp_path / "file" / "one")
    assert is_held(tmp_path / "loop")
    with pytest.raises(OSError, match="exists"):
        hold(tmp_path / "file" / "one")
