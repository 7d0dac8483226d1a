"""Labelled 48x48 faces in memory, and the removal of copies."""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from realtime.errors import ConfigError
from realtime.preprocess import SIZE

NEAR_COPY = 0.97
"""Correlation above which two 48x48 images count as one photograph (other watermark, brightness or small shift)."""


class NoImages(ConfigError):
    """The file is valid but has no image of the requested kind."""


@dataclass(frozen=True, eq=False)
class FaceSet:
    """n labelled faces.

    Attributes:
        images: uint8 (n,48,48), gray, not equalized.
        targets: float32 (n,k), share of the votes per class; the rest of a row, up to 1, is votes for `unknown`. A row of zeros
            has no label.
        labels: the k class names.
        names: n identifiers for the manifest: `Usage/row`, or a path inside a data set.
    """

    images: NDArray[np.uint8]
    targets: NDArray[np.float32]
    labels: tuple[str, ...]
    names: tuple[str, ...]

    def __post_init__(self) -> None:
        n, k = len(self.names), len(self.labels)
        if self.images.shape != (n, SIZE, SIZE) or self.images.dtype != np.uint8:
            raise ValueError(f"images are uint8 ({n},{SIZE},{SIZE}), not {self.images.dtype} {self.images.shape}")
        if self.targets.shape != (n, k):
            raise ValueError(f"targets are ({n},{k}), not {self.targets.shape}")

    def __len__(self) -> int:
        return len(self.names)

    def where(self, keep: NDArray[np.bool_]) -> "FaceSet":
        """The rows for which `keep`, bool (n,), is true."""
        names = tuple(name for name, kept in zip(self.names, keep, strict=True) if kept)
        return FaceSet(self.images[keep], self.targets[keep], self.labels, names)

    def with_majority(self) -> "FaceSet":
        """The rows with a class that has more than half of the votes; FER+ scores are quoted on these."""
        return self.where(self.targets.max(axis=1) > 0.5)

    def distributions(self) -> NDArray[np.float32]:
        """float32 (n,k): targets for the loss, each labelled row scaled to sum 1; unlabelled rows stay 0."""
        sums = self.targets.sum(axis=1, keepdims=True)
        return np.asarray(self.targets / np.where(sums > 0, sums, 1), dtype=np.float32)

    def classes(self) -> NDArray[np.intp]:
        """int (n,): index of each row's most voted class."""
        return np.asarray(self.targets.argmax(axis=1), dtype=np.intp)

    def digests(self) -> list[str]:
        """SHA-256 of each image's pixels; exact copies have the same."""
        return [hashlib.sha256(image.tobytes()).hexdigest() for image in self.images]

    def manifest_sha256(self) -> str:
        """One hash over names, pixels and targets; runs with the same hash had the same data."""
        digest = hashlib.sha256(",".join(self.labels).encode())
        for name, image, target in zip(self.names, self.images, self.targets, strict=True):
            digest.update(name.encode(errors="surrogateescape") + image.tobytes() + target.tobytes())
        return digest.hexdigest()


def with_labels(faces: FaceSet, labels: tuple[str, ...]) -> FaceSet:
    """The same faces with more or reordered classes; `labels` must contain all of `faces.labels`."""
    targets = np.zeros((len(faces), len(labels)), dtype=np.float32)
    targets[:, [labels.index(label) for label in faces.labels]] = faces.targets
    return replace(faces, targets=targets, labels=labels)


def set_of(name: str) -> str:
    """The set that a face of joined sets belongs to: its name up to the first slash."""
    return name.partition("/")[0]


def drop_copies(faces: FaceSet, of: FaceSet, min_correlation: float = NEAR_COPY) -> FaceSet:
    """`faces` without exact and near copies of images in `of`, and without duplicates of its own."""
    seen: set[str] = set()
    keep = np.ones(len(faces), dtype=np.bool_)
    for row, digest in enumerate(faces.digests()):
        keep[row] = digest not in seen
        seen.add(digest)
    return faces.where(keep & ~near_copies(faces, of, min_correlation))


def near_copies(faces: FaceSet, of: FaceSet, min_correlation: float = NEAR_COPY) -> NDArray[np.bool_]:
    """bool (n,): which of `faces` have an exact or near copy in `of`."""
    ours, theirs = _standardised(faces.images), _standardised(of.images)
    found = np.zeros(len(faces), dtype=np.bool_)
    for start in range(0, len(faces), 2048):
        block = slice(start, start + 2048)
        found[block] = (ours[block] @ theirs.T).max(axis=1) >= min_correlation
    return found


def _standardised(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    flat = images.reshape(len(images), -1).astype(np.float32)
    flat -= flat.mean(axis=1, keepdims=True)
    flat /= np.linalg.norm(flat, axis=1, keepdims=True) + 1e-6
    return flat
