"""What the body of a release record tells of it: chart, moment, and its size against what an API server takes."""

from __future__ import annotations

from msgspec import structs

from acp_tui.model.release import ReleaseBody, Revision, Store

LIMIT_BYTES = 1024 * 1024
"""The most a Secret's or ConfigMap's data may hold (MaxSecretSize in k8s.io/api/core/v1)."""

TIGHT = 0.8
_KIB = 1024


def stored_bytes(length: int, store: Store) -> int:
    """What the server counts of a stored payload: a Secret's data after its own base64, everything else as it is."""
    return length * 3 // 4 if store is Store.SECRET else length


def with_body(revision: Revision, body: ReleaseBody) -> Revision:
    """The revision with what a listing of metadata leaves out."""
    return structs.replace(
        revision,
        chart=body.chart,
        chart_version=body.chart_version,
        app_version=body.app_version,
        description=body.description,
        updated_at=body.last_deployed_at or revision.updated_at,
        size=stored_bytes(body.size, revision.ref.store),
    )


def amount(number: int) -> str:
    """`27 KiB`, `1.0 MiB`."""
    if number >= _KIB * _KIB:
        return f"{number / (_KIB * _KIB):.1f} MiB"
    return f"{max(1, round(number / _KIB))} KiB"
