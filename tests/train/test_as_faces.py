"""CK+48's held-out persons as a folder of faces."""

from pathlib import Path

import pytest

from realtime.labels import LABELS, PAPER_LABELS
from tests.train_data import encoded, noise_image, write_zip
from train import as_faces
from train.data import personal, sets


def test_only_held_out_persons_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    names = [f"CK+48/{PAPER_LABELS[i % 7]}/S{i:03}_001_000000{shot:02}.png" for i in range(14) for shot in (1, 2)]
    archive = write_zip(tmp_path / "ck.zip", {name: encoded(noise_image(i)) for i, name in enumerate(names)})
    assert as_faces.main([str(archive), "--out", str(tmp_path / "faces")]) == 0
    assert capsys.readouterr().out == f"wrote 6 faces to {tmp_path / 'faces'}\n"
    mine = personal.load(tmp_path / "faces", LABELS)
    held_out = sets.held_out_persons(archive)
    assert sorted(mine.faces.digests()) == sorted(held_out.digests())
    assert {entry.person for entry in mine.entries} == {"S000", "S005", "S010"}
    assert len(set(mine.segments)) == 3, "the frames of a sequence stay together"
    assert as_faces.main([str(archive), "--out", str(tmp_path / "faces")]) == 2
    assert "exists; give a new folder" in capsys.readouterr().err
