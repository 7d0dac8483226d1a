"""python -m train.fit RECIPE --data fer2013.csv.xz --votes fer2013new.csv --out RUN, alone or under torchrun
python -m train.fit RECIPE --data FOLDER --labels folder --out RUN
python -m train.fit personal --data FACES --out RUN, which has options of its own (`train.personal`)
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from realtime.errors import ConfigError, FerError
from realtime.model import session
from train import personal, recipes
from train.data import manifest, training_data
from train.data.manifest import Manifest
from train.data.training_data import TrainingData
from train.extra import EXTRA
from train.failed import failed
from train.learning import curves
from train.recipes import IMAGENET, WEBCAM, Recipe

with EXTRA:
    from train.learning import checkpoint, distributed, teachers
    from train.learning.distributed import Group
    from train.learning.engine import Stopped, Trainer


def main(argv: list[str] | None = None) -> int:
    """Trains one network; returns the exit code."""
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == [personal.NAME]:
        return personal.main(words[1:])
    args = _parser().parse_args(words)
    console = Console(stderr=True)
    try:
        EXTRA.require()
        with distributed.join(args.device) as group:
            console.quiet = not group.is_main
            return _fit(args, group, console)
    except FerError as error:
        return failed("fit", error, console)
    except (KeyboardInterrupt, Stopped):
        remedy = f"continue with --resume --out {args.out}" if checkpoint.exists(args.out) else "no checkpoint was written yet"
        console.print(f"stopped; {remedy}", markup=False, soft_wrap=True)
        return 130


@dataclass(frozen=True, eq=False)
class _Task:
    """The parsed command line."""

    recipe: Recipe
    init: Path | None
    teachers: tuple[Path, ...]
    material: TrainingData


def _fit(args: argparse.Namespace, group: Group, console: Console) -> int:
    task = group.together(lambda: _prepare(args))
    group.on_main(lambda: _open_folder(args.out, resume=args.resume))
    faces = task.material
    added = f", including {faces.extra} extra faces {task.recipe.extra_repeats} times each" if faces.extra else ""
    console.print(
        f"{len(faces.train)} training faces ({faces.copies} copies dropped){added}, {len(faces.val)} to validate on",
        highlight=False,
        soft_wrap=True,
    )
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with (
        Progress(*columns, console=console, disable=not console.is_terminal) as progress,
        _interruptible() as stop,
    ):
        bar = progress.add_task("", total=None)

        def on_step(epoch: int, step: int, steps: int, loss: float) -> None:
            progress.update(bar, description=f"epoch {epoch} loss {loss:.3f}", completed=step, total=steps)

        def trainer() -> Trainer:
            return Trainer(
                task.recipe,
                faces.train,
                faces.val,
                args.out,
                task.init,
                group.device,
                on_step,
                stop=stop,
                group=group,
                teachers=task.teachers,
            )

        _train(group.together(trainer), args.resume, faces.judged_on, console)
    return 0


def _train(trainer: Trainer, resume: bool, judged_on: str, console: Console) -> None:
    if resume:
        trainer.resume()
        console.print(f"resuming after {trainer.epoch} epochs and {trainer.step} of {trainer.steps} steps", highlight=False)
    faces = Manifest.of(train=trainer.train, validation=trainer.val)
    trainer.group.on_main(lambda: faces.write(trainer.folder / manifest.NAME))
    with curves.Board(trainer.folder, trainer.curve(), wanted=trainer.group.is_main) as board:
        for done in trainer.run():
            board.add(done)
            console.print(
                f"epoch {done.epoch}/{trainer.recipe.epochs}  train loss {done.train_loss:.4f}"
                f"  {judged_on}: loss {done.val_loss:.4f}  accuracy {done.val_accuracy:.4f}"
                f"  balanced {done.val_balanced_accuracy:.4f}  macro-F1 {done.val_macro_f1:.4f}",
                markup=False,
                highlight=False,
                soft_wrap=True,
            )


def _prepare(args: argparse.Namespace) -> _Task:
    recipe, init = recipes.find(args.recipe), None
    if args.init == IMAGENET:
        recipe = replace(recipe, start=IMAGENET)
    elif args.init is not None:
        init = session.locate("ferplus") if args.init == WEBCAM else Path(args.init)
        recipe = replace(recipe, start=teachers.sha256(init))
    if bool(args.teacher) != bool(recipe.teacher_weight):
        wants = "takes no teachers: leave --teacher out" if args.teacher else "wants teachers: give --teacher FILE, once each"
        raise ConfigError(f"recipe {recipe.name} {wants}")
    recipe = replace(recipe, teachers=tuple(teachers.sha256(path) for path in args.teacher))
    gathered = training_data.gather(recipe, args.data, args.votes, args.extra, args.labels)
    return _Task(recipe, init, tuple(args.teacher), gathered)


def _open_folder(out: Path, *, resume: bool) -> None:
    if not resume and checkpoint.exists(out):
        raise ConfigError(f"{out} already contains a run; give --resume to continue it, or another --out")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{out}: cannot create the folder ({error.strerror})") from error


@contextmanager
def _interruptible() -> Iterator[Callable[[], bool]]:
    """Yields a function: whether Ctrl-C was pressed. The first one stops after the current step, the second one at once."""
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False  # only the main thread receives signals
        return
    pressed = threading.Event()

    def ask(number: int, frame: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        pressed.set()
        # not print, which may be what was interrupted
        os.write(2, b"\nfinishing the step and saving; press Ctrl-C again to quit at once\n")

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train.fit", description="Train a network by a recipe.")
    parser.add_argument("recipe", help=f"one of: {', '.join(sorted(recipes.RECIPES))}")
    training_data.add_arguments(parser)
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints, metrics.csv and manifest.csv")
    parser.add_argument(
        "--init",
        metavar="ONNX",
        help="initial weights: a full-precision file, webcam (the bundled FER+ network) or imagenet (torchvision's)",
    )
    parser.add_argument(
        "--teacher", type=Path, action="append", default=[], metavar="ONNX", help="also learn from this network; repeatable"
    )
    parser.add_argument("--resume", action="store_true", help="continue the run in --out")
    parser.add_argument("--device", default="cpu", help="torch device (default: cpu)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
