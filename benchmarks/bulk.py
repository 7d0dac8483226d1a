"""python -m benchmarks.bulk: fer-cam batch by number of workers, beside plain runs; cost of cutting, memory, scheduler."""

import argparse
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks import cells, ours, suite
from benchmarks.payloads_programs import Bulk, Bulked, Cutting
from benchmarks.record import Record, Spread
from benchmarks.suite import Outcome
from realtime.bulk.parts import PART_S
from realtime.config import Config
from realtime.errors import ConfigError, SourceLostError
from realtime.sources import DEMO, EQUIPMENT

MB = 1e6
SAMPLE_S = 0.2
MANY = 100
"""Workers of the cluster that is extrapolated to."""


def main(argv: list[str] | None = None) -> int:
    """Measures, prints a table, writes JSON and a plot; returns the exit code."""
    return suite.main(_parser(), _measure, argv)


def _measure(args: argparse.Namespace, console: Console) -> None:
    for option, value, least in (("--loops", args.loops, 1), ("--files", args.files, 1), ("--tasks", args.tasks, 10)):
        suite.at_least(option, value, least)
    try:
        from benchmarks import cutting as cuts
    except ModuleNotFoundError as error:
        raise ConfigError(f"bulk needs {error.name}; pip install -e '.[bulk]' in fer-cam's folder installs it") from error
    config = Config.of(source=args.video, model=args.model, threads=args.threads)
    classifier = ours.load(config)
    actor = cells.actor(config)
    clip = EQUIPMENT.demo if args.video == DEMO else Path(args.video)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = cuts.looped(clip, folder / "in" / "0.mp4", args.loops)
        for number in range(1, args.files):
            (folder / "in" / f"{number}.mp4").hardlink_to(source)
        network = ["--model", args.model]
        rows = []
        for _ in range(args.repeats):
            console.print("plain runs, then workers: " + ", ".join(map(str, args.workers)), style="dim")
            rows.append(("plain", _plain(folder, network)))
            rows += [(f"workers: {count}", _batch(folder, network, count)) for count in args.workers]
        console.print(f"cutting, then {args.tasks} empty tasks", style="dim")
        cutting = cuts.cut(source, config, folder, args.part)
        per_task = cuts.empty_tasks(args.tasks, max(args.workers))
    result = Bulk(
        clip=actor.name,
        files=args.files,
        seconds_each=cutting.seconds,
        rows=tuple(_row(what, [run for name, run in rows if name == what]) for what in dict.fromkeys(name for name, _ in rows)),
        cutting=cutting,
        ms_per_task=round(1000 * per_task, 3),
        busy_percent=round(100 * MANY * per_task / _part_s(rows[1][1], cutting), 3),
    )
    outcome = Outcome(
        benchmark="bulk",
        command=f"python -m benchmarks.bulk --video {actor.name} --loops {args.loops} --files {args.files} --workers "
        f"{' '.join(map(str, args.workers))} --part {args.part:g} --tasks {args.tasks} --repeats {args.repeats}",
        about=actor.name,
        result=result,
        table=table,
        plot=_plot,
    )
    suite.finish(outcome, classifier, args, console)


@dataclass(frozen=True)
class _Run:
    """One run of the program: seconds, frames, and the most memory of one of its processes that read."""

    seconds: float
    frames: int
    most_mb: float


def _plain(folder: Path, network: Sequence[str]) -> _Run:
    """fer-cam --video for each file."""
    began, frames, most = time.perf_counter(), 0, 0.0
    for path in sorted((folder / "in").iterdir()):
        out = folder / "plain.jsonl"
        command = ["--video", str(path), "--no-display", "--quiet", "--jsonl", str(out), "--overwrite", *network]
        most = max(most, _run(command))
        frames += sum(1 for line in out.open(encoding="utf-8") if line.startswith('{"type":"frame"'))
    return _Run(time.perf_counter() - began, frames, most)


