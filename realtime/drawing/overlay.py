"""Draws what is known about a frame onto a copy of its image: boxes, labels, bars, and the state of the program."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import FULL_EFFORT, Effort, FrameResult, Percentiles, State, TrackedFace
from realtime.drawing import canvas
from realtime.drawing.canvas import BLACK, WHITE, Colour, Layer, Picture, Rect
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
"""Colour of an expression that only somebody else's network knows."""

PANEL = Colour.of("14171a")
DIM = Colour.of("b4bac0")
REC = Colour.of("e5484d")

ABOUT = 0.8
"""A face with this share of the largest one's side is about as large."""

KEYS: tuple[tuple[str, str], ...] = (
    ("space", "pause"),
    ("s", "snapshot"),
    ("m", "marker"),
    ("f", "full screen"),
    ("d", "details"),
    ("h", "this help"),
    ("q, ESC", "quit"),
)
"""What the help shows."""


@dataclass(frozen=True)
class Hud:
    """The state of the program, as far as the viewer wants to know it.

    Attributes:
        fps: frames finished a second.
        latency_ms: capture to the end of processing, lately.
        dropped: frames that were never processed.
        paused, recording: marks in the picture.
        notices: short messages, the newest last.
        help: whether the keys are listed.
        details: whether the closest face has its bars.
        effort: how much is done for a frame.
        live: whether latency counts from the capture; of files it is what processing took.
        position: where in a file the frame is, for people; empty for cameras.
        progress: the same as a share, 0 to 1; None where the length is not known.
        hint: whether the key for help is mentioned.
    """

    fps: float
    latency_ms: Percentiles
    dropped: int = 0
    paused: bool = False
    recording: bool = False
    notices: tuple[str, ...] = ()
    help: bool = False
    details: bool = True
    effort: Effort = FULL_EFFORT
    live: bool = True
    position: str = ""
    progress: float | None = None
    hint: bool = False


@dataclass(frozen=True)
class _Sizes:
    """Pixels: height of capitals, thickness of lines, space around text, radius of corners."""

    cap: int
    line: int
    pad: int
    radius: int

    @classmethod
    def of(cls, picture: Picture) -> "_Sizes":
        """Grows with the picture's shorter side; below 8 px nobody can read the letters."""
        short = min(picture.shape[:2])
        cap = max(8, round(short / 52))
        return cls(cap, max(1, round(short / 300)), max(3, round(cap * 0.55)), max(2, round(cap * 0.45)))


def draw(
    result: FrameResult, hud: Hud | None = None, *, mirror: bool = False, size_wh: tuple[int, int] | None = None
) -> NDArray[np.uint8]:
    """A new image, uint8 (H,W,3), of the frame's size or of `size_wh`: text is drawn at that size, and never scaled.

    Without `hud` only faces and the bars of the closest one are drawn, as saved videos show them. `mirror` flips image
    and boxes, never text.
    """
    picture = _sized(result.frame.image, mirror, size_wh)
    scale = picture.shape[1] / result.frame.image.shape[1], picture.shape[0] / result.frame.image.shape[0]
    sizes = _Sizes.of(picture)
    faces = sorted(result.faces, key=_side, reverse=True)  # the largest is drawn first where plates compete for room
    boxes = [_box(face, picture, scale, mirror) for face in faces]
    for face, box in reversed(list(zip(faces, boxes, strict=True))):
        _draw_box(picture, face, box, sizes)
    taken = [] if hud is None else _draw_corners(picture, hud, not faces, sizes)
    if faces and (hud is None or hud.details):
        taken += _draw_bars(picture, _closest(faces), boxes, taken, result.labels, sizes)
    _draw_plates(picture, faces, boxes, taken, sizes)
    if hud is not None and hud.help:
        _draw_help(picture, boxes, taken, sizes)
    elif hud is not None and hud.paused:
        _draw_pause(picture, sizes)
    return picture


def _sized(image: NDArray[np.uint8], mirror: bool, size_wh: tuple[int, int] | None) -> Picture:
    """A copy of the image to draw on."""
    if size_wh is None or size_wh == (image.shape[1], image.shape[0]):
        return (image[:, ::-1] if mirror else image).copy()
    shrinks = size_wh[0] < image.shape[1]
    resized = cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    return np.ascontiguousarray(resized[:, ::-1] if mirror else resized)


