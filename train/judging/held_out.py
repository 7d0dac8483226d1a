"""Two networks on faces that were held out, segment by segment."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime.labels import LABELS
from train.judging import metrics, paired
from train.judging.intervals import Share
from train.judging.paired import Paired


@dataclass(frozen=True, eq=False)
class Judged:
    """Both networks on every face, each while it was held out.

    Attributes:
        by: how the faces were divided.
        folds: number of folds.
        truth: int (n,), into LABELS.
        segments: n names.
        before, after: float32 (n,8), probabilities of the network at the start and of the trained ones.
    """

    by: str
    folds: int
    truth: NDArray[np.intp]
    segments: tuple[str, ...]
    before: NDArray[np.float32]
    after: NDArray[np.float32]

    @property
    def paired(self) -> Paired:
        """The segments on which they differ."""
        return Paired.of(*(paired.right_units(probs, self.truth, self.segments) for probs in (self.before, self.after)))

    def share(self, probs: NDArray[np.float32], label: str | None = None) -> Share:
        """The segments read correctly, of all or of one label."""
        rows = np.ones(len(self.truth), np.bool_) if label is None else self.truth == LABELS.index(label)
        names = [name for name, kept in zip(self.segments, rows, strict=True) if kept]
        right = paired.right_units(probs[rows], self.truth[rows], names)
        return Share(int(right.sum()), len(right))

    def accuracy(self, probs: NDArray[np.float32]) -> float:
        """The share of the faces read correctly."""
        return float(np.mean(probs.argmax(axis=1) == self.truth))

    def labels(self) -> tuple[str, ...]:
        """The expressions that occur."""
        return tuple(label for index, label in enumerate(LABELS) if (self.truth == index).any())

    def figures(self, probs: NDArray[np.float32]) -> dict[str, object]:
        """One network's figures for JSON: segments, by label, and faces."""
        scores = metrics.score(probs, self.truth, LABELS)
        return {
            "segments": self.share(probs).to_json(),
            "by_label": {label: self.share(probs, label).to_json() for label in self.labels()},
            "faces": {
                "accuracy": scores.accuracy,
                "balanced_accuracy": scores.balanced_accuracy,
                "nll": scores.nll,
                "ece": scores.ece,
            },
        }
