"""python -m benchmarks.detection [--on CLIP|FOLDER ...]: detection quality, delay and stability."""

import argparse
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from benchmarks import matching, ours, suite, truth, tutorial
from benchmarks.matching import Sight
from benchmarks.payloads import Detection, Found, Searched
from benchmarks.record import Clip, Record, Spread
from benchmarks.steps import OURS, THEIRS
from benchmarks.suite import Outcome
from benchmarks.truth import TrueFaces, Truth
from realtime.config import Config
from realtime.datatypes import FrameResult
from realtime.errors import ConfigError
from realtime.model.classifier import Classifier
from realtime.model.session import locate
from realtime.sources.capture import open_feed

STILL = 30.0
"""Nominal frame rate of images without times: only their order counts."""


def main(argv: list[str] | None = None) -> int:
    """Measures, prints a table, writes JSON and a plot; returns the exit code."""
    return suite.main(_parser(), _measure, argv)


def _measure(args: argparse.Namespace, console: Console) -> None:
    config = Config.of(model=args.model, threads=args.threads, min_face=args.min_face)
    full_precision = locate(args.full_precision)
    classifier = ours.load(config)
    searched = []
    for source in args.on:
        console.print(source, style="dim")
        here = Config.of(source=source, model=args.model, threads=args.threads, min_face=args.min_face)
        searched.append(search(here, classifier, full_precision, alone=args.alone))
    names = [source if source == "demo" else Path(source).name for source in args.on]
    options = (f" --min-face {args.min_face}" if args.min_face else "") + (" --alone" if args.alone else "")
    outcome = Outcome(
        benchmark="detection",
        command=f"python -m benchmarks.detection --on {' '.join(names)}{options}",
        about="-".join(Path(name).stem for name in names) if len(names) < 3 else f"{len(names)}-clips",
        result=Detection(tuple(searched)),
        table=table,
        plot=_plot,
    )
    suite.finish(outcome, classifier, args, console)


def search(config: Config, classifier: Classifier, full_precision: Path, *, alone: bool = False) -> Searched:
    """Runs both sides on one clip or folder of images; `alone` compares our labels with those of single frames.

    Raises:
        FerError: unusable source.
    """
    info = ours.info_of(config)
    if info.live:
        raise ConfigError(f"--on {config.source.location}: give a video file or a folder of images")
    known = truth.find(info)
    sights: list[Sight] = []
    raw: list[Sight] = []
    truths: list[TrueFaces] = []
    for shown in ours.watch(config, classifier):
        result = shown.result
        time_s = result.frame.index / STILL if result.frame.media_time is None else result.frame.media_time
        sights.append(_sight(result, time_s, [face.label for face in result.faces]))
        raw.append(_raw(result, time_s))
        if known is not None:
            truths.append(known.of(result.frame))
    others = _theirs(config, classifier, full_precision, [sight.time_s for sight in sights])
    agreed = None
    if alone:
        by_itself = [_raw(result, 0.0) for result in ours.alone(config, classifier)]
        agreed = matching.agreement(raw, by_itself)
    seconds = sights[-1].time_s + 1 / (info.fps or STILL) if info.temporal else None
    clip = Clip(info.name, info.width, info.height, len(sights), round(sum(len(s.ids) for s in sights) / len(sights), 3))
    sides = (
        _found(OURS, sights, known, truths, seconds, agreed),
        _found(THEIRS, others, known, truths, seconds, None),
    )
    return Searched(clip, seconds, known.faces if known else None, sides)


def _theirs(config: Config, classifier: Classifier, full_precision: Path, times: list[float]) -> list[Sight]:
    """The tutorial loop on the same frames; its own decoder might give others."""
    loop = tutorial.Loop(full_precision, classifier.spec.mean, classifier.spec.std)
    sights = []
    feed = open_feed(config.source)
    try:
        for time_s in times:
            frame = feed.next(1.0)
            if frame is None:
                break
            looked = loop.look(frame.image.copy())
            sights.append(Sight(time_s, tuple(range(len(looked.labels))), looked.boxes_xyxy, looked.labels))
    finally:
        feed.close()
    return list(matching.link(sights))


