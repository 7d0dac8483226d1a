"""Trainers of tiny networks on synthetic faces."""

from pathlib import Path

from tests.train_data import patterns, recipe
from train.learning.engine import Trainer

LABELS = ("neutral", "happiness", "surprise", "sadness")


def trainer(folder: Path, **changes: object) -> Trainer:
    folder.mkdir(exist_ok=True)
    return Trainer(recipe(**changes), patterns(24, LABELS), patterns(8, LABELS, seed=1, prefix="val"), folder)