def _batch(folder: Path, network: Sequence[str], workers: int) -> _Run:
    out = folder / f"out-{time.monotonic_ns()}"
    began = time.perf_counter()
    most = _run(["batch", str(folder / "in"), "--out", str(out), "--quiet", "--no-cut", "--workers", str(workers), *network])
    seconds = time.perf_counter() - began
    import pyarrow.parquet as pq

    frames = sum(row["frames"] for row in pq.read_table(out / "recordings.parquet").to_pylist())
    return _Run(seconds, frames, most)


def _run(arguments: Sequence[str]) -> float:
    """Runs the program; returns the most memory of one of its processes, 10^6 bytes.

    Raises:
        SourceLostError: it fails.
    """
    command = [sys.executable, "-m", "realtime", *arguments]
    with subprocess.Popen(command, env=suite.environment()) as process, _watched(process.pid) as most:
        code = process.wait()
    if code:
        raise SourceLostError("fer-cam did not come to its end; its own message stands above")
    return most[0]


@contextmanager
def _watched(pid: int) -> Iterator[list[float]]:
    """Samples the memory of a process, or of its children where it has any, until the block ends."""
    psutil, most, over = suite.library("psutil", "bulk"), [0.0], threading.Event()

    def sample() -> None:
        while not over.wait(SAMPLE_S):
            try:
                process = psutil.Process(pid)
                readers = process.children(recursive=True) or [process]
                most[0] = max(most[0], *(each.memory_info().rss / MB for each in readers))
            except psutil.Error:  # it has just ended
                continue

    thread = threading.Thread(target=sample, daemon=True)
    thread.start()
    try:
        yield most
    finally:
        over.set()
        thread.join()


def _row(what: str, runs: Sequence[_Run]) -> Bulked:
    return Bulked(
        what=what,
        frames=runs[0].frames,
        fps=Spread.of([run.frames / run.seconds for run in runs]),
        most_mb=round(max(run.most_mb for run in runs), 1),
    )


def _part_s(run: _Run, cutting: Cutting) -> float:
    """Seconds that a worker needs for a part of the usual length."""
    fps = cutting.frames / cutting.seconds
    return PART_S * fps / (run.frames / run.seconds)


def table(measured: Record[Bulk]) -> Table:
    """The result for the terminal."""
    result, cutting = measured.result, measured.result.cutting
    shown = Table(title=f"{result.files} x {result.seconds_each:.0f} s of {result.clip}")
    for column in ("", "frames/s", "beside plain", "most memory of a process, MB"):
        shown.add_column(column, justify="left" if column == "" else "right")
    for row in result.rows:
        shown.add_row(row.what, f"{row.fps.p50:.1f}", f"{row.fps.p50 / result.rows[0].fps.p50:.3f}", f"{row.most_mb:.0f}")
    shown.add_section()
    shown.add_row(f"in {cutting.parts} parts: equal labels", f"{cutting.labels_equal:.2%}", "ids", f"{cutting.ids_equal:.2%}")
    shown.add_row(
        "a task, scheduler and client", f"{result.ms_per_task:.2f} ms", f"busy with {MANY}", f"{result.busy_percent:.2f} %"
    )
    return shown


def _plot(measured: Record[Bulk], path: Path) -> None:
    from benchmarks import plots_programs

    plots_programs.bulk(measured, path)


def _parser() -> argparse.ArgumentParser:
    parser = suite.parser("bulk", "fer-cam batch by number of workers, beside plain runs over the same files.")
    parser.add_argument("--video", default="demo", metavar="CLIP", help="repeated in each file (default: the demo clip)")
    parser.add_argument("--loops", type=int, default=5, metavar="N", help="how often (default: 5)")
    parser.add_argument("--files", type=int, default=4, metavar="N", help="number of files (default: 4)")
    parser.add_argument("--workers", type=int, nargs="+", default=(1, 2), metavar="N", help="of each run (default: 1 2)")
    parser.add_argument("--part", type=float, default=30.0, metavar="S", help="length of the parts compared (default: 30)")
    parser.add_argument("--tasks", type=int, default=2000, metavar="N", help="empty tasks (default: 2000)")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="turns (default: 3)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
