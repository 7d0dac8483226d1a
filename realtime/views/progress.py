"""A line on stderr that says what is going on, for commands that take a while."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text

from realtime.printable import printable
from realtime.views.terminal import StderrConsole


@contextmanager
def progress(*, quiet: bool = False, console: Callable[[], Console] = StderrConsole) -> Iterator[Callable[[str], None]]:
    """Yields a function that shows a text in place of the last one; on no terminal every text is a line."""
    if quiet:
        yield lambda text: None
        return
    out = console()
    if not out.is_terminal:
        yield lambda text: out.print(printable(text), highlight=False, markup=False, emoji=False, soft_wrap=True)
        return
    with out.status("starting ...") as status:
        yield lambda text: status.update(Text(printable(text)))
