"""Reports the error that ends a command."""

from rich.console import Console

from realtime.errors import FerError


def failed(command: str, error: FerError, console: Console | None = None) -> int:
    """Prints an error as one line, on stderr unless there is a console; returns the exit code."""
    console = console or Console(stderr=True)
    console.print(f"train.{command}: {error}", style="red", markup=False, highlight=False, soft_wrap=True)
    return error.exit_code
