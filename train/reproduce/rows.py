"""The rows of the reproduction: method, protocol and published number."""

from dataclasses import dataclass, replace

from realtime.errors import ConfigError
from train.recipes import CAREFUL, IMAGENET, PAPER, WEBCAM
from train.reproduce import baselines, heads
from train.reproduce.methods import Baseline, Head, Method, Training, ZeroShot

PROTOCOLS = {
    "A": "80/20 by image, as in the paper: leaky",
    "B": "by person, 10 folds: no person on both sides",
    "C": "zero-shot: no image of the data in training",
}


@dataclass(frozen=True)
class Published:
    """A published number.

    Attributes:
        accuracy: as a share.
        source: of the number.
        comparable: whether it is the same experiment; otherwise it is for orientation.
    """

    accuracy: float
    source: str
    comparable: bool = True


@dataclass(frozen=True)
class Row:
    """One line of the final table.

    Attributes:
        name: for --only and of the result file.
        part: its heading on the results page.
        title: description.
        protocol: key of PROTOCOLS.
        splits: seeds (A) or folds (B) to run.
        method: to run.
        published: number to compare with.
        optional: only runs with --only.
    """

    name: str
    part: str
    title: str
    protocol: str
    splits: tuple[int, ...]
    method: Method
    published: Published | None = None
    optional: bool = False


SEEDS = (0, 1, 2, 3, 4)
SOME_SEEDS = (0, 1, 2)
"""For readings with a clear verdict after these."""

ALL_FOLDS = tuple(range(10))
SOME_FOLDS = (0, 1, 2)
"""For rows that train a network per fold and are only compared with each other: 30 % of the persons."""

TABLE_2 = "Table II"
IMBALANCE = "Class imbalance"
INPUT = "Input image"
NETWORKS = "Other networks"
LITERATURE = "Heads of the literature"
BASELINES = "Without a network, and without training"
BEYOND = "Beyond the paper's recipe"
READINGS = "Readings of the paper's “without transfer learning”"

_REPRODUCED = Training(PAPER)
_TRANSFERRED = Training(PAPER, start=WEBCAM)


def _changed(method: Training, **changes: object) -> Training:
    return replace(method, recipe=replace(method.recipe, **changes))  # type: ignore[arg-type]


