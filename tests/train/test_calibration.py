"""python -m train.calibration: profiles from neutral photographs, and what they change."""

import json
from pathlib import Path

import numpy as np
import pytest

from realtime.labels import LABELS
from tests.demo import CLIP
from tests.tiny_models import write_always, write_sad_at_rest
from tests.train_data import write_sets
from train import calibration
from train.data import cfee, lineage
from train.data.cfee import Persons
from train.data.datasets import FaceSet

SADNESS = LABELS.index("sadness")


def people(*rows: tuple[str, str]) -> Persons:
    """Photographs of persons with expressions."""
    truth = np.array([LABELS.index(label) for _, label in rows])
    names = tuple(f"{person}/{label}" for person, label in rows)
    faces = FaceSet(np.zeros((len(rows), 48, 48), np.uint8), np.eye(8, dtype=np.float32)[truth], LABELS, names)
    return Persons(faces, np.array([person for person, _ in rows]), truth)


def said(*rows: dict[str, float]) -> np.ndarray:
    """Probabilities, float32 (n,8): the given ones, the rest shared."""
    found = []
    for row in rows:
        rest = (1 - sum(row.values())) / (8 - len(row))
        found.append([row.get(label, rest) for label in LABELS])
    return np.array(found, np.float32)


def test_only_persons_with_a_neutral_photograph_of_whom_nothing_was_learned() -> None:
    everybody = people(("a", "neutral"), ("a", "fear"), ("b", "fear"), ("c", "neutral"), ("c", "anger"), ("d", "neutral"))
    left = cfee.unseen(everybody, np.array([False, False, False, False, True, False]))
    assert left.persons.tolist() == ["a", "a", "d"]
    assert left.resting == {"a": 0, "d": 2}


def test_each_profile_corrects_its_own_person() -> None:
    """Person a looks sad at rest; b does not. Both are shown once more."""
    crowd = people(("a", "neutral"), ("a", "fear"), ("b", "neutral"), ("b", "sadness"))
    probs = said(
        {"neutral": 0.4, "sadness": 0.5},
        {"fear": 0.4, "sadness": 0.45},
        {"neutral": 0.9},
        {"sadness": 0.5, "neutral": 0.4},
    )
    found = calibration.on_photographs(crowd, probs)
    assert [found[name].right.count for name in ("without", "own profile", "another person's")] == [2, 4, 1]
    assert found["own profile"].recall["neutral"].count == 2
    assert found["without"].to_neutral.count == 0
    assert found["another person's"].to_neutral.count == 1  # b's sadness, with a's profile


def test_figures_of_an_outcome() -> None:
    truth = np.array([0, SADNESS, SADNESS, SADNESS])
    outcome = calibration.judge(
        said({"neutral": 0.9}, {"sadness": 0.9}, {"neutral": 0.6}, {"sadness": 0.4, "fear": 0.45}), truth
    )
    assert (outcome.n, outcome.right.count) == (4, 2)
    assert (outcome.labelled.count, outcome.labelled.n, outcome.wrong.count, outcome.wrong.n) == (2, 3, 1, 2)
    assert (outcome.to_neutral.count, outcome.to_neutral.n) == (1, 3)
    assert outcome.nll == pytest.approx(-np.log([0.9, 0.4 / 7, 0.4]).mean(), abs=1e-4)


def test_a_correction_of_the_peaks_is_by_every_profile() -> None:
    crowd = people(("a", "neutral"), ("b", "neutral"))
    made = calibration.profiles_of(crowd, said({"neutral": 0.4, "sadness": 0.5}, {"neutral": 0.9}))
    found = calibration.on_peaks(said({"sadness": 0.55, "neutral": 0.4}, {"sadness": 0.9}), np.array([SADNESS, SADNESS]), made)
    assert (found["without"].right.count, found["without"].n) == (2, 2)
    assert (found["another person's"].right.count, found["another person's"].n) == (3, 4)


def test_the_command_writes_its_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sets, clips, out = tmp_path / "sets", tmp_path / "clips", tmp_path / "out.json"
    sets.mkdir()
    clips.mkdir()
    (clips / "demo.mp4").write_bytes(CLIP.read_bytes())
    write_sets(sets)
    model = write_sad_at_rest(tmp_path / "sad.onnx")
    words = [str(model), "--data", str(sets), "--clips", str(clips), "--json", str(out)]
    assert calibration.main(words) == 0
    found = json.loads(out.read_text())
    assert found["command"] == " ".join(("python -m train.calibration", *words))
    figures = found["cfee"]
    assert figures["persons"] == figures["corrected"] > 0
    assert not figures["lineage_known"]
    assert figures["outcomes"]["without"]["recall"]["neutral"]["share"] == 0
    assert figures["outcomes"]["own profile"]["recall"]["neutral"]["share"] == 1
    (clip,) = found["clips"]
    assert clip["refused"] is None
    assert clip["neutral_after"] > 0.6 > 0.5 > clip["neutral_before"]
    assert "CFEE" in capsys.readouterr().out

    learned = cfee.load_cfee(sets)
    lineage.write(model, lineage.images_of(learned.faces.where(learned.persons != learned.persons[0])))
    assert calibration.main([*words[:3], "--json", str(out)]) == 0
    again = json.loads(out.read_text())["cfee"]
    assert (again["persons"], again["left_out"], again["lineage_known"]) == (1, figures["persons"] - 1, True)


def test_missing_files_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert calibration.main([str(write_always(tmp_path / "net.onnx")), "--data", str(tmp_path)]) == 2
    err = capsys.readouterr().err
    assert "cfee48.npz is missing; ask the authors of CFEE" in err
    assert err.count("\n") == 1
