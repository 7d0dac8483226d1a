"""Draws hair, neck and shoulders around an average face."""

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from train.demo.average_faces import SIDE, Average, flow, to_gray, warp

WIDTH, HEIGHT = 480, 620
"""Size of a portrait, pixels."""

LEFT, TOP = (WIDTH - SIDE) // 2, 110
"""Top left corner of the face's square in it."""

MORPH_SMOOTHING_PX = 5.0
SKIN_FLOOR = 138
"""Gray level between the averages' skin (160 to 200) and their hair and background (50 to 115)."""

Layer = NDArray[np.float32]


@dataclass(frozen=True)
class Look:
    """The appearance of a person. Colours are BGR gains on a gray level, or BGR levels.

    Attributes:
        skin: gains that keep the gray level: 0.114 b + 0.587 g + 0.299 r = 1.
        hair, shirt: BGR levels.
        mirrored: flips the face left to right.
        long_hair: to the shoulders, otherwise to the ears.
    """

    skin: tuple[float, float, float]
    hair: tuple[float, float, float]
    shirt: tuple[float, float, float]
    mirrored: bool = False
    long_hair: bool = True


class Morph:
    """A morph between two average faces that changes shape and brightness together, without ghosting."""

    def __init__(self, start: Average, end: Average) -> None:
        self._start = _sharpened(start)
        self._end = _sharpened(_lit_like(end, start))
        self._there = flow(start, end, MORPH_SMOOTHING_PX)
        self._back = flow(end, start, MORPH_SMOOTHING_PX)
        self._skins = _skin(start), _skin(end)

    def at(self, share: float) -> tuple[NDArray[np.float32], Layer]:
        """The face at a share from 0 (start) to 1 (end): gray levels, float32 (SIDE,SIDE), and its skin mask, 0 to 1."""
        away, ahead = self._back * share, self._there * (1 - share)
        gray = (1 - share) * warp(self._start, away) + share * warp(self._end, ahead)
        skin = (1 - share) * warp(self._skins[0], away) + share * warp(self._skins[1], ahead)
        return gray, np.clip(skin, 0, 1)


def draw(gray: NDArray[np.float32], skin: Layer, look: Look) -> tuple[Layer, Layer]:
    """Returns BGR levels times opacity, float32 (HEIGHT,WIDTH,3), and opacity, float32 (HEIGHT,WIDTH), 0 to 1."""
    if look.mirrored:
        gray, skin = gray[:, ::-1], skin[:, ::-1]
    canvas = np.zeros((HEIGHT, WIDTH, 3), np.float32)
    opacity = np.zeros((HEIGHT, WIDTH), np.float32)
    face = np.zeros((HEIGHT, WIDTH), np.float32)
    square = np.s_[TOP : TOP + SIDE, LEFT : LEFT + SIDE]
    face[square] = skin
    level = np.zeros((HEIGHT, WIDTH), np.float32)
    level[square] = gray
    gains = np.array(look.skin, np.float32)
    tone = float(np.median(gray[skin > 0.9]))
    layers = (
        (_hair_behind(look.long_hair), _strands() * np.array(look.hair, np.float32)),
        (_neck(), _neck_shade(tone)[..., None] * gains),
        (_shoulders(), np.broadcast_to(np.array(look.shirt, np.float32), canvas.shape) * _shirt_shade()[..., None]),
        (face, np.clip(level[..., None] * gains, 0, 255)),
    )
    for mask, colour in layers:
        canvas += (colour - canvas) * mask[..., None]
        opacity += (1 - opacity) * mask
    return canvas, opacity


def _sharpened(image: Average) -> NDArray[np.float32]:
    """Gray levels, sharpened against the blur of averaging (unsharp mask of 4 px)."""
    sharp = image + 0.95 * (image - cv2.GaussianBlur(image, (0, 0), 4.0))
    return np.asarray(np.clip(sharp * 50 + 128, 0, 255), dtype=np.float32)


def _lit_like(image: Average, model: Average) -> Average:
    """The image with the large-scale lighting of another."""
    light = cv2.GaussianBlur(model - image, (0, 0), SIDE / 5)
    return np.asarray(image + light, dtype=np.float32)


