"""Training recipes: frozen settings of a run, stored in its checkpoints."""

from dataclasses import dataclass, replace

from realtime.errors import ConfigError

SCRATCH, IMAGENET, WEBCAM = "scratch", "imagenet", "webcam"
"""Initial weights: random, torchvision's, or the bundled FER+ network's."""


@dataclass(frozen=True)
class Recipe:
    """The settings of one training run.

    Attributes:
        name: the argument of `python -m train.fit`.
        network: a key of `train.network.models.NETWORKS`.
        max_pool: whether the stem keeps its max-pool (feature maps 12-6-3-2; without it 24-12-6-3 at 3.5 times the cost).
        epochs: passes over the training rows.
        batch_size: images per step.
        optimizer: "sgd" (Nesterov momentum 0.9), "adam" or "adamw".
        learning_rate: peak of the schedule, or the constant rate.
        head_rate: learning rate of the last layer, as a multiple of `learning_rate`.
        schedule: "onecycle", "constant" or "trapezoid" (linear rise, plateau, linear fall to 0).
        warm_up: share of the steps over which the rate rises to its peak.
        cool_down: share of the steps over which a trapezoid falls.
        bfloat16: whether forward passes may run in bfloat16 where it is faster; depthwise convolutions are slower in it.
        weight_decay: L2 penalty, not applied to batch norm and biases.
        augmentation: a key of `train.images.augment.AUGMENTATIONS`.
        picture: the network's input, a key of `train.images.inputs.INPUTS`; only networks for "equalized" can be exported.
        balance: how classes are balanced: "none", "sampling" (all classes drawn equally often), "sqrt" (each class drawn in
            proportion to the square root of its size), "sets" (the same per class and joined set) or "loss" (all classes have
            the same total weight in the loss).
        logit_adjustment: tau; during training, tau * log(class priors as drawn) is added to the logits, so that the network
            alone favours rare classes (Menon et al., 2021: long-tail learning via logit adjustment). 0: off; 1 aims at balanced
            accuracy.
        extra_repeats: how often each extra image (`train.fit --extra`) appears in an epoch; 0 for no extra images.
        own_label_weight, own_label_classes: weight of FER2013's own label beside the FER+ votes, and its classes to which
            that applies; see `training_data.with_own_labels`.
        mixup_probability, mixup_alpha: probability that an image is mixed with another one of its batch, and the parameter of
            the beta distribution of the mixing ratio (Zhang et al., 2018: mixup).
        teacher_weight: weight of the teachers' mean probabilities in the targets (`train.fit --teacher`).
        teachers: SHA-256 of the teachers' files.
        ema_decay: decay per step of the averaged weights that are evaluated and exported; 0 turns averaging off.
        population_statistics: whether batch norm's statistics are recomputed over all training images before evaluation, as
            MATLAB does; otherwise they are running averages over the last batches.
        statistics_pictures: number of training images, drawn by the seed, over which batch norm's statistics are recomputed
            for evaluation and export; 0 keeps the running averages.
        trained: the network's trained top-level parts, such as "layer4" and "fc"; the others are frozen, and so are the
            statistics of every batch norm. Empty: all of them.
        seed: of initial weights, order and augmentation.
        start: the initial weights: "scratch", "imagenet", "webcam" or the SHA-256 of an ONNX file (`train.fit --init`).
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
    trained: tuple[str, ...] = ()
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
"""The paper's parameters (section III): Adam, 1e-4, 8 epochs, batches of 8. The paper gives no others."""

CAREFUL = Recipe(
    "careful",
    epochs=16,
    batch_size=32,
    optimizer="adam",
    learning_rate=3e-4,
    weight_decay=1e-4,
    ema_decay=0.98,
)
"""Fine-tuning on a few hundred faces: augmentation, a learning rate that falls to zero, averaged weights.

The first guess, not tuned, but made after the paper's recipe had been evaluated on the same folds (`train.reproduce`).
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
"""Teaches the shipped network the rare expressions: fine-tunes it (`--init webcam`) with CK+48 added (`--extra`).

Square-root sampling aims at the same trade-off as logit adjustment with tau 0.5 after training, but the features adapt too.
CK+ images are repeated 4 times: 45 of contempt and 51 of fear have no effect among FER+'s 27,000. FER2013's own label weighs
0.25 where at least two annotators agree with it: fear is then the most likely class in 889 instead of 515 of the rows that
FER2013 labels fear, and disgust in 225 instead of 129.
"""

PERSONAL = Recipe(
    "personal",
    max_pool=False,
    epochs=10,
    batch_size=32,
    optimizer="adamw",
    learning_rate=1e-4,
    weight_decay=0.01,
    balance="sqrt",
    teacher_weight=0.5,
    ema_decay=0.9,
    trained=("layer4", "fc"),
)
"""A few hundred faces of one's own (`train.personal`): trains only the shipped network's last stage and classification layer.

Half of each target is the shipped network's own output, so that it forgets less of the other expressions and people (it still
forgets; the guide *your-faces* has figures). It is the first guess, not tuned.
"""

RECIPES: dict[str, Recipe] = {
    recipe.name: recipe
    for recipe in (
        PAPER,
        CAREFUL,
        WEBCAM_RARE,
        PERSONAL,
        # The same with distillation: the teacher (`--teacher`) weighs more than the votes. Mixup adds inputs between the
        # teacher's classes.
        replace(WEBCAM_RARE, name="webcam-taught", epochs=8, mixup_probability=0.3, teacher_weight=0.7, ema_decay=0.996),
        # The teacher: all sets, starting from a face network (`--init faceres.json`). AdamW, a fast last layer and float32, as
        # in the trial that reached 82.6 % on PublicTest after four epochs.
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
        # The shipped network: all sets, unlabelled faces included, mostly distilled from the teachers. With a trapezoid, a
        # longer run starts like a shorter one.
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
        # All sets for a network without the max-pool that is already good on FER+ (run 4's file): half of each target comes
        # from the teacher. A fast last layer, since its ninth output is new.
        Recipe(
            "joined-fine",
            max_pool=False,
            epochs=3,
            learning_rate=0.03,
            head_rate=5.0,
            warm_up=0.1,
            augmentation="wide",
            balance="sets",
            mixup_probability=0.2,
            teacher_weight=0.5,
            statistics_pictures=4096,
        ),
        # FER+ votes, stock stem: the network that later recipes start from.
        Recipe("webcam"),
        # "webcam-rare" without the max-pool, starting from its weights: finer feature maps at 3.5 times the cost.
        replace(WEBCAM_RARE, name="webcam-fine", max_pool=False, learning_rate=0.05, warm_up=0.2, ema_decay=0.996),
        # A smoke test that takes seconds; it learns nothing useful.
        Recipe("smoke", epochs=1, augmentation="none", learning_rate=0.01),
    )
}


def find(name: str) -> Recipe:
    """The recipe with that name.

    Raises:
        ConfigError: unknown name; the message lists the known ones.
    """
    if name not in RECIPES:
        raise ConfigError(f"unknown recipe {name!r}; known recipes: {', '.join(sorted(RECIPES))}")
    return RECIPES[name]
