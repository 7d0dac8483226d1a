"""The terminal view: a progress bar for files, a live table for cameras, plain lines if stderr is not a terminal."""

import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from realtime.datatypes import FULL_EFFORT, FrameResult, RunInfo, State, Summary
from realtime.drawing import style
from realtime.drawing.hud import Status
from realtime.drawing.painter import Painted
from realtime.printable import printable
from realtime.views.base import Action, Mark

REFRESH_S = 0.125
"""Time between two updates of the live view; shorter times use CPU that recognition needs."""

PLAIN_S = 10.0
"""Time between two lines if stderr is not a terminal."""

BAR = 12
"""Length of the bar for probability 1, characters."""

SHOWN_FACES = 8
"""Most faces with bars in the live table; more would scroll it off the screen."""


class StderrConsole(Console):
    """A console on stderr that stops writing when its reader is gone; rich's own would end the program."""

    def __init__(self) -> None:
        super().__init__(stderr=True)

    def on_broken_pipe(self) -> None:
        """Redirects stderr to the null device, so that neither this console nor Python's exit writes to the pipe again."""
        self.quiet = True
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stderr.fileno())
        os.close(null)


class Terminal:
    """Shows the progress of the run and its summary on stderr.

    Args:
        run: facts of the run.
        console: where to write; never stdout. `StderrConsole` outside of tests.
        verbosity: below 0 nothing is written; above 0 also how the network was chosen.
        plain: lines instead of a live view even on a terminal (stdout shows data there).
        clock: seconds.
    """

    paced = False

    def __init__(
        self,
        run: RunInfo,
        console: Console,
        *,
        verbosity: int = 0,
        plain: bool = False,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self._run = run
        self._console = console
        self._quiet = verbosity < 0
        self._clock = clock
        self._due = clock()
        self._live: Live | None = None
        self._progress = _progress(run, console)
        self._task = self._progress.add_task(printable(run.source.name), total=run.source.frames, fps="")
        if self._quiet:
            return
        console.print(_opening(run), highlight=False, soft_wrap=True)
        if verbosity > 0:
            for note in run.notes:
                self.notice(note)
        if console.is_terminal and not plain:
            # redirection would send data printed on stdout through this console
            self._live = Live(console=console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False)
            self._live.start()
        else:
            self._due += PLAIN_S

    @property
    def shows_faces(self) -> bool:
        """Whether the live view shows faces; for files it shows progress."""
        return self._live is not None and self._run.source.live

    def due(self) -> bool:
        """Whether it is time for the next update."""
        return not self._quiet and self._clock() >= self._due

    def show(self, painted: Painted, status: Status) -> None:
        """Shows a finished frame if an update is due."""
        result = painted.result
        if not self.due():
            return
        self._due = self._clock() + (PLAIN_S if self._live is None else REFRESH_S)
        if self._live is None:
            self._console.print(_plain_line(result, status, self._run), markup=False, highlight=False, soft_wrap=True)
        elif self._run.source.live:
            self._live.update(_table(result, status), refresh=True)
        else:
            self._progress.update(self._task, completed=result.frame.index + 1, fps=f"{status.fps:.0f} fps")
            self._live.update(self._progress, refresh=True)

    def poll(self, wait_ms: int) -> Action | Mark | None:
        """Always None: this view has no input."""
        return None

    def notice(self, text: str) -> None:
        """Prints one line."""
        if not self._quiet:
            self._console.print(printable(text), highlight=False, markup=False, emoji=False, soft_wrap=True)

    def close(self) -> None:
        """Removes the live view; may be called twice."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def finish(self, summary: Summary, paths: Sequence[Path | str] = ()) -> None:
        """Closes the view and prints the summary and the written files."""
        self.close()
        if not self._quiet:
            if self._run.source.width:
                self._console.print(_summary(summary), highlight=False, soft_wrap=True)
            for path in paths:
                self._console.print(printable(f"wrote {path}"), highlight=False, markup=False, emoji=False, soft_wrap=True)


def _opening(run: RunInfo) -> Text:
    source = run.source
    facts = [f"{source.width}x{source.height}"] if source.width else ["no source on this machine"]
    if source.fps is not None:
        facts.append(f"{source.fps:.4g} fps")
    if source.frames is not None and not source.live:
        facts.append(f"{source.frames} {'frames' if source.temporal else 'images'}")
    name = f"camera {source.name}" if source.live and source.name.isdigit() else source.name
    where = run.provider if run.provider == run.provider_asked else f"{run.provider} ({run.provider_asked})"
    profile = dict(run.settings).get("profile")
    what = f"{run.model} on {where}" + ("" if profile is None else f"  profile {profile}")
    return Text.assemble((printable(name), "bold"), "  ", (", ".join(facts), "dim"), "  ", (printable(what), "dim"))


def _progress(run: RunInfo, console: Console) -> Progress:
    """The progress bar of a file, refreshed by us so that no thread is needed."""
    counted = run.source.frames is not None
    count = TextColumn("{task.completed}/{task.total}" if counted else "{task.completed} frames")
    return Progress(
        BarColumn(bar_width=32, complete_style="yellow", finished_style="yellow"),
        count,
        TextColumn("[dim]{task.fields[fps]}"),
        *((TimeRemainingColumn(compact=True),) if counted else ()),
        console=console,
        auto_refresh=False,
    )


def _plain_line(result: FrameResult, status: Status, run: RunInfo) -> str:
    done = f"frame {result.frame.index + 1}"
    if run.source.frames is not None and not run.source.live:
        done += f" of {run.source.frames}"
    faces = ", ".join(f"#{face.id} {printable(face.caption)}" for face in result.faces) or "no face"
    latency = status.latency_ms
    return f"{done}, {status.fps:.1f} fps, {latency.p50:.0f}/{latency.p95:.0f} ms, {result.dropped} dropped: {faces}"


def _table(result: FrameResult, status: Status) -> Group:
    """Speed in one line, then a column of bars per face."""
    latency = status.latency_ms
    head = Text.assemble(
        (f"{status.fps:5.1f}", "bold"), " fps   ", (f"{latency.p50:.0f}", "bold"), " / ",
        (f"{latency.p95:.0f}", "bold"), " ms p50/p95   ", (f"{result.dropped}", "bold"), " dropped",
        f"   {result.effort.name}" if result.effort != FULL_EFFORT else "",
        printable(f"   profile {status.profile}") if status.profile else "",
    )  # fmt: skip
    faces = result.faces[:SHOWN_FACES]
    if not faces:
        return Group(head, Text("no face", style="dim"))
    table = Table.grid(padding=(0, 3, 0, 0))
    table.add_row("", *(_name(face.id, face.label, face.state) for face in faces))
    for index, label in enumerate(result.labels):
        table.add_row(Text(label), *(_bar(label, float(face.probs[index])) for face in faces))
    hidden = len(result.faces) - len(faces)
    return Group(head, table, *([Text(f"and {hidden} more", style="dim")] if hidden else []))


def _name(number: int, label: str, state: State) -> Text:
    return Text(f"#{number} {label}", style="dim" if state is State.COASTING else "bold")


def _bar(label: str, share: float) -> Text:
    """A bar in eighths of a character, and the percentage."""
    eighths = round(min(max(share, 0.0), 1.0) * BAR * 8)
    drawn = "█" * (eighths // 8) + (" ▏▎▍▌▋▊▉"[eighths % 8] if eighths % 8 else "")
    return Text.assemble((drawn.ljust(BAR), _style(label)), f" {100 * share:3.0f}")


def _style(label: str) -> str:
    colour = style.colour_of(label)
    return f"#{colour.red:02x}{colour.green:02x}{colour.blue:02x}"


def _summary(summary: Summary) -> Group:
    """Frames, faces and speed in a line, the share of time per expression below."""
    latency = summary.latency_ms
    parts = [
        f"{summary.frames} frame{'' if summary.frames == 1 else 's'} in {summary.seconds:.1f} s ({summary.fps:.1f} fps)",
        f"{summary.faces} face{'' if summary.faces == 1 else 's'}",
        f"latency {latency.p50:.0f} / {latency.p95:.0f} / {latency.p99:.0f} ms p50/p95/p99",
    ]
    if summary.dropped:
        parts.append(f"{summary.dropped} dropped")
    shares = Table.grid(padding=(0, 2, 0, 0))
    for label, share in sorted(zip(summary.labels, summary.share, strict=True), key=lambda item: -item[1]):
        if share > 0:
            shares.add_row(Text(label), _bar(label, share) + " %")
    return Group(Text(", ".join(parts)), *([shares] if shares.row_count else []))
