"""The places and captions of the lesson view."""

from dataclasses import dataclass
from functools import lru_cache

from realtime.drawing import canvas
from realtime.drawing.canvas import Rect
from realtime.preprocess import SIZE

TILES = 6
"""Steps with an image."""

SMALLEST_TILE = 2 * SIZE
"""Pixels: with smaller images their captions do not fit below them."""

TILE_OF_WIDTH, TILE_OF_HEIGHT = 0.15, 0.27
"""Largest side of a step's image in one row of six, as shares of the whole; of two rows of three: double and two thirds."""

CAPTION_LINES = 3
SIDE_OF_WIDTH = 0.3
"""Smallest width beside the video, as a share of the whole."""

LEAST_VIDEO_HEIGHT = 0.35
"""The same of the video's height."""


@dataclass(frozen=True)
class Layout:
    """Places of everything.

    Attributes:
        whole: the image.
        video: where the video is, of the video's own ratio.
        side: beside it.
        tiles: the steps' images, each a square.
        gap: between them, pixels.
        title, text: height of capitals in the captions, pixels.
    """

    whole: Rect
    video: Rect
    side: Rect
    tiles: tuple[Rect, ...]
    gap: int
    title: int
    text: int


@lru_cache(maxsize=8)
def layout(width: int, height: int, ratio: float) -> Layout | None:
    """The places in an image of this size, for a video of this ratio of width to height; None if the image is too small."""
    for columns in (TILES, TILES // 2):
        rows = TILES // columns
        widest = min(TILE_OF_WIDTH * width * rows, TILE_OF_HEIGHT * height / (1 + (rows - 1) / 2))
        tile = int(widest) // SIZE * SIZE  # whole pixels for every pixel of the network's input
        if tile >= SMALLEST_TILE:
            break
    else:
        return None
    title, text = max(8, round(tile * 0.07)), max(8, round(tile * 0.055))
    gap = (width - columns * tile) // (columns + 1)
    below = canvas.line_height(title) + CAPTION_LINES * canvas.line_height(text)
    row, pad = tile + title // 2 + below, title
    top = height - rows * (row + pad)
    if top < LEAST_VIDEO_HEIGHT * height:
        return None
    video_w = min(round((1 - SIDE_OF_WIDTH) * width), round((top - pad) * ratio))
    video_h = min(top - pad, round(video_w / ratio))
    y = (top - pad - video_h) // 2
    tiles = tuple(
        Rect(x, y1, x + tile, y1 + tile)
        for y1 in (top + n * (row + pad) for n in range(rows))
        for x in (gap + n * (tile + gap) for n in range(columns))
    )
    video, side = Rect(0, y, video_w, y + video_h), Rect(video_w + 2 * pad, pad, width - 2 * pad, top - pad)
    return Layout(Rect(0, 0, width, height), video, side, tiles, gap, title, text)


def captions(side: int, size: int, equalizes: bool) -> tuple[tuple[str, str, str], ...]:
    """Title of each step, its text, and a shorter text for small windows.

    Args:
        side: of the face, pixels; 0 if there is none.
        size: of the network's input, pixels.
        equalizes: whether the network reads the equalized image.
    """
    read, box = (3 if equalizes else 2), f"{side} × {side}" if side else "as found"
    return (
        ("1  Gray face", f"the cascade's box, {box} pixels, without its colour", f"the cascade's box, {box}"),
        ("2  Resized", f"to {size} × {size} pixels, the size of the paper's images", f"to {size} × {size}, the paper's size"),
        ("3  Equalized", "light and contrast of the room even out (Algorithm 1)", "contrast evened: Algorithm 1"),
        ("4  Edges", "Canny's edges of 3 (Algorithm 1); the network does not see them", "Canny on 3: Algorithm 1"),
        ("5  Eyes, mouth", "cascades on 1 (Algorithm 2); the network does not see them", "cascades on 1: Algorithm 2"),
        (
            "6  Input",
            f"{read} as {size} × {size} × 1 numbers: all that the network sees",
            f"{read} as {size} × {size} × 1 numbers",
        ),
    )
