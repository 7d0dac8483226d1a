"""Face sets: invariants, manifest hash and copies."""

import cv2
import numpy as np
import pytest

from realtime.labels import LABELS
from tests.train_data import noise_image, patterns
from train.data.datasets import FaceSet, drop_copies, near_copies


def test_near_copies_are_named_and_nothing_else() -> None:
    faces = patterns(5)
    images = faces.images.copy()
    images[1] = images[0]  # a copy inside is no copy of the others
    images[3] = np.clip(patterns(8, seed=1).images[7] * 0.8 + 20, 0, 255).astype(np.uint8)
    ours = FaceSet(images, faces.targets, faces.labels, faces.names)
    others = patterns(8, seed=1)
    assert near_copies(ours, of=others).tolist() == [False, False, False, True, False]


def test_the_manifest_follows_names_pixels_targets_and_labels() -> None:
    faces = patterns(4)
    same = patterns(4)
    assert faces.manifest_sha256() == same.manifest_sha256()
    images = faces.images.copy()
    images[2, 5, 5] ^= 1
    others = [
        FaceSet(images, faces.targets, faces.labels, faces.names),
        FaceSet(faces.images, faces.targets[::-1].copy(), faces.labels, faces.names),
        FaceSet(faces.images, faces.targets, faces.labels[::-1], faces.names),
        FaceSet(faces.images, faces.targets, faces.labels, ("a", *faces.names[1:])),
    ]
    assert len({faces.manifest_sha256(), *(other.manifest_sha256() for other in others)}) == 5


def test_shapes_are_checked() -> None:
    faces = patterns(4)
    with pytest.raises(ValueError, match=r"uint8 \(4,48,48\)"):
        FaceSet(faces.images.astype(np.float32), faces.targets, faces.labels, faces.names)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"targets are \(4,8\)"):
        FaceSet(faces.images, faces.targets[:, :7], faces.labels, faces.names)


def test_copies_go_by_value() -> None:
    """Rows: a, b, a again, nearly c, d; of: c."""
    a, b, c, d = (cv2.GaussianBlur(noise_image(i), (5, 5), 0).astype(np.uint8) for i in range(4))
    brighter = np.clip(c.astype(int) * 0.9 + 20, 0, 255).astype(np.uint8)
    images = np.stack([a, b, a, brighter, d])
    targets = np.eye(8, dtype=np.float32)[:5]
    faces = FaceSet(images, targets, LABELS, ("a", "b", "a2", "c2", "d"))
    kept = drop_copies(faces, of=FaceSet(c[None], targets[:1], LABELS, ("c",)))
    assert kept.names == ("a", "b", "d")
    np.testing.assert_array_equal(kept.images, images[[0, 1, 4]])
    np.testing.assert_array_equal(kept.targets, targets[[0, 1, 4]])
