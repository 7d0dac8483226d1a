"""How a run ends."""

from enum import StrEnum

from realtime.errors import FerError


class End(StrEnum):
    """How a run ended."""

    COMPLETE = "complete"
    """The source ended, or the maximum number of frames was reached."""

    STOPPED = "stopped by the user"
    """By a key, by closing the window, or by a signal."""

    FAILED = "ended by an error"


def told(error: BaseException) -> str:
    """An error in one line; one that is a bug with its kind."""
    return str(error) if isinstance(error, FerError) else f"{type(error).__name__}: {error}; please report this bug"
