"""Finds a face again, from frame to frame, by looking only where it is expected.

Every frame the face's image is looked for near its last place (template matching: a tenth of a millisecond). Every
SEARCH_S, or when the image has changed, the cascade confirms it there and corrects place and size: on a patch of
80x80 pixels in which the face is 60 px wide, and for three sizes only (1.5 ms where the whole frame takes 50). A head that is
rolled or half turned is searched for in turn: rotated patches, then profiles.
"""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from realtime.faces import patches
from realtime.faces.detector import CASCADE, load_cascade

PROFILE = "haarcascade_profileface.xml"
EYE = "haarcascade_eye.xml"

SEARCH_S = 0.095
"""A face that is where it is expected is confirmed by the cascade this often: every third frame at 30 a second."""

SEARCH_SIDE = 60
SEARCH_PIXELS = 80
"""Side of the face and of the patch around it that the cascade sees. Above 48 px it moves its window by single pixels: the
place of a still face scatters by 0.5 % of its side, at 36 px by 3 % and more."""

CENTRE_BIAS, SIZE_BIAS = (0.005, 0.008), 1.02
"""How far the mean of the windows found there lies off the box that a search of the whole frame gives, of the face's side,
and how much larger it is: means over the demo clip, neutral_720p and sad_then_happy. Uncorrected, the network sees another
crop than in a single image."""

SIZES = (0.8, 1.2)
SCALE_STEP = 1.2
"""Sizes looked for, of the last one: windows of 50, 60 and 72 px. With two of them the box's size wanders."""

ENOUGH_VOTES = 5
"""Windows that must agree: a face has 15 to 35 of them, something like one up to 3."""

ROLLS_DEG = (0, 25, -25, 45, -45)
"""How far a head may be rolled: the cascade itself bears some 15 degrees."""

MATCH_SIDE = 30
MATCH_PIXELS = 48
TEMPLATE_PIXELS = 20
"""The same for template matching, and the middle part of the face that is looked for."""

SAME = 0.8
"""Correlation above which a face looks as it did: no need to look closer before SEARCH_S is over."""

STILL_THERE = 0.55
"""Correlation below which what is there is not the face any more (a hand, a wall)."""

FOLLOW_S = 1.0
"""A face that no cascade has confirmed for so long is not followed by its image alone: it may be its shadow."""

TURNED_S = 0.4
"""A face whose front no cascade has found for so long is turned away or covered; it is searched for every 0.1 s."""

EYE_SIDE = 96
"""Side of the face, in pixels, in which eyes are looked for; they are about 22 px wide then."""


@dataclass(frozen=True, eq=False)
class Hit:
    """A face found again.

    Attributes:
        square: float32 (3,), centre x, centre y and side in pixels of the frame.
        votes: windows of the cascade that agreed on it; 0 if it was found by its image alone.
        roll_deg: how far the head is rolled, counter-clockwise.
    """

    square: NDArray[np.float32]
    votes: int
    roll_deg: float = 0.0


@dataclass(frozen=True, eq=False)
class _Memory:
    """What is known of one face.

    Attributes:
        template: uint8 (20,20), its image.
        anchor: where that was cut.
        roll: how it was rolled, an index of ROLLS_DEG.
        searched_s: when it was last searched for.
        seen_s, frontal_s: when a cascade last found it, and when its front.
    """

    template: NDArray[np.uint8]
    anchor: NDArray[np.float32]
    roll: int
    searched_s: float
    seen_s: float
    frontal_s: float


