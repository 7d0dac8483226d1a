"""Thins the crops of a face, so that near-copies do not multiply."""

import numpy as np
from numpy.typing import NDArray

EVERY_S = 0.2
NEAR_COPY = 0.97
"""The shortest time between two kept crops, and the correlation from which one is a near-copy of another.

Crops one frame apart correlate by 0.995 to 0.999 in four clips (median), 0.2 s apart by 0.965 to 0.993, 1 s apart by 0.84 to
0.95. Both limits together keep 54 of 724, 16 of 282, 73 of 472 and 6 of 72 crops, and the probabilities of every crop that is
left out differ by 0.01 to 0.05 from those of the nearest one kept (mean sum over all expressions); 0.2 s alone keeps 121, 47,
95 and 12 for 0.01 to 0.04. Training drops copies from the same correlation on.
"""


class Thinner:
    """Chooses crops of one face in one segment.

    Args:
        every_s: the shortest time between two kept crops, seconds.
        near_copy: the correlation with any kept crop from which a crop is left out; above 1 keeps all.
    """

    def __init__(self, every_s: float = EVERY_S, near_copy: float = NEAR_COPY) -> None:
        self._every_s = every_s
        self._near_copy = near_copy
        self._last_s = -np.inf
        self._kept: list[NDArray[np.float32]] = []

    def keeps(self, small: NDArray[np.uint8], time_s: float) -> bool:
        """Whether to keep a crop, uint8 (S,S); if so, later ones are compared with it."""
        if time_s - self._last_s < self._every_s - 1e-6:  # times of frames are rounded
            return False
        flat = small.astype(np.float32).ravel()
        flat -= flat.mean()
        flat /= np.linalg.norm(flat) + 1e-6
        if any(float(flat @ other) >= self._near_copy for other in self._kept):
            return False
        self._last_s = time_s
        self._kept.append(flat)
        return True
