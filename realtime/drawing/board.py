"""The lesson view: the video, below it the paper's steps of one face, beside it the bars. Everything scales with its size."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import FrameResult, State
from realtime.drawing import canvas, overlay
from realtime.drawing.board_layout import CAPTION_LINES, Layout, captions, layout
from realtime.drawing.canvas import WHITE, Colour, Image, Rect
from realtime.drawing.hud import Status
from realtime.drawing.style import DIM, PANEL, colour_of
from realtime.lesson import algorithms
from realtime.lesson.steps import Steps
from realtime.preprocess import SIZE

GRID_FROM = 4
"""Pixels per pixel of the network's input from which its raster is drawn."""

BACKGROUND = PANEL
SLOT = Colour.of("1f2429")
"""Where an image will be."""


def draw(
    result: FrameResult,
    hud: Status | None,
    steps: Steps | None,
    *,
    mirror: bool = False,
    size_wh: tuple[int, int] | None = None,
) -> NDArray[np.uint8] | None:
    """A new image, uint8 (H,W,3), of the frame's size or of `size_wh`; None if that is too small.

    Args:
        result: the frame.
        hud: the state of the program; None in saved images, which then also have no keys.
        steps: of the face that is explained; None if the frame has no face.
        mirror: flips images, never text.
        size_wh: pixels.
    """
    frame_h, frame_w = result.frame.size_hw
    width, height = size_wh or (frame_w, frame_h)
    places = layout(width, height, round(frame_w / frame_h, 4))
    if places is None:
        return None
    size = SIZE if steps is None else len(steps.small)
    board = _backdrop(places, result.labels, size, steps is None or steps.equalizes).copy()
    focus = None if steps is None else steps.face.id
    video_wh = (places.video.width, places.video.height)
    _part(board, places.video)[:] = overlay.draw(result, hud, mirror=mirror, size_wh=video_wh, focus=focus)
    if steps is not None:
        _draw_tiles(board, steps, places, mirror)
    _draw_side(board, result, steps, places, hud)
    return board


def _part(image: Image, rect: Rect) -> Image:
    return image[rect.y1 : rect.y2, rect.x1 : rect.x2]


