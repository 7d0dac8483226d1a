"""Draws boxes, labels, bars and the state of the program onto a copy of a frame's image."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import FrameResult, State, TrackedFace
from realtime.drawing import canvas
from realtime.drawing.canvas import BLACK, WHITE, Image, Layer, Rect
from realtime.drawing.hud import Status, draw_corners, draw_help, draw_pause
from realtime.drawing.style import DIM, PANEL, Sizes, colour_of
from realtime.labels import UNCERTAIN

ABOUT = 0.8
"""Share of the largest side from which a face counts as about as large."""


def draw(
    result: FrameResult,
    hud: Status | None = None,
    *,
    mirror: bool = False,
    size_wh: tuple[int, int] | None = None,
    focus: int | None = None,
) -> NDArray[np.uint8]:
    """A new image, uint8 (H,W,3), of the frame's size or of `size_wh`: text is drawn at that size, and never scaled.

    Without `hud` only faces and the bars of the closest one are drawn, as saved videos show them. `mirror` flips image
    and boxes, never text. With `focus`, the id of the face whose bars are drawn elsewhere, that face is marked and has no bars.
    """
    image = _sized(result.frame.image, mirror, size_wh)
    scale = image.shape[1] / result.frame.image.shape[1], image.shape[0] / result.frame.image.shape[0]
    sizes = Sizes.of(image)
    faces = sorted(result.faces, key=_side, reverse=True)  # the largest is drawn first where plates compete for room
    boxes = [_box(face, image, scale, mirror) for face in faces]
    for face, box in reversed(list(zip(faces, boxes, strict=True))):
        _draw_box(image, face, box, sizes)
        if face.id == focus and len(faces) > 1:
            canvas.outline(image, box.inset(-2 * sizes.line), WHITE, sizes.line, 3 * sizes.radius)
    taken = [] if hud is None else draw_corners(image, hud, not faces, sizes)
    detailed = faces and focus is None and (hud is None or hud.details)
    bars = _place_bars(image, boxes, taken, result.labels, sizes) if detailed else None
    if hud is not None and hud.help:
        help_spot = draw_help(image, hud.markers, boxes, taken, bars, sizes)
        taken.append(help_spot)
        bars = None if bars is None or bars.intersect(help_spot).area else bars  # too small for both
    if bars is not None:
        _draw_bars(image, closest(faces), bars, result.labels, sizes)
        taken.append(bars)
    _draw_plates(image, faces, boxes, taken, sizes)
    if hud is not None and hud.paused and not hud.help:
        draw_pause(image, sizes)
    return image


def _sized(image: NDArray[np.uint8], mirror: bool, size_wh: tuple[int, int] | None) -> Image:
    """A copy of the image to draw on."""
    if size_wh is None or size_wh == (image.shape[1], image.shape[0]):
        return (image[:, ::-1] if mirror else image).copy()
    shrinks = size_wh[0] < image.shape[1]
    resized = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.ascontiguousarray(resized[:, ::-1] if mirror else resized)


def _side(face: TrackedFace) -> float:
    return float(face.box_xyxy[2] - face.box_xyxy[0])


def closest(faces: Sequence[TrackedFace]) -> TrackedFace:
    """The largest face; of several about as large the oldest, so that the bars do not switch."""
    side = max(_side(face) for face in faces)
    return min((face for face in faces if _side(face) >= ABOUT * side), key=lambda face: face.id)


def next_face(faces: Sequence[TrackedFace], chosen: int | None) -> int:
    """The id that follows the chosen face, or the closest one if that is not there; after the last comes the first."""
    ids = sorted(face.id for face in faces)
    now = chosen if chosen in ids else closest(faces).id
    return ids[(ids.index(now) + 1) % len(ids)]


def _box(face: TrackedFace, image: Image, scale: tuple[float, float], mirror: bool) -> Rect:
    """The face's box in whole pixels of the image, cut off where that ends; at least one pixel."""
    height, width = image.shape[:2]
    x1, y1, x2, y2 = (float(v) * scale[i % 2] for i, v in enumerate(face.box_xyxy))
    if mirror:
        x1, x2 = width - x2, width - x1
    left, top = min(max(round(x1), 0), width - 1), min(max(round(y1), 0), height - 1)
    return Rect(left, top, max(left + 1, min(round(x2), width)), max(top + 1, min(round(y2), height)))


