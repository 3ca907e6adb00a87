"""How Captain behaves where its builds differ, and how patient it is."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Style(StrEnum):
    """Which conditions a HelmRequest carries.

    RECORDED: Initialized alone, left as it was when a later step fails (the public build of 2023). DOCUMENTED:
    Initialized, Validated and Synced, each with the reasons of the product's manual.
    """

    RECORDED = "recorded"
    DOCUMENTED = "documented"


class Settings(Struct, frozen=True):
    """Times in seconds. A failed sync or deletion is tried again after `first_retry`, doubled up to `last_retry`.

    `give_up_deletion` is after how many failures the finalizer is taken off all the same, as the public build does;
    0 keeps it for ever, as the product does.
    """

    style: Style = Style.RECORDED
    history_limit: int = 10
    sync_timeout: int = 180
    removal_timeout: int = 60
    first_retry: float = 1.0
    last_retry: float = 60.0
    poll: float = 0.5
    workers: int = 2
    give_up_deletion: int = 0
