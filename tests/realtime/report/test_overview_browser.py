"""The overview in a browser: no request, no error, sorted, filtered and saved, usable at every width."""

import csv
import io
from pathlib import Path

import pytest

from realtime.bulk.overview import summarize
from realtime.report import page
from tests import chromium, datasets
from tests.chromium import Chromium

pytestmark = pytest.mark.skipif(chromium.program() is None, reason="Chromium is not installed")

NAMES = "[...document.querySelectorAll('#table tbody tr')].filter((row) => !row.hidden).map((row) => row.cells[0].textContent)"


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    path = folder / "page.html"
    path.write_text(page.render_overview(summarize(datasets.study(folder / "study"))), encoding="utf-8")
    return path


def sort_by(browser: Chromium, column: str) -> list[str]:
    browser.run(f"[...document.querySelectorAll('#table button')].find((each) => each.textContent === {column!r}).click()")
    return list(browser.run(NAMES))


@pytest.mark.parametrize(("width", "dark"), [(360, False), (900, True), (1400, False)])
def test_the_page_asks_for_nothing_and_nothing_sticks_out(browser: Chromium, html: Path, width: int, dark: bool) -> None:
    browser.open(html, size_wh=(width, 900), dark=dark)
    browser.run("document.querySelectorAll('details').forEach((each) => (each.open = true))")
    sort_by(browser, "happiness")
    assert browser.requests() == []
    assert browser.errors() == []
    assert browser.run("document.documentElement.scrollWidth") <= width


def test_rows_without_a_value_come_last_both_ways(browser: Chromium, html: Path) -> None:
    browser.open(html)
    assert sort_by(browser, "happiness") == ["c.mp4", "a.mp4", "b.mp4", "d.mp4", "e.mp4", "f.mp4"]
    assert sort_by(browser, "happiness") == ["b.mp4", "a.mp4", "c.mp4", "d.mp4", "e.mp4", "f.mp4"]
    assert browser.run("document.querySelector('[aria-sort=ascending]').textContent") == "happiness"
    assert sort_by(browser, "recording") == ["a.mp4", "b.mp4", "c.mp4", "d.mp4", "e.mp4", "f.mp4"]


def test_the_csv_has_the_rows_that_are_shown_in_their_order(browser: Chromium, html: Path) -> None:
    browser.open(html)
    sort_by(browser, "length")
    rows = list(csv.DictReader(io.StringIO(browser.run("ferReport.csv()"))))
    assert [row["recording"] for row in rows] == ["a.mp4", "b.mp4", "c.mp4", "d.mp4", "e.mp4", "f.mp4"]
    assert (rows[0]["happiness"], rows[0]["length"], rows[4]["happiness"]) == ("0.25", "2", "")
    script = (
        "(() => {const box = document.getElementById('filter'); box.value = 'B.MP'; box.dispatchEvent(new Event('input'))})()"
    )
    browser.run(script)
    assert browser.run(NAMES) == ["b.mp4"]
    assert len(browser.run("ferReport.csv()").splitlines()) == 2


def test_each_recording_is_a_column_of_its_shares(browser: Chromium, html: Path) -> None:
    """Colours from the bottom up in the middle of each of six columns: neutral and happiness, sadness, happiness, nothing."""
    browser.open(html)
    script = """(() => {
        const canvas = document.getElementById("columns"), style = getComputedStyle(document.documentElement);
        const hex = (c) => "#" + [...c].slice(0, 3).map((v) => v.toString(16).padStart(2, "0")).join("");
        const ctx = canvas.getContext("2d");
        const at = (n, y) => hex(ctx.getImageData((n + .5) * canvas.width / 6, canvas.height * y, 1, 1).data);
        const names = Object.fromEntries([0, 1, 3].map((i) => [style.getPropertyValue(`--c${i}`).trim(), i]));
        return [0, 1, 2, 3].map((n) => [names[at(n, .9)] ?? null, names[at(n, .1)] ?? null]);
    })()"""
    assert browser.run(script) == [[0, 1], [3, 3], [1, 1], [None, None]]
