"""The state of the program, drawn over the image: speed, notices, position, help, pause."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from pathlib import Path

from realtime.datatypes import FULL_EFFORT, Effort, Percentiles
from realtime.drawing import canvas
from realtime.drawing.canvas import WHITE, Colour, Image, Rect
from realtime.drawing.fonts import FALLBACKS
from realtime.drawing.style import DIM, LAMP, PANEL, REC, Sizes
from realtime.records import Marker

KEYS: tuple[tuple[str, str], ...] = (
    ("space", "pause"),
    ("s", "snapshot"),
    ("m", "marker"),
    ("b, c", "blur, calibrate"),
    ("f, d", "full screen, details"),
    ("p, n, e", "lesson, next face, panel"),
    ("h", "this help"),
    ("q, ESC", "quit"),
)
"""The keys in the help."""


@dataclass(frozen=True)
class Banner:
    """Tells people in front of a camera that their expressions are read.

    Attributes:
        text: one line.
        stores: whether anything is stored.
    """

    text: str
    stores: bool


@dataclass(frozen=True)
class Status:
    """The state of the program as a view shows it; `help` and `details` are the view's own.

    Attributes:
        fps: frames finished a second.
        latency_ms: capture to the end of processing, lately.
        dropped: frames that were never processed.
        paused, recording: shown as symbols.
        notices: short messages, the newest last.
        help: whether the keys are listed.
        details: whether the closest face has its bars.
        effort: work done per frame.
        live: whether latency counts from the capture; for files it is the processing time.
        position: position in a file, as text; empty for cameras.
        progress: the same as a share, 0 to 1; None if the length is unknown.
        hint: whether the hint about the help key is shown.
        markers: names of the markers with the keys 1 to 9.
        blur: whether faces are hidden.
        session: whether a session is being recorded.
        sessions: the folders of all sessions of the run, the newest last.
        stored: the files and folders that are written.
        marker: the marker set last.
        profile: name of the person's profile that is applied; empty without one.
        calibrating: what to do while a profile is made; empty otherwise.
        banner: for the people in front of the camera; None for none.
        lesson: whether the paper's steps are shown.
        chosen: id of the face that they are shown for; None for the closest.
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
    markers: tuple[str, ...] = ()
    blur: bool = False
    session: bool = False
    sessions: tuple[Path, ...] = ()
    stored: tuple[Path, ...] = ()
    marker: Marker | None = None
    profile: str = ""
    calibrating: str = ""
    banner: Banner | None = None
    lesson: bool = False
    chosen: int | None = None


