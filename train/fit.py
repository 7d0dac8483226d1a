"""python -m train.fit RECIPE --data fer2013.csv.xz --votes fer2013new.csv --out RUN"""

import argparse
import hashlib
import sys
from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from realtime.errors import ConfigError, FerError
from train import datasets, fer2013, manifest, recipes
from train.checkpoint import NAME
from train.engine import Trainer
from train.manifest import Manifest


def main(argv: list[str] | None = None) -> int:
    """Trains one network; returns the exit code."""
    args = _parser().parse_args(argv)
    console = Console(stderr=True)
    try:
        return _fit(args, console)
    except FerError as error:
        console.print(f"train.fit: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
        return error.exit_code
    except KeyboardInterrupt:
        console.print(f"stopped; go on with --resume from {args.out / NAME}", markup=False, soft_wrap=True)
        return 130


def _fit(args: argparse.Namespace, console: Console) -> int:
    recipe = recipes.find(args.recipe)
    if args.init is not None:
        recipe = replace(recipe, start=_sha256(args.init))
    if not args.resume and (args.out / NAME).exists():
        raise ConfigError(f"{args.out} holds a run; give --resume to go on with it, or another --out")
    val = fer2013.load_ferplus(args.data, args.votes, "PublicTest")
    train = fer2013.load_ferplus(args.data, args.votes, "Training")
    kept = datasets.drop_copies(train, of=val)
    val = val.with_majority()
    console.print(f"{len(kept)} training faces ({len(train) - len(kept)} copies dropped), {len(val)} to validate on")
    try:
        args.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{args.out}: cannot be made a folder ({error.strerror})") from error
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as progress:
        bar = progress.add_task("", total=None)

        def on_step(epoch: int, step: int, steps: int, loss: float) -> None:
            progress.update(bar, description=f"epoch {epoch} loss {loss:.3f}", completed=step, total=steps)

        trainer = Trainer(recipe, kept, val, args.out, args.init, args.device, on_step)
        if args.resume:
            trainer.resume()
        Manifest.of(train=kept, validation=val).write(args.out / manifest.NAME)
        for done in trainer.run():
            console.print(
                f"epoch {done.epoch}/{recipe.epochs}  train loss {done.train_loss:.4f}"
                f"  PublicTest: loss {done.val_loss:.4f}  accuracy {done.val_accuracy:.4f}"
                f"  balanced {done.val_balanced_accuracy:.4f}  macro-F1 {done.val_macro_f1:.4f}",
                highlight=False,
                soft_wrap=True,
            )
    return 0


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror}); give an .onnx file of train.export") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m train.fit", description="Train a network by a recipe.")
    parser.add_argument("recipe", help=f"one of: {', '.join(sorted(recipes.RECIPES))}")
    parser.add_argument("--data", type=Path, required=True, help="fer2013.csv, plain or .xz, .gz, .zip")
    parser.add_argument("--votes", type=Path, required=True, help="fer2013new.csv: the FER+ votes, row by row")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoint, metrics.csv and manifest.csv")
    parser.add_argument("--init", type=Path, metavar="ONNX", help="begin with the weights of this full-precision file")
    parser.add_argument("--resume", action="store_true", help="go on with the run in --out")
    parser.add_argument("--device", default="cpu", help="torch device (default: cpu)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
