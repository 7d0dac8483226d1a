"""A text output whose every write is on its way to the reader when it returns, and whose errors are reported once."""

import os
import sys
from pathlib import Path

from realtime.errors import SinkError
from realtime.sinks.outputs import reason


class TextFile:
    """UTF-8, unbuffered, so that a kill leaves whole lines and a full disk leaves nothing to be written at exit.

    Args:
        path: a file that may be replaced (`outputs.place`), or None for stdout.

    Raises:
        SinkError: the file cannot be opened.
    """

    def __init__(self, path: Path | None) -> None:
        self._name = "standard output" if path is None else str(path)
        self._usable = True
        if path is None and sys.stdout is None:
            raise SinkError("cannot write standard output: it is closed; give a file's path instead of -")
        try:
            self._file = None if path is None else path.open("wb", buffering=0)
        except OSError as error:
            raise SinkError(f"cannot write {path}: {reason(error)}") from error

    @property
    def usable(self) -> bool:
        """Whether it is open and every write so far has worked."""
        return self._usable

    def write(self, text: str) -> None:
        """Writes all of it, now.

        Raises:
            SinkError: the disk is full, or nobody reads the pipe any more; later calls are not allowed.
        """
        try:
            if self._file is None:
                sys.stdout.write(text)
                sys.stdout.flush()
                return
            left = memoryview(text.encode("utf-8", "backslashreplace"))  # names of files need not be text
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            self._usable = False
            if self._file is None:
                _silence_stdout()
            else:
                self._file.close()
            # Windows says EINVAL where others say EPIPE.
            gone = isinstance(error, BrokenPipeError) or (self._file is None and os.name == "nt")
            why = "its reader is gone; the run ends here" if gone else reason(error)
            raise SinkError(f"cannot write {self._name}: {why}") from error

    def close(self) -> None:
        """Closes the file (never stdout); may be called twice.

        Raises:
            SinkError: the file system reports a late error.
        """
        usable, self._usable = self._usable, False
        if usable and self._file is not None:
            try:
                self._file.close()
            except OSError as error:
                raise SinkError(f"cannot finish {self._name}: {reason(error)}") from error


def _silence_stdout() -> None:
    """Points stdout at nothing: Python flushes it once more at exit and would print "Exception ignored ... BrokenPipeError"."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
