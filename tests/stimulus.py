"""A stimulus program in another process, which offers an LSL stream of markers (see tests/lsl_outlet.py)."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.conftest import ROOT


@dataclass(frozen=True)
class Stimulus:
    """The other program."""

    process: "subprocess.Popen[str]"

    def wait_until_heard(self) -> None:
        """Waits until somebody listens to the stream."""
        assert self._line() == "heard"

    def send(self, value: str, age_s: float = 0.0) -> float:
        """Sends a marker that was set `age_s` ago, and returns its stamp on LSL's clock."""
        assert self.process.stdin is not None
        self.process.stdin.write(f"{age_s} {value}\n")
        self.process.stdin.flush()
        return float(self._line())

    def _line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")


@contextmanager
def stimulus(name: str, kind: str = "string") -> Iterator[Stimulus]:
    """A stream of that name, which is there; it is gone at the end."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.lsl_outlet", name, kind],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield Stimulus(process)
        finally:
            process.kill()