def colour_of(label: str) -> Colour:
    """The colour of an expression, or of `uncertain`."""
    return COLOURS.get(label, UNKNOWN)


def _side(face: TrackedFace) -> float:
    return float(face.box_xyxy[2] - face.box_xyxy[0])


def _closest(faces: Sequence[TrackedFace]) -> TrackedFace:
    """The largest face; of several about as large the one that was there first, so that the bars stay with one."""
    side = max(_side(face) for face in faces)
    return min((face for face in faces if _side(face) >= ABOUT * side), key=lambda face: face.id)


def _box(face: TrackedFace, picture: Picture, scale: tuple[float, float], mirror: bool) -> Rect:
    """The face's box in whole pixels of the image, cut off where that ends; at least one pixel."""
    height, width = picture.shape[:2]
    x1, y1, x2, y2 = (float(v) * scale[i % 2] for i, v in enumerate(face.box_xyxy))
    if mirror:
        x1, x2 = width - x2, width - x1
    left, top = min(max(round(x1), 0), width - 1), min(max(round(y1), 0), height - 1)
    return Rect(left, top, max(left + 1, min(round(x2), width)), max(top + 1, min(round(y2), height)))


def _draw_box(picture: Picture, face: TrackedFace, box: Rect, sizes: _Sizes) -> None:
    """A dark seam keeps the line visible on a background of its own colour. A coasting face is dashed and thin."""
    coasting = face.state is State.COASTING
    line = max(1, sizes.line // 2) if coasting else sizes.line
    inner = box.inset((sizes.line + 1) // 2) if min(box.width, box.height) > 4 * sizes.line else box
    dash = 4 * sizes.line + 2 if coasting else 0
    canvas.outline(picture, inner, BLACK, line + 2 * max(1, sizes.line // 2), 2 * sizes.radius, dash)
    canvas.outline(picture, inner, colour_of(face.label), line, 2 * sizes.radius, dash)


def _draw_plates(
    picture: Picture, faces: Sequence[TrackedFace], boxes: Sequence[Rect], taken: list[Rect], sizes: _Sizes
) -> None:
    """Labels every face, the largest first; in a crowd words get shorter before they cover each other."""
    for face, box in zip(faces, boxes, strict=True):
        spot = _place(face, box, taken, canvas.bounds(picture), sizes)
        if spot is None:
            continue
        rect, text = spot
        taken.append(rect)
        colour = colour_of(face.label)
        alpha = 0.55 if face.state is State.COASTING else 1.0
        canvas.plate(picture, rect, colour, sizes.radius, alpha)
        canvas.write(picture, text, rect.x1 + sizes.pad, rect.y1 + sizes.pad // 2, sizes.cap, colour.ink())


def _place(face: TrackedFace, box: Rect, taken: Sequence[Rect], whole: Rect, sizes: _Sizes) -> tuple[Rect, str] | None:
    """Where the label goes and how much of it: above the box, else below, else inside; None where no text fits at all."""
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
    """Where the parts of the panel of bars are, in pixels: one row for the face's number and one for each expression.

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
    def of(cls, labels: Sequence[str], sizes: _Sizes) -> "_Bars":
        """As large as the longest name needs."""
        names = max(canvas.text_width(label, sizes.cap) for label in labels)
        number = canvas.text_width("100", sizes.cap)
        row = canvas.line_height(sizes.cap) + max(1, sizes.pad // 4)
        pad, gap, bar = 2 * sizes.pad, sizes.pad, 7 * sizes.cap
        width = names + bar + number + 2 * gap + 2 * pad
        return cls(width, row * (len(labels) + 1) + 2 * sizes.pad, row, pad, pad + names + gap, bar)

    def rect(self, n: int, share: float, sizes: _Sizes) -> Rect:
        """The n-th expression's bar when it takes that share of its length."""
        middle = sizes.pad + (n + 1) * self.row + self.row // 2
        end = self.bar_x + round(self.bar * share)
        return Rect(self.bar_x, middle - sizes.cap // 2, end, middle + (sizes.cap + 1) // 2)


@lru_cache(maxsize=9)
def _panel(labels: tuple[str, ...], leading: str, sizes: _Sizes) -> Layer:
    """What of the panel of bars stays the same from frame to frame: its ground, the names and the empty bars.

    One is kept for every expression that leads; at 4K it takes 3 MB.
    """
    bars = _Bars.of(labels, sizes)

    def draw_on(picture: Picture) -> None:
        canvas.plate(picture, Rect(0, 0, bars.width, bars.height), PANEL, 2 * sizes.radius, 0.72)
        for n, label in enumerate(labels):
            ink = WHITE if label == leading else DIM
            canvas.write(picture, label, bars.pad, sizes.pad + (n + 1) * bars.row, sizes.cap, ink)
            canvas.plate(picture, bars.rect(n, 1.0, sizes), WHITE, sizes.radius, 0.14)

    return Layer.of(bars.width, bars.height, draw_on)


def _draw_bars(
    picture: Picture,
    face: TrackedFace,
    boxes: Sequence[Rect],
    taken: Sequence[Rect],
    labels: Sequence[str],
    sizes: _Sizes,
) -> list[Rect]:
    """One bar per expression, in a lower corner: the right one unless it covers more of the faces than the left one.

    What is written there already stays below it. Returns what it covers: nothing where the image is too small for it.
    """
    bars, whole = _Bars.of(labels, sizes), canvas.bounds(picture)
    if bars.width > 0.6 * whole.width or bars.height > 0.8 * whole.height:
        return []
    corners = []
    for x in (whole.x2 - sizes.pad - bars.width, sizes.pad):
        y = whole.y2 - sizes.pad - bars.height
        lowest = Rect(x, y, x + bars.width, y + bars.height)
        tops = [rect.y1 for rect in taken if rect.y1 > whole.height // 2 and rect.intersect(lowest).area]
        y = min([y, *(top - sizes.pad // 2 - bars.height for top in tops)])
        corners.append(Rect(x, y, x + bars.width, y + bars.height))
    panel = min(corners, key=lambda corner: sum(corner.intersect(box).area for box in boxes))
    _panel(tuple(labels), face.label, sizes).lay(picture, panel.x1, panel.y1)
    inside = picture[panel.y1 : panel.y2, panel.x1 : panel.x2]
    canvas.write(inside, f"#{face.id}", bars.pad, sizes.pad, sizes.cap, WHITE)
    for n, (label, p) in enumerate(zip(labels, face.probs, strict=True)):
        filled = bars.rect(n, float(min(max(p, 0), 1)), sizes)
        if filled.width:
            canvas.plate(inside, filled, colour_of(label), sizes.radius)
        figure, ink = f"{100 * p:.0f}", WHITE if label == face.label else DIM
        x = bars.width - bars.pad - canvas.text_width(figure, sizes.cap)
        canvas.write(inside, figure, x, sizes.pad + (n + 1) * bars.row, sizes.cap, ink)
    return [panel]


def _draw_corners(picture: Picture, hud: Hud, nobody: bool, sizes: _Sizes) -> list[Rect]:
    """Speed, "no face" and notices in the upper left corner, recording in the upper right, position and hint in the lower left.

    Returns what they cover.
    """
    whole = canvas.bounds(picture)
    covered = [_pill(picture, _speed(hud), sizes.pad, sizes.pad, sizes)]
    for line in (*(["no face"] if nobody else []), *hud.notices):
        covered.append(_pill(picture, line, sizes.pad, covered[-1].y2 + sizes.pad // 2, sizes))
    if hud.recording:
        x = whole.x2 - sizes.pad - canvas.text_width("REC", sizes.cap) - 4 * sizes.pad
        covered.append(_pill(picture, "REC", x, sizes.pad, sizes, fill=REC, alpha=0.9))
    corner = "   ".join(filter(None, (hud.position, "h  help" if hud.hint and not hud.help else "")))
    if corner:
        height = canvas.line_height(sizes.cap) + 2 * (sizes.pad // 2)
        covered.append(_pill(picture, corner, sizes.pad, whole.y2 - 2 * sizes.pad - height, sizes))
    if hud.progress is not None:
        top, done = whole.y2 - max(2, sizes.pad // 2), round(whole.x2 * min(max(hud.progress, 0), 1))
        canvas.plate(picture, Rect(0, top, whole.x2, whole.y2), PANEL, 0, 0.72)
        canvas.plate(picture, Rect(0, top, done, whole.y2), WHITE)
    return covered


def _speed(hud: Hud) -> str:
    """Frame rate and latency in words."""
    what = "latency" if hud.live else "a frame"
    speed = f"{hud.fps:.1f} fps   {hud.latency_ms.p50:.0f} ms {what} (p95 {hud.latency_ms.p95:.0f})"
    speed += f"   {hud.dropped} dropped" if hud.dropped else ""
    return speed + (f"   {hud.effort.name}" if hud.effort != FULL_EFFORT else "")


def _pill(picture: Picture, text: str, x: int, y: int, sizes: _Sizes, fill: Colour = PANEL, alpha: float = 0.72) -> Rect:
    text = _shortened(text, canvas.bounds(picture).x2 - x - 5 * sizes.pad, sizes)
    height = canvas.line_height(sizes.cap) + 2 * (sizes.pad // 2)
    rect = Rect(x, y, x + canvas.text_width(text, sizes.cap) + 4 * sizes.pad, y + height)
    canvas.plate(picture, rect, fill, 2 * sizes.radius, alpha)
    canvas.write(picture, text, x + 2 * sizes.pad, y + sizes.pad // 2, sizes.cap, WHITE)
    return rect


@lru_cache(maxsize=64)
def _shortened(text: str, width: int, sizes: _Sizes) -> str:
    """As much of a text as there is room for."""
    if canvas.text_width(text, sizes.cap) <= width:
        return text
    while text and canvas.text_width(f"{text}\u2026", sizes.cap) > width:
        text = text[:-1].rstrip()
    return f"{text}\u2026" if text else ""


def _draw_pause(picture: Picture, sizes: _Sizes) -> None:
    """Two bars on a disc."""
    whole = canvas.bounds(picture)
    x, y, r = whole.width // 2, whole.height // 2, 3 * sizes.cap
    canvas.plate(picture, Rect(x - r, y - r, x + r, y + r), PANEL, r, 0.72)
    for side in (-1, 1):
        middle = x + side * r // 4
        canvas.plate(picture, Rect(middle - r // 9, y - 2 * r // 5, middle + r // 9 + 1, y + 2 * r // 5), WHITE, r // 10)


def _draw_help(picture: Picture, boxes: Sequence[Rect], taken: Sequence[Rect], sizes: _Sizes) -> None:
    """The keys and what they do, where they cover least of the faces, and then least of what is written."""
    whole = canvas.bounds(picture)
    row = round(canvas.line_height(sizes.cap) * 1.2)
    keys = max(canvas.text_width(key, sizes.cap) for key, _ in KEYS)
    words = max(canvas.text_width(word, sizes.cap) for _, word in KEYS)
    pad, gap = 3 * sizes.pad, 3 * sizes.pad
    width, height = keys + gap + words + 2 * pad, row * len(KEYS) + 2 * pad
    xs = ((whole.width - width) // 2, sizes.pad, whole.width - width - sizes.pad)
    below = max((rect.y2 for rect in taken if rect.y2 < whole.height // 3), default=0) + sizes.pad
    ys = ((whole.height - height) // 2, whole.height - height - sizes.pad, below, sizes.pad)
    spots = [Rect(x, y, x + width, y + height) for y, x in product(ys, xs)]

    def cost(rect: Rect) -> tuple[int, int]:
        return sum(rect.intersect(box).area for box in boxes), sum(rect.intersect(other).area for other in taken)

    spot = min(spots, key=cost)  # the first of several as good
    canvas.plate(picture, spot, PANEL, 2 * sizes.radius, 0.85)
    for n, (key, word) in enumerate(KEYS):
        y = spot.y1 + pad + n * row
        canvas.write(picture, key, spot.x1 + pad + keys - canvas.text_width(key, sizes.cap), y, sizes.cap, WHITE)
        canvas.write(picture, word, spot.x1 + pad + keys + gap, y, sizes.cap, DIM)
