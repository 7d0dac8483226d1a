"""Teachers' probabilities enter the targets, and their record enters the lineage."""

from pathlib import Path

import numpy as np
import pytest

from realtime.errors import ConfigError
from realtime.labels import LABELS
from realtime.model.spec import ModelSpec
from tests.tiny_models import write_linear
from tests.train_data import patterns, plain, recipe
from train.data import lineage
from train.learning.engine import Trainer
from train.learning.teachers import Teachers, sha256
from train.network import models

VAL = patterns(8, seed=1, prefix="val")


def constant(path: Path, label: str, labels: tuple[str, ...] = LABELS) -> Path:
    """A teacher trained on eight images that gives a label odds of 3 to 1 against each other one."""
    bias = np.zeros(len(labels), np.float32)
    bias[labels.index(label)] = np.log(3)
    write_linear(path, np.zeros((48 * 48, len(labels)), np.float32), bias, ModelSpec(path.stem, labels=labels))
    lineage.write(path, lineage.images_of(patterns(8, seed=2)))
    return path


def test_targets_are_blended_with_the_mean_of_the_teachers(tmp_path: Path) -> None:
    paths = [constant(tmp_path / f"{label}.onnx", label) for label in ("anger", "fear")]
    teachers = Teachers(paths, LABELS, VAL)
    targets = np.eye(8, dtype=np.float32)[[0, LABELS.index("fear")]]
    blended = teachers.blend(targets, np.zeros((2, 1, 48, 48), np.float32), 0.4)
    said = np.full(8, 0.1)  # each teacher: 0.3 and seven times 0.1
    said[[LABELS.index("anger"), LABELS.index("fear")]] = 0.2
    np.testing.assert_allclose(blended, 0.6 * targets + 0.4 * said, atol=1e-6)
    assert blended.dtype == np.float32
    assert len(teachers) == 2


def test_without_teachers_targets_stay() -> None:
    targets = np.eye(8, dtype=np.float32)
    assert Teachers((), LABELS, VAL).blend(targets, np.zeros((8, 1, 48, 48), np.float32), 0.5) is targets


def test_a_teacher_of_other_classes_or_that_has_seen_the_test_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot teach neutral, happiness"):
        Teachers([constant(tmp_path / "other.onnx", "anger", ("anger", "fear"))], LABELS, VAL)
    knows = constant(tmp_path / "knows.onnx", "anger")
    lineage.write(knows, lineage.images_of(VAL))
    with pytest.raises(ConfigError, match=r"knows\.onnx was trained on 8 of the 8"):
        Teachers([knows], LABELS, VAL)


def test_a_student_inherits_the_record_and_the_predictions_of_its_teacher(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(models.NETWORKS, "plain", plain)
    teacher = constant(tmp_path / "teacher.onnx", "contempt")
    ends = []
    for weight in (0.0, 1.0):
        changes = {"network": "plain", "epochs": 20, "schedule": "constant", "ema_decay": 0.0}
        folder = tmp_path / str(weight)
        folder.mkdir()
        plan = recipe(**changes, teacher_weight=weight, teachers=(sha256(teacher),))
        pupil = Trainer(plan, patterns(24), VAL, folder, teachers=[teacher])
        list(pupil.run())
        ends.append(pupil)
    assert np.isin(lineage.images_of(patterns(8, seed=2)), ends[1].seen).all()
    contempt = [float(pupil.predict(VAL)[:7, LABELS.index("contempt")].mean()) for pupil in ends]
    assert contempt[1] == pytest.approx(0.3, abs=0.05)
    assert contempt[0] < 0.2
