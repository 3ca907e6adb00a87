"""Where files live, after the XDG base directory specification."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

NAME = "acp-tui"


def config_dir(env: Mapping[str, str] = os.environ) -> Path:
    """Settings, themes and keymaps a person wrote."""
    return _base(env, "XDG_CONFIG_HOME", ".config") / NAME


def state_dir(env: Mapping[str, str] = os.environ) -> Path:
    """The journal: what must outlive the program but is nobody's document."""
    return _base(env, "XDG_STATE_HOME", ".local/state") / NAME


def cache_dir(env: Mapping[str, str] = os.environ) -> Path:
    """What may be deleted at any time."""
    return _base(env, "XDG_CACHE_HOME", ".cache") / NAME


def runtime_dir(env: Mapping[str, str] = os.environ) -> Path:
    """Private files of this login: XDG_RUNTIME_DIR, else a folder of the cache; the caller makes it 0700."""
    wanted = env.get("XDG_RUNTIME_DIR", "")
    return Path(wanted) / NAME if wanted.startswith("/") else cache_dir(env) / "run"


def _base(env: Mapping[str, str], variable: str, fallback: str) -> Path:
    """Relative values are ignored, as the specification demands."""
    wanted = env.get(variable, "")
    if wanted.startswith("/"):
        return Path(wanted)
    home = env.get("HOME", "")
    return (Path(home) if home else Path.home()) / fallback
