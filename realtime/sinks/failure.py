"""The failure of an output's thread, reported where the output is used."""

from collections.abc import Callable


class Failure:
    """The first error of the jobs of a thread, until it is raised."""

    def __init__(self) -> None:
        self._error: BaseException | None = None

    def __bool__(self) -> bool:
        return self._error is not None

    def caught(self, job: Callable[[], None]) -> bool:
        """Does a job of the thread; returns whether it failed."""
        try:
            job()
        except BaseException as error:
            self._error = self._error or error
            return True
        return False

    def raise_once(self) -> None:
        """Raises the error, if there is one, and forgets it."""
        error, self._error = self._error, None
        if error is not None:
            raise error
