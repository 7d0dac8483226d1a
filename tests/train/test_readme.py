"""train/README.md names every file, and all its commands exist."""

import re

from tests.conftest import ROOT
from train import recipes

README = (ROOT / "train" / "README.md").read_text(encoding="utf-8")


def test_every_file_has_its_place_in_the_table() -> None:
    table = "\n".join(line for line in README.splitlines() if line.startswith("|"))
    paths = [path for path in (ROOT / "train").rglob("*.py") if path.parent.name != "reproduce"]
    files = {path.stem for path in paths} - {"__init__"}
    assert files <= set(re.findall(r"`(\w+)`", table))


def test_commands_and_recipes_exist() -> None:
    for name in re.findall(r"-m train\.(\w+)", README):
        assert (ROOT / "train" / f"{name}.py").exists() or (ROOT / "train" / name / "__main__.py").exists(), name
    assert set(re.findall(r"-m train\.fit ([\w-]+)", README)) <= set(recipes.RECIPES)


def test_a_recipe_is_given_extra_images_where_it_wants_them() -> None:
    for name, options in re.findall(r"-m train\.fit ([\w-]+)(.*)", README):
        assert ("--extra" in options) == (recipes.find(name).extra_repeats > 0), name


def test_the_paper_s_numbers_are_those_of_the_results_page() -> None:
    shares = re.findall(r"\d+\.\d+(?= %)", README.partition("## The paper, row by row")[2])
    page = (ROOT / "train" / "REPRODUCTION.md").read_text(encoding="utf-8")
    assert len(shares) >= 6
    assert [share for share in shares if share not in page] == []
