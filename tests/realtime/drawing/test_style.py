"""The colours of expressions: distinguishable to everybody, with text that is legible."""

from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray

from realtime.drawing import style
from realtime.drawing.canvas import BLACK, WHITE, Colour
from realtime.drawing.style import COLOURS
from realtime.labels import LABELS, UNCERTAIN


def simulated(colour: Colour, missing: str) -> NDArray[np.float64]:
    """CIELAB of a colour as a dichromat sees it (Viénot, Brettel and Mollon, 1999)."""
    linear = ((np.array(colour[::-1]) / 255 + 0.055) / 1.055) ** 2.4
    to_lms = np.array([[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]])
    lose = {
        "nobody": np.eye(3),
        "protan": np.array([[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]]),
        "deutan": np.array([[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]]),
    }[missing]
    seen = np.clip(np.linalg.inv(to_lms) @ lose @ to_lms @ linear, 0, 1)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    x, y, z = np.cbrt(np.maximum(to_xyz @ seen / (0.9505, 1.0, 1.089), 1e-6))
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("missing", ["nobody", "protan", "deutan"])
def test_every_pair_of_colours_is_distinguishable(missing: str) -> None:
    for a, b in combinations(COLOURS, 2):
        distance = float(np.linalg.norm(simulated(COLOURS[a], missing) - simulated(COLOURS[b], missing)))
        assert distance > 10, f"{a} and {b} look alike to {missing}: {distance:.1f}"


def test_every_expression_and_uncertain_have_a_colour_that_text_reads_on() -> None:
    assert set(COLOURS) == {*LABELS, UNCERTAIN}
    for colour in COLOURS.values():
        assert colour.contrast(colour.ink()) >= 4.5  # WCAG AA


def test_contrast_is_that_of_the_standard() -> None:
    assert Colour(0, 0, 0).contrast(WHITE) == pytest.approx(21)
    assert Colour.of("777777").contrast(WHITE) == pytest.approx(4.48, abs=0.01)
    assert Colour.of("f0e442").ink() == BLACK
    assert Colour.of("0072b2").ink() == WHITE


def test_an_expression_of_another_network_is_drawn_in_white() -> None:
    assert style.colour_of("boredom") == WHITE
