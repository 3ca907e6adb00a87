"""Takes the pictures of the manual: a failed release is found, looked at and rolled back in the simulated fleet.

    python docs/record.py [FOLDER]

runs the real console on a pseudo-terminal and types what a person types. A picture is what an emulator shows of the
bytes that the console's own driver sent. Without a folder the pictures are those of the manual.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

from picture import svg_of  # noqa: E402 - beside this script

from tests.terminal.ptys import PYTHON, Terminal  # noqa: E402 - the harness of the tests

SIZE = (120, 40)
PATIENCE = 90.0
RELEASE = "payments-api"
ENTER, ESCAPE = "\r", "\x1b"


class Recorder:
    """Types, waits until the screen says what it should, and keeps the picture."""

    def __init__(self, terminal: Terminal, folder: Path) -> None:
        self._terminal = terminal
        self._folder = folder
        self._count = 0

    def type(self, *keys: str) -> None:
        """One key after the other, each when the one before is done."""
        for key in keys:
            self._terminal.send(key)
            self._terminal.quiet(0.3)

    def until(self, *words: str) -> None:
        self._terminal.shows(*words, seconds=PATIENCE)

    def until_gone(self, pattern: str) -> None:
        self._terminal.until(lambda: not re.search(pattern, self._terminal.text), seconds=PATIENCE)

    def keep(self, name: str) -> None:
        """Writes the picture once nothing is left to paint, and no changed cell is marked any more."""
        self._terminal.pump(1.2)
        self._terminal.quiet(0.3)
        self._count += 1
        path = self._folder / f"{self._count}-{name}.svg"
        path.write_text(svg_of(self._terminal.screen, title="acp-tui"))
        print(path, flush=True)


def record(terminal: Terminal, folder: Path) -> None:
    """The story: fleet, applications, the failing tree, history, review, run, verdict."""
    see = Recorder(terminal, folder)
    see.until("DOWN", "42/42", "40/40", "billing")
    see.until_gone(r"\d{4}ms|connecting")
    see.keep("fleet")
    see.type("2")
    see.until(RELEASE, "ImagePull")
    see.keep("applications")
    see.type("/", RELEASE, ENTER, ENTER)
    see.until("Deployment", "ErrImagePull")
    see.until("Deployment", "ImagePullBackOff")  # another try to pull the image was just made, and none is near
    see.keep("tree")
    see.type("h")
    see.until("superseded", "1.9.1")
    see.keep("history")
    see.type("b")
    see.until("image 1.9.2 → 1.9.1", "Checks")
    see.keep("review")
    see.type(RELEASE, ENTER)
    see.until("helm rollback")
    see.keep("run")
    see.until("healthy", "Rolled back")
    see.keep("verdict")
    see.type(ESCAPE, ESCAPE, ESCAPE, ESCAPE, "7")
    see.until("rollback")
    see.keep("activity")
    terminal.send("q")
    terminal.wait()


def main(arguments: Sequence[str]) -> int:
    """Runs with settings and journal of its own, so that nobody's are read or written."""
    folder = Path(arguments[0]) if arguments else HERE / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {f"XDG_{kind}_HOME": home for kind in ("CONFIG", "STATE", "CACHE")} | {"XDG_RUNTIME_DIR": home}
        from acp_tui.clients.box import start_box

        # Nothing happens in it by itself, but what is done to it takes its usual time: `demo --still` would crawl.
        box = start_box(Path(home) / "box", still=True, pace=1.0)
        try:
            command = [PYTHON, "-m", "acp_tui", "--kubeconfig", str(box.kubeconfig)]
            with Terminal(command, size=SIZE) as terminal:
                record(terminal, folder)
        finally:
            box.close()
    if not arguments:
        (HERE / "screen.svg").write_text((folder / "3-tree.svg").read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
