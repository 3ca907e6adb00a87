"""Keeps what a run sees of a release: its revisions before and after the act, and what its pods said meanwhile."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from msgspec import structs

from acp_tui.controllers.effects import mask_manifest
from acp_tui.controllers.keep import Keep
from acp_tui.controllers.redact import Redactor, redactor, secrets_in_objects, secrets_in_values
from acp_tui.insight.mask import mask_values
from acp_tui.insight.recordsize import with_body
from acp_tui.model.errors import AcpTuiError, ChartError
from acp_tui.model.kept import KeptRevision, KeptWords, Words
from acp_tui.model.refs import Clock
from acp_tui.model.release import ReleaseBody, ReleaseRef, Revision
from acp_tui.wire.manifest import objects

if TYPE_CHECKING:
    from acp_tui.clients.helm.records import ReleaseStore

_SECONDS = 15.0
_AT_ONCE = 4
_LOG = logging.getLogger(__name__)


class Keeping:
    """What one operation leaves in the keep, if there is one; nothing that goes wrong here stops the operation."""

    def __init__(
        self, keep: Keep | None, ref: ReleaseRef, operation: str, *, records: ReleaseStore, clock: Clock
    ) -> None:
        self._keep = keep
        self._ref = ref
        self._operation = operation
        self._records = records
        self._clock = clock

    async def revisions(self, history: Sequence[Revision] | None = None) -> None:
        """Copies those that are not kept as they are now; the payloads of the others are not read again.

        Without a history it is read.
        """
        if self._keep is None:
            return
        try:
            async with asyncio.timeout(_SECONDS):
                listed = await self._records.history(self._ref) if history is None else history
                known = await asyncio.to_thread(self._keep.revisions, self._ref)
                seen = {(each.uid, each.resource_version) for each in known}
                places = asyncio.Semaphore(_AT_ONCE)
                new = [each for each in listed if each.uid and (each.uid, each.resource_version) not in seen]
                await asyncio.gather(*(self._copy(each, places) for each in new))
        except (TimeoutError, OSError, AcpTuiError) as error:
            _LOG.warning("revisions of %s not kept: %s", self._ref.name, type(error).__name__)

    def attempt(self, revision: Revision, body: ReleaseBody) -> None:
        """One revision whose payload is at hand, as Captain's failed ones are for a moment; takes a thread's time."""
        if self._keep is None:
            return
        masked = without_secrets(body)
        kept = structs.replace(with_body(revision, masked), ref=self._ref, kept_at=self._clock())
        try:
            self._keep.write(KeptRevision(kept, masked))
        except OSError as error:
            _LOG.warning("revision %s of %s not kept: %s", revision.revision, self._ref.name, error.strerror)

    async def words(self, words: Iterable[Words], newest: Revision | None) -> None:
        """What was heard, under the newest record: the one that the operation wrote, or stood on."""
        heard = tuple(words)
        if not heard or self._keep is None:
            return
        kept = KeptWords(
            self._ref,
            self._operation,
            self._clock(),
            newest.revision if newest else 0,
            newest.uid if newest else "",
            heard,
        )
        try:
            await asyncio.to_thread(self._keep.hear, kept)
        except OSError as error:
            _LOG.warning("last words of %s not kept: %s", self._ref.name, error.strerror)

    async def _copy(self, revision: Revision, places: asyncio.Semaphore) -> None:
        async with places:
            try:
                body = await self._records.body(self._ref, revision)
            except AcpTuiError:
                return
        await asyncio.to_thread(self.attempt, revision, body)


def without_secrets(body: ReleaseBody) -> ReleaseBody:
    """The body with every secret value masked, also where a text repeats it."""
    redact = redactor(_secrets(body))
    return structs.replace(
        body,
        manifest=mask_manifest(body.manifest) if body.manifest else "",
        values=mask_values(body.values),
        chart_values=mask_values(body.chart_values),
        notes=_each_line(redact, body.notes),
        description=redact(body.description),
        hooks=tuple(
            structs.replace(hook, manifest=mask_manifest(hook.manifest) if hook.manifest else "") for hook in body.hooks
        ),
    )


def _secrets(body: ReleaseBody) -> Iterable[str]:
    yield from secrets_in_values(body.values)
    yield from secrets_in_values(body.chart_values)
    for text in (body.manifest, *(hook.manifest for hook in body.hooks)):
        try:
            yield from secrets_in_objects(objects(text, origin="the manifest"))
        except ChartError:
            continue


def _each_line(redact: Redactor, text: str) -> str:
    return "\n".join(redact(line) for line in text.split("\n"))
