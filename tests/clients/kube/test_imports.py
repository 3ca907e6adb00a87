"""The client can be imported before the first paint: what is slow to import waits until it is used."""

from __future__ import annotations

import subprocess
import sys


def test_importing_the_client_imports_none_of_the_slow_libraries() -> None:
    code = (
        "import sys\n"
        "from acp_tui.clients.kube import access, apply, discovery, http, kubeconfig, lister, session, streams\n"
        "print([name for name in ('aiohttp', 'yaml', 'kubernetes_asyncio', 'httpx') if name in sys.modules])"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "[]"
