"""Shows the progress of a batch on standard error."""

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar

from realtime.bulk.dataset import DONE, State
from realtime.printable import printable

HOUR_S = 3600.0


class Terminal:
    """A bar on a terminal, elsewhere nothing; recordings that fail get a line each.

    Args:
        console: on standard error.
        total: number of recordings.
        quiet: no bar and no lines.
    """

    def __init__(self, console: Console, total: int, *, quiet: bool = False) -> None:
        self._console = console
        self._quiet = quiet
        self._total = total
        self._began = time.monotonic()
        self._hours = self._read_s = 0.0
        self.read = self.skipped = self.failed = self.frames = 0
        self._bar = Bar(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=console,
            disable=quiet or not console.is_terminal,
            transient=True,
        )
        self._task = self._bar.add_task("recordings", total=total, note="")

    def __enter__(self) -> "Terminal":
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def found(self, seconds: float | None) -> None:
        """A recording is to be read."""
        self._hours += (seconds or 0.0) / HOUR_S
        self._show()

    def kept(self, state: State) -> None:
        """A recording is in the dataset already."""
        self.skipped += 1
        self.failed += state.status != DONE
        self._show(1)

    def ended(self, state: State) -> None:
        """A recording was read, or failed."""
        self.read += state.status == DONE
        self.failed += state.status != DONE
        self.frames += state.frames
        self._read_s += state.seconds or 0.0
        if state.status != DONE and not self._quiet:
            self._console.print(printable(f"{state.recording}: {state.error}"), style="red", markup=False, soft_wrap=True)
        self._show(1)

    def summary(self) -> str:
        """One line about the run."""
        words = [f"{self.read} recording{'' if self.read == 1 else 's'} read"]
        words += [f"{self.skipped} were there already"] if self.skipped else []
        words += [f"{self.failed} failed"] if self.failed else []
        hours = self._read_s / HOUR_S
        return f"{', '.join(words)}: {self.frames} frames, {hours:.2f} h of video, {self._speed:.1f} times real time"

    @property
    def _speed(self) -> float:
        return self._read_s / max(time.monotonic() - self._began, 1e-9)

    def _show(self, advance: int = 0) -> None:
        note = f"{self._read_s / HOUR_S:.2f} of {self._hours:.2f} h, {self._speed:.1f} times real time, {self.failed} failed"
        self._bar.update(self._task, advance=advance, note=note)
