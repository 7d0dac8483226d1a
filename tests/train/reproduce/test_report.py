"""The report: a page with numbers only from the result files."""

import dataclasses
import io
import re
from pathlib import Path

import cv2
import pytest
from rich.console import Console

from realtime.errors import ConfigError, SinkError
from tests.conftest import ROOT
from tests.train_results import costs, result, split
from train.reproduce import illustrations, report, rows
from train.reproduce.illustrations import Found
from train.reproduce.results import Result

COMMITTED = ROOT / "train" / "results"


def write_some(found: Path) -> Path:
    """Some rows, only transfer-a complete, and the costs of two networks."""
    for each in (
        result("transfer-a", (195, 194, 193, 196, 195), epochs=2),
        result("scratch-a", (170, 165), epochs=2),
        result("transfer-b", (95, 90, 94), n=98),
        result("scratch-b", (80, 85), n=98),
        result("resnet18-b", (82, 85), n=98),
        result("zero-shot", (850,), n=981),
    ):
        each.write(found)
    costs("scratch-b", "resnet18-b").write(found)
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of synthetic results."""
    return write_some(tmp_path / "results")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The page of such a folder."""
    return report.markdown(write_some(tmp_path_factory.mktemp("results")), quick=False)


def line(page: str, start: str) -> list[str]:
    """The cells of the first line of a table that begins so."""
    (found, *_) = [each for each in page.splitlines() if each.startswith(f"| {start} |")]
    return [cell.strip() for cell in found.strip("|").split("|")]


def section(page: str, heading: str) -> str:
    return page.partition(f"## {heading}\n")[2].partition("\n## ")[0]


class TestPage:
    def test_the_same_files_give_the_same_page_wherever_they_lie(self, page: str, folder: Path) -> None:
        assert report.markdown(folder, quick=False) == page

    def test_nothing_of_this_machine_is_published(self, page: str) -> None:
        assert "somebody" not in page
        assert "/tmp" not in page

    def test_published_ours_verdict(self, page: str) -> None:
        page = section(page, "Published, ours, verdict")
        assert line(page, "`transfer-a`")[3:] == [
            "seeds 0 to 4",
            "99.49 % (the paper)",
            "99.29 ± 0.58 %",  # (195 + 194 + 193 + 196 + 195) / 980
            "96.8 to 99.8 %",
            "agrees",
        ]
        assert line(page, "`scratch-a`")[-1] == "not reproduced: 10.0 points lower"  # 95.41 - 335 / 392
        assert "Table II: 2; agrees 1, ours is higher 0, not reproduced 1." in page

    def test_table_2(self, page: str) -> None:
        page = section(page, "Table II")
        assert line(page, "ResNet-50 with transfer learning")[1:] == [
            "published",
            "99.49 %",
            "99.49 %",
            "99.71 %",
            "99.60 %",
        ]
        assert "| the best of them, seed 3 | 100.00 % | 100.00 % | 100.00 % | 100.00 % |" in page
        found = result("scratch-a", (170, 165))
        assert f"{100 * found.mean().f1:.2f} ± {100 * found.spread().f1:.2f} %" in page

    def test_partial_rows_are_marked(self, page: str) -> None:
        page = section(page, "Table II")
        assert line(page, "`transfer-b`")[3:] == [
            "folds 0 to 2 of 10; 7 more planned",
            "294",
            "94.90 ± 2.70 %",
            "91.8 to 96.9 %",
            "`scratch-b` +10.2 points (20 : 0), folds 0 and 1",
        ]
        assert line(page, "`scratch-a`")[3:5] == ["seeds 0 and 1; 3 more planned", "2 × 196"]

    def test_details(self, page: str) -> None:
        cells = line(section(page, "Every row in detail"), "`transfer-b`")
        pooled = result("transfer-b", (95, 90, 94), n=98).pooled()
        assert cells[2:] == [
            "96.94 % (fold 0)",
            *(f"{100 * value:.2f} %" for value in (pooled.precision, pooled.recall, pooled.f1)),
            "90.91 %",
            "",
            "785",
            "32",
            "c0ffee000000",
            "`python -m train.reproduce --data ckplus48.zip --out DIR --only transfer-b`",
        ]
        assert line(section(page, "Every row in detail"), "`transfer-a`")[7] == "96.00 %"

    def test_costs_are_compared_on_the_folds_that_all_networks_have(self, page: str) -> None:
        page = section(page, "Accuracy and cost")
        assert "| accuracy, folds 0 and 1 of 10 |" in page
        assert line(page, "ResNet-18 from scratch")[1:] == [
            "`resnet18-b`",
            "85.20 %",  # 167 of 196
            "79.6 to 89.5 %",
            "2.0 M",
            "100.0 M",
            "3.00 ms (3.50), 41.0 MB",
            "none",
        ]

    def test_counts_of_the_algorithms(self, page: str, folder: Path) -> None:
        assert "## Algorithms" not in page
        illustrations.write((Found("anger", 40, 0.125, 30, 8, 10, 1),), folder)
        (folder / "figure-5.png").touch()
        part = section(report.markdown(folder, quick=False), "Algorithms 1 and 2, and the network")
        assert line(part, "anger")[1:] == ["40", "12.50 %", "30", "8", "10", "1"]
        assert "(results/figure-5.png)" in part

    def test_rows_without_a_result_are_listed_with_their_command(self, page: str) -> None:
        page = section(page, "Not run")
        listed = re.findall(r"^- `([^`]+)`.*--only (\S+)`$", page, re.MULTILINE)
        ran = {"transfer-a", "scratch-a", "transfer-b", "scratch-b", "resnet18-b", "zero-shot"}
        assert listed == [(row.name, row.name) for row in rows.ROWS if row.name not in ran]

    def test_one_other_prediction_changes_every_table_it_is_in(self, page: str, folder: Path) -> None:
        result("transfer-a", (195, 194, 193, 196, 194), epochs=2).write(folder)
        after = report.markdown(folder, quick=False)
        for heading in ("Published, ours, verdict", "What the protocols let through", "Table II", "Every row in detail"):
            assert section(page, heading) != section(after, heading), heading
        assert section(page, "Accuracy and cost") == section(after, "Accuracy and cost")

    def test_only_images_that_are_there_are_shown(self, folder: Path) -> None:
        (folder / "figure-7.png").touch()
        assert re.findall(r"\((results/.*\.png)\)", report.markdown(folder, quick=False)) == ["results/figure-7.png"]

    def test_a_trial_is_marked_first(self, page: str, folder: Path) -> None:
        first = report.markdown(folder, quick=True).splitlines()[0]
        assert "trial" in first
        assert "mean nothing" in first
        assert "trial" not in page

    def test_a_page_without_any_result(self, tmp_path: Path) -> None:
        page = report.markdown(tmp_path, quick=False)
        assert all(f"--only {row.name}`" in page for row in rows.ROWS)
        assert "## Published" not in page


