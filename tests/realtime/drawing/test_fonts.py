"""Characters that DejaVu Sans lacks, with fonts made here: each has a square of its own size for the characters it is given."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen

from realtime.drawing import canvas
from realtime.drawing.canvas import WHITE
from realtime.drawing.fonts import FALLBACKS, Fallbacks, Glyphs, Run, system_folders
from tests.conftest import ROOT

LIMIT_S = 20.0

HAN, HANGUL, THAI = "\u540d", "\ud55c", "\u0e17"
PRIVATE = "\U0010f0f0"
"""No font of any system has it."""

pytestmark = pytest.mark.timeout(60)


def square(side: int) -> object:
    pen = TTGlyphPen(None)
    pen.moveTo((0, 0))
    for corner in ((0, side), (side, side), (side, 0)):
        pen.lineTo(corner)
    pen.closePath()
    return pen.glyph()


def make_font(path: Path, characters: str) -> str:
    """A font of 1000 units, whose sign for a missing character is a small square, and every other one a large."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = [".notdef", *(f"u{ord(character):x}" for character in characters)]
    font = FontBuilder(1000)
    font.setupGlyphOrder(names)
    font.setupCharacterMap({ord(character): f"u{ord(character):x}" for character in characters})
    font.setupGlyf({name: square(100 if name == ".notdef" else 700) for name in names})
    font.setupHorizontalMetrics(dict.fromkeys(names, (1000, 0)))
    font.setupHorizontalHeader(ascent=800, descent=-200)
    font.setupNameTable({"familyName": path.stem, "styleName": "Regular"})
    font.setupOS2()
    font.setupPost()
    font.save(path)
    return str(path)


def found(fallbacks: Fallbacks, text: str) -> list[Run]:
    fallbacks.runs(text)
    fallbacks.wait(LIMIT_S)
    return fallbacks.runs(text)


def test_each_run_has_a_font_that_has_its_characters(tmp_path: Path) -> None:
    han, thai = make_font(tmp_path / "han.ttf", HAN + "\u524d"), make_font(tmp_path / "below" / "thai.OTF", THAI)
    fallbacks = Fallbacks(lambda: [tmp_path, tmp_path / "missing"])
    text = f"wrote {HAN}\u524d {THAI}{HANGUL}.png"
    assert fallbacks.runs(text) == [Run(text)], "the search has not ended"
    fallbacks.wait(LIMIT_S)
    wanted = [Run("wrote "), Run(f"{HAN}\u524d ", han), Run(THAI, thai), Run(f"{HANGUL}.png")]
    assert fallbacks.runs(text) == wanted
    assert "".join(run.text for run in wanted) == text


def test_characters_missing_everywhere_use_the_bundled_font(tmp_path: Path) -> None:
    fallbacks = Fallbacks(lambda: [tmp_path])
    assert found(fallbacks, HAN) == [Run(HAN)]
    make_font(tmp_path / "late.ttf", HAN)
    assert found(fallbacks, HAN) == [Run(HAN)], "fonts are listed once"


def test_fonts_are_searched_only_when_needed(tmp_path: Path) -> None:
    asked: list[int] = []

    def folders() -> list[Path]:
        asked.append(1)
        return [tmp_path]

    fallbacks = Fallbacks(folders)
    assert found(fallbacks, "Zo\u00eb \u041e\u043b\u044c\u0433\u0430 \u05e9\u05e8\u05d4 \u0645\u062d\u0645\u062f \u2026") == [
        Run("Zo\u00eb \u041e\u043b\u044c\u0433\u0430 \u05e9\u05e8\u05d4 \u0645\u062d\u0645\u062f \u2026")
    ]
    assert (asked, fallbacks.version) == ([], 0)
    found(fallbacks, HAN)
    found(fallbacks, THAI)
    assert (asked, fallbacks.version) == ([1], 2)