def _found(
    what: str, sights: list[Sight], known: Truth | None, truths: list[TrueFaces], seconds: float | None, agreed: float | None
) -> Found:
    score = matching.score(truths, sights) if known is not None else None
    moving = seconds is not None
    jitter = matching.jitter(sights) if moving else matching.Jitter(None, None)
    has_ids = moving and what == OURS
    tracked = score is not None and has_ids
    delays = [1000 * s for s in score.delays_s] if score is not None and moving else []
    changes = matching.label_changes_per_minute(sights) if moving else None
    return Found(
        what=what,
        faces=sum(len(sight.ids) for sight in sights),
        ids=len({i for sight in sights for i in sight.ids}) if has_ids else None,
        recall=None if score is None else round(score.recall, 4),
        precision=None if score is None else round(score.precision, 4),
        false_tracks_per_min=round(score.false_tracks * 60 / seconds, 2) if score and tracked and seconds else None,
        id_switches=score.id_switches if score is not None and tracked else None,
        label_delay_ms=Spread.of(delays) if delays else None,
        unlabelled=score.unlabelled if score is not None and moving else None,
        jitter_px=_rounded(jitter.px),
        jitter_percent=_rounded(jitter.percent),
        label_changes_per_min=_rounded(changes),
        agreement=None if agreed is None else round(agreed, 4),
    )


def _sight(result: FrameResult, time_s: float, labels: list[str]) -> Sight:
    return Sight(time_s, tuple(face.id for face in result.faces), _boxes(result), tuple(labels))


def _raw(result: FrameResult, time_s: float) -> Sight:
    """With the network's own label of this frame; a face that was not read has none."""
    labels = ["" if face.raw is None else result.labels[int(face.raw.argmax())] for face in result.faces]
    keep = [i for i, label in enumerate(labels) if label]
    ids = tuple(result.faces[i].id for i in keep)
    return Sight(time_s, ids, _boxes(result)[keep], tuple(labels[i] for i in keep))


def _boxes(result: FrameResult) -> NDArray[np.float32]:
    return np.array([face.box_xyxy for face in result.faces], np.float32).reshape(-1, 4)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def table(measured: Record[Detection]) -> Table:
    """The result for the terminal: one row per clip and side; a dash if a figure needs missing truth, ids or a still face."""
    shown = Table(title="detection quality and stability")
    columns = (
        "clip",
        "",
        "recall",
        "precision",
        "false tracks/min",
        "id switches",
        "new face ms",
        "jitter px",
        "%",
        "labels/min",
    )
    for column in (*columns, "agreement"):
        shown.add_column(column, justify="left" if column in ("clip", "") else "right")
    for searched in measured.result.clips:
        for side in searched.sides:
            delay = side.label_delay_ms
            late = f" +{side.unlabelled} never" if side.unlabelled else ""
            shown.add_row(
                searched.clip.name,
                side.what,
                _cell(side.recall, "{:.3f}"),
                _cell(side.precision, "{:.3f}"),
                _cell(side.false_tracks_per_min, "{:.1f}"),
                _cell(side.id_switches, "{:d}"),
                (f"{delay.p50:.0f}, at most {delay.max:.0f}" if delay else "-") + late,
                _cell(side.jitter_px, "{:.2f}"),
                _cell(side.jitter_percent, "{:.2f}"),
                _cell(side.label_changes_per_min, "{:.1f}"),
                _cell(side.agreement, "{:.3f}"),
                end_section=side is searched.sides[-1],
            )
    return shown


def _cell(value: float | None, form: str) -> str:
    return "-" if value is None else form.format(value)


def _plot(measured: Record[Detection], path: Path) -> None:
    from benchmarks import plots

    plots.detection(measured, path)


def _parser() -> argparse.ArgumentParser:
    parser = suite.parser("detection", "Detection quality and stability: recall, precision, id switches, jitter.")
    suite.add_full_precision(parser)
    parser.add_argument(
        "--on", nargs="+", default=["demo"], metavar="CLIP|FOLDER", help="videos, or folders of images with a boxes.csv"
    )
    parser.add_argument("--min-face", type=int, default=0, metavar="PX", help="smallest face that fer-cam searches for")
    parser.add_argument("--alone", action="store_true", help="compare labels with those of single frames (slow)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
