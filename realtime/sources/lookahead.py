"""An iterator whose next items can be read without consuming them."""

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Generic, TypeVar

T = TypeVar("T")


class Lookahead(Iterator[T], Generic[T]):
    """Yields the items of `items` in order; an error found ahead of time is raised after the items before it."""

    def __init__(self, items: Iterator[T]) -> None:
        self._items = items
        self._waiting: deque[T] = deque()
        self._error: Exception | None = None

    def __next__(self) -> T:
        if self._waiting:
            return self._waiting.popleft()
        if self._error is not None:
            error, self._error = self._error, None
            raise error
        return next(self._items)

    def ahead(self, count: int) -> Iterator[T]:
        """The next items, at most `count`, without consuming them."""
        while len(self._waiting) < count and self._error is None:
            try:
                self._waiting.append(next(self._items))
            except StopIteration:
                break
            except Exception as error:
                self._error = error
        return islice(tuple(self._waiting), count)
