"""Baselines and heads, on synthetic faces of four persons with three frames per sequence."""

import dataclasses
from collections.abc import Callable

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from realtime.errors import ConfigError
from tests import train_data
from train.data.datasets import FaceSet
from train.judging import inference
from train.network import models
from train.reproduce import baselines, heads

LABELS = ("happiness", "surprise", "sadness")
Method = Callable[[FaceSet, FaceSet], NDArray[np.float32]]


def network() -> nn.Module:
    torch.manual_seed(0)
    return train_data.unsettled(train_data.tiny(8))


def with_network(head: Callable[..., NDArray[np.float32]]) -> Method:
    return lambda train, test: head(train, test, network(), 0)


METHODS = {
    "nearest": baselines.nearest_neighbour,
    "hog": baselines.hog_svm,
    "knn": with_network(heads.knn),
    "logistic": with_network(heads.logistic),
    "lstm": with_network(heads.lstm),
}
every_method = pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)


def frames(person: int, seed: int, length: int = 3) -> FaceSet:
    """Four sequences of each class by two persons; neighbouring rows are of different sequences, as in patterns()."""
    sequences = 4 * len(LABELS)
    faces = train_data.patterns(length * sequences, LABELS, seed)
    names = []
    for row in range(len(faces)):
        frame, sequence = divmod(row, sequences)
        names.append(f"CK+48/x/S{person + sequence % 2:03}_{sequence:03}_{frame + 1:08}.png")
    return dataclasses.replace(faces, names=tuple(names))


@pytest.fixture(scope="module")
def train() -> FaceSet:
    return frames(person=1, seed=0)


@pytest.fixture(scope="module")
def test() -> FaceSet:
    return frames(person=3, seed=1)


@every_method
def test_separable_faces_are_classified_deterministically(method: Method, train: FaceSet, test: FaceSet) -> None:
    probs = method(train, test)
    assert probs.dtype == np.float32
    assert probs.shape == (36, 3)
    np.testing.assert_allclose(probs.sum(axis=1), 1, rtol=1e-5)
    np.testing.assert_array_equal(probs.argmax(axis=1), test.classes())
    np.testing.assert_array_equal(method(train, test), probs)


@every_method
def test_no_method_looks_at_the_test_labels(method: Method, train: FaceSet, test: FaceSet) -> None:
    wrong = dataclasses.replace(test, targets=np.roll(test.targets, 1, axis=1))
    np.testing.assert_array_equal(method(train, wrong), method(train, test))


@every_method
def test_a_class_without_training_faces_is_not_called(method: Method, train: FaceSet, test: FaceSet) -> None:
    probs = method(train.where(train.classes() != 1), test)
    assert probs.shape == (36, 3)
    known = test.classes() != 1  # what an LSTM says of faces unlike any it has learned from is anybody's guess
    np.testing.assert_array_equal(probs[known].argmax(axis=1), test.classes()[known])
    assert (probs[known, 1] < 0.05).all()


@pytest.mark.parametrize("name", ["hog", "knn", "logistic"])
def test_a_single_class_is_the_users_mistake(name: str, train: FaceSet, test: FaceSet) -> None:
    with pytest.raises(ConfigError, match="all 12 training faces are surprise"):
        METHODS[name](train.where(train.classes() == 1), test)


def test_features_are_the_last_layers_input(test: FaceSet) -> None:
    net = network()
    layer = models.last_layer(net)
    found = heads.features(net, test.images)
    assert found.shape == (36, layer.in_features)
    with torch.inference_mode():
        probs = layer(torch.from_numpy(found)).softmax(dim=1).numpy()
    np.testing.assert_allclose(probs, inference.predict(net, test.images), atol=1e-6)
    assert not layer._forward_pre_hooks


def test_all_frames_of_a_sequence_get_one_answer_wherever_they_stand(train: FaceSet, test: FaceSet) -> None:
    """In whatever order the rows are, frame numbers give the sequence's order."""
    probs = heads.lstm(train, test, network(), seed=0)
    for sequence in range(12):
        np.testing.assert_array_equal(probs[sequence::12], np.repeat(probs[sequence : sequence + 1], 3, axis=0))
    assert len(np.unique(probs, axis=0)) == 12
    back = np.arange(36)[::-1]
    turned = FaceSet(test.images[back], test.targets[back], test.labels, tuple(test.names[row] for row in back))
    np.testing.assert_allclose(heads.lstm(train, turned, network(), seed=0)[back], probs, atol=1e-5)


def test_the_lstm_reads_shorter_sequences_too_and_minds_its_seed(train: FaceSet, test: FaceSet) -> None:
    short = test.where(np.arange(36) < 30)  # half of the sequences lack their last frame
    probs = heads.lstm(train, short, network(), seed=0)
    np.testing.assert_array_equal(probs.argmax(axis=1), short.classes())
    assert not np.array_equal(heads.lstm(train, short, network(), seed=1), probs)


def test_the_lstm_leaves_the_callers_random_numbers_alone(train: FaceSet, test: FaceSet) -> None:
    net = network()
    before = torch.get_rng_state()
    heads.lstm(train, test, net, seed=5)
    assert torch.equal(torch.get_rng_state(), before)


def test_names_must_tell_person_and_sequence(train: FaceSet, test: FaceSet) -> None:
    nameless = train_data.patterns(6, LABELS)
    with pytest.raises(ConfigError, match="face/0: the name has no person"):
        heads.knn(nameless, test, network())
    with pytest.raises(ConfigError, match="face/0: the name has no sequence"):
        heads.lstm(train, nameless, network())
    alone = train.where(np.array(["S001" in name for name in train.names]))
    with pytest.raises(ConfigError, match="all training faces are of S001"):
        heads.knn(alone, test, network())
