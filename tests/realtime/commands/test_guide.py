"""`fer-cam guide`: the guides in the terminal."""

import pytest

from realtime import cli
from tests.pages import GUIDES


def test_without_a_name_every_guide_is_listed_with_its_title(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["guide"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[2] for line in lines] == sorted(GUIDES)
    assert next(line for line in lines if " keys " in line).endswith("The window and its keys")


@pytest.mark.parametrize("name", GUIDES)
def test_a_guide_is_printed_whole(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["guide", name]) == 0
    printed, text = capsys.readouterr().out, GUIDES[name]
    headings = [line.lstrip("# ") for line in text.splitlines() if line.startswith("#")]
    assert len(headings) > 1
    assert [heading for heading in headings if heading not in printed] == []
    assert "```" not in printed


def test_an_unknown_guide_is_one_line_that_names_the_others(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["guide", "data.md"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == f"fer-cam: guide data.md not found; give one of {', '.join(sorted(GUIDES))}\n"
