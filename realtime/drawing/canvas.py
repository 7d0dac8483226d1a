"""Drawing on an image: text, plates, outlines; antialiased, clipped at the edge, sized in pixels. Knows nothing of faces.

Text is drawn by Pillow, in DejaVu Sans or, where that lacks characters, in a font of the system (`fonts`). Drawing a word takes
a tenth of a millisecond, so words are cached: in "#3 happiness 87 %" only the number changes.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as PillowImage
from PIL import ImageDraw

from realtime.drawing import fonts
from realtime.drawing.fonts import FALLBACKS, Run

Image = NDArray[np.uint8]
"""uint8 (H,W,3), BGR, written in place."""

MARGIN = 1
"""Pixels left and right of a word, for letters that lean out of their box."""

SHIFT = 4
"""Fractional bits of the coordinates given to OpenCV."""


class Colour(NamedTuple):
    """0 to 255 each; in OpenCV's order."""

    blue: int
    green: int
    red: int

    @classmethod
    def of(cls, rgb: str) -> "Colour":
        """From "rrggbb"."""
        red, green, blue = bytes.fromhex(rgb)
        return cls(blue, green, red)

    @property
    def luminance(self) -> float:
        """Relative luminance, 0 to 1 (WCAG 2.2)."""
        linear = [c / 3294.6 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in self]
        return 0.0722 * linear[0] + 0.7152 * linear[1] + 0.2126 * linear[2]

    def contrast(self, other: "Colour") -> float:
        """Contrast ratio, 1 to 21 (WCAG 2.2)."""
        low, high = sorted((self.luminance, other.luminance))
        return (high + 0.05) / (low + 0.05)

    def ink(self) -> "Colour":
        """Black or white, whichever reads better on this colour."""
        return max(BLACK, WHITE, key=self.contrast)


BLACK = Colour(16, 16, 16)
WHITE = Colour(255, 255, 255)


@dataclass(frozen=True)
class Rect:
    """Whole pixels, half-open."""

    x1: int
    y1: int
    x2: int
    y2: int

    @property
    def width(self) -> int:
        """Pixels."""
        return self.x2 - self.x1

    @property
    def height(self) -> int:
        """Pixels."""
        return self.y2 - self.y1

    @property
    def area(self) -> int:
        """Square pixels; 0 when there is nothing inside."""
        return max(0, self.width) * max(0, self.height)

    def within(self, other: "Rect") -> bool:
        """Whether no pixel of this one is outside the other."""
        return self.x1 >= other.x1 and self.y1 >= other.y1 and self.x2 <= other.x2 and self.y2 <= other.y2

    def intersect(self, other: "Rect") -> "Rect":
        """The overlap of both; its area is 0 if they are apart."""
        return Rect(max(self.x1, other.x1), max(self.y1, other.y1), min(self.x2, other.x2), min(self.y2, other.y2))

    def inset(self, by: int) -> "Rect":
        """Smaller by so many pixels on every side (larger when negative)."""
        return Rect(self.x1 + by, self.y1 + by, self.x2 - by, self.y2 - by)


def bounds(image: Image) -> Rect:
    """The whole image."""
    return Rect(0, 0, image.shape[1], image.shape[0])


def _parts(text: str) -> Sequence[Run]:
    """The units of drawing: the words of a simple line, else the run of each font."""
    return _words(text) if fonts.is_simple(text) else FALLBACKS.runs(text)


@lru_cache(maxsize=128)
def _words(text: str) -> tuple[Run, ...]:
    """Words and the spaces between them; most stay cached when a number changes."""
    return tuple(Run(part) for part in re.findall(r"\s+|\S+", text))


@lru_cache(maxsize=1024)
def _length(run: Run, cap_px: int) -> int:
    """Pixels from the beginning of a text to where the next letter begins, as the font has it: 25 microseconds."""
    return round(fonts.load(cap_px, fonts.is_simple(run.text), run.path).getlength(run.text))


def _advance(text: str, cap_px: int) -> int:
    """The same of a whole line."""
    return sum(_length(part, cap_px) for part in _parts(text))


def _coverage(run: Run, cap_px: int) -> Image:
    """Coverage of each pixel by a word or run, uint8 (line_height(cap_px), its length and margins)."""
    height, width = line_height(cap_px), _length(run, cap_px) + 2 * MARGIN
    image = PillowImage.new("L", (width, height))
    baseline = round((height + cap_px) / 2)
    font = fonts.load(cap_px, fonts.is_simple(run.text), run.path)
    ImageDraw.Draw(image).text((MARGIN, baseline), run.text, fill=255, font=font, anchor="ls")
    return np.asarray(image, np.uint8)


