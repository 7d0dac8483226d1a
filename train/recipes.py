"""What a training run does, as frozen values that are stored in its checkpoints."""

from dataclasses import dataclass

from realtime.errors import ConfigError

SCRATCH, IMAGENET, WEBCAM = "scratch", "imagenet", "webcam"
"""Ways to begin: at random, with torchvision's weights, with the FER+ network that comes along."""


@dataclass(frozen=True)
class Recipe:
    """One way of training a network.

    Attributes:
        name: what `python -m train.fit` is asked for.
        network: a key of `train.models.NETWORKS`.
        max_pool: whether the stem keeps its max-pool (feature maps 12-6-3-2; without it 24-12-6-3 at 3.5 times the cost).
        epochs: passes over the training rows.
        batch_size: pictures a step.
        optimizer: "sgd" (Nesterov momentum 0.9) or "adam".
        learning_rate: peak of the one-cycle schedule, or the constant rate.
        schedule: "onecycle" or "constant".
        weight_decay: L2, not applied to batch norm and biases.
        augmentation: a key of `train.augment.AUGMENTATIONS`.
        picture: a key of `train.inputs.INPUTS`; only networks for "equalized" pictures can be exported.
        balance: against rare classes being overlooked: "none", "sampling" (every class is drawn equally often) or "loss"
            (every class weighs the same).
        ema_decay: decay per step of the averaged weights that are evaluated and exported; 0 turns averaging off.
        population_statistics: whether batch norm's means and variances are taken anew over all training pictures before the
            network is judged, as MATLAB does, instead of running averages over the last batches.
        seed: of weights, order and augmentation.
        start: a way to begin, or the SHA-256 of the ONNX file whose weights the run began with (`train.fit --init`).
    """

    name: str
    network: str = "resnet50"
    max_pool: bool = True
    epochs: int = 16
    batch_size: int = 128
    optimizer: str = "sgd"
    learning_rate: float = 0.1
    schedule: str = "onecycle"
    weight_decay: float = 5e-4
    augmentation: str = "webcam"
    picture: str = "equalized"
    balance: str = "none"
    ema_decay: float = 0.998
    population_statistics: bool = False
    seed: int = 0
    start: str = SCRATCH


PAPER = Recipe(
    "paper",
    epochs=8,
    batch_size=8,
    optimizer="adam",
    learning_rate=1e-4,
    schedule="constant",
    weight_decay=0.0,
    augmentation="none",
    ema_decay=0.0,
)
"""The paper's parameters (section III): Adam, 1e-4, 8 epochs, batches of 8; nothing else is said there."""

CAREFUL = Recipe(
    "careful",
    epochs=16,
    batch_size=32,
    optimizer="adam",
    learning_rate=3e-4,
    weight_decay=1e-4,
    ema_decay=0.98,
)
"""For a few hundred faces and a network that has seen many: augmentation, a rate that falls to nothing, averaged weights.

A first guess, kept; but made after the paper's recipe had been seen on the same folds by person (`train.reproduce`).
"""

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        PAPER,
        CAREFUL,
        # The network behind fer-cam: FER+ votes, stock stem.
        Recipe("webcam"),
        # The same without the max-pool, begun with the weights of "webcam": finer feature maps at 3.5 times the cost.
        Recipe("webcam-fine", max_pool=False, epochs=6, learning_rate=0.02),
        # The same in seconds, to see that everything is in place; it learns nothing of use.
        Recipe("smoke", epochs=1, augmentation="none", learning_rate=0.01),
    )
}


def find(name: str) -> Recipe:
    """The recipe of that name.

    Raises:
        ConfigError: there is none; the message lists those there are.
    """
    if name not in RECIPES:
        raise ConfigError(f"no recipe {name!r}; there are: {', '.join(sorted(RECIPES))}")
    return RECIPES[name]
