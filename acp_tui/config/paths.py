"""Where files live: after the XDG base directory specification, and on Windows in the local profile of the user."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path

NAME = "acp-tui"


def config_dir(env: Mapping[str, str] = os.environ) -> Path:
    """Settings, themes and keymaps a person wrote."""
    return _folder(env, "config", ".config")


def state_dir(env: Mapping[str, str] = os.environ) -> Path:
    """The journal: what must outlive the program but is nobody's document."""
    return _folder(env, "state", ".local/state")


def cache_dir(env: Mapping[str, str] = os.environ) -> Path:
    """What may be deleted at any time."""
    return _folder(env, "cache", ".cache")


def runtime_dir(env: Mapping[str, str] = os.environ) -> Path:
    """Private files of this login: XDG_RUNTIME_DIR, else a folder of the cache; the caller makes it 0700."""
    wanted = Path(env.get("XDG_RUNTIME_DIR", ""))
    return wanted / NAME if wanted.is_absolute() else cache_dir(env) / "run"


def _folder(env: Mapping[str, str], kind: str, fallback: str) -> Path:
    """Relative values are ignored, as the specification demands."""
    wanted = Path(env.get(f"XDG_{kind.upper()}_HOME", ""))
    if wanted.is_absolute():
        return wanted / NAME
    local = Path(env.get("LOCALAPPDATA", ""))
    if sys.platform == "win32" and local.is_absolute():
        return local / NAME / kind
    home = env.get("HOME", "")
    return (Path(home) if home else Path.home()) / fallback / NAME
