"""python -m train.covered: bare faces, plain covers and patterned ones."""

import json
from pathlib import Path

import numpy as np
import pytest

from realtime.preprocess import crop, shrink, to_gray
from tests.demo import demo_frame
from tests.train_data import write_sets
from train import covered

SHOT = demo_frame(0)
FACE = shrink(crop(to_gray(SHOT.image), SHOT.boxes_xyxy[0]))


@pytest.mark.parametrize("where", covered.COVERS)
def test_a_plain_cover_is_found_and_a_patterned_one_is_not(where: str) -> None:
    faces = np.stack([FACE, covered.with_cover(FACE, where, pattern=False), covered.with_cover(FACE, where, pattern=True)])
    assert [covered.count(face[np.newaxis]).count for face in faces] == [0, 1, 0]


def test_a_face_that_is_poor_otherwise_is_left_out() -> None:
    dark = np.full((48, 48), 20, np.uint8)
    assert covered.count(np.stack([FACE, dark])).n == 1


def test_a_cover_is_drawn_where_it_says() -> None:
    changed = covered.with_cover(FACE, "left half", pattern=False) != FACE
    assert changed[:, :20].mean() > 0.9
    assert not changed[:, 28:].any()


def test_the_file_names_its_command_and_split(tmp_path: Path) -> None:
    data = str(write_sets(tmp_path))
    out = tmp_path / "covered.json"
    assert covered.main(["--data", data, "--json", str(out)]) == 0
    written = json.loads(out.read_text())
    assert written["command"] == f"python -m train.covered --data {data} --json {out}"
    assert "UTKFace, one face in 5" in written["split"]
    assert written["shares"]["bare: rafdb"]["n"] > 0
    assert set(written["shares"]) >= {"bare: utkface", "plain cover: mouth", "pattern cover: eyes"}


def test_missing_data_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert covered.main(["--data", str(tmp_path / "nowhere")]) == 2
    assert capsys.readouterr().err.startswith("train.covered: ")
