"""Drawing on an image, by the pixels that it leaves."""

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.drawing import canvas
from realtime.drawing.canvas import WHITE, Colour, Rect
from realtime.drawing.fonts import Run

ORANGE = Colour.of("d55e00")


def inked(image: NDArray[np.uint8]) -> tuple[int, int]:
    """The first and the last column that is not black."""
    columns = np.flatnonzero(image.any(axis=(0, 2)))
    return int(columns[0]), int(columns[-1])


@pytest.mark.parametrize("cap_px", [8, 14, 42])
@pytest.mark.parametrize("text", ["#3 happiness 87 %", "29.8 fps   14 / 22 ms"])
def test_words_stand_where_the_whole_line_has_them(text: str, cap_px: int) -> None:
    width = canvas.text_width(text, cap_px)
    words, line = (np.zeros((canvas.line_height(cap_px), width + 20, 3), np.uint8) for _ in range(2))
    canvas.write(words, text, 5, 0, cap_px, WHITE)
    canvas.layer_of(Run(text), cap_px, WHITE).lay(line, 5, 0)
    assert inked(words) == pytest.approx(inked(line), abs=1)
    assert inked(words)[1] < 5 + width
    # the same ink, a word at most a fraction of a pixel beside its place
    so_far, of_line = (image.sum(axis=(0, 2), dtype=np.int64).cumsum() for image in (words, line))
    assert np.abs(so_far - of_line).max() < 0.02 * of_line[-1]


def test_text_beyond_the_edge_is_cut_off() -> None:
    image = np.zeros((20, 30, 3), np.uint8)
    canvas.write(image, "happiness", -20, 4, 10, WHITE)
    assert image[:, :10].any()
    canvas.write(image, "gone", 500, 4, 10, WHITE)
    canvas.write(image, "", 0, 0, 10, WHITE)
    assert canvas.text_width("", 10) == 0


def test_an_opaque_plate_hides_and_a_clear_one_tints() -> None:
    image = np.full((40, 40, 3), 100, np.uint8)
    canvas.plate(image, Rect(10, 10, 30, 30), WHITE, radius=4)
    assert (image[14:26, 14:26] == 255).all()
    assert (image[10, 10] < 255).all(), "the corner is round"
    image[:] = 100
    canvas.plate(image, Rect(10, 10, 30, 30), WHITE, alpha=0.5)
    assert np.abs(image[14:26, 14:26].astype(int) - 178).max() <= 1
    assert (image[:9] == 100).all()


def test_a_layer_looks_as_if_it_had_been_drawn_there() -> None:
    def drawing(image: NDArray[np.uint8]) -> None:
        canvas.plate(image, Rect(0, 0, 60, 40), ORANGE, radius=6, alpha=0.6)
        canvas.write(image, "anger", 8, 8, 10, WHITE)

    below = np.random.default_rng(0).integers(0, 256, (50, 90, 3)).astype(np.uint8)
    drawn, laid = below.copy(), below.copy()
    drawing(drawn[5:45, 20:80])
    layer = canvas.Layer.of(60, 40, drawing)
    layer.lay(laid, 20, 5)
    assert np.abs(drawn.astype(int) - laid).max() <= 2  # rounded once more
    layer.lay(laid, 20, 5)
    assert np.abs(drawn.astype(int) - laid).max() > 50  # and it lets the image shine through


def test_a_layer_is_cut_off_at_the_edge() -> None:
    layer = canvas.Layer.of(20, 20, lambda image: canvas.plate(image, Rect(0, 0, 20, 20), WHITE))
    image = np.zeros((30, 30, 3), np.uint8)
    layer.lay(image, -15, 25)
    layer.lay(image, 99, 0)
    assert np.argwhere(image.any(axis=2)).tolist() == [[y, x] for y in range(25, 30) for x in range(5)]


def test_rectangles() -> None:
    a, b = Rect(0, 0, 10, 10), Rect(5, 5, 20, 8)
    assert a.intersect(b) == Rect(5, 5, 10, 8)
    assert a.intersect(b).area == 15
    assert a.intersect(Rect(30, 30, 40, 40)).area == 0
    assert a.inset(2) == Rect(2, 2, 8, 8)
    assert a.inset(2).within(a)
    assert not b.within(a)


@pytest.mark.parametrize("text", ["Zoë", "Łukasz", "Ольга", "Ελένη", "محمد", "שרה"])
def test_names_are_drawn_in_their_own_letters(text: str) -> None:
    """A letter that the font lacks is drawn as an empty box, the same for all of them."""
    width = canvas.text_width(text, 20)
    shown, boxes = (np.zeros((canvas.line_height(20), width + 40, 3), np.uint8) for _ in range(2))
    canvas.write(shown, text, 5, 0, 20, WHITE)
    canvas.write(boxes, "\uffff" * len(text), 5, 0, 20, WHITE)
    assert shown.any()
    assert not np.array_equal(shown, boxes)
    letters = set()
    for letter in text:
        alone = np.zeros((canvas.line_height(20), 60, 3), np.uint8)
        canvas.write(alone, letter, 5, 0, 20, WHITE)
        letters.add(alone.tobytes())
    assert len(letters) == len(set(text))