@lru_cache(maxsize=4)
def _backdrop(places: Layout, labels: tuple[str, ...], size: int, equalizes: bool) -> Image:
    """What does not change from frame to frame: empty images with their captions, names and empty bars."""
    board = np.full((places.whole.height, places.whole.width, 3), BACKGROUND, np.uint8)
    for tile, (title, long, short) in zip(places.tiles, captions(0, size, equalizes), strict=True):
        _part(board, tile)[:] = SLOT
        canvas.write(board, title, tile.x1, tile.y2 + places.title // 2, places.title, WHITE)
        if tile is not places.tiles[0]:
            _caption(board, tile, long, short, places)
    rows = _rows(places, labels)
    canvas.write(board, "7  Probabilities", places.side.x1, rows.top - rows.head, places.title, WHITE)
    y = rows.top - canvas.line_height(places.text) - places.text // 2
    canvas.write(board, "the network's answer to 6, over time", places.side.x1, y, places.text, DIM)
    for n, label in enumerate(labels):
        text_y = rows.middle(n) - canvas.line_height(places.title) // 2
        canvas.write(board, label, places.side.x1, text_y, places.title, DIM)
        canvas.plate(board, rows.bar(n, 1.0), SLOT, rows.thickness // 3)
    board.flags.writeable = False
    return board


def _caption(board: Image, tile: Rect, long: str, short: str, places: Layout) -> None:
    """The text below a step's title: the longer one where it fits."""
    width = tile.width + 2 * places.gap // 3
    lines = _wrapped(long, width, places.text)
    lines = lines if len(lines) <= CAPTION_LINES else _wrapped(short, width, places.text)
    y = tile.y2 + places.title // 2 + canvas.line_height(places.title)
    for n, line in enumerate(lines[:CAPTION_LINES]):
        canvas.write(board, line, tile.x1, y + n * canvas.line_height(places.text), places.text, DIM)


@lru_cache(maxsize=64)
def _wrapped(text: str, width: int, cap_px: int) -> tuple[str, ...]:
    lines = [""]
    for word in text.replace(" × ", "\u00a0×\u00a0").split(" "):
        longer = f"{lines[-1]} {word}".lstrip()
        if canvas.text_width(longer, cap_px) <= width or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return tuple(lines)


def _draw_tiles(board: Image, steps: Steps, places: Layout, mirror: bool) -> None:
    """The images of the steps, and the caption with the size of the face."""
    for tile, image in zip(places.tiles, step_images(steps, places.tiles[0].width, mirror=mirror), strict=True):
        _part(board, tile)[:] = image
    _, long, short = captions(steps.gray.shape[0], len(steps.small), True)[0]
    _caption(board, places.tiles[0], long, short, places)


def step_images(steps: Steps, side: int, *, mirror: bool = False) -> tuple[Image, ...]:
    """The images of the steps 1 to 6, each uint8 (side,side,3)."""
    plain = (
        _sized(steps.gray, side, smooth=True),
        *(_sized(image, side, smooth=False) for image in (steps.small, steps.equalized, steps.edges)),
        _raster(steps.network, side),
    )
    *four, network = (cv2.cvtColor(image[:, ::-1] if mirror else image, cv2.COLOR_GRAY2BGR) for image in plain)
    return tuple(np.asarray(image, np.uint8) for image in (*four, _regions(steps, side, mirror), network))


def _sized(image: Image, side: int, *, smooth: bool) -> Image:
    """The image as a square of `side` pixels; pixels of the network stay squares."""
    if image.shape[:2] == (side, side):
        return image
    if smooth:
        return np.asarray(cv2.resize(image, (side, side), interpolation=_smooth(image, side)), np.uint8)
    return np.asarray(cv2.resize(image, (side, side), interpolation=cv2.INTER_NEAREST), np.uint8)


def _smooth(image: Image, side: int) -> int:
    return cv2.INTER_AREA if image.shape[0] > side else cv2.INTER_LINEAR


def _raster(network: Image, side: int) -> Image:
    """The network's input with lines between its pixels, where there is room for them."""
    step, rest = divmod(side, len(network))
    sized = _sized(network, side, smooth=False)
    if rest or step < GRID_FROM:
        return sized
    for lines in (sized[::step], sized[:, ::step]):
        lines[:] = lines // 4 * 3
    return sized


def _regions(steps: Steps, side: int, mirror: bool) -> Image:
    """The face in colour with the boxes of Algorithm 2, in its colours."""
    image = np.ascontiguousarray(
        cv2.resize(steps.around, (side, side), interpolation=_smooth(steps.around, side))[:, :: -1 if mirror else 1], np.uint8
    )
    origin, scale = steps.around_xyxy[[0, 1, 0, 1]], side / float(steps.around_xyxy[2] - steps.around_xyxy[0])
    line = max(algorithms.LINE_PX, round(side / 96))
    for boxes, colour in (
        (steps.parts.eyes_xyxy, algorithms.EYE_COLOUR),
        (steps.parts.mouths_xyxy, algorithms.MOUTH_COLOUR),
        (steps.face.box_xyxy[None], algorithms.FACE_COLOUR),
    ):
        for x1, y1, x2, y2 in (boxes - origin) * scale:
            left, right = (side - x2, side - x1) if mirror else (x1, x2)
            canvas.outline(image, Rect(round(left), round(y1), round(right), round(y2)), Colour(*colour), line)
    return image


@dataclass(frozen=True)
class _Rows:
    """Places of the bars, pixels: one row per expression, from `top`.

    Attributes:
        top: upper edge of the first row.
        height: of a row.
        head: height of the title above the rows.
        left, length: of the longest bar.
        thickness: of a bar.
    """

    top: int
    height: int
    head: int
    left: int
    length: int
    thickness: int

    def middle(self, n: int) -> int:
        """Height of the middle of a row."""
        return self.top + n * self.height + self.height // 2

    def bar(self, n: int, share: float) -> Rect:
        """The n-th bar at this share of its length."""
        y = self.middle(n) - self.thickness // 2
        return Rect(self.left, y, self.left + round(self.length * share), y + self.thickness)


def _rows(places: Layout, labels: Sequence[str]) -> _Rows:
    """The bars fill the side between the face's label and the keys."""
    line, small = canvas.line_height(places.title), canvas.line_height(places.text)
    head = line + small + places.text
    top = places.side.y1 + line + 2 * places.title + head
    room = places.side.y2 - small - places.title - top
    height = min(room // max(1, len(labels)), round(2.2 * line))
    names = max(canvas.text_width(label, places.title) for label in labels)
    left = places.side.x1 + names + places.title
    length = places.side.x2 - left - canvas.text_width("100", places.title) - places.title
    return _Rows(top, height, head, left, max(1, length), max(4, min(places.title + 2, round(height * 0.6))))


def _draw_side(board: Image, result: FrameResult, steps: Steps | None, places: Layout, hud: Status | None) -> None:
    """The face's label, its bars, and the keys."""
    _draw_label(board, steps, places)
    if steps is not None:
        rows = _rows(places, result.labels)
        for n, (label, p) in enumerate(zip(result.labels, steps.face.probs, strict=True)):
            filled = rows.bar(n, float(min(max(p, 0), 1)))
            if filled.width:
                canvas.plate(board, filled, colour_of(label), rows.thickness // 3)
            leading = label == steps.face.label
            text_y = rows.middle(n) - canvas.line_height(places.title) // 2
            if leading:
                canvas.write(board, label, places.side.x1, text_y, places.title, WHITE)
            figure = f"{100 * p:.0f}"
            x = places.side.x2 - canvas.text_width(figure, places.title)
            canvas.write(board, figure, x, text_y, places.title, WHITE if leading else DIM)
    if hud is not None:
        keys = ("n  next face",) if len(result.faces) > 1 else ()
        y = places.side.y2 - canvas.line_height(places.text)
        canvas.write(board, "     ".join((*keys, "e  save panel", "p  close")), places.side.x1, y, places.text, DIM)


def _draw_label(board: Image, steps: Steps | None, places: Layout) -> None:
    """The number of the face and its label on a plate of its colour."""
    x, y, height = places.side.x1, places.side.y1, canvas.line_height(places.title) + places.title
    if steps is None:
        canvas.write(board, "no face yet", x, y + places.title // 2, places.title, DIM)
        return
    face = steps.face
    colour, text = colour_of(face.label), f"#{face.id} {face.caption}"
    width = min(canvas.text_width(text, places.title) + 2 * places.title, places.side.width)
    canvas.plate(board, Rect(x, y, x + width, y + height), colour, places.title // 2)
    inside = _part(board, Rect(x, y, x + width, y + height))
    canvas.write(inside, text, places.title, places.title // 2, places.title, colour.ink())
    if face.state is State.COASTING:
        note_x = x + width + places.title
        canvas.write(board, "not found in this frame", note_x, y + height // 4, places.text, DIM)


def too_small(hud: Status) -> Status:
    """The state with a line that tells why there is no lesson."""
    return replace(hud, notices=(*hud.notices, "the lesson view needs a larger window"))
