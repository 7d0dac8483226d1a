"""Tracks a face from frame to frame by searching only where it is expected.

In every frame, template matching searches the face near its last position (0.1 ms). Every SEARCH_S, or when its appearance
has changed, the cascade confirms it and corrects position and size: on a patch of 80x80 pixels with a face 60 px wide, and for
three sizes only (1.5 ms, against 50 for the whole frame). For a rolled or half-turned head, rotated patches and then profiles
are searched, one per frame.
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
"""Time between two confirmations of a face by the cascade: every third frame at 30 a second."""

SEARCH_SIDE = 60
SEARCH_PIXELS = 80
"""Side of the face and of the patch around it that the cascade searches. Above 48 px its window moves by single pixels: the
position of a still face varies by 0.5 % of its side, at 36 px by 3 % and more."""

CENTRE_BIAS, SIZE_BIAS = (0.005, 0.008), 1.02
"""Offset, in sides of the face, and size ratio of the mean window against the box of a whole-frame search: means over the demo
clip, neutral_720p and sad_then_happy. Without the correction, the network sees a different crop than in a single image."""

SIZES = (0.8, 1.2)
SCALE_STEP = 1.2
"""Range of sizes to search, relative to the last one: windows of 50, 60 and 72 px. With only two, the box size drifts."""

ENOUGH_VOTES = 5
"""Windows that must agree: a face has 15 to 35, a false positive up to 3."""

ROLLS_DEG = (0, 25, -25, 45, -45)
"""Roll angles to search; the cascade itself tolerates about 15 degrees."""

MATCH_SIDE = 30
MATCH_PIXELS = 48
TEMPLATE_PIXELS = 20
"""The same for template matching, and the side of the template, the central part of the face."""

SAME = 0.8
"""Correlation above which a face is unchanged and needs no cascade search before SEARCH_S is over."""

STILL_THERE = 0.55
"""Correlation below which the match is no longer the face (a hand, a wall)."""

FOLLOW_S = 1.0
"""A face that no cascade has confirmed for this long is no longer tracked by template alone: the match may be its shadow."""

TURNED_S = 0.4
"""A face whose front was not detected for this long is turned away or covered; it is searched every 0.1 s."""

EYE_SIDE = 96
"""Side in pixels of the face in which eyes are searched; they are about 22 px wide then."""


@dataclass(frozen=True, eq=False)
class Hit:
    """A detected or matched face.

    Attributes:
        square: float32 (3,), centre x, centre y and side in pixels of the frame.
        votes: cascade windows that agreed on it; 0 for a template match alone.
        roll_deg: roll of the head, counter-clockwise.
    """

    square: NDArray[np.float32]
    votes: int
    roll_deg: float = 0.0


@dataclass(frozen=True, eq=False)
class _Memory:
    """The state of one face.

    Attributes:
        template: uint8 (20,20), its central part.
        anchor: the square from which the template was cut.
        roll: its roll, an index of ROLLS_DEG.
        searched_s: time of the last search.
        seen_s, frontal_s: times of the last detection by any cascade, and of its front.
    """

    template: NDArray[np.uint8]
    anchor: NDArray[np.float32]
    roll: int
    searched_s: float
    seen_s: float
    frontal_s: float


class Follower:
    """Tracks faces, each under a key chosen by the caller.

    Raises:
        ModelError: this build of OpenCV has no cascades.
    """

    def __init__(self) -> None:
        self._frontal = load_cascade(CASCADE)
        self._profile = load_cascade(PROFILE)
        self._eye = load_cascade(EYE)
        self._memories: dict[int, _Memory] = {}
        self._turn = 0

    def search(self, gray: NDArray[np.uint8], square: NDArray[np.float32], roll_deg: float = 0.0) -> Hit | None:
        """The upright face, or one rolled by `roll_deg`, within a sixth of its side of `square`; None if not found."""
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
        """The face with that key, expected at `square`; None if not found.

        A key that was never given to `remember` is searched by the cascade alone; for others the cascade runs only if
        `closely`.
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
        """Stores the template of a face detected as `hit`, whose filtered position is `square`."""
        if hit.votes:
            self._memories[key] = _Memory(_template(gray, square), square, ROLLS_DEG.index(hit.roll_deg), now, now, now)

    def is_turned(self, key: int, now: float) -> bool:
        """Whether the front of a face was last detected longer ago than a full cycle of searches takes."""
        memory = self._memories.get(key)
        return memory is not None and now - memory.frontal_s > TURNED_S

    def forget(self, keep: frozenset[int]) -> None:
        """Drops all other faces."""
        self._memories = {key: memory for key, memory in self._memories.items() if key in keep}

    def has_eyes(self, gray: NDArray[np.uint8], square: NDArray[np.float32]) -> bool:
        """Whether both eyes are detected at their usual places; false positives such as curtains and cups have none."""
        patch = patches.cut(gray, square, 1.0, EYE_SIDE)
        upper = patch.image[EYE_SIDE // 5 : EYE_SIDE * 3 // 5]
        eyes = self._eye.detectMultiScale(upper, scaleFactor=1.15, minNeighbors=2, minSize=(20, 20), maxSize=(34, 34))
        middles = [x + w / 2 for x, _, w, _ in eyes]
        return any(x < 0.45 * EYE_SIDE for x in middles) and any(x > 0.55 * EYE_SIDE for x in middles)

    def _search_as_before(
        self, key: int, memory: _Memory, gray: NDArray[np.uint8], square: NDArray[np.float32], now: float
    ) -> Hit | None:
        """Searches at the last roll; if that fails, tries one other way per frame, so that no frame takes long."""
        hit = self.search(gray, square, ROLLS_DEG[memory.roll])
        if hit is not None:
            return hit
        self._turn += 1
        ways = len(ROLLS_DEG) + 2
        way = self._turn % ways
        if way < len(ROLLS_DEG):
            return self.search(gray, square, ROLLS_DEG[way]) if way != memory.roll else None
        if self._is_profile(gray, square, mirrored=way == len(ROLLS_DEG)):
            # the box of a profile is not comparable: it only shows that the face is still there
            self._memories[key] = replace(memory, seen_s=now)
        return None

    def _is_profile(self, gray: NDArray[np.uint8], square: NDArray[np.float32], *, mirrored: bool) -> bool:
        patch = patches.cut(gray, square, SEARCH_PIXELS / SEARCH_SIDE, SEARCH_PIXELS)
        image = np.ascontiguousarray(patch.image[:, ::-1]) if mirrored else patch.image
        found = self._profile.detectMultiScale(image, scaleFactor=1.15, minNeighbors=2, minSize=(44, 44))
        return len(found) > 0


def _match(gray: NDArray[np.uint8], square: NDArray[np.float32], memory: _Memory) -> tuple[NDArray[np.float32], float]:
    """Position of the template near `square`, to a fraction of a pixel, and its correlation."""
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
    """Offset of the peak of the parabola through three values from the middle one; 0 at a border."""
    if len(around) < 3 or at == 0:
        return 0.0
    left, middle, right = (float(value) for value in around)
    bend = left - 2 * middle + right
    return float(np.clip(0.5 * (left - right) / bend, -0.5, 0.5)) if bend < 0 else 0.0


def _template(gray: NDArray[np.uint8], square: NDArray[np.float32]) -> NDArray[np.uint8]:
    """The central part of a face, uint8 (20,20)."""
    return patches.cut(gray, square, TEMPLATE_PIXELS / MATCH_SIDE, TEMPLATE_PIXELS).image
