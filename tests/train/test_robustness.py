"""python -m train.robustness on a network whose answers are known: it says which half of an image is brighter."""

import json
from pathlib import Path

import numpy as np
import pytest

from realtime.errors import ConfigError
from realtime.labels import LABELS
from tests.tiny_models import write_left_right
from tests.train_data import encoded, patterns, write_ferplus, write_zip
from train import robustness
from train.data import lineage, sets
from train.data.datasets import FaceSet
from train.images.augment import Image
from train.judging import predictions

HAPPINESS, SADNESS = LABELS.index("happiness"), LABELS.index("sadness")


def half(side: str, noise: int) -> Image:
    image = np.random.default_rng(noise).integers(0, 60, (48, 48)).astype(np.uint8)
    columns = slice(0, 24) if side == "left" else slice(24, 48)
    image[:, columns] += 150
    return image


def halves(n: int) -> FaceSet:
    """n images, brighter on the left (happiness) and on the right (sadness) in turn."""
    images = np.stack([half("left" if i % 2 == 0 else "right", i) for i in range(n)])
    targets = np.eye(8, dtype=np.float32)[[HAPPINESS if i % 2 == 0 else SADNESS for i in range(n)]]
    return FaceSet(images, targets, LABELS, tuple(f"face/{i}" for i in range(n)))


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = write_left_right(tmp_path / "net.onnx")
    lineage.write(path, lineage.images_of(patterns(8)))
    return path


def test_clear_pictures_keep_their_label(model: Path) -> None:
    steady = robustness.steadiness(predictions.open_classifier(model), halves(12), jitters=4)
    assert (steady.jitters, steady.changed) == (4, 0)
    assert steady.changed_by_label["happiness"] == 0
    assert steady.changed_by_label["fear"] is None


def test_images_on_the_edge_change_theirs(model: Path) -> None:
    """Bright on the left half but for the shift of a jitter: half of the shifts tip the scales, and the count is by hand."""
    image = np.zeros((48, 48), np.uint8)
    image[:, 12:36] = 200
    image[:, 11] = 40  # a little more on the left
    faces = FaceSet(image[None], np.eye(8, dtype=np.float32)[[HAPPINESS]], LABELS, ("edge",))
    classifier = predictions.open_classifier(model)
    own = predictions.predict(classifier, faces).probs.argmax(axis=1)
    rounds: list[int] = []
    steady = robustness.steadiness(classifier, faces, jitters=16, tell=rounds.append)
    changed = 0
    for number in range(16):
        jittered = robustness.corrupted(faces, robustness.corruptions.jitter, number)
        changed += int(predictions.predict(classifier, jittered).probs.argmax(axis=1)[0] != own[0])
    assert steady.changed == changed / 16
    assert 0.2 < steady.changed < 0.8
    assert rounds == list(range(1, 17))


def test_corruptions_follow_from_picture_and_number() -> None:
    faces = halves(3)
    first, again = (robustness.corrupted(faces, robustness.corruptions.jitter, 1) for _ in range(2))
    np.testing.assert_array_equal(first.images, again.images)
    assert (robustness.corrupted(faces, robustness.corruptions.jitter, 2).images != first.images).any()
    same = FaceSet(np.stack([half("left", 0)] * 2), faces.targets[:2], LABELS, ("a", "b"))
    jittered = robustness.corrupted(same, robustness.corruptions.jitter).images
    assert (jittered[0] != jittered[1]).any(), "two pictures are not moved alike"


def test_a_condition_costs_what_it_takes_away(model: Path) -> None:
    def mirrored(face: Image, rng: np.random.Generator) -> Image:
        return face[:, ::-1].copy()

    def unchanged(face: Image, rng: np.random.Generator) -> Image:
        return face

    under = {"mirrored": mirrored, "none": unchanged}
    worst, none = robustness.conditions(predictions.open_classifier(model), halves(8), 1.0, under)
    assert (worst.name, worst.accuracy, worst.balanced_accuracy, worst.loss) == ("mirrored", 0, 0, 1)
    assert (none.accuracy, none.loss) == (1, 0)


@pytest.fixture
def words(tmp_path: Path, model: Path) -> list[str]:
    data, votes = write_ferplus(tmp_path, patterns(24, seed=9), halves(8))
    persons = {}  # S000, S005 and S010 are held out: happiness seen, happiness called sadness, sadness seen
    for i in range(12):
        folder, side = "happy" if i in (0, 5) else "sadness", "left" if i == 0 else "right"
        persons[f"CK+48/{folder}/S{i:03}_001_00000001.png"] = encoded(half(side, 100 + i))
    extra = write_zip(tmp_path / "ckplus48.zip", persons)
    (tmp_path / "figures").mkdir()
    command = [str(model), "--data", str(data), "--votes", str(votes), "--ckplus", str(extra)]
    return [*command, "--json", str(tmp_path / "out.json"), "--figures", str(tmp_path / "figures")]


def test_the_command_finds_and_writes_everything(words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert robustness.main(words) == 0
    found = json.loads((tmp_path / "out.json").read_text())
    assert found["command"] == " ".join(("python -m train.robustness", *words))
    assert (found["split"], found["as_they_are"]["n"], found["as_they_are"]["accuracy"]) == ("PublicTest", 8, 1)
    assert found["steadiness"] == {
        "jitters": 16,
        "changed": 0,
        "changed_by_label": {label: 0 if label in ("happiness", "sadness") else None for label in LABELS},
    }
    assert [each["name"] for each in found["conditions"]] == list(robustness.corruptions.CONDITIONS)
    assert len(found["tau_curve"]) == len(robustness.selective.TAUS)
    held_out = found["ckplus_held_out"]
    assert (held_out["people"], held_out["n"]) == (3, 3)
    assert held_out["recall"][HAPPINESS] == 0.5
    assert held_out["recall"][SADNESS] == 1
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        "net--confusion.png",
        "net--risk-coverage.png",
        "net--tau-curve.png",
        "net--ckplus-confusion.png",
    }
    out, err = capsys.readouterr()
    assert "net.onnx on PublicTest, FER+ majority (n = 8)" in out
    assert "0.0000 of 16 jitters of an image change the label" in out
    assert "jitter 16 of 16" in err


def test_a_network_that_has_seen_the_test_is_not_judged(
    words: list[str], model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lineage.write(model, lineage.images_of(sets.held_out_persons(tmp_path / "ckplus48.zip")))
    assert robustness.main(words) == ConfigError.exit_code
    assert "net.onnx was trained on 3 of the 3 different test images" in capsys.readouterr().err
    assert not (tmp_path / "out.json").exists()
