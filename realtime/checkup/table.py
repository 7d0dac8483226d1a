"""The checks for people: a table, and how to start."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from realtime.checkup import examination
from realtime.checkup.check import Check, Status

STYLES = {Status.OK: "green", Status.WARNING: "yellow", Status.FAILURE: "bold red"}

VERDICTS = {
    Status.OK: "Everything works.",
    Status.WARNING: "fer-cam works here; the warnings say what is missing or slow.",
    Status.FAILURE: "Something fails; follow its remedy, then check again.",
}


def show(checks: Sequence[Check], console: Console) -> None:
    """Prints the table; long lines are folded, none is cut."""
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in checks:
        found = Text(check.found)
        if check.remedy:
            found.append(f"\nto do: {check.remedy}", style=STYLES[check.status])
        table.add_row(Text(check.status, style=STYLES[check.status]), Text(check.name, style="bold"), found)
    console.print(table)
    console.print()
    status = examination.status(checks)
    console.print(Text(VERDICTS[status]))
    start = "Then start it with: " if status is Status.FAILURE else "Start it here with: "
    console.print(Text.assemble(start, (examination.command(checks), "bold")), soft_wrap=True)
