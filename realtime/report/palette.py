"""Colours of expressions on paper and on a dark screen."""

from realtime.drawing.style import COLOURS
from realtime.labels import UNCERTAIN

LIGHT = {"neutral": "c3cad1", "happiness": "e0cf1f", UNCERTAIN: "8a8f94"}
"""Instead of the video's colours that white paper swallows."""

DARK = {"neutral": "dfe3e6", "sadness": "2f8fd0"}
"""Instead of the video's colours that glare on a dark page, or sink in it."""

SPARE = ("a6761d", "7570b3", "66a61e", "e7298a")
"""For expressions that are not in LABELS."""


def palette(labels: tuple[str, ...]) -> tuple[tuple[str, str], ...]:
    """`#rrggbb` on light and on dark for each label."""
    return tuple((f"#{_of(label, i, LIGHT)}", f"#{_of(label, i, DARK)}") for i, label in enumerate(labels))


def _of(label: str, position: int, instead: dict[str, str]) -> str:
    if label in instead:
        return instead[label]
    if label in COLOURS:
        colour = COLOURS[label]
        return bytes((colour.red, colour.green, colour.blue)).hex()
    return SPARE[position % len(SPARE)]
