"""Makes the batches of a run: random augmentation and mixup."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from realtime import preprocess
from train.data.datasets import FaceSet
from train.images import augment
from train.images.inputs import INPUTS
from train.recipes import Recipe


@dataclass(frozen=True, eq=False)
class Batch:
    """The batch of one process in one step.

    Attributes:
        images: float32 (n,1,48,48), normalised.
        targets: float32 (n,k), rows sum to 1.
    """

    images: NDArray[np.float32]
    targets: NDArray[np.float32]


class Batches:
    """Makes the batches of a run.

    Randomness depends on seed, epoch, step and the position in the batch only, so that a resumed run, or another number of
    processes, has the same images.
    """

    def __init__(self, recipe: Recipe, faces: FaceSet) -> None:
        self._recipe, self._images, self._targets = recipe, faces.images, faces.distributions()
        self._change, self._show = augment.AUGMENTATIONS[recipe.augmentation], INPUTS[recipe.picture]

    def make(self, epoch: int, step: int, rows: NDArray[np.intp], places: range) -> Batch:
        """Makes the images at some positions of a step's batch.

        Args:
            epoch, step: counted from 0.
            rows: int (b,), the faces of the whole step, for all processes together.
            places: the positions to make.
        """
        images, targets = [], []
        for place in places:
            image, rng = self._at(epoch, step, rows, place)
            target = self._targets[rows[place]]
            if self._recipe.mixup_probability and rng.random() < self._recipe.mixup_probability:
                other = int(rng.integers(len(rows)))
                share = np.float32(rng.beta(self._recipe.mixup_alpha, self._recipe.mixup_alpha))
                # made again here, because another process may have it
                image = share * image + (1 - share) * self._at(epoch, step, rows, other)[0]
                target = share * target + (1 - share) * self._targets[rows[other]]
            images.append(image)
            targets.append(target)
        return Batch(np.stack(images), np.stack(targets))

    def _at(self, epoch: int, step: int, rows: NDArray[np.intp], place: int) -> tuple[NDArray[np.float32], np.random.Generator]:
        """The image at a position, float32 (1,48,48), and its generator."""
        # steps count from 1: numpy treats [seed, epoch, 0, 0] like the order's [seed, epoch]
        rng = np.random.default_rng([self._recipe.seed, epoch, step + 1, place])
        return preprocess.normalise([self._show(self._change(self._images[rows[place]], rng))])[0], rng
