"""`fer-cam batch`: many recordings into one dataset."""

import argparse
import os
from pathlib import Path

from realtime.commands import shared
from realtime.config import Config
from realtime.errors import ConfigError, IncompleteError
from realtime.model.providers import AUTO, PROVIDERS

EPILOG = """\
examples:
  fer-cam batch study/ --out study.parquet                       every video and image below the folder
  fer-cam batch "study/**/*.mp4" --out study.parquet             those that a pattern names
  fer-cam batch study/ --out study.parquet --scheduler tcp://node1:8786
"""


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds what `main` understands."""
    parser.epilog = EPILOG
    defaults = Config().settings()
    parser.add_argument("places", nargs="+", metavar="PLACE", help="folders, files or patterns")
    parser.add_argument("--out", type=Path, required=True, metavar="DATASET", help="the folder of the dataset")
    parser.add_argument("--workers", type=int, metavar="N", help="processes on this machine (default: one for each core)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="use the workers of this Dask scheduler instead")
    parser.add_argument("--no-cut", action="store_true", help="read long videos in one piece")
    parser.add_argument("--model", default=defaults["model"], metavar="NAME", help="auto, int8, full, fast, or an ONNX file")
    parser.add_argument("--provider", default=AUTO, choices=(AUTO, *PROVIDERS), help="what runs the network")
    parser.add_argument(
        "--min-face", type=int, default=defaults["min_face"], metavar="PX", help="side of the smallest face to find"
    )
    parser.add_argument(
        "--threshold", type=float, default=defaults["threshold"], metavar="P", help="below this probability: uncertain"
    )
    parser.add_argument(
        "--smoothing", type=float, default=defaults["smoothing_s"], metavar="S", help="time constant of the smoothing"
    )
    parser.add_argument("--quiet", action="store_true", help="no progress")


def main(args: argparse.Namespace) -> int:
    """Reads everything that is new; returns the exit code.

    Raises:
        ConfigError: an option is wrong, the dataset is in use, or a library is missing.
        SourceError: there is nothing to read.
        IncompleteError: some recordings failed.
    """
    from rich.console import Console

    from realtime.model.classifier import Classifier
    from realtime.model.session import SHIPPED
    from realtime.signals import caught

    try:
        from realtime.bulk.batch import Batch
        from realtime.bulk.cluster import tasks
        from realtime.bulk.dataset import Dataset
        from realtime.bulk.progress import Terminal
        from realtime.bulk.recordings import find
    except ModuleNotFoundError as error:
        raise ConfigError(f"batch needs {error.name}; install it with: pip install 'fer-cam[bulk]'") from error

    if args.workers is not None and args.workers < 1:
        raise ConfigError(f"--workers {args.workers}: give at least 1")
    if args.workers is not None and args.scheduler is not None:
        raise ConfigError("--workers and --scheduler exclude each other; leave one of them out")
    workers = args.workers or os.cpu_count() or 1
    config = _config(args, workers)
    recordings = find(args.places, besides=args.out, known=Dataset(args.out).names())
    classifier = Classifier.load(config.model.name, config.model.threads, config.model.provider)
    # the same network everywhere, whatever a worker would choose for its own processor
    chosen = (
        config.but(model=next(name for name, file in SHIPPED.items() if file == classifier.name))
        if args.model == AUTO
        else config
    )
    weights = classifier.weights_sha256
    classifier.close()  # each worker loads its own
    dataset = Dataset.made(args.out)
    console = Console(stderr=True)
    with caught(), dataset.locked(), Terminal(console, len(recordings), quiet=args.quiet) as progress:
        try:
            with tasks(args.scheduler, min(workers, len(recordings)) if args.no_cut else workers) as pool:
                if not args.quiet and not pool.workers:
                    console.print(f"{args.scheduler} has no worker yet; waiting for one", soft_wrap=True, markup=False)
                Batch(dataset, chosen, weights, pool, progress, cut=not args.no_cut).run(recordings)
        finally:
            dataset.write_recordings()
    if not args.quiet:
        console.print(progress.summary(), soft_wrap=True)
        console.print(f"wrote {args.out}", soft_wrap=True, markup=False)
    if progress.failed:
        raise IncompleteError(
            f"{progress.failed} of {len(recordings)} recordings failed; {args.out / 'recordings.parquet'} says why"
        )
    return 0


def _config(args: argparse.Namespace, workers: int) -> Config:
    with shared.naming_options():
        return Config.of(
            model=str(Path(args.model).absolute()) if Path(args.model).is_file() else args.model,  # workers have other folders
            provider=args.provider,
            threads=0 if workers == 1 and args.scheduler is None else 1,
            min_face=args.min_face,
            threshold=args.threshold,
            smoothing_s=args.smoothing,
        )