def draw_corners(image: Image, hud: Status, no_face: bool, sizes: Sizes) -> list[Rect]:
    """Speed, "no face" and notices upper left, REC upper right, banner, position and hint lower left.

    Returns the covered areas.
    """
    whole = canvas.bounds(image)
    covered = [_pill(image, speed_line(hud), sizes.pad, sizes.pad, sizes)]
    for line in (*([hud.calibrating] if hud.calibrating else []), *(["no face"] if no_face else []), *hud.notices):
        covered.append(_pill(image, line, sizes.pad, covered[-1].y2 + sizes.pad // 2, sizes))
    if hud.recording:
        x = whole.x2 - sizes.pad - canvas.text_width("REC", sizes.cap) - 4 * sizes.pad
        covered.append(_pill(image, "REC", x, sizes.pad, sizes, fill=REC, alpha=0.9))
    corner = "   ".join(filter(None, (hud.position, "h  help" if hud.hint and not hud.help else "")))
    x, y = sizes.pad, whole.y2 - 2 * sizes.pad - canvas.line_height(sizes.cap) - 2 * (sizes.pad // 2)
    if hud.banner is not None:
        covered.append(_pill(image, hud.banner.text, x, y, sizes, lamp=REC if hud.banner.stores else LAMP))
        x = covered[-1].x2 + sizes.pad // 2
    if corner:
        covered.append(_pill(image, corner, x, y, sizes))
    if hud.progress is not None:
        top, done = whole.y2 - max(2, sizes.pad // 2), round(whole.x2 * min(max(hud.progress, 0), 1))
        canvas.plate(image, Rect(0, top, whole.x2, whole.y2), PANEL, 0, 0.72)
        canvas.plate(image, Rect(0, top, done, whole.y2), WHITE)
    return covered


def speed_line(hud: Status) -> str:
    """Frame rate and latency in words."""
    what = "latency" if hud.live else "a frame"
    speed = f"{hud.fps:.1f} fps   {hud.latency_ms.p50:.0f} ms {what} (p95 {hud.latency_ms.p95:.0f})"
    speed += f"   {hud.dropped} dropped" if hud.dropped else ""
    speed += f"   {hud.effort.name}" if hud.effort != FULL_EFFORT else ""
    return speed + (f"   profile {hud.profile}" if hud.profile else "")


def _pill(
    image: Image,
    text: str,
    x: int,
    y: int,
    sizes: Sizes,
    fill: Colour = PANEL,
    alpha: float = 0.72,
    lamp: Colour | None = None,
) -> Rect:
    """A line on a plate, behind a dot if `lamp` gives its colour."""
    dot = 0 if lamp is None else sizes.cap + sizes.pad
    text = _shortened(text, canvas.bounds(image).x2 - x - 5 * sizes.pad - dot, sizes, FALLBACKS.version)
    height = canvas.line_height(sizes.cap) + 2 * (sizes.pad // 2)
    rect = Rect(x, y, x + dot + canvas.text_width(text, sizes.cap) + 4 * sizes.pad, y + height)
    canvas.plate(image, rect, fill, 2 * sizes.radius, alpha)
    if lamp is not None:
        side, left = sizes.cap - sizes.cap // 4, x + 2 * sizes.pad
        top = y + (height - side) // 2
        canvas.plate(image, Rect(left, top, left + side, top + side), lamp, side)
    canvas.write(image, text, x + dot + 2 * sizes.pad, y + sizes.pad // 2, sizes.cap, WHITE)
    return rect


@lru_cache(maxsize=64)
def _shortened(text: str, width: int, sizes: Sizes, fonts_version: int) -> str:
    """The text, shortened to the width; widths depend on the version of the fonts."""
    if canvas.text_width(text, sizes.cap) <= width:
        return text
    while text and canvas.text_width(f"{text}\u2026", sizes.cap) > width:
        text = text[:-1].rstrip()
    return f"{text}\u2026" if text else ""


def draw_pause(image: Image, sizes: Sizes) -> None:
    """Two bars on a disc."""
    whole = canvas.bounds(image)
    x, y, r = whole.width // 2, whole.height // 2, 3 * sizes.cap
    canvas.plate(image, Rect(x - r, y - r, x + r, y + r), PANEL, r, 0.72)
    for side in (-1, 1):
        middle = x + side * r // 4
        canvas.plate(image, Rect(middle - r // 9, y - 2 * r // 5, middle + r // 9 + 1, y + 2 * r // 5), WHITE, r // 10)


def draw_help(
    image: Image, markers: Sequence[str], boxes: Sequence[Rect], taken: Sequence[Rect], bars: Rect | None, sizes: Sizes
) -> Rect:
    """The keys and their actions, at the place that covers least of the faces, then of other text, then of the bars.

    Returns the covered area.
    """
    whole = canvas.bounds(image)
    row = round(canvas.line_height(sizes.cap) * 1.2)
    lines = (*KEYS, *((str(number), name) for number, name in enumerate(markers, 1)))
    keys = max(canvas.text_width(key, sizes.cap) for key, _ in lines)
    words = max(canvas.text_width(word, sizes.cap) for _, word in lines)
    pad, gap = 3 * sizes.pad, 3 * sizes.pad
    width, height = keys + gap + words + 2 * pad, row * len(lines) + 2 * pad
    xs = ((whole.width - width) // 2, sizes.pad, whole.width - width - sizes.pad)
    below = max((rect.y2 for rect in taken if rect.y2 < whole.height // 3), default=0) + sizes.pad
    ys = ((whole.height - height) // 2, whole.height - height - sizes.pad, below, sizes.pad)
    spots = [Rect(x, y, x + width, y + height) for y, x in product(ys, xs)]

    def cost(rect: Rect) -> tuple[int, ...]:
        return tuple(sum(rect.intersect(other).area for other in group) for group in (boxes, taken, [bars] if bars else []))

    spot = min(spots, key=cost)  # the first of several as good
    canvas.plate(image, spot, PANEL, 2 * sizes.radius, 0.85)
    for n, (key, word) in enumerate(lines):
        y = spot.y1 + pad + n * row
        canvas.write(image, key, spot.x1 + pad + keys - canvas.text_width(key, sizes.cap), y, sizes.cap, WHITE)
        canvas.write(image, word, spot.x1 + pad + keys + gap, y, sizes.cap, DIM)
    return spot
