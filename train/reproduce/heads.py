"""The literature's CNN + X methods, as heads on a frozen network: nearest neighbours, an LSTM and, as a control, a linear head.

A head trains on the training faces only. Of the test faces it gets the images, and the LSTM also the names that group frames
into sequences, but never the labels.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, GroupKFold
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn
from torch.nn import functional as F
from torch.nn.utils.rnn import PackedSequence, pack_sequence

from realtime.errors import ConfigError
from train.data.datasets import FaceSet
from train.data.manifest import sequence_of, subject_of
from train.judging.inference import predict
from train.network import models
from train.reproduce.baselines import require_two_classes, spread

Features = NDArray[np.float32]

NEIGHBOURS = (1, 3, 5, 9, 15, 21, 31)
INNER_FOLDS = 5
"""Folds of the training persons, for choosing the number of neighbours."""

LSTM_WIDTH = 128
LSTM_DROPOUT = 0.5
LSTM_EPOCHS = 30
LSTM_BATCH = 16
LSTM_LEARNING_RATE = 1e-3
"""Adam's default. None of the LSTM's five hyperparameters was tuned."""


def features(network: nn.Module, images: NDArray[np.uint8]) -> Features:
    """Inputs of a network's last layer, float32 (n,2048) for ResNet-50, for raw faces, uint8 (n,48,48).

    Preprocessing is the live program's. Leaves the network in evaluation mode, otherwise unchanged.
    """
    seen: list[Features] = []
    hook = models.last_layer(network).register_forward_pre_hook(lambda _layer, inputs: seen.append(inputs[0].cpu().numpy()))
    try:
        predict(network, images)
    finally:
        hook.remove()
    return np.concatenate(seen)


def knn(train: FaceSet, test: FaceSet, network: nn.Module, seed: int = 0) -> NDArray[np.float32]:
    """The share of each class among the nearest training faces, weighted by 1 / distance, float32 (n,k).

    Features are scaled to zero mean and unit variance. The number of neighbours is chosen by cross-validation over training
    persons. Deterministic; `seed` exists for the common signature.

    Raises:
        ConfigError: a training face without a person in its name, only one person, or only one class.
    """
    require_two_classes(train)
    people = [_named(subject_of(name), name, "person") for name in train.names]
    folds = min(INNER_FOLDS, len(set(people)))
    if folds < 2:
        raise ConfigError(f"all training faces are of {people[0]}; choosing the neighbours needs two persons or more")
    folding = GroupKFold(folds)
    inputs, classes = features(network, train.images), train.classes()
    fewest = min(len(kept) for kept, _ in folding.split(inputs, classes, people))
    search = GridSearchCV(
        make_pipeline(StandardScaler(), KNeighborsClassifier(weights="distance")),
        {"kneighborsclassifier__n_neighbors": [k for k in NEIGHBOURS if k <= fewest]},
        cv=folding,
    ).fit(inputs, classes, groups=people)
    probs = search.predict_proba(features(network, test.images))
    return spread(probs, np.unique(classes), len(train.labels))


def logistic(train: FaceSet, test: FaceSet, network: nn.Module, seed: int = 0) -> NDArray[np.float32]:
    """Logistic regression with scikit-learn's defaults, float32 (n,k): the control for the other heads.

    Features are scaled to zero mean and unit variance. Deterministic; `seed` exists for the common signature.

    Raises:
        ConfigError: the training faces are all of one class.
    """
    require_two_classes(train)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    model.fit(features(network, train.images), train.classes())
    probs = model.predict_proba(features(network, test.images))
    return spread(probs, np.unique(train.classes()), len(train.labels))


def lstm(train: FaceSet, test: FaceSet, network: nn.Module, seed: int = 0) -> NDArray[np.float32]:
    """An LSTM over the frames of a sequence, in order; each image gets its sequence's prediction, float32 (n,k).

    Unlike the other methods it knows which test images form a sequence, so compare it with their figures by sequence. CK+48 has
    three frames per sequence; other lengths work too. The same seed gives the same probabilities on a CPU.

    Raises:
        ConfigError: a face without a sequence in its name.
    """
    before, after = features(network, train.images), features(network, test.images)
    scaler = StandardScaler().fit(before)
    known, tested = _sequences(train), _sequences(test)
    frames = [torch.from_numpy(scaler.transform(before[rows])) for rows in known]
    targets = train.distributions()
    wanted = torch.from_numpy(np.stack([targets[rows].mean(axis=0) for rows in known]))
    with torch.random.fork_rng(devices=[]):  # leaves the caller's random state unchanged
        torch.manual_seed(seed)
        reader = _trained(_Reader(before.shape[1], len(train.labels)), frames, wanted)
    with torch.inference_mode():
        answers = reader(_packed([torch.from_numpy(scaler.transform(after[rows])) for rows in tested])).softmax(dim=1)
    probs = np.empty((len(test), len(train.labels)), dtype=np.float32)
    for rows, answer in zip(tested, answers.numpy(), strict=True):
        probs[rows] = answer
    return probs


class _Reader(nn.Module):
    """Packed features of frames -> logits (sequences, classes), from the LSTM's last state."""

    def __init__(self, width: int, classes: int) -> None:
        super().__init__()
        self.before = nn.Dropout(LSTM_DROPOUT)
        self.lstm = nn.LSTM(width, LSTM_WIDTH)
        self.after = nn.Dropout(LSTM_DROPOUT)
        self.last = nn.Linear(LSTM_WIDTH, classes)

    def forward(self, frames: PackedSequence) -> torch.Tensor:
        _, (state, _) = self.lstm(frames._replace(data=self.before(frames.data)))
        logits: torch.Tensor = self.last(self.after(state[-1]))
        return logits


def _trained(reader: _Reader, frames: list[torch.Tensor], wanted: torch.Tensor) -> _Reader:
    """Trains the reader for LSTM_EPOCHS; returns it in evaluation mode. `frames`: float32 (length,width) per sequence."""
    optimizer = torch.optim.Adam(reader.parameters(), lr=LSTM_LEARNING_RATE)
    reader.train()
    for _ in range(LSTM_EPOCHS):
        for rows in torch.randperm(len(frames)).split(LSTM_BATCH):
            loss = F.cross_entropy(reader(_packed([frames[row] for row in rows])), wanted[rows])
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            optimizer.step()
    return reader.eval()


def _packed(frames: list[torch.Tensor]) -> PackedSequence:
    return pack_sequence(frames, enforce_sorted=False)


def _sequences(faces: FaceSet) -> list[list[int]]:
    """Rows of each sequence's frames in order, that is sorted by name: frame numbers have eight digits."""
    rows: dict[str, list[int]] = {}
    for row in sorted(range(len(faces)), key=faces.names.__getitem__):
        rows.setdefault(_named(sequence_of(faces.names[row]), faces.names[row], "sequence"), []).append(row)
    return list(rows.values())


def _named(found: str, name: str, what: str) -> str:
    if not found:
        raise ConfigError(f"{name}: the name has no {what} (as in S005_001_00000011.png); omit this row")
    return found
