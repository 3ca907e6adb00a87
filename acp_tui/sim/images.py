"""Which images a simulated node cannot pull, and which start and die."""

from __future__ import annotations

from dataclasses import dataclass

_MISSING_WORDS = ("missing", "broken", "notfound")
_CRASH_WORD = "crash"
_UNREADY_WORD = "unready"


@dataclass(frozen=True, slots=True)
class ImageRules:
    """Verdicts by image name; words in the tag decide, and `missing` and `crashing` name further images."""

    missing: frozenset[str] = frozenset()
    crashing: frozenset[str] = frozenset()

    def is_missing(self, image: str) -> bool:
        return image in self.missing or any(word in _tag(image) for word in _MISSING_WORDS)

    def is_crashing(self, image: str) -> bool:
        return image in self.crashing or _CRASH_WORD in _tag(image)

    def is_unready(self, image: str) -> bool:
        """Runs but never passes its readiness probe."""
        return _UNREADY_WORD in _tag(image)


def _tag(image: str) -> str:
    last = image.rpartition("/")[2]
    return last.partition(":")[2]


def pull_error(image: str) -> str:
    """The kubelet's message for an image the registry does not have."""
    repository = image.rpartition(":")[0] or image
    return (
        f'failed to pull and unpack image "{image}": failed to resolve reference "{image}": {image}: not found '
        f"(repository {repository})"
    )
