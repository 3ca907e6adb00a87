"""A program that stands for helm: what it does is chosen by the release's name, what it was given is written down.

It notes argv, environment, umask of its files and their content in `seen.json` beside itself.
"""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent


def note() -> None:
    files = {}
    for path in (
        os.environ.get("KUBECONFIG", ""),
        *(a.removeprefix("--values=") for a in sys.argv if "--values=" in a),
    ):
        if path:
            folder = Path(path).parent
            files[Path(path).name] = {
                "mode": stat.S_IMODE(os.stat(path).st_mode),
                "folder_mode": stat.S_IMODE(folder.stat().st_mode),
                "folder": str(folder),
                "text": Path(path).read_text(),
            }
    seen = {
        "argv": sys.argv[1:],
        "env": dict(os.environ),
        "files": files,
        "pid": os.getpid(),
        "session": os.getsid(0),
        "stdin": sys.stdin.read(),
    }
    (HERE / "seen.json").write_text(json.dumps(seen))


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def gentle() -> int:
    def stop(*_: object) -> None:
        print("Release gentle has been cancelled.", flush=True)
        say("Error: UPGRADE FAILED: context canceled")
        sys.exit(1)

    signal.signal(signal.SIGTERM, stop)
    say("ready")
    time.sleep(600)
    return 0


def stubborn() -> int:
    """Ignores SIGTERM, and so does a child of its own that holds the pipes open."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (HERE / "grandchild").write_text(str(child.pid))
    say("ready")
    time.sleep(600)
    return 0


def leaver() -> int:
    """Ends well, but leaves a child that holds the pipes open."""
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
    (HERE / "grandchild").write_text(str(child.pid))
    print("done", flush=True)
    return 0


def flood() -> int:
    for number in range(40_000):
        sys.stderr.write(f"line {number} {'x' * 100}\n")
    sys.stderr.write("y" * 1_000_000 + "\n")
    sys.stderr.write("Error: UPGRADE FAILED: at the very end\n")
    return 1


def hostile() -> int:
    say("\x1b]0;owned\x07 level=DEBUG \x9b31m [bold]")
    say('client.go:734: 2026-11-21 12:58:10.7 +0000 UTC m=+0.2 [debug] Patch Deployment "web" in namespace default')
    say('level=DEBUG msg="Patched resource" name=web')
    say('Error: UPGRADE FAILED: Invalid value: "{\\"data\\":{\\"p\\":\\"aHVudGVyMg==\\"}}": json: no')
    say("helm.go:92: 2026-11-21 12:58:10.7 +0000 UTC m=+0.2 [debug] no")
    say("runtime.goexit")
    return 1


def quick() -> int:
    if any(word.startswith("--output=json") for word in sys.argv):
        print(json.dumps({"name": "quick", "version": 4, "manifest": "a: 1\n", "info": {"notes": "hi"}}))
    return 0


def garbled() -> int:
    print("<html>not helm</html>")
    return 0


def main() -> int:
    if sys.argv[1] == "version":
        print((HERE / "version").read_text(), end="")
        return 0
    note()
    return {
        "gentle": gentle,
        "stubborn": stubborn,
        "leaver": leaver,
        "flood": flood,
        "hostile": hostile,
        "garbled": garbled,
    }.get(sys.argv[2], quick)()


if __name__ == "__main__":
    sys.exit(main())