class TestRead:
    def test_in_the_order_of_the_rows(self, folder: Path) -> None:
        assert list(report.read(folder)) == ["transfer-a", "scratch-a", "transfer-b", "scratch-b", "zero-shot", "resnet18-b"]

    @pytest.mark.parametrize(
        ("change", "says"),
        [
            ({"method": "guessing"}, r"scratch-b\.json: has another method \(guessing\); remove it"),
            ({"protocol": "A"}, "another method"),
            ({"data_sha256": "00" * 32}, r"scratch-b\.json: has other data"),
        ],
    )
    def test_a_file_that_is_not_the_rows_own(self, folder: Path, change: dict[str, str], says: str) -> None:
        dataclasses.replace(result("scratch-b", (5,), n=7), **change).write(folder)  # type: ignore[arg-type]
        with pytest.raises(ConfigError, match=says):
            report.markdown(folder, quick=False)

    def test_a_result_without_a_split_is_none(self, tmp_path: Path) -> None:
        result("scratch-b", ()).write(tmp_path)
        assert report.read(tmp_path) == {}


def printed(found: dict[str, Result], *, quick: bool = False) -> str:
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(report.table(found, quick=quick))
    return console.export_text()


class TestTable:
    def test_two_lines_a_row_and_80_columns_suffice(self) -> None:
        text = printed({"transfer-a": result("transfer-a", (195, 195)), "scratch-b": result("scratch-b", (80,), n=98)})
        lines = text.splitlines()
        (first,) = [number for number, each in enumerate(lines) if "transfer-a" in each]
        assert lines[first].split()[0] == "transfer-a"
        for cell in ("A leaky", "99.49 %", "99.49 ± 0.00 %", "agrees"):
            assert cell in lines[first]
        assert "2 × 196" in lines[first + 1]
        assert "97.2 to 99.9 %" in lines[first + 1]
        assert "81.63 %" in text
        assert "trial" not in text

    def test_a_trial(self) -> None:
        assert "numbers mean nothing" in " ".join(printed({"transfer-a": result("transfer-a", (5,), n=7)}, quick=True).split())


class TestPublish:
    def test_page_and_plots(self, folder: Path) -> None:
        path = report.publish(folder.parent, quick=False)
        assert path == folder.parent / "REPRODUCTION.md"
        shown = re.findall(r"\((results/.*\.png)\)", path.read_text(encoding="utf-8"))
        assert shown == ["results/figure-6.png", "results/figure-7.png", "results/trade-off.png"]
        for name in shown:
            drawn = cv2.imread(str(folder.parent / name))
            assert drawn is not None
            assert min(drawn.shape[:2]) > 600
            assert (drawn < 250).any(axis=2).mean() > 0.01

    def test_figures_that_lack_a_row_are_left_out(self, tmp_path: Path) -> None:
        result("transfer-a", (195,), epochs=1).write(tmp_path / "results")
        costs("resnet18-b").write(tmp_path / "results")
        report.publish(tmp_path, quick=False)
        assert not list(tmp_path.rglob("*.png"))

    def test_where_nothing_can_be_written(self, tmp_path: Path) -> None:
        (tmp_path / "REPRODUCTION.md").mkdir()
        with pytest.raises(SinkError, match=r"REPRODUCTION\.md: cannot be written \(.*\); give another --out"):
            report.publish(tmp_path, quick=False)


@pytest.mark.skipif(not COMMITTED.is_dir(), reason="no results are committed yet")
class TestCommitted:
    """train/REPRODUCTION.md matches the files in train/results."""

    def test_the_page_matches_the_files(self) -> None:
        assert (ROOT / "train" / "REPRODUCTION.md").read_text(encoding="utf-8") == report.markdown(COMMITTED, quick=False)

    def test_every_file_belongs_to_a_row(self) -> None:
        names = {path.stem for path in COMMITTED.glob("*.json")} - {"trade-off", "algorithms"}
        assert names <= {row.name for row in rows.ROWS}


def test_the_builder_names_rights_as_asked() -> None:
    assert split("seed 0", 5, 7).right == 5
