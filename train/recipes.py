"""What a training run does, as frozen values that are stored in its checkpoints."""

from dataclasses import dataclass, replace

from realtime.errors import ConfigError

SCRATCH, IMAGENET, WEBCAM = "scratch", "imagenet", "webcam"
"""Ways to begin: at random, with torchvision's weights, with the FER+ network that comes along."""


@dataclass(frozen=True)
class Recipe:
    """One way of training a network.

    Attributes:
        name: what `python -m train.fit` is asked for.
        network: a key of `train.network.models.NETWORKS`.
        max_pool: whether the stem keeps its max-pool (feature maps 12-6-3-2; without it 24-12-6-3 at 3.5 times the cost).
        epochs: passes over the training rows.
        batch_size: images a step.
        optimizer: "sgd" (Nesterov momentum 0.9), "adam" or "adamw".
        learning_rate: peak of the schedule, or the constant rate.
        head_rate: how many times as fast the last layer learns.
        schedule: "onecycle", "constant" or "trapezoid" (rises, stays, falls in a straight line to 0).
        warm_up: share of the steps in which the rate rises to its peak.
        cool_down: share of the steps in which a trapezoid falls.
        bfloat16: whether the forward passes may run in bfloat16 where that pays; depthwise convolutions are slower in it.
        weight_decay: L2, not applied to batch norm and biases.
        augmentation: a key of `train.images.augment.AUGMENTATIONS`.
        image: a key of `train.images.inputs.INPUTS`; only networks for "equalized" images can be exported.
        balance: against rare classes being overlooked: "none", "sampling" (every class is drawn equally often), "sqrt" (as
            often as the root of its images), "sets" (the same for every class of every joined set) or "loss" (every class
            weighs the same).
        logit_adjustment: tau; while it learns, the network's logits are raised by tau times the log of the class means of the
            targets as they are drawn, so that without them it favours rare classes (Menon et al., 2021: long-tail learning via
            logit adjustment). 0 for none; 1 aims at balanced accuracy.
        extra_repeats: how often an epoch holds each extra image (`train.fit --extra`); 0 takes none.
        own_label_weight, own_label_classes: what FER2013's own label weighs beside the FER+ votes, and for which of its
            classes; see `material.with_own_labels`.
        mixup_probability, mixup_alpha: how often an image is laid over another one of its batch, and the parameter of the
            beta distribution that their shares are drawn from (Zhang et al., 2018: mixup).
        teacher_weight: what the teachers' mean probabilities weigh in the targets (`train.fit --teacher`).
        teachers: SHA-256 of the teachers' files.
        ema_decay: decay per step of the averaged weights that are evaluated and exported; 0 turns averaging off.
        population_statistics: whether batch norm's means and variances are taken anew over all training images before the
            network is judged, as MATLAB does, instead of running averages over the last batches.
        statistics_pictures: the same over that many training images, drawn by the seed, when the network is judged and when
            it is exported; 0 leaves the running averages.
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
    head_rate: float = 1.0
    schedule: str = "onecycle"
    warm_up: float = 0.2
    cool_down: float = 0.3
    bfloat16: bool = True
    weight_decay: float = 5e-4
    augmentation: str = "webcam"
    picture: str = "equalized"
    balance: str = "none"
    logit_adjustment: float = 0.0
    extra_repeats: int = 0
    own_label_weight: float = 0.0
    own_label_classes: tuple[str, ...] = ("disgust", "fear")
    mixup_probability: float = 0.0
    mixup_alpha: float = 0.2
    teacher_weight: float = 0.0
    teachers: tuple[str, ...] = ()
    ema_decay: float = 0.998
    population_statistics: bool = False
    statistics_pictures: int = 0
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

WEBCAM_RARE = Recipe(
    "webcam-rare",
    epochs=7,
    learning_rate=0.03,
    warm_up=0.3,
    balance="sqrt",
    extra_repeats=4,
    own_label_weight=0.25,
    statistics_pictures=4096,
)
"""Makes the shipped network see the rare expressions: begun from its weights (`--init webcam`), with CK+48 (`--extra`).

Drawing by the root of a class's images aims at the point of the curve that logit adjustment with tau 0.5 reaches afterwards,
but lets the features follow. A CK+ image comes 4 times, since 45 of contempt and 51 of fear would drown beside FER+'s 27,000.
FER2013's own label weighs 0.25, where two annotators saw it too: fear is then the most likely class of 889 of the rows that
FER2013 calls so instead of 515, disgust of 225 instead of 129.
"""

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        PAPER,
        CAREFUL,
        WEBCAM_RARE,
        # The same, learning from a better network of our own (`--teacher`) more than from the votes; some mixup, so that the
        # teacher is asked about what lies between its classes too.
        replace(WEBCAM_RARE, name="webcam-taught", epochs=8, mixup_probability=0.3, teacher_weight=0.7, ema_decay=0.996),
        # All sets, for a network that knows faces already (`--init faceres.json`): the teacher. AdamW, a fast last layer and
        # float32 as in the trial that gave PublicTest 82.6 % after four epochs.
        Recipe(
            "teacher",
            network="faceres",
            epochs=8,
            batch_size=64,
            optimizer="adamw",
            learning_rate=3e-4,
            head_rate=10.0,
            warm_up=0.1,
            weight_decay=0.05,
            augmentation="wide",
            balance="sets",
            mixup_probability=0.2,
            bfloat16=False,
        ),
        # All sets, the unlabelled faces too, for the network that ships: mostly what the teachers say. A trapezoid, so that a
        # longer run begins like a shorter one.
        Recipe(
            "joined",
            epochs=40,
            learning_rate=0.05,
            schedule="trapezoid",
            warm_up=0.02,
            augmentation="wide",
            balance="sets",
            mixup_probability=0.3,
            teacher_weight=0.7,
            ema_decay=0.999,
            statistics_pictures=4096,
        ),
        # The network behind fer-cam: FER+ votes, stock stem.
        Recipe("webcam"),
        # "webcam-rare" without the max-pool, begun with its weights: finer feature maps at 3.5 times the cost.
        replace(WEBCAM_RARE, name="webcam-fine", max_pool=False, learning_rate=0.05, warm_up=0.2, ema_decay=0.996),
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
