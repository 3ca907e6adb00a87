"""Budgets in bytes and in counts, on real servers: what a benchmark reports at full size is asserted here on less."""

from __future__ import annotations

import pytest

from bench.releases import BUDGET, weigh
from testbed.bed import Bed

pytestmark = pytest.mark.system


def test_the_release_list_moves_one_percent_of_what_helm_list_moves(bed: Bed) -> None:
    weighed = weigh(bed, "west", releases=60, revisions=10)

    assert weighed.releases == 60
    assert weighed.ours <= BUDGET * weighed.helm
    assert weighed.history == 1
