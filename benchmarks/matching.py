"""Compares displayed faces with the truth, and measures their stability. Arithmetic only: no video, no detector."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from benchmarks.truth import TrueFaces
from realtime.faces.geometry import iou
from realtime.labels import UNCERTAIN

OVERLAP = 0.5
"""Smallest intersection over union of two boxes of the same face."""

LINKED = 0.3
"""The same between consecutive frames, for a side without ids."""

AWAY_S = 0.5
"""A true face absent for this long counts as new when it returns."""

WINDOW_S = 1.0
STILL_PART = 0.1
"""A face is still in a one-second window if it moves and grows by less than this share of its width, jitter included. Jitter
is the residual of a parabola fitted to centre and width, because people always move a little."""


@dataclass(frozen=True, eq=False)
class Sight:
    """The faces that one side displays in one frame.

    Attributes:
        time_s: media time.
        ids: of the faces (n,); boxes_xyxy: float32 (n,4); labels (n,).
    """

    time_s: float
    ids: tuple[int, ...]
    boxes_xyxy: NDArray[np.float32]
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Pairs:
    """Row of the truth -> row of the displayed faces, for one frame."""

    shown_of: dict[int, int]


@dataclass(frozen=True)
class Score:
    """Comparison with the truth over all frames.

    Attributes:
        matched, true, shown: numbers of boxes.
        false_tracks: ids with a majority of boxes on no face.
        id_switches: matches of a true face with another id than its previous match.
        delays_s: per new face, from its first frame to its first certain label; unlabelled: new faces without one.
    """

    matched: int
    true: int
    shown: int
    false_tracks: int
    id_switches: int
    delays_s: tuple[float, ...]
    unlabelled: int

    @property
    def recall(self) -> float:
        """Share of the true boxes that were shown; 1 without true boxes."""
        return self.matched / self.true if self.true else 1.0

    @property
    def precision(self) -> float:
        """Share of the shown boxes that are true; 1 without shown boxes."""
        return self.matched / self.shown if self.shown else 1.0


@dataclass(frozen=True)
class Jitter:
    """Root mean square jitter of a still face's box; None if no face was still for a second."""

    px: float | None
    percent: float | None


def match(truth: TrueFaces, sight: Sight, last_ids: dict[int, int]) -> Pairs:
    """Matches true and shown boxes: previous pairs first (`last_ids`: true id -> shown id), then by overlap."""
    overlap = iou(truth.boxes_xyxy, sight.boxes_xyxy) if truth.ids and sight.ids else np.zeros((0, 0), np.float32)
    pairs: dict[int, int] = {}
    for row, true_id in enumerate(truth.ids):
        if last_ids.get(true_id) in sight.ids:
            column = sight.ids.index(last_ids[true_id])
            if overlap[row, column] >= OVERLAP and column not in pairs.values():
                pairs[row] = column
    for flat in np.argsort(-overlap, axis=None, kind="stable"):
        row, column = divmod(int(flat), len(sight.ids))
        if overlap[row, column] < OVERLAP:
            break
        if row not in pairs and column not in pairs.values():
            pairs[row] = column
    return Pairs(pairs)


def score(truths: Sequence[TrueFaces], sights: Sequence[Sight]) -> Score:
    """Compares frame by frame."""
    last_ids: dict[int, int] = {}
    newborn: dict[int, float] = {}  # true faces without a label yet -> since when
    last_seen: dict[int, float] = {}
    delays: list[float] = []
    on_face: dict[int, int] = defaultdict(int)
    shown: dict[int, int] = defaultdict(int)
    unlabelled = switches = 0
    for truth, sight in zip(truths, sights, strict=True):
        pairs = match(truth, sight, last_ids).shown_of
        for identity in sight.ids:
            shown[identity] += 1
        for row, true_id in enumerate(truth.ids):
            if sight.time_s - last_seen.get(true_id, -np.inf) > AWAY_S:
                unlabelled += true_id in newborn
                newborn[true_id] = sight.time_s
            last_seen[true_id] = sight.time_s
            if row not in pairs:
                continue
            identity = sight.ids[pairs[row]]
            on_face[identity] += 1
            switches += last_ids.get(true_id, identity) != identity
            last_ids[true_id] = identity
            if true_id in newborn and sight.labels[pairs[row]] != UNCERTAIN:
                delays.append(sight.time_s - newborn.pop(true_id))
    return Score(
        matched=sum(on_face.values()),
        true=sum(len(truth.ids) for truth in truths),
        shown=sum(shown.values()),
        false_tracks=sum(2 * on_face[identity] < count for identity, count in shown.items()),
        id_switches=switches,
        delays_s=tuple(delays),
        unlabelled=unlabelled + len(newborn),
    )


