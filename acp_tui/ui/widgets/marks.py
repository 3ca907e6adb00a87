"""Which rows of a grid a person has marked; a mark belongs to a key and outlives order, filter and updates."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence


class Marks:
    """Keys in the order they were marked; `last` is the one a stretch of rows is marked from."""

    def __init__(self) -> None:
        self._keys: dict[str, None] = {}

    def __len__(self) -> int:
        return len(self._keys)

    def __iter__(self) -> Iterator[str]:
        return iter(self._keys)

    def __contains__(self, key: object) -> bool:
        return key in self._keys

    @property
    def last(self) -> str:
        return next(reversed(self._keys), "")

    def turn(self, key: str) -> None:
        """Mark it, or take its mark away."""
        if key in self._keys:
            del self._keys[key]
        else:
            self._keys[key] = None

    def add(self, keys: Iterable[str]) -> None:
        self._keys.update(dict.fromkeys(keys))

    def clear(self) -> None:
        self._keys.clear()

    def keep(self, there: Container[str]) -> None:
        """Forget marks of rows that are gone."""
        self._keys = {key: None for key in self._keys if key in there}

    def stretch(self, keys: Sequence[str], place: int) -> None:
        """Mark everything between the row marked last and this place; without such a row, this place alone."""
        last = self.last
        start = next((at for at, key in enumerate(keys) if key == last), place) if last else place
        first, end = sorted((start, place))
        self.add(keys[first : end + 1])