@dataclass(frozen=True, eq=False)
class Layer:
    """A drawing that can be laid over any image.

    Attributes:
        left: transmission of the image below, uint8 (H,W,3), 255 where nothing is drawn.
        added: the drawing's own colour, uint8 (H,W,3).
    """

    left: Image
    added: Image

    @classmethod
    def of(cls, width: int, height: int, draw: Callable[[Image], None]) -> "Layer":
        """Captures `draw` by drawing on black, which gives the colour, and on white, which also gives the transmission."""
        added, both = (np.full((height, width, 3), shade, np.uint8) for shade in (0, 255))
        draw(added)
        draw(both)
        return cls(np.asarray(cv2.subtract(both, added), np.uint8), added)

    def lay(self, image: Image, x: int, y: int) -> None:
        """Over an image, its upper left corner at x, y; what falls outside the image is cut off."""
        seen = Rect(x, y, x + self.left.shape[1], y + self.left.shape[0]).intersect(bounds(image))
        if not seen.area:
            return
        part = image[seen.y1 : seen.y2, seen.x1 : seen.x2]
        rows, columns = slice(seen.y1 - y, seen.y2 - y), slice(seen.x1 - x, seen.x2 - x)
        cv2.add(cv2.multiply(part, self.left[rows, columns], scale=1 / 255), self.added[rows, columns], dst=part)


@lru_cache(maxsize=1024)
def layer_of(run: Run, cap_px: int, colour: Colour) -> Layer:
    """A word or run, line_height(cap_px) high."""
    coverage = _coverage(run, cap_px)
    added = (coverage[:, :, None].astype(np.uint16) * np.array(colour, np.uint16) + 127) // 255
    return Layer(np.repeat(255 - coverage[:, :, None], 3, axis=2), added.astype(np.uint8))


def line_height(cap_px: int) -> int:
    """Pixels that one line takes when its capitals are `cap_px` high; they sit in its middle."""
    return round(cap_px * 1.8)


def text_width(text: str, cap_px: int) -> int:
    """Pixels that a line takes from left to right."""
    return _advance(text, cap_px) + 2 * MARGIN if text else 0


def write(image: Image, text: str, x: int, y: int, cap_px: int, colour: Colour) -> None:
    """Writes one line whose box starts at x, y (top left); what falls outside the image is cut off."""
    for part in _parts(text):
        if not part.text.isspace():
            layer_of(part, cap_px, colour).lay(image, x, y)
        x += _length(part, cap_px)


@lru_cache(maxsize=256)
def _corners(width: int, height: int, radius: int) -> NDArray[np.float64]:
    """Corner points of a rectangle of this size at 0, 0; see `_rounded`."""
    x2, y2 = width - 1, height - 1
    r = max(0, min(radius, x2 // 2, y2 // 2))
    if r == 0:
        return np.array([(0, 0), (x2, 0), (x2, y2), (0, y2)], np.float64)
    turn = np.linspace(0, np.pi / 2, 7)
    arc = np.stack([np.sin(turn), -np.cos(turn)], axis=1) * r
    corners = []
    for centre, quarter in (((x2 - r, r), 0), ((x2 - r, y2 - r), 1), ((r, y2 - r), 2), ((r, r), 3)):
        c, s = round(np.cos(quarter * np.pi / 2)), round(np.sin(quarter * np.pi / 2))
        corners.append(arc @ np.array([[c, s], [-s, c]]) + centre)
    return np.concatenate(corners)


def _rounded(rect: Rect, radius: int) -> NDArray[np.float64]:
    """Corner points of a rectangle with round corners, clockwise, (n,2), through the middle of its outermost pixels."""
    return np.add(_corners(rect.width, rect.height, radius), (rect.x1, rect.y1))


def _fixed(points: NDArray[np.float64]) -> NDArray[np.int32]:
    return np.round(points * (1 << SHIFT)).astype(np.int32)


def plate(image: Image, rect: Rect, colour: Colour, radius: int = 0, alpha: float = 1.0) -> None:
    """Fills a rectangle with round corners; `alpha` 1 hides what is below it."""
    seen = rect.intersect(bounds(image))
    if not seen.area:
        return
    part = image[seen.y1 : seen.y2, seen.x1 : seen.x2]
    filled = part if alpha == 1 else part.copy()
    points = _rounded(rect, radius) - (seen.x1, seen.y1)
    cv2.fillPoly(filled, [_fixed(points)], colour, cv2.LINE_AA, SHIFT)
    if alpha < 1:
        cv2.addWeighted(filled, alpha, part, 1 - alpha, 0, dst=part)


def outline(image: Image, rect: Rect, colour: Colour, thickness: int, radius: int = 0, dash: int = 0) -> None:
    """Draws the edge of a rectangle, with dashes of `dash` pixels unless that is 0."""
    points = _rounded(rect, radius)
    lines = list(_dashes(points, dash)) if dash else [points]
    cv2.polylines(image, [_fixed(line) for line in lines], not dash, colour, thickness, cv2.LINE_AA, SHIFT)


def _dashes(points: NDArray[np.float64], dash: int) -> Iterator[NDArray[np.float64]]:
    """Cuts a closed line into equal dashes and gaps of about `dash` pixels; they follow the corners."""
    closed = np.concatenate([points, points[:1]])
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    count = max(2, round(along[-1] / (2 * dash)))
    for start in np.arange(count) * along[-1] / count:
        end = start + along[-1] / count / 2
        at = np.concatenate([[start], along[(along > start) & (along < end)], [end]])
        yield np.stack([np.interp(at, along, closed[:, 0]), np.interp(at, along, closed[:, 1])], axis=1)
