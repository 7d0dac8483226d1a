"""Figures 2 to 5, and the counts of both algorithms, on synthetic data and average faces."""

import dataclasses
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.errors import ConfigError, SinkError
from tests.train_data import patterns
from train.data.ckplus import load_ckplus
from train.reproduce import illustrations

LABELS = ("happiness", "surprise")


def test_figures_with_faces_and_without_lie_apart(tmp_path: Path) -> None:
    faces = patterns(6, LABELS)
    illustrations.draw_faces(faces, "invented", tmp_path / "faces")
    illustrations.draw_layers(7, tmp_path / "results")
    drawn = {path.relative_to(tmp_path).as_posix(): cv2.imread(str(path)) for path in tmp_path.rglob("*.png")}
    assert sorted(drawn) == ["faces/figure-2.png", "faces/figure-3.png", "faces/figure-4.png", "results/figure-5.png"]
    assert all(image is not None and image.std() > 10 for image in drawn.values())


def test_counts_are_per_class() -> None:
    faces = patterns(6, LABELS)
    blank = dataclasses.replace(faces, images=np.where(faces.classes()[:, None, None] == 1, 0, faces.images).astype(np.uint8))
    happy, surprised = illustrations.search(blank)
    assert (happy.label, happy.pictures) == ("happiness", 3)
    assert happy.edge_share > 0.02
    assert surprised.edge_share == 0
    assert (surprised.one_face, surprised.no_face, surprised.both_eyes, surprised.mouth) == (0, 3, 0, 0)


def test_a_class_without_images_counts_nothing() -> None:
    faces = patterns(6, LABELS)
    _, surprised = illustrations.search(faces.where(faces.classes() == 0))
    assert surprised == illustrations.Found("surprise", 0, 0.0, 0, 0, 0, 0)


@pytest.mark.data
def test_algorithm_2_finds_the_faces_of_ckplus(data: Path) -> None:
    faces = load_ckplus(data / "ckplus48.zip")
    peaks = faces.where(np.arange(len(faces)) % 40 == 0)
    found = illustrations.search(peaks)
    assert sum(each.one_face for each in found) == len(peaks)
    assert sum(each.both_eyes for each in found) > 0.6 * len(peaks)
    assert sum(each.mouth for each in found) > 0.6 * len(peaks)


def test_counts_are_kept(tmp_path: Path) -> None:
    assert illustrations.read(tmp_path) == ()
    found = illustrations.search(patterns(4, LABELS))
    illustrations.write(found, tmp_path / "results")
    assert illustrations.read(tmp_path / "results") == found


@pytest.mark.parametrize("text", ["", "{", json.dumps([{"label": "anger"}])])
def test_damaged_counts(tmp_path: Path, text: str) -> None:
    (tmp_path / illustrations.ALGORITHMS).write_text(text)
    with pytest.raises(ConfigError, match=r"algorithms.json: cannot be read .*; remove it"):
        illustrations.read(tmp_path)


def test_no_place_for_the_figures(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("")
    with pytest.raises(SinkError, match="cannot create the folder"):
        illustrations.draw_faces(patterns(4, LABELS), "invented", tmp_path / "taken")
    with pytest.raises(SinkError, match="cannot create the folder"):
        illustrations.write((), tmp_path / "taken")
