"""Results of a row: predictions per split, and the figures derived from them."""

import contextlib
import json
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from realtime.errors import ConfigError, SinkError
from train.judging.intervals import Interval, wilson
from train.learning.engine import Epoch

SCHEMA = 1

T = TypeVar("T")


@dataclass(frozen=True)
class SplitResult:
    """The result of one split.

    Attributes:
        split: "seed 0", "fold 3" or "all".
        commit: of the code that ran.
        seconds: duration, including training.
        train_pictures: number of training images.
        truth, predicted: class indices of the n test images.
        sequences, sequences_right: test sequences, and those right by the mean of their frames' probabilities.
        sibling_share: share of test images with a frame of the same sequence in training.
        curve: the epochs of a trained network.
    """

    split: str
    commit: str
    seconds: float
    train_pictures: int
    truth: tuple[int, ...]
    predicted: tuple[int, ...]
    sequences: int
    sequences_right: int
    sibling_share: float
    curve: tuple[Epoch, ...] = ()

    def __post_init__(self) -> None:
        if not self.truth or len(self.truth) != len(self.predicted):
            raise ValueError(f"{self.split}: {len(self.truth)} true and {len(self.predicted)} predicted classes")

    @property
    def n(self) -> int:
        """Test images."""
        return len(self.truth)

    @property
    def right(self) -> int:
        """Test images predicted correctly."""
        return sum(truth == predicted for truth, predicted in zip(self.truth, self.predicted, strict=True))

    @property
    def accuracy(self) -> float:
        """Share of test images predicted correctly."""
        return self.right / self.n


@dataclass(frozen=True)
class Metrics:
    """Table II's figures: accuracy, and precision, recall and F1 as means over the classes (scikit-learn's "macro")."""

    accuracy: float
    precision: float
    recall: float
    f1: float

    @classmethod
    def of(cls, truth: NDArray[np.intp], predicted: NDArray[np.intp]) -> "Metrics":
        """Computes them from class indices, int (n,) each; leaves out classes that occur in neither."""
        precision, recall, f1, _ = precision_recall_fscore_support(truth, predicted, average="macro", zero_division=0)
        return cls(float((truth == predicted).mean()), float(precision), float(recall), float(f1))