ROWS: tuple[Row, ...] = (
    Row("transfer-a", TABLE_2, "ResNet-50 with transfer learning", "A", SEEDS, _TRANSFERRED, Published(0.9949, "the paper")),
    Row("scratch-a", TABLE_2, "ResNet-50 from scratch", "A", SEEDS, _REPRODUCED, Published(0.9541, "the paper")),
    Row(
        "imagenet-a",
        TABLE_2,
        "ResNet-50 with transfer learning from ImageNet",
        "A",
        SEEDS,
        Training(PAPER, start=IMAGENET),
        Published(0.9949, "the paper"),
        optional=True,
    ),
    Row("transfer-b", TABLE_2, "ResNet-50 with transfer learning", "B", ALL_FOLDS, _TRANSFERRED),
    Row("scratch-b", TABLE_2, "ResNet-50 from scratch", "B", SOME_FOLDS, _REPRODUCED),
    Row("neighbour-a", BASELINES, "1-nearest-neighbour on pixels", "A", SEEDS, Baseline(baselines.nearest_neighbour, "1-NN")),
    Row(
        "neighbour-b", BASELINES, "1-nearest-neighbour on pixels", "B", ALL_FOLDS, Baseline(baselines.nearest_neighbour, "1-NN")
    ),
    Row("hog-a", BASELINES, "HOG + linear SVM", "A", SEEDS, Baseline(baselines.hog_svm, "HOG + linear SVM")),
    Row("hog-b", BASELINES, "HOG + linear SVM", "B", ALL_FOLDS, Baseline(baselines.hog_svm, "HOG + linear SVM")),
    Row("zero-shot", BASELINES, "our FER+ network, not trained on CK+", "C", (0,), ZeroShot()),
    Row(
        "careful-b",
        BEYOND,
        "ResNet-50 with transfer learning: augmentation, falling learning rate, averaged weights",
        "B",
        ALL_FOLDS,
        Training(CAREFUL, start=WEBCAM),
    ),
    Row(
        "population-a",
        READINGS,
        "batch norm's statistics over all training images (MATLAB's default)",
        "A",
        (0,),
        _changed(_REPRODUCED, population_statistics=True),
        Published(0.9541, "the paper"),
    ),
    Row(
        "plain-a",
        READINGS,
        "torchvision's initialisation: no residual block starts at zero",
        "A",
        SEEDS,
        _changed(_REPRODUCED, network="resnet50-plain"),
        Published(0.9541, "the paper"),
    ),
    Row(
        "matlab-a",
        READINGS,
        "both: torchvision's initialisation and MATLAB's statistics",
        "A",
        SOME_SEEDS,
        _changed(_REPRODUCED, network="resnet50-plain", population_statistics=True),
        Published(0.9541, "the paper"),
    ),
    Row(
        "raw-a",
        READINGS,
        "images not equalized",
        "A",
        (0,),
        _changed(_REPRODUCED, picture="raw"),
        Published(0.9541, "the paper"),
    ),
    Row(
        "large-a",
        READINGS,
        "images scaled up to 224x224",
        "A",
        (0,),
        _changed(_REPRODUCED, network="resnet50-224"),
        Published(0.9541, "the paper"),
    ),
    Row("augmented-b", IMBALANCE, "augmentation", "B", ALL_FOLDS, _changed(_TRANSFERRED, augmentation="webcam")),
    Row("sampled-b", IMBALANCE, "class-balanced sampling", "B", SOME_FOLDS, _changed(_TRANSFERRED, balance="sampling")),
    Row("weighted-b", IMBALANCE, "weighted loss", "B", SOME_FOLDS, _changed(_TRANSFERRED, balance="loss")),
    Row("raw-b", INPUT, "raw images, from scratch", "B", SOME_FOLDS, _changed(_REPRODUCED, picture="raw")),
    Row("edges-b", INPUT, "edges of Algorithm 1, from scratch", "B", SOME_FOLDS, _changed(_REPRODUCED, picture="edges")),
    Row("resnet18-b", NETWORKS, "ResNet-18 from scratch", "B", SOME_FOLDS, _changed(_REPRODUCED, network="resnet18")),
    Row("googlenet-b", NETWORKS, "GoogLeNet from scratch", "B", SOME_FOLDS, _changed(_REPRODUCED, network="googlenet")),
    Row(
        "mobilenetv3-b",
        NETWORKS,
        "MobileNetV3-Large from scratch",
        "B",
        SOME_FOLDS,
        _changed(_REPRODUCED, network="mobilenetv3"),
    ),
    Row("vgg16-b", NETWORKS, "VGG-16 from scratch", "B", SOME_FOLDS, _changed(_REPRODUCED, network="vgg16")),
    Row(
        "knn-b",
        LITERATURE,
        "CNN + k-nearest neighbours",
        "B",
        ALL_FOLDS,
        Head(heads.knn, "k-nearest neighbours"),
        Published(0.7526, "the paper's [23]", comparable=False),
    ),
    Row(
        "lstm-b",
        LITERATURE,
        "CNN + LSTM over a sequence's three frames",
        "B",
        ALL_FOLDS,
        Head(heads.lstm, "LSTM over three frames"),
        Published(0.9510, "the paper's [22]", comparable=False),
    ),
    Row("logistic-b", LITERATURE, "CNN + logistic regression", "B", ALL_FOLDS, Head(heads.logistic, "logistic regression")),
)


FIGURES, TRADE_OFF = "figures", "trade-off"
"""Values of --only besides the rows: Figures 2 to 5 with the algorithms' counts, and the networks' costs."""


def find(names: list[str]) -> tuple[Row, ...]:
    """The rows with these names, in the table's order; all non-optional ones if no name is given.

    Raises:
        ConfigError: unknown name; the message lists the known ones.
    """
    known = [*(row.name for row in ROWS), FIGURES, TRADE_OFF]
    for name in names:
        if name not in known:
            raise ConfigError(f"unknown row {name!r}; known rows: {', '.join(known)}")
    return tuple(row for row in ROWS if (row.name in names if names else not row.optional))
