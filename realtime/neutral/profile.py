"""A person's profile: the network's reading of their resting face, in numbers, and the correction that follows from it.

The logits are log-probabilities. For every expression j but neutral, the profile holds over the frames of a resting face

    m_j = mean of (log p_j - log p_neutral)        the offset against neutral
    s_j = standard deviation of the same           its spread

and the correction lowers the logit of j in every later frame by

    o_j = min(ln 4, max(0, (m_j + 1) / (1 + s_j^2)))

and scales the probabilities to sum to 1 again. So a correction

- is made only where an expression comes within 1 of neutral at rest (37 % of neutral's probability), and lowers it to there;
- is smaller the less steady the reading was: a spread of 1 halves it;
- never raises an expression above the others at the cost of neutral;
- never turns a strong expression off: the odds of an expression fall to a quarter at most, so that one which the network gives
  80 % or more keeps 50 % or more, and stays above the default threshold.

`python -m train.calibration` measures the effect; the guide `calibration` has the result.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from realtime.datatypes import Setting
from realtime.labels import LABELS

FORMAT = 1
"""Version of the file."""

NEUTRAL = LABELS[0]

REST_LOGIT = -1.0
"""Logit against neutral up to which an expression may come at rest. With -2, twice as many of CFEE's persons are corrected, and
more of their weak expressions are read as neutral (train.calibration)."""

MOST_OFFSET = math.log(4)
"""Largest correction of a logit."""

LEAST_PROB = 1e-4
"""Smaller probabilities count as this: their logarithms vary by several units and mean nothing."""


@dataclass(frozen=True)
class Reading:
    """The network's reading of a resting face.

    Attributes:
        labels: the expressions; one is neutral.
        offsets: mean logit of each against neutral, m_j above; 0 for neutral.
        spreads: standard deviation of each, s_j above.
        frames: number of frames that were read.
        seconds: from the first to the last.
        face_px: median side of the face, pixels.
    """

    labels: tuple[str, ...]
    offsets: tuple[float, ...]
    spreads: tuple[float, ...]
    frames: int
    seconds: float
    face_px: float

    def __post_init__(self) -> None:
        count = len(self.labels)
        if NEUTRAL not in self.labels or len(self.offsets) != count or len(self.spreads) != count:
            raise ValueError("a label, an offset or a spread is missing")
        if not all(map(math.isfinite, (*self.offsets, *self.spreads))) or min(self.spreads) < 0:
            raise ValueError("an offset or a spread is not a number")

    @classmethod
    def of(cls, probs: NDArray[np.float32], labels: tuple[str, ...], seconds: float, face_px: float) -> "Reading":
        """From the probabilities of n frames, float32 (n,k)."""
        offsets = logits(probs, labels)
        return cls(
            labels,
            tuple(round(float(value), 4) for value in offsets.mean(axis=0)),
            tuple(round(float(value), 4) for value in offsets.std(axis=0)),
            len(probs),
            round(seconds, 3),
            round(face_px, 1),
        )


@dataclass(frozen=True)
class Profile:
    """The profile of one person, made with one network.

    Attributes:
        name: of the profile.
        made: wall-clock time, ISO 8601.
        reading: of the resting face.
        model, weights_sha256: the network.
        version: of fer-cam.
        settings: those that affect the reading.
    """

    name: str
    made: str
    reading: Reading
    model: str
    weights_sha256: str
    version: str
    settings: tuple[tuple[str, Setting], ...] = ()

    @cached_property
    def correction(self) -> dict[str, float]:
        """What is subtracted from the logit of each expression, o_j above; only those that are corrected."""
        values = zip(self.reading.labels, self.reading.offsets, self.reading.spreads, strict=True)
        sizes = {label: _correction(offset, spread) for label, offset, spread in values if label != NEUTRAL}
        return {label: size for label, size in sizes.items() if size > 0}

    def correct(self, raw: NDArray[np.float32]) -> NDArray[np.float32]:
        """The network's probabilities of one face, float32 (k,), corrected; they sum to 1."""
        if not self.correction:
            return raw
        corrected = raw * self._factors
        return np.asarray(corrected / corrected.sum(), np.float32)

    @cached_property
    def _factors(self) -> NDArray[np.float32]:
        return np.array([math.exp(-self.correction.get(label, 0.0)) for label in self.reading.labels], np.float32)


def logits(probs: NDArray[np.float32], labels: Sequence[str]) -> NDArray[np.float64]:
    """Log-probabilities against neutral, float64 (n,k), of probabilities, float32 (n,k)."""
    logs = np.log(np.maximum(probs.astype(np.float64), LEAST_PROB))
    return np.asarray(logs - logs[:, [list(labels).index(NEUTRAL)]])


def _correction(offset: float, spread: float) -> float:
    return min(MOST_OFFSET, max(0.0, (offset - REST_LOGIT) / (1 + spread**2)))


def to_json(profile: Profile) -> str:
    """The text of a profile's file."""
    reading = profile.reading
    values: dict[str, Any] = {
        "format": FORMAT,
        "name": profile.name,
        "made": profile.made,
        "model": profile.model,
        "weights_sha256": profile.weights_sha256,
        "version": profile.version,
        "settings": dict(profile.settings),
        "frames": reading.frames,
        "seconds": reading.seconds,
        "face_px": reading.face_px,
        "offsets": dict(zip(reading.labels, reading.offsets, strict=True)),
        "spreads": dict(zip(reading.labels, reading.spreads, strict=True)),
    }
    return json.dumps(values, indent=2, allow_nan=False) + "\n"


def from_json(text: str, name: str) -> Profile:
    """The profile in a file.

    Args:
        text: of the file.
        name: under which it was requested; a file may have been renamed.

    Raises:
        ValueError: it is no profile, or one of another version.
    """
    values = json.loads(text)
    if not isinstance(values, dict) or values.get("format") != FORMAT:
        raise ValueError(f"it is not a profile of format {FORMAT}")
    try:
        offsets, spreads = values["offsets"], values["spreads"]
        labels = tuple(offsets)
        reading = Reading(
            labels,
            tuple(float(offsets[label]) for label in labels),
            tuple(float(spreads[label]) for label in labels),
            int(values["frames"]),
            float(values["seconds"]),
            float(values["face_px"]),
        )
        return Profile(
            name,
            str(values["made"]),
            reading,
            str(values["model"]),
            str(values["weights_sha256"]),
            str(values["version"]),
            tuple((str(key), value) for key, value in values["settings"].items()),
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it lacks {error}") from error
