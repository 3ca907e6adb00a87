"""Quota arithmetic."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import msgspec

from acp_tui.insight.quota import headroom, project_total, uses_of
from acp_tui.model.objects import ResourceQuota
from acp_tui.model.quota import QuotaSummary, QuotaUse

GI = 2**30


def quota(hard: dict[str, Any], used: dict[str, Any] | None = None) -> tuple[QuotaUse, ...]:
    status = {"hard": hard, "used": used} if used is not None else None
    return uses_of(msgspec.convert({"spec": {"hard": hard}, "status": status}, ResourceQuota))


def test_use_is_exact_and_unknown_before_it_was_counted() -> None:
    assert quota({"requests.cpu": "10"}, {"requests.cpu": "9100m"})[0].ratio == 0.91
    assert quota({"requests.cpu": "10"})[0].ratio is None


def test_a_limit_of_zero_is_full_and_an_unreadable_one_is_left_out() -> None:
    assert quota({"pods": "0"}, {"pods": "0"})[0].ratio == 1.0
    assert quota({"pods": "many"}, {"pods": "1"}) == ()


def test_headroom_is_the_least_over_all_quotas_of_a_namespace() -> None:
    wide = quota({"cpu": "10", "pods": "50"}, {"cpu": "4", "pods": "10"})
    tight = quota({"requests.cpu": "6"}, {"requests.cpu": "4"})

    assert headroom([wide, tight]) == {"requests.cpu": 2, "pods": 40}
    assert headroom([wide, quota({"pods": "20"})])["pods"] is None


def test_a_project_is_measured_by_what_its_namespaces_are_promised() -> None:
    first = [
        quota({"limits.cpu": "20", "requests.memory": "10Gi"}, {"limits.cpu": "1"}),
        quota({"limits.cpu": "16"}, {}),
    ]
    second = [quota({"limits.cpu": "8500m"}, {})]

    total = project_total({"limits.cpu": "64", "requests.memory": "20Gi", "pods": 5}, [first, second])

    assert total == (
        QuotaUse("limits.cpu", Fraction(49, 2), Fraction(64)),
        QuotaUse("requests.memory", Fraction(10 * GI), Fraction(20 * GI)),
        QuotaUse("pods", Fraction(0), Fraction(5)),
    )


def test_the_worst_of_a_quota_is_the_fullest_that_is_known() -> None:
    uses = quota({"cpu": "10", "pods": "10", "secrets": "1"}, {"cpu": "5", "pods": "9"})

    worst = QuotaSummary("east", "shop", "default", uses=uses).worst

    assert worst is not None
    assert worst.resource == "pods"