def _skin(image: Average) -> Layer:
    """Skin mask of an average face: hull of the bright shape around the centre, with a soft edge."""
    bright = (cv2.GaussianBlur(to_gray(image), (0, 0), 2.0) > SKIN_FLOOR).astype(np.uint8)
    # ears are covered by hair; the hairline is round
    oval = np.zeros((SIDE, SIDE), np.uint8)
    middle = (SIDE // 2, SIDE // 2)
    cv2.ellipse(oval, middle, (round(SIDE * 0.41), round(SIDE * 0.485)), 0, 180, 360, 1, cv2.FILLED)
    cv2.ellipse(oval, middle, (round(SIDE * 0.41), round(SIDE * 0.56)), 0, 0, 180, 1, cv2.FILLED)
    outlines, _ = cv2.findContours(bright * oval, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    large = [outline for outline in outlines if cv2.contourArea(outline) > 200]
    filled = np.zeros((SIDE, SIDE), np.float32)
    cv2.fillConvexPoly(filled, cv2.convexHull(np.concatenate(large or outlines)), 1.0)
    # areas bright on one side only are background
    filled = np.minimum(filled, filled[:, ::-1])
    soft = cv2.GaussianBlur(cv2.erode(filled, np.ones((3, 3), np.uint8)), (0, 0), 3.0)
    # the chin meets the neck inside the square
    fade = np.clip((SIDE - 1 - np.arange(SIDE, dtype=np.float32)) / 10, 0, 1)
    return np.asarray(soft * fade[:, None], dtype=np.float32)


def _mask(polygon: list[tuple[float, float]], blur_px: float) -> Layer:
    """A filled shape with a soft edge; corners in units of the face's square."""
    corners = np.array([(LEFT + x * SIDE, TOP + y * SIDE) for x, y in polygon])
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    cv2.fillPoly(mask, [np.rint(corners).astype(np.int32)], 1.0)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), blur_px), dtype=np.float32)


@cache
def _hair_behind(long: bool) -> Layer:
    mask = np.zeros((HEIGHT, WIDTH), np.float32)
    middle = (LEFT + SIDE // 2, TOP + round(0.42 * SIDE))
    cv2.ellipse(mask, middle, (round(0.53 * SIDE), round(0.64 * SIDE)), 0, 0, 360, 1.0, cv2.FILLED)
    if long:
        side = [(-0.03, 0.4), (-0.07, 0.8), (-0.06, 1.12), (0.12, 1.22), (0.88, 1.22), (1.06, 1.12), (1.07, 0.8), (1.03, 0.4)]
    else:
        mask[TOP + round(0.5 * SIDE) :] = 0
        side = [(-0.03, 0.4), (-0.04, 0.72), (0.02, 0.84), (0.2, 0.86), (0.8, 0.86), (0.98, 0.84), (1.04, 0.72), (1.03, 0.4)]
    mask = np.maximum(mask, _mask(side, 4.0))
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), 3.0), dtype=np.float32)


@cache
def _strands() -> NDArray[np.float32]:
    """Fine vertical streaks of hair, float32 (HEIGHT,WIDTH,1), around 1."""
    noise = np.random.default_rng(0).normal(0, 1, (HEIGHT, WIDTH)).astype(np.float32)
    streaks = cv2.GaussianBlur(noise, (0, 0), sigmaX=1.2, sigmaY=28.0)
    return np.asarray(1 + 0.09 * streaks / streaks.std(), dtype=np.float32)[..., None]


@cache
def _neck() -> Layer:
    return _mask([(0.24, 0.7), (0.27, 1.1), (0.2, 1.32), (0.5, 1.5), (0.8, 1.32), (0.73, 1.1), (0.76, 0.7)], 3.0)


def _neck_shade(tone: float) -> Layer:
    """Gray levels of the neck: dark below the chin, lighter further down."""
    y = (np.arange(HEIGHT, dtype=np.float32) - TOP) / SIDE
    shade = np.interp(y, [0.8, 1.0, 1.25, 1.5], [0.5, 0.6, 0.8, 0.85]).astype(np.float32) * tone
    x = (np.arange(WIDTH, dtype=np.float32) - WIDTH / 2) / SIDE
    return np.asarray(shade[:, None] * (1 - 1.2 * x**2)[None, :], dtype=np.float32)


@cache
def _shoulders() -> Layer:
    right = [(0.72, 1.15), (0.98, 1.24), (1.22, 1.31), (1.34, 1.38), (1.43, 1.52), (1.5, 1.9), (1.52, 2.8)]
    left = [(1 - x, y) for x, y in reversed(right)]
    neckline = [(0.29, 1.2), (0.36, 1.29), (0.43, 1.34), (0.5, 1.36), (0.57, 1.34), (0.64, 1.29), (0.71, 1.2)]
    return _mask(right + left + neckline, 2.0)


@cache
def _shirt_shade() -> Layer:
    x = (np.arange(WIDTH, dtype=np.float32) - WIDTH / 2) / (WIDTH / 2)
    y = np.arange(HEIGHT, dtype=np.float32) / HEIGHT
    return np.asarray((1.1 - 0.35 * x**2)[None, :] * (1.15 - 0.3 * y)[:, None], dtype=np.float32)
