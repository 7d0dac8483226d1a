"""A queue of one item between a camera's thread and the main thread; a new item replaces the old one."""

import threading
from typing import Generic, TypeVar

T = TypeVar("T")


class Mailbox(Generic[T]):
    """Holds at most one item; putting another replaces it, and the replaced one counts as dropped."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._item: T | None = None
        self._closed = False
        self._dropped = 0

    def put(self, item: T) -> None:
        """Stores an item, replacing one that was not taken. Never waits."""
        with self._condition:
            if self._item is not None:
                self._dropped += 1
            self._item = item
            self._condition.notify()

    def take(self, timeout_s: float) -> T | None:
        """The newest item; waits at most `timeout_s` for it. None if none came, or if closed and empty."""
        with self._condition:
            self._condition.wait_for(lambda: self._item is not None or self._closed, timeout_s)
            item, self._item = self._item, None
            return item

    def close(self) -> None:
        """Wakes waiting threads; a stored item can still be taken."""
        with self._condition:
            self._closed = True
            self._condition.notify_all()

    @property
    def dropped(self) -> int:
        """Number of items replaced before they were taken."""
        with self._condition:
            return self._dropped

    @property
    def finished(self) -> bool:
        """Whether it is closed and empty."""
        with self._condition:
            return self._closed and self._item is None
