"""A cluster that accepts connections and never answers delays nobody."""

from __future__ import annotations

import asyncio

from acp_tui.clients.box import Box
from bench.dead_cluster import DEAD, read


def test_the_live_ones_are_read_while_the_dead_one_is_still_waited_for(box: Box) -> None:
    alone = asyncio.run(read(box.kubeconfig, ("prod-east", "staging")))
    beside = asyncio.run(read(box.kubeconfig, ("prod-east", "staging", DEAD)))

    assert not beside.dead_was_over, "nobody waited for its time-out"
    assert beside.rows == alone.rows > 0
