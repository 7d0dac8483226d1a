"""`fer-cam guide`: the user guides, in the terminal and without a network."""

import argparse
from importlib.resources import files

from realtime.errors import ConfigError


def add_options(parser: argparse.ArgumentParser) -> None:
    """Adds the options of `main`."""
    parser.add_argument("name", nargs="?", metavar="NAME", help="the guide to read; lists all guides if omitted")


def main(args: argparse.Namespace) -> int:
    """Prints a guide, or the list of them; returns the exit code.

    Raises:
        ConfigError: the guide does not exist.
    """
    from rich.console import Console
    from rich.markdown import Markdown

    pages = {page.name.removesuffix(".md"): page for page in files("realtime.guides").iterdir() if page.name.endswith(".md")}
    console = Console()
    if args.name is None:
        for name, page in sorted(pages.items()):
            title = page.read_text(encoding="utf-8").partition("\n")[0].lstrip("# ")
            console.print(f"fer-cam guide {name:<14} {title}", markup=False, highlight=False)
        return 0
    if args.name not in pages:
        raise ConfigError(f"guide {args.name} not found; give one of {', '.join(sorted(pages))}")
    console.print(Markdown(pages[args.name].read_text(encoding="utf-8")))
    return 0
