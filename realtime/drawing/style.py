"""The style of drawings: colours, and sizes that scale with the image."""

from dataclasses import dataclass

from realtime.drawing.canvas import WHITE, Colour, Image
from realtime.labels import UNCERTAIN

COLOURS: dict[str, Colour] = {
    "neutral": Colour.of("f2f2f2"),
    "happiness": Colour.of("f0e442"),
    "surprise": Colour.of("e69f00"),
    "sadness": Colour.of("0072b2"),
    "anger": Colour.of("d55e00"),
    "disgust": Colour.of("009e73"),
    "fear": Colour.of("cc79a7"),
    "contempt": Colour.of("56b4e9"),
    UNCERTAIN: Colour.of("6e6e6e"),
}
"""Okabe and Ito's palette, which colour-blind people can tell apart; its black, lost on video, became off-white for neutral."""

UNKNOWN = WHITE
"""Colour of an expression that is not in LABELS."""

PANEL = Colour.of("14171a")
DIM = Colour.of("b4bac0")
REC = Colour.of("e5484d")
LAMP = Colour.of("46c37b")
"""A camera is in use, and nothing is stored: green, as on laptops and telephones."""


@dataclass(frozen=True)
class Sizes:
    """Pixels: height of capitals, thickness of lines, space around text, radius of corners."""

    cap: int
    line: int
    pad: int
    radius: int

    @classmethod
    def of(cls, image: Image) -> "Sizes":
        """Scales with the image's shorter side; letters below 8 px are illegible."""
        short = min(image.shape[:2])
        cap = max(8, round(short / 52))
        return cls(cap, max(1, round(short / 300)), max(3, round(cap * 0.55)), max(2, round(cap * 0.45)))


def colour_of(label: str) -> Colour:
    """The colour of an expression, or of `uncertain`."""
    return COLOURS.get(label, UNKNOWN)
