"""Commands whose code is in the checkout alone: they hand their words on to a module of `train` or `benchmarks`.

`realtime` must not depend on these packages, so they are looked up by name, and only beside it: a user's own folder may be
called train.
"""

import argparse
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import cast

import realtime
from realtime.errors import ConfigError

ROOT = Path(realtime.__file__).parents[1]


def add_words(parser: argparse.ArgumentParser, module: str) -> None:
    """Takes every word but --help and --version, for `open_door`."""
    parser.set_defaults(passed_on=[])
    parser.usage = f"{parser.prog} [WORD ...]"
    parser.epilog = f"All arguments are passed on to python -m {module}, which lists its options with --help."


def open_door(module: str, extra: str, words: Sequence[str], root: Path = ROOT) -> int:
    """Runs the `main` of a module with these words; returns its exit code.

    Args:
        module: such as "train.evaluate".
        extra: that its libraries belong to.
        words: the command line without the command.
        root: the folder in which `realtime` lies.

    Raises:
        ConfigError: the module is not beside `realtime`.
    """
    file = root.joinpath(*module.split(".")).with_suffix(".py")
    if not file.is_file() or not _found(module, file):
        raise ConfigError(
            f"python -m {module} comes with the source of fer-cam alone, not with pip; get a checkout, and in it: "
            f"pip install -e '.[{extra}]'"
        )
    run = cast(Callable[[list[str]], int], import_module(module).main)
    return run(list(words))


def _found(module: str, file: Path) -> bool:
    """Whether Python would import this file."""
    try:
        spec = find_spec(module)
    except ModuleNotFoundError:
        return False
    return spec is not None and spec.origin is not None and Path(spec.origin).samefile(file)