def test_plain_fonts_are_preferred_and_useless_ones_passed_over(tmp_path: Path) -> None:
    for name in ("A-Bold", "B-SerifItalic", "LastResort"):
        make_font(tmp_path / f"{name}.ttf", HAN)
    (tmp_path / "AA-Sans-Regular.ttf").write_bytes(b"this is no font")
    (tmp_path / "AB-Sans-Regular.txt").write_bytes(b"nor is this")
    plain = make_font(tmp_path / "Z-Sans-Regular.ttf", HAN)
    assert found(Fallbacks(lambda: [tmp_path]), HAN) == [Run(HAN, plain)]


def test_joiners_and_marks_stay_with_their_letters(tmp_path: Path) -> None:
    font = make_font(tmp_path / "thai.ttf", THAI + "\u0e35")
    text = f"{THAI}\u200d{THAI}\u0e35\ufe0f"
    assert found(Fallbacks(lambda: [tmp_path]), text) == [Run(text, font)]


def test_a_font_knows_its_characters(tmp_path: Path) -> None:
    glyphs, shipped = Glyphs(make_font(tmp_path / "han.ttf", HAN)), Glyphs()
    assert [glyphs.has(character) for character in (HAN, THAI, "a")] == [True, False, False]
    assert [shipped.has(character) for character in (HAN, THAI, "a", "\u0645")] == [False, False, True, True]


DRAW = f"""
import sys
import numpy as np
from realtime.drawing import canvas
from realtime.drawing.fonts import FALLBACKS

def ink():
    image = np.zeros((canvas.line_height(20), canvas.text_width("{PRIVATE}", 20), 3), np.uint8)
    canvas.write(image, "{PRIVATE}", 0, 0, 20, canvas.WHITE)
    return image

box = ink()
FALLBACKS.wait({LIMIT_S})
glyph = ink()
same = box.shape == glyph.shape and np.array_equal(box, glyph)
print(box.max(), glyph.max(), same, glyph[:, :, 0].astype(bool).sum())
"""


@pytest.mark.skipif(sys.platform in ("win32", "darwin"), reason="the fonts' folders there cannot be moved by a variable")
@pytest.mark.parametrize("has_font", [True, False])
def test_a_program_draws_characters_of_a_system_font(tmp_path: Path, has_font: bool) -> None:
    if has_font:
        make_font(tmp_path / "fonts" / "own.ttf", PRIVATE)
    environment = os.environ | {"XDG_DATA_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", DRAW], cwd=ROOT, env=environment, timeout=LIMIT_S, capture_output=True, text=True, check=True
    )
    brightest_box, brightest_glyph, same, pixels = done.stdout.split()
    assert int(brightest_box) > 100, "a box until the font is found"
    assert int(brightest_glyph) > 100
    assert same == str(not has_font)
    if has_font:  # 0.7 of a size of 20 px / 0.729, squared
        assert int(pixels) == pytest.approx((0.7 * 20 / 0.729) ** 2, rel=0.12)


@pytest.mark.parametrize(
    "text", ["\u540d\u524d", "\u30c6\u30b9\u30c8", "\ud55c\uad6d\uc5b4", "\u0e44\u0e17\u0e22", "\u0939\u093f"]
)
def test_names_in_other_scripts_where_this_system_has_a_font(text: str) -> None:
    if any(run.path is None for run in found(FALLBACKS, text)):
        pytest.skip("no font of this system has these characters")
    shown, boxes = (np.zeros((canvas.line_height(20), 400, 3), np.uint8) for _ in range(2))
    canvas.write(shown, text, 5, 0, 20, WHITE)
    canvas.write(boxes, "\uffff" * len(text), 5, 0, 20, WHITE)
    assert shown.any()
    assert not np.array_equal(shown, boxes)


@pytest.mark.parametrize(
    ("platform", "variables", "folder"),
    [
        ("linux", {"XDG_DATA_HOME": "/own"}, "/own/fonts"),
        ("linux", {"XDG_DATA_DIRS": "/a:/b"}, "/b/fonts"),
        ("darwin", {}, "/System/Library/Fonts"),
        ("win32", {"WINDIR": "/W"}, "/W/Fonts"),
    ],
)
def test_where_systems_keep_fonts(platform: str, variables: dict[str, str], folder: str) -> None:
    assert Path(folder) in system_folders(platform, variables)