def _draw_box(image: Image, face: TrackedFace, box: Rect, sizes: Sizes) -> None:
    """A dark seam keeps the line visible on a background of its own colour. A coasting face is dashed and thin."""
    coasting = face.state is State.COASTING
    line = max(1, sizes.line // 2) if coasting else sizes.line
    inner = box.inset((sizes.line + 1) // 2) if min(box.width, box.height) > 4 * sizes.line else box
    dash = 4 * sizes.line + 2 if coasting else 0
    canvas.outline(image, inner, BLACK, line + 2 * max(1, sizes.line // 2), 2 * sizes.radius, dash)
    canvas.outline(image, inner, colour_of(face.label), line, 2 * sizes.radius, dash)


def _draw_plates(image: Image, faces: Sequence[TrackedFace], boxes: Sequence[Rect], taken: list[Rect], sizes: Sizes) -> None:
    """Labels every face, the largest first; in a crowd labels are shortened before they overlap."""
    for face, box in zip(faces, boxes, strict=True):
        spot = place_label(face, box, taken, canvas.bounds(image), sizes)
        if spot is None:
            continue
        rect, text = spot
        taken.append(rect)
        colour = colour_of(face.label)
        alpha = 0.55 if face.state is State.COASTING else 1.0
        canvas.plate(image, rect, colour, sizes.radius, alpha)
        canvas.write(image, text, rect.x1 + sizes.pad, rect.y1 + sizes.pad // 2, sizes.cap, colour.ink())


def place_label(face: TrackedFace, box: Rect, taken: Sequence[Rect], whole: Rect, sizes: Sizes) -> tuple[Rect, str] | None:
    """Place and text of the label: above the box, else below, else inside; None if no text fits."""
    words = (f"#{face.id} {face.caption}", f"#{face.id} {face.label}", f"#{face.id}")
    height = canvas.line_height(sizes.cap) + 2 * (sizes.pad // 2)
    fallback: tuple[Rect, str] | None = None
    for text in words:
        width = canvas.text_width(text, sizes.cap) + 2 * sizes.pad
        xs = (max(0, min(box.x1, whole.x2 - width)), max(0, box.x2 - width))
        for y, x in product((box.y1 - height - sizes.line, box.y2 + sizes.line, box.y1 + sizes.line), xs):
            rect = Rect(x, y, x + width, y + height)
            if not rect.within(whole):
                continue
            fallback = (rect, text)
            inside = y > box.y1 and y < box.y2
            if inside and width > max(box.width, canvas.text_width(words[-1], sizes.cap) + 2 * sizes.pad):
                continue  # it would hide the neighbour's face
            if not any(rect.intersect(other).area for other in taken):
                return fallback
    return fallback


@dataclass(frozen=True)
class _Bars:
    """Layout of the panel of bars in pixels: one row for the face's number and one per expression.

    Attributes:
        width, height: of the panel.
        row: height of a row.
        pad: room at the panel's sides.
        bar_x, bar: where the bars begin, from the panel's left side, and the longest one's length.
    """

    width: int
    height: int
    row: int
    pad: int
    bar_x: int
    bar: int

    @classmethod
    def of(cls, labels: Sequence[str], sizes: Sizes) -> "_Bars":
        """The layout for the longest name."""
        names = max(canvas.text_width(label, sizes.cap) for label in labels)
        number = canvas.text_width("100", sizes.cap)
        row = canvas.line_height(sizes.cap) + max(1, sizes.pad // 4)
        pad, gap, bar = 2 * sizes.pad, sizes.pad, 7 * sizes.cap
        width = names + bar + number + 2 * gap + 2 * pad
        return cls(width, row * (len(labels) + 1) + 2 * sizes.pad, row, pad, pad + names + gap, bar)

    def rect(self, n: int, share: float, sizes: Sizes) -> Rect:
        """The n-th expression's bar at this share of its length."""
        middle = sizes.pad + (n + 1) * self.row + self.row // 2
        end = self.bar_x + round(self.bar * share)
        return Rect(self.bar_x, middle - sizes.cap // 2, end, middle + (sizes.cap + 1) // 2)


@lru_cache(maxsize=9)
def _panel(labels: tuple[str, ...], leading: str, sizes: Sizes) -> Layer:
    """The constant part of the panel: background, names and empty bars.

    One is cached per leading expression; at 4K it takes 3 MB.
    """
    bars = _Bars.of(labels, sizes)

    def draw_on(image: Image) -> None:
        canvas.plate(image, Rect(0, 0, bars.width, bars.height), PANEL, 2 * sizes.radius, 0.72)
        for n, label in enumerate(labels):
            ink = WHITE if label == leading else DIM
            canvas.write(image, label, bars.pad, sizes.pad + (n + 1) * bars.row, sizes.cap, ink)
            canvas.plate(image, bars.rect(n, 1.0, sizes), WHITE, sizes.radius, 0.14)

    return Layer.of(bars.width, bars.height, draw_on)


def _place_bars(image: Image, boxes: Sequence[Rect], taken: Sequence[Rect], labels: Sequence[str], sizes: Sizes) -> Rect | None:
    """A lower corner for the bars: the right one unless it covers more of the faces than the left one.

    It is placed above existing text. None if the image is too small.
    """
    bars, whole = _Bars.of(labels, sizes), canvas.bounds(image)
    if bars.width > 0.6 * whole.width or bars.height > 0.8 * whole.height:
        return None
    corners = []
    for x in (whole.x2 - sizes.pad - bars.width, sizes.pad):
        y = whole.y2 - sizes.pad - bars.height
        lowest = Rect(x, y, x + bars.width, y + bars.height)
        tops = [rect.y1 for rect in taken if rect.y1 > whole.height // 2 and rect.intersect(lowest).area]
        y = min([y, *(top - sizes.pad // 2 - bars.height for top in tops)])
        corners.append(Rect(x, y, x + bars.width, y + bars.height))
    return min(corners, key=lambda corner: sum(corner.intersect(box).area for box in boxes))


def _draw_bars(image: Image, face: TrackedFace, panel: Rect, labels: Sequence[str], sizes: Sizes) -> None:
    """One bar per expression, and above them the fault of the crop, if the face has a label."""
    bars = _Bars.of(labels, sizes)
    _panel(tuple(labels), face.label, sizes).lay(image, panel.x1, panel.y1)
    inside = image[panel.y1 : panel.y2, panel.x1 : panel.x2]
    number = f"#{face.id}  "
    canvas.write(inside, number, bars.pad, sizes.pad, sizes.cap, WHITE)
    if face.reason is not None and face.label != UNCERTAIN:  # the caption of an uncertain face contains it
        canvas.write(inside, face.reason, bars.pad + canvas.text_width(number, sizes.cap), sizes.pad, sizes.cap, DIM)
    for n, (label, p) in enumerate(zip(labels, face.probs, strict=True)):
        filled = bars.rect(n, float(min(max(p, 0), 1)), sizes)
        if filled.width:
            canvas.plate(inside, filled, colour_of(label), sizes.radius)
        figure, ink = f"{100 * p:.0f}", WHITE if label == face.label else DIM
        x = bars.width - bars.pad - canvas.text_width(figure, sizes.cap)
        canvas.write(inside, figure, x, sizes.pad + (n + 1) * bars.row, sizes.cap, ink)
