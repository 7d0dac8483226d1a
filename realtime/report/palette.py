"""Chooses the colours of expressions for light and dark pages."""

from realtime.drawing.style import COLOURS
from realtime.labels import UNCERTAIN

LIGHT = {"neutral": "c3cad1", "happiness": "e0cf1f", UNCERTAIN: "8a8f94"}
"""Replacements for colours of the video that are hard to see on white."""

DARK = {"neutral": "dfe3e6", "sadness": "2f8fd0"}
"""Replacements for colours of the video that are too bright or too dark on a dark page."""

SPARE = ("a6761d", "7570b3", "66a61e", "e7298a")
"""Colours for expressions that are not in LABELS."""


def palette(labels: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """For each label its colour on a light and on a dark page, as `#rrggbb`."""
    return tuple((f"#{_of(label, i, LIGHT)}", f"#{_of(label, i, DARK)}") for i, label in enumerate(labels))


def _of(label: str, position: int, instead: dict[str, str]) -> str:
    if label in instead:
        return instead[label]
    if label in COLOURS:
        colour = COLOURS[label]
        return bytes((colour.red, colour.green, colour.blue)).hex()
    return SPARE[position % len(SPARE)]