def link(sights: Sequence[Sight]) -> tuple[Sight, ...]:
    """Assigns ids to boxes without ids: that of the box with the largest overlap in the previous frame."""
    linked: list[Sight] = []
    before_ids: tuple[int, ...] = ()
    before = np.zeros((0, 4), np.float32)
    last = 0
    for sight in sights:
        overlap = iou(before, sight.boxes_xyxy)
        ids = [0] * len(sight.boxes_xyxy)
        for flat in np.argsort(-overlap, axis=None, kind="stable"):
            row, column = divmod(int(flat), len(ids))
            if overlap[row, column] < LINKED:
                break
            if not ids[column] and before_ids[row] not in ids:
                ids[column] = before_ids[row]
        for column, identity in enumerate(ids):
            if not identity:
                last += 1
                ids[column] = last
        before_ids, before = tuple(ids), sight.boxes_xyxy
        linked.append(Sight(sight.time_s, before_ids, before, sight.labels))
    return tuple(linked)


def label_changes_per_minute(sights: Sequence[Sight]) -> float | None:
    """Changes of a face's displayed label per minute of display; None if no face is shown long enough."""
    last: dict[int, tuple[float, str]] = {}
    changes, seconds = 0, 0.0
    for sight in sights:
        for identity, label in zip(sight.ids, sight.labels, strict=True):
            if identity in last:
                before_s, before = last[identity]
                changes += label != before
                seconds += min(sight.time_s - before_s, AWAY_S)
            last[identity] = (sight.time_s, label)
    return changes / seconds * 60 if seconds > 0 else None


def jitter(sights: Sequence[Sight]) -> Jitter:
    """Jitter of the boxes of still faces: root mean square over all one-second windows without gaps."""
    tracks: dict[int, list[NDArray[np.float64]]] = defaultdict(list)
    for sight in sights:
        for identity, box in zip(sight.ids, sight.boxes_xyxy.astype(np.float64), strict=True):
            row = np.array([sight.time_s, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2, box[2] - box[0]])
            tracks[identity].append(row)
    step_s = float(np.median(np.diff([sight.time_s for sight in sights]))) if len(sights) > 1 else 0.0
    size = round(WINDOW_S / step_s) if step_s > 0 else 0
    if size < 5:
        return Jitter(None, None)
    squares: list[float] = []
    shares: list[float] = []
    for track in tracks.values():
        rows = np.stack(track)
        for start in range(0, len(rows) - size + 1, size):
            window = rows[start : start + size]
            width = window[:, 3].mean()
            if np.ptp(window[:, 0]) > 1.5 * WINDOW_S or np.ptp(window[:, 1:], axis=0).max() > STILL_PART * width:
                continue
            time = window[:, 0] - window[:, 0].mean()
            curves = np.polynomial.polynomial.polyfit(time, window[:, 1:3], 2)
            rest = window[:, 1:3] - np.polynomial.polynomial.polyval(time, curves).T
            square = float((rest**2).sum(axis=1).mean())
            squares.append(square)
            shares.append(square / width**2)
    if not squares:
        return Jitter(None, None)
    return Jitter(float(np.sqrt(np.mean(squares))), 100 * float(np.sqrt(np.mean(shares))))


def agreement(sights: Sequence[Sight], others: Sequence[Sight]) -> float | None:
    """Share of faces with the same label, among those in both; None if there are none."""
    same = both = 0
    for sight, other in zip(sights, others, strict=True):
        truth = TrueFaces(tuple(range(len(other.ids))), other.boxes_xyxy)
        for row, column in match(truth, sight, {}).shown_of.items():
            both += 1
            same += sight.labels[column] == other.labels[row]
    return same / both if both else None
