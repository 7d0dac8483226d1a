"""The methods that the rows compare: from training faces to probabilities of test faces."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import nn

from train.data import lineage
from train.data.datasets import FaceSet
from train.judging import predictions
from train.learning import checkpoint
from train.learning.engine import Epoch, Trainer
from train.network import models, onnx_graph
from train.recipes import SCRATCH, WEBCAM, Recipe

Probs = NDArray[np.float32]

QUICK_IMAGES = 28
"""Number of images for training and for testing with --quick."""


@dataclass(frozen=True, eq=False)
class Task:
    """One split for a method.

    Attributes:
        train, test: faces of the same classes.
        number: of the split; also the random seed.
        folder: an existing one, for checkpoints and curve.
        webcam: our FER+ network as a full-precision ONNX file.
        on_step: called with (epoch, step, steps, loss) by methods that train in steps.
    """

    train: FaceSet
    test: FaceSet
    number: int
    folder: Path
    webcam: Path
    on_step: Callable[[int, int, int, float], None] = lambda *_: None


@dataclass(frozen=True, eq=False)
class Solution:
    """Probabilities of the test faces, float32 (n,k), and the epochs of a trained network."""

    probs: Probs
    curve: tuple[Epoch, ...] = ()


class Method(Protocol):
    """One method."""

    def solve(self, task: Task) -> Solution:
        """Trains on the task's training faces only and predicts its test faces."""
        ...

    def words(self) -> str:
        """Its description. Stored in result files, which are valid only while it is unchanged."""
        ...


@dataclass(frozen=True)
class Training:
    """A network trained by a recipe; resumes an interrupted run.

    The test faces are also its validation faces, but only for the curves: nothing is selected by them. The last epoch counts.

    Attributes:
        recipe: the settings.
        start: initial weights, one of `train.recipes`.
    """

    recipe: Recipe
    start: str = SCRATCH

    def solve(self, task: Task) -> Solution:
        recipe, init = replace(self.recipe, seed=task.number, start=self.start), None
        if self.start == WEBCAM:
            lineage.refuse_seen(lineage.read(task.webcam), task.test, task.webcam.name)
            init = task.webcam
        trainer = Trainer(recipe, task.train, task.test, task.folder, init, on_step=task.on_step)
        if checkpoint.exists(task.folder):
            trainer.resume()
        for _ in trainer.run():
            pass
        probs = trainer.predict(task.test)
        checkpoint.remove(task.folder)  # the result is known now
        return Solution(probs, trainer.curve())

    def words(self) -> str:
        recipe = self.recipe
        parts = [
            f"{recipe.network} from {'the FER+ network' if self.start == WEBCAM else self.start}",
            f"{recipe.optimizer} {recipe.learning_rate:g}, batch {recipe.batch_size}, {recipe.epochs} epochs",
            f"{recipe.picture} pictures",
        ]
        parts += ["rate in one cycle"] if recipe.schedule == "onecycle" else []
        parts += ["averaged weights"] if recipe.ema_decay else []
        parts += [f"augmentation {recipe.augmentation}"] if recipe.augmentation != "none" else []
        parts += [f"class-balanced {recipe.balance}"] if recipe.balance != "none" else []
        parts += ["batch norm over all training pictures"] if recipe.population_statistics else []
        return "; ".join(parts)


@dataclass(frozen=True)
class Baseline:
    """A method without a network: a function of training and test faces."""

    function: Callable[[FaceSet, FaceSet], Probs]
    name: str

    def solve(self, task: Task) -> Solution:
        return Solution(self.function(task.train, task.test))

    def words(self) -> str:
        return self.name


@dataclass(frozen=True)
class Head:
    """A head on frozen features of our FER+ network: a function of training faces, test faces, network and seed."""

    function: Callable[[FaceSet, FaceSet, nn.Module, int], Probs]
    name: str

    def solve(self, task: Task) -> Solution:
        lineage.refuse_seen(lineage.read(task.webcam), task.test, task.webcam.name)
        classes = len(predictions.open_classifier(task.webcam).spec.labels)
        network = models.build("resnet50", classes, max_pool=True, seed=0)
        onnx_graph.load_into(network, task.webcam)
        return Solution(self.function(task.train, task.test, network, task.number))

    def words(self) -> str:
        return f"{self.name} on frozen features of the FER+ network"


@dataclass(frozen=True)
class ZeroShot:
    """Our FER+ network without training, through the live program's classifier, masked to the classes of the data."""

    def solve(self, task: Task) -> Solution:
        lineage.refuse_seen(lineage.read(task.webcam), task.test, task.webcam.name)
        return Solution(predictions.predict(predictions.open_classifier(task.webcam), task.test).probs)

    def words(self) -> str:
        return "the FER+ network as it is, masked to seven classes"


def quick(method: Method) -> Method:
    """The same method with a single epoch."""
    if isinstance(method, Training):
        return replace(method, recipe=replace(method.recipe, epochs=1))
    return method