class Follower:
    """Follows faces, each under a key of the caller's choice.

    Raises:
        ModelError: this OpenCV has no cascades.
    """

    def __init__(self) -> None:
        self._frontal = load_cascade(CASCADE)
        self._profile = load_cascade(PROFILE)
        self._eye = load_cascade(EYE)
        self._memories: dict[int, _Memory] = {}
        self._turn = 0

    def search(self, gray: NDArray[np.uint8], square: NDArray[np.float32], roll_deg: float = 0.0) -> Hit | None:
        """The upright face, or one rolled by `roll_deg`, within a sixth of its side of `square`; None if there is none."""
        patch = patches.cut(gray, square, SIZE_BIAS * SEARCH_PIXELS / SEARCH_SIDE, SEARCH_PIXELS, roll_deg)
        smallest, largest = (round(SEARCH_SIDE * size) for size in SIZES)
        windows = self._frontal.detectMultiScale(
            patch.image,
            scaleFactor=SCALE_STEP,
            minNeighbors=0,
            minSize=(smallest, smallest),
            maxSize=(largest, largest),
        )
        if len(windows) < ENOUGH_VOTES:
            return None
        xywh = np.asarray(windows, np.float32)
        found = np.column_stack([xywh[:, 0] + xywh[:, 2] / 2, xywh[:, 1] + xywh[:, 3] / 2, xywh[:, 2]])
        middle = np.median(found[:, :2], axis=0)
        near = found[np.abs(found[:, :2] - middle).max(axis=1) < SEARCH_SIDE / 5]
        if len(near) < ENOUGH_VOTES:
            return None
        x, y, side = near.mean(axis=0)
        square = np.array([x - CENTRE_BIAS[0] * side, y - CENTRE_BIAS[1] * side, side / SIZE_BIAS], np.float32)
        return Hit(patch.to_frame(square), len(near), roll_deg)

    def follow(
        self, key: int, gray: NDArray[np.uint8], square: NDArray[np.float32], now: float, *, closely: bool = True
    ) -> Hit | None:
        """The face of that key, expected at `square`; None if it is not there.

        A key that was never given to `remember` is searched for by the cascade alone; others are only if `closely`.
        """
        memory = self._memories.get(key)
        if memory is None:
            return self.search(gray, square)
        moved, likeness = _match(gray, square, memory)
        followed = likeness >= STILL_THERE and now - memory.seen_s <= FOLLOW_S
        hit = None
        if closely and (likeness < SAME or now - memory.searched_s >= SEARCH_S or not followed):
            hit = self._search_as_before(key, memory, gray, moved if likeness >= STILL_THERE else square, now)
        if hit is None and followed:
            return Hit(moved, 0, ROLLS_DEG[memory.roll])
        return hit

    def remember(self, key: int, gray: NDArray[np.uint8], hit: Hit, square: NDArray[np.float32], now: float) -> None:
        """Takes the image of a face found by `hit`, which is held to be at `square`: what is looked for from now on."""
        if hit.votes:
            self._memories[key] = _Memory(_image(gray, square), square, ROLLS_DEG.index(hit.roll_deg), now, now, now)

    def is_turned(self, key: int, now: float) -> bool:
        """Whether the front of a remembered face was last found longer ago than a search takes to come round."""
        memory = self._memories.get(key)
        return memory is not None and now - memory.frontal_s > TURNED_S

    def forget(self, keep: frozenset[int]) -> None:
        """Drops all faces but these."""
        self._memories = {key: memory for key, memory in self._memories.items() if key in keep}

    def has_eyes(self, gray: NDArray[np.uint8], square: NDArray[np.float32]) -> bool:
        """Whether both eyes are found where a face has them; curtains and cups have none there."""
        patch = patches.cut(gray, square, 1.0, EYE_SIDE)
        upper = patch.image[EYE_SIDE // 5 : EYE_SIDE * 3 // 5]
        eyes = self._eye.detectMultiScale(upper, scaleFactor=1.15, minNeighbors=2, minSize=(20, 20), maxSize=(34, 34))
        middles = [x + w / 2 for x, _, w, _ in eyes]
        return any(x < 0.45 * EYE_SIDE for x in middles) and any(x > 0.55 * EYE_SIDE for x in middles)

    def _search_as_before(
        self, key: int, memory: _Memory, gray: NDArray[np.uint8], square: NDArray[np.float32], now: float
    ) -> Hit | None:
        """The cascade as it last saw the face; if it fails, one other way a frame, so that no frame takes long."""
        hit = self.search(gray, square, ROLLS_DEG[memory.roll])
        if hit is not None:
            return hit
        self._turn += 1
        ways = len(ROLLS_DEG) + 2
        way = self._turn % ways
        if way < len(ROLLS_DEG):
            return self.search(gray, square, ROLLS_DEG[way]) if way != memory.roll else None
        if self._is_profile(gray, square, mirrored=way == len(ROLLS_DEG)):
            # a profile's box is not a face's box: it only says that the face is still there
            self._memories[key] = replace(memory, seen_s=now)
        return None

    def _is_profile(self, gray: NDArray[np.uint8], square: NDArray[np.float32], *, mirrored: bool) -> bool:
        patch = patches.cut(gray, square, SEARCH_PIXELS / SEARCH_SIDE, SEARCH_PIXELS)
        image = np.ascontiguousarray(patch.image[:, ::-1]) if mirrored else patch.image
        found = self._profile.detectMultiScale(image, scaleFactor=1.15, minNeighbors=2, minSize=(44, 44))
        return len(found) > 0


def _match(gray: NDArray[np.uint8], square: NDArray[np.float32], memory: _Memory) -> tuple[NDArray[np.float32], float]:
    """Where the remembered image is, near `square`, to a fraction of a pixel, and how like it is (correlation)."""
    side = memory.anchor[2]
    patch = patches.cut(gray, np.array([*square[:2], side], np.float32), MATCH_PIXELS / MATCH_SIDE, MATCH_PIXELS)
    likeness = np.asarray(cv2.matchTemplate(patch.image, memory.template, cv2.TM_CCOEFF_NORMED), np.float32)
    _, best, _, (x, y) = cv2.minMaxLoc(likeness)
    centre = np.array(
        [
            x + _peak(likeness[y, max(x - 1, 0) : x + 2], x) + TEMPLATE_PIXELS / 2,
            y + _peak(likeness[max(y - 1, 0) : y + 2, x], y) + TEMPLATE_PIXELS / 2,
            MATCH_SIDE,
        ],
        np.float32,
    )
    moved = patch.to_frame(centre)
    moved[2] = square[2]
    return moved, best if np.isfinite(best) else 0.0


def _peak(around: NDArray[np.float32], at: int) -> float:
    """How far the top of the parabola through three values lies from the middle one; 0 at a border."""
    if len(around) < 3 or at == 0:
        return 0.0
    left, middle, right = (float(value) for value in around)
    bend = left - 2 * middle + right
    return float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5)) if bend < 0 else 0.0


def _image(gray: NDArray[np.uint8], square: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The middle of a face, uint8 (20,20)."""
    return patches.cut(gray, square, TEMPLATE_PIXELS / MATCH_SIDE, TEMPLATE_PIXELS).image
