"""Takes the pictures of the manual: a failed release is found, looked at and rolled back in the simulated fleet.

    python docs/record.py [FOLDER]

drives the real console by its keys and writes one SVG a station; without a folder, those of the manual.
"""

from __future__ import annotations

import asyncio
import html
import os
import re
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.pilot import Pilot

HERE = Path(__file__).resolve().parent
SIZE = (120, 34)
CELL = 12.2
"""Width of a terminal cell in a picture."""
PATIENCE = 90.0
RELEASE = "payments-api"


_TEXT = re.compile(r'<text class="([^"]+)" x="([\d.]+)" y="([\d.]+)" textLength="[\d.]+"([^>]*)>([^<]*)</text>')
_WORDS = re.compile(r"[^\xa0]+(?:\xa0[^\xa0]+)*")


def tight(picture: str) -> str:
    """The same picture with every piece of text where it begins, instead of spaces in front of it.

    Renderers differ in what they make of spaces at the edges of a piece.
    """

    def pieces(match: re.Match[str]) -> str:
        kind, x, y, rest = match.groups()[:4]
        content = match.group(5).replace("&#160;", "\xa0")
        made = []
        for words in _WORDS.finditer(content):
            at = float(x) + CELL * len(html.unescape(content[: words.start()]))
            length = CELL * len(html.unescape(words.group()))
            made.append(f'<text class="{kind}" x="{at:g}" y="{y}" textLength="{length:g}"{rest}>{words.group()}</text>')
        return "".join(made)

    return _TEXT.sub(pieces, picture)


class Recorder:
    """Presses keys, waits until the screen says what it should, and keeps the picture."""

    def __init__(self, pilot: Pilot[None], folder: Path) -> None:
        self._pilot = pilot
        self._folder = folder
        self._count = 0

    @property
    def text(self) -> str:
        """What stands on the screen, without colours."""
        picture = self._pilot.app.export_screenshot()
        words = html.unescape(re.sub(r"<style.*?</style>|<[^>]+>", "\n", picture, flags=re.DOTALL)).replace("\xa0", " ")
        return "\n".join(line for line in words.splitlines() if line.strip())

    async def press(self, *keys: str) -> None:
        await self._pilot.press(*keys)

    async def type(self, words: str) -> None:
        await self._pilot.press(*("space" if letter == " " else letter for letter in words))

    async def until(self, *words: str) -> None:
        """Returns when all these words stand on the screen; TimeoutError shows what stood there instead."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not all(word in self.text for word in words):
                    await self._pilot.pause(0.1)
        except TimeoutError as error:
            raise TimeoutError(f"waited for {words} in vain:\n{self.text}") from error

    async def until_gone(self, pattern: str) -> None:
        """Returns when nothing on the screen matches: the first latencies are those of a fleet that is starting."""
        async with asyncio.timeout(PATIENCE):
            while re.search(pattern, self.text):
                await self._pilot.pause(0.2)

    async def keep(self, name: str) -> None:
        """Writes the picture once nothing is left to paint."""
        await self._pilot.pause(0.3)
        self._count += 1
        path = self._folder / f"{self._count}-{name}.svg"
        picture = tight(self._pilot.app.export_screenshot(title="acp-tui"))
        path.write_text("\n".join(line.rstrip() for line in picture.splitlines()) + "\n")
        print(path, flush=True)


async def record(folder: Path, kubeconfig: Path) -> None:
    """The story: fleet, applications, the failing tree, history, review, run, verdict."""
    from acp_tui.cli.target import Look, Target
    from acp_tui.console import console

    app = console(Target(kubeconfig=str(kubeconfig)), Look())
    async with app.run_test(size=SIZE) as pilot:
        see = Recorder(pilot, folder)
        await see.until("DOWN", "42/42", "40/40", "billing")
        await see.until_gone(r"\d{4}ms")
        await see.keep("fleet")
        await see.press("2")
        await see.until(RELEASE, "ImagePull")
        await see.keep("applications")
        await see.press("slash")
        await see.type(RELEASE)
        await see.press("enter", "enter")
        await see.until("Deployment", "ImagePull")
        await see.keep("tree")
        await see.press("h")
        await see.until("superseded", "1.9.1")
        await see.keep("history")
        await see.press("b")
        await see.until("image 1.9.2 → 1.9.1", "Checks")
        await see.keep("review")
        await see.type(RELEASE)
        await see.press("enter")
        await see.until("helm rollback")
        await see.keep("run")
        await see.until("healthy", "Rolled back")
        await see.keep("verdict")
        await see.press("escape", "escape", "escape", "escape", "7")
        await see.until("rollback")
        await see.keep("activity")


async def _on_a_still_fleet(folder: Path, home: Path) -> None:
    """Nothing happens in it by itself, but what is done to it takes its usual time: `demo --still` would crawl."""
    from acp_tui.clients.box import start_box

    box = await asyncio.to_thread(start_box, home / "box", still=True, pace=1.0)
    try:
        await record(folder, box.kubeconfig)
    finally:
        box.close()


def main(arguments: Sequence[str]) -> int:
    """Runs with settings and journal of its own, so that nobody's are read or written."""
    folder = Path(arguments[0]) if arguments else HERE / "pictures"
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.svg"):
        old.unlink()
    with tempfile.TemporaryDirectory() as home:
        os.environ |= {f"XDG_{kind}_HOME": home for kind in ("CONFIG", "STATE", "CACHE")} | {"XDG_RUNTIME_DIR": home}
        os.environ |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}
        os.environ.pop("NO_COLOR", None)
        asyncio.run(_on_a_still_fleet(folder, Path(home)))
    if not arguments:
        (HERE / "screen.svg").write_text((folder / "3-tree.svg").read_text())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
