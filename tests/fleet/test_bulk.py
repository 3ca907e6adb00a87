"""The collector rests while a fleet is read, and works again afterwards."""

from __future__ import annotations

import gc

from acp_tui.fleet.bulk import BulkLoad


def test_nothing_is_collected_between_begin_and_end_and_what_is_there_is_left_alone_for_good() -> None:
    load = BulkLoad()

    load.begin()
    resting = not gc.isenabled()
    load.end()

    assert resting
    assert gc.isenabled()
    assert gc.get_freeze_count() > 0
    gc.unfreeze()


def test_a_collector_that_somebody_else_switched_off_stays_off() -> None:
    load = BulkLoad()
    gc.disable()
    try:
        load.begin()
        load.end()
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_two_loads_end_with_the_collector_at_work() -> None:
    first, second = BulkLoad(), BulkLoad()

    first.begin()
    second.begin()
    second.end()
    first.end()

    assert gc.isenabled()
    gc.unfreeze()
