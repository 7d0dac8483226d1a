"""A text output without buffering, whose errors are reported once."""

import os
import sys
from pathlib import Path

from realtime.config import STDOUT
from realtime.errors import SinkError
from realtime.sinks.paths import descriptor, reason


class TextFile:
    """UTF-8, unbuffered: a kill leaves whole lines, and after a full disk nothing remains to be written at exit.

    Args:
        path: a file that may be replaced (`OutputPaths.place`); "-" or None for stdout. Paths such as /dev/stdout write to the
            descriptor that is already open.

    Raises:
        SinkError: the file cannot be opened.
    """

    def __init__(self, path: Path | None) -> None:
        path = Path(STDOUT) if path is None else path
        number = descriptor(path)
        self._stdout = number == 1
        self._name = "standard output" if self._stdout else str(path)
        self._usable = True
        if self._stdout and sys.stdout is None:
            raise SinkError("cannot write standard output: it is closed; give a file's path instead")
        try:
            if number is None:
                self._file = path.open("wb", buffering=0)
            elif not self._stdout:
                self._file = os.fdopen(os.dup(number), "wb", buffering=0)
        except OSError as error:
            raise SinkError(f"cannot write {path}: {reason(error)}") from error

    @property
    def usable(self) -> bool:
        """Whether it is open and no write has failed."""
        return self._usable

    def write(self, text: str) -> None:
        """Writes all of the text at once.

        Raises:
            SinkError: the disk is full, or the pipe has no reader; later calls are not allowed.
        """
        try:
            data = text.encode("utf-8", "backslashreplace")  # file names may not be valid text
            if self._stdout:
                binary = getattr(sys.stdout, "buffer", None)  # on Windows, text mode would change the line ends
                if binary is None:
                    sys.stdout.write(data.decode("utf-8"))
                    sys.stdout.flush()
                else:
                    binary.write(data)
                    binary.flush()
                return
            left = memoryview(data)
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            self._usable = False
            if self._stdout:
                _silence_stdout()
            else:
                self._file.close()
            # Windows reports EINVAL where others report EPIPE
            gone = isinstance(error, BrokenPipeError) or (self._stdout and os.name == "nt")
            why = "its reader is gone; the run ends here" if gone else reason(error)
            raise SinkError(f"cannot write {self._name}: {why}") from error

    def close(self) -> None:
        """Closes the file (never stdout); may be called twice.

        Raises:
            SinkError: the file system reports a late error.
        """
        usable, self._usable = self._usable, False
        if usable and not self._stdout:
            try:
                self._file.close()
            except OSError as error:
                raise SinkError(f"cannot finish {self._name}: {reason(error)}") from error


def _silence_stdout() -> None:
    """Redirects stdout to the null device; otherwise Python would print "Exception ignored ... BrokenPipeError" at exit."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, sys.stdout.fileno())
    os.close(null)
