"""The pages that people read, as tests see them: headings, tables, examples and links."""

import re
from pathlib import Path
from typing import Any

from tests.conftest import ROOT

GUIDES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "realtime" / "guides").glob("*.md"))}
"""The text of every guide by its name."""

README = (ROOT / "README.md").read_text(encoding="utf-8")


def pages() -> list[Path]:
    """Every page of the project."""
    folders = ("realtime", "train", "benchmarks", "weights")
    return [*ROOT.glob("*.md"), *(path for folder in folders for path in sorted((ROOT / folder).rglob("*.md")))]


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one of any level.

    Raises:
        ValueError: there is not exactly one such heading.
    """
    found = re.findall(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#+ |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    if len(found) != 1:
        raise ValueError(f"{len(found)} headings {heading!r}")
    return str(found[0])


def described(text: str) -> list[str]:
    """What the tables of a text describe: the words in code at the beginning of each row, without what follows them."""
    first_cells = re.findall(r"^\| (.*?) \|", text, flags=re.MULTILINE)
    return [name.split()[0] for cell in first_cells for name in re.findall(r"`([^`]+)`", cell)]


def blocks(text: str, language: str) -> list[str]:
    """The fenced code blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def run_examples(name: str) -> dict[str, Any]:
    """Runs the Python blocks of a guide one after another, as a reader would; returns the names that they leave."""
    names: dict[str, Any] = {}
    for block in blocks(GUIDES[name], "python"):
        if "import pandas" not in block:  # no requirement of the tests
            exec(compile(block, f"{name}.md", "exec"), names)
    return names


def links(text: str) -> list[str]:
    """Where a page's links lead, except to the web."""
    return re.findall(r"\]\((?!https?:)([^)]+)\)", text)


def anchors(text: str) -> set[str]:
    """The names under which a page's headings are linked."""
    prose = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.+)$", prose, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
