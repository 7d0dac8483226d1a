"""Baselines without a network, on 48x48 faces: the nearest image, and HOG with a linear SVM.

Measured on CK+48: the nearest image is right in 96.1 % (sd 1.9, 5 seeds) of an 80/20 split by image, where it finds another
frame of the same person, and in 54.3 % by person. The difference is recognition of the person.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsClassifier
from sklearn.svm import LinearSVC

from realtime import preprocess
from realtime.errors import ConfigError
from train.data.datasets import FaceSet

HOG_CELL, HOG_BLOCK, HOG_STRIDE, HOG_BINS = 8, 16, 8, 9
"""Pixels, pixels, pixels, unsigned orientations: as in Dalal and Triggs (2005); 900 values per face."""

SVM_C = 1.0
"""LinearSVC's default: 91.1 % by person; 0.1 and 10 give 90.2 % and 90.6 %."""


def nearest_neighbour(train: FaceSet, test: FaceSet) -> NDArray[np.float32]:
    """The class of the nearest training image, one-hot float32 (n,k).

    The distance is Euclidean, between raw pixels, as usual in the literature. Equalized images give 68.2 % by person, images
    with zero mean and unit variance 62.2 %; in the split by image all three are equal.
    """
    nearest = KNeighborsClassifier(n_neighbors=1).fit(_flat(train.images), train.classes())
    found: NDArray[np.intp] = nearest.predict(_flat(test.images))
    return np.eye(len(train.labels), dtype=np.float32)[found]


def hog_svm(train: FaceSet, test: FaceSet) -> NDArray[np.float32]:
    """Histograms of oriented gradients and a linear SVM, float32 (n,k): the softmax of its margins.

    The margins are not calibrated, so these are not probabilities. Input: equalized images, as for a network (raw images:
    90.7 % by person).

    Raises:
        ConfigError: the training faces have only one class.
    """
    require_two_classes(train)
    known = np.unique(train.classes())
    machine = LinearSVC(C=SVM_C, random_state=0).fit(hog(train.images), train.classes())
    margins = machine.decision_function(hog(test.images))
    if margins.ndim == 1:  # one margin for two classes
        margins = np.stack([-margins, margins], axis=1)
    shares = np.exp(margins - margins.max(axis=1, keepdims=True))
    return spread(shares / shares.sum(axis=1, keepdims=True), known, len(train.labels))


def hog(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Histograms of oriented gradients of raw faces, uint8 (n,48,48) -> float32 (n,900), by OpenCV.

    OpenCV distributes each gradient over neighbouring cells and orientations. Without that, the SVM reaches 85.9 % by person
    (88.5 % on raw images).
    """
    size = preprocess.SIZE
    describe = cv2.HOGDescriptor(
        (size, size), (HOG_BLOCK, HOG_BLOCK), (HOG_STRIDE, HOG_STRIDE), (HOG_CELL, HOG_CELL), HOG_BINS
    ).compute
    return np.stack([np.asarray(describe(preprocess.prepare(image)), dtype=np.float32).ravel() for image in images])


def require_two_classes(train: FaceSet) -> None:
    """Raises ConfigError if the faces have only one class."""
    known = np.unique(train.classes())
    if len(known) < 2:
        raise ConfigError(f"all {len(train)} training faces are {train.labels[known[0]]}; give faces of two classes or more")


def spread(probs: NDArray[np.floating], known: NDArray[np.intp], classes: int) -> NDArray[np.float32]:
    """Columns for the known classes, float (n,len(known)) -> columns for all, float32 (n,classes), zero if unknown."""
    everything = np.zeros((len(probs), classes), dtype=np.float32)
    everything[:, known] = probs
    return everything


def _flat(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    return images.reshape(len(images), -1).astype(np.float32)