@dataclass(frozen=True)
class Result:
    """The stored result of one row.

    Attributes:
        row: the row's name.
        protocol: "A", "B" or "C".
        labels: the class names.
        method: description: network, recipe, initial weights.
        data_sha256: manifest hash of all faces.
        command, machine, versions: how it was made.
        splits: results so far; more may follow.
    """

    row: str
    protocol: str
    labels: tuple[str, ...]
    method: str
    data_sha256: str
    command: str
    machine: str
    versions: dict[str, str]
    splits: tuple[SplitResult, ...] = ()

    def __post_init__(self) -> None:
        for split in self.splits:
            if not 0 <= min(*split.truth, *split.predicted) <= max(*split.truth, *split.predicted) < len(self.labels):
                raise ValueError(f"{split.split}: a class index is none of the {len(self.labels)} labels")

    @property
    def n(self) -> int:
        """Test images of all splits."""
        return sum(split.n for split in self.splits)

    @property
    def seconds(self) -> float:
        """Total duration of the splits."""
        return sum(split.seconds for split in self.splits)

    @property
    def sibling_share(self) -> float:
        """Mean of the splits' shares."""
        return float(np.mean([split.sibling_share for split in self.splits]))

    @property
    def sequence_accuracy(self) -> float:
        """Share of the sequences of all splits that are right by the mean of their frames' probabilities."""
        return sum(split.sequences_right for split in self.splits) / sum(split.sequences for split in self.splits)

    @property
    def best(self) -> int:
        """Index of the split with the highest accuracy; ties: higher F1, then the first."""
        metrics = self.per_split()
        return max(range(len(metrics)), key=lambda place: (metrics[place].accuracy, metrics[place].f1, -place))

    def only(self, names: Collection[str]) -> "Result":
        """The same result with only the named splits."""
        return replace(self, splits=tuple(split for split in self.splits if split.split in names))

    def predictions(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Truth and prediction of all splits, pooled."""
        truth = np.concatenate([np.array(split.truth, dtype=np.intp) for split in self.splits])
        return truth, np.concatenate([np.array(split.predicted, dtype=np.intp) for split in self.splits])

    def pooled(self) -> Metrics:
        """Figures over the predictions of all splits together."""
        return Metrics.of(*self.predictions())

    def per_split(self) -> tuple[Metrics, ...]:
        """Figures of every split."""
        return tuple(Metrics.of(np.array(split.truth), np.array(split.predicted)) for split in self.splits)

    def mean(self) -> Metrics:
        """Means of the splits' figures."""
        return Metrics(*(float(np.mean(values)) for values in self._columns()))

    def spread(self) -> Metrics:
        """Standard deviations of the splits' figures; 0 for a single split."""
        return Metrics(*(_deviation(values) for values in self._columns()))

    def confusion(self) -> NDArray[np.int64]:
        """int (k,k) of all splits together: rows true, columns predicted."""
        return np.asarray(confusion_matrix(*self.predictions(), labels=np.arange(len(self.labels))), dtype=np.int64)

    def interval(self) -> Interval:
        """Wilson's 95 % interval of the accuracy.

        Folds by person test every image once and are pooled; random splits overlap, so n is that of a single split.
        """
        n = self.splits[0].n if self.protocol == "A" else self.n
        return wilson(self.accuracy() * n, n)

    def accuracy(self) -> float:
        """Mean over random splits (A), pooled otherwise."""
        if self.protocol == "A":
            return float(np.mean([split.accuracy for split in self.splits]))
        return sum(split.right for split in self.splits) / self.n

    def deviation(self) -> float:
        """Standard deviation of the splits' accuracies; 0 for a single one."""
        return _deviation([split.accuracy for split in self.splits])

    def write(self, folder: Path) -> Path:
        """Writes folder/row.json, atomically.

        Raises:
            SinkError: it cannot be written; an earlier file is untouched.
        """
        fields = {"schema": SCHEMA, **asdict(self)}
        for split in fields["splits"]:
            # one digit per image: k is 7
            split |= {"truth": _digits(split["truth"]), "predicted": _digits(split["predicted"])}
        return write_json(fields, folder / f"{self.row}.json")

    def _columns(self) -> list[tuple[float, ...]]:
        """The splits' accuracies, precisions, recalls and F1s."""
        return list(zip(*(astuple(metrics) for metrics in self.per_split()), strict=True))


def write_json(fields: dict[str, Any], path: Path) -> Path:
    """Writes a JSON file atomically; creates its folders.

    Raises:
        SinkError: it cannot be written; an earlier file is untouched.
    """
    aside = path.with_suffix(".json.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        aside.write_text(json.dumps(fields, indent=1) + "\n", encoding="utf-8")
        aside.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            aside.unlink(missing_ok=True)
        raise SinkError(f"{path}: cannot be written ({error.strerror}); give another --out") from error
    return path


def read_json(path: Path, schema: int, made: Callable[[dict[str, Any]], T], what: str, aim: str) -> T:
    """The value in a file of `write_json`.

    Args:
        path: the file.
        schema: its version.
        made: makes the value from the other fields.
        what, aim: for the message: a kind of file, and what the user gets by removing it.

    Raises:
        ConfigError: it cannot be read, or is not such a file of this version.
    """
    try:
        fields = json.loads(path.read_text(encoding="utf-8"))
        if fields.pop("schema") != schema:
            raise ValueError(f"it is not of schema {schema}")
        return made(fields)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(f"{path}: is not {what} of train.reproduce ({error}); remove it to {aim}") from error


def read(path: Path) -> Result:
    """A result from its file.

    Raises:
        ConfigError: it cannot be read, or is not a result of this version.
    """
    return read_json(path, SCHEMA, _result, "a result", "run the row again")


def _result(fields: dict[str, Any]) -> Result:
    fields["labels"] = tuple(fields["labels"])
    fields["splits"] = tuple(_split(split) for split in fields["splits"])
    return Result(**fields)


def _deviation(values: Sequence[float]) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def _digits(indices: tuple[int, ...]) -> str:
    return "".join(str(index) for index in indices)


def _split(fields: dict[str, object]) -> SplitResult:
    values = dict(fields)
    for name in ("truth", "predicted"):
        values[name] = tuple(int(digit) for digit in str(values[name]))
    values["curve"] = tuple(Epoch(**epoch) for epoch in values["curve"])  # type: ignore[attr-defined]
    return SplitResult(**values)  # type: ignore[arg-type]
