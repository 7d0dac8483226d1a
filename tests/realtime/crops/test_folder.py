"""The folder of faces: images by person and expression, and the manifest."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.crops import folder
from realtime.crops.cutting import Crop, Cut
from realtime.crops.segments import Segment
from realtime.errors import ConfigError, SinkError

FIRST, SECOND = "a" * 64, "b" * 64


def cut(label: str = "anger", person: str = "Anna", frames: tuple[int, ...] = (0, 9)) -> Cut:
    """Crops of uniform gray, as bright as the number of their frame."""
    crops = tuple(
        Crop(np.full((48, 48), frame, np.uint8), frame, frame / 30, np.array([1.5, 2, 61.5, 62], np.float32), 1, 0.987)
        for frame in frames
    )
    return Cut(Segment("row 2", 0, 1, label, person), crops, 30, (1,), 30)


def test_images_and_manifest_agree(tmp_path: Path) -> None:
    written = folder.add(tmp_path / "faces", "My clip.mp4", FIRST, [cut(), cut("fear", "Ben", (5,))])
    assert folder.read(tmp_path / "faces") == written
    assert [entry.file for entry in written] == [
        "Anna/anger/My-clip-aaaaaaaa-000000-1.png",
        "Anna/anger/My-clip-aaaaaaaa-000009-1.png",
        "Ben/fear/My-clip-aaaaaaaa-000005-1.png",
    ]
    last = written[-1]
    assert (last.frame, last.time, last.x, last.y, last.w, last.h) == (5, 0.167, 1.5, 2, 60, 60)
    assert (last.face, last.quality, last.segment, last.label, last.person) == (1, 0.99, "row 2", "fear", "Ben")
    image = cv2.imread(str(tmp_path / "faces" / last.file), cv2.IMREAD_UNCHANGED)
    assert image is not None
    assert image.shape == (48, 48)
    assert (image == 5).all()


def test_other_recordings_are_added_and_the_same_one_is_replaced(tmp_path: Path) -> None:
    folder.add(tmp_path, "clip.mp4", FIRST, [cut()])
    folder.add(tmp_path, "clip.mp4", SECOND, [cut()])
    assert len(folder.read(tmp_path)) == 4
    assert len(folder.of_recording(tmp_path, FIRST)) == 2
    folder.add(tmp_path, "clip.mp4", FIRST, [cut(frames=(9, 20))])
    assert {entry.frame for entry in folder.of_recording(tmp_path, FIRST)} == {9, 20}
    assert sorted(path.name[5:20] for path in tmp_path.rglob("*.png")) == [
        "aaaaaaaa-000009",
        "aaaaaaaa-000020",
        "bbbbbbbb-000000",
        "bbbbbbbb-000009",
    ]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    assert folder.of_recording(tmp_path / "new", FIRST) == ()
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(ConfigError, match=r"has other files and no faces.csv"):
        folder.of_recording(tmp_path, FIRST)


def test_a_damaged_manifest_is_named_by_its_row(tmp_path: Path) -> None:
    folder.add(tmp_path, "clip.mp4", FIRST, [cut()])
    path = tmp_path / folder.NAME
    whole = path.read_text()
    path.write_text(whole.replace(",0.987", "").replace("Anna/anger/clip-aaaaaaaa-000009-1.png", "Anna/../../passwd", 1))
    with pytest.raises(ConfigError, match=r"faces.csv: row 3: file 'Anna/../../passwd' is not Anna/anger/NAME"):
        folder.read(tmp_path)
    path.write_text("a,b\n")
    with pytest.raises(ConfigError, match="its columns are not"):
        folder.read(tmp_path)
    with pytest.raises(ConfigError, match="cannot be read"):
        folder.read(tmp_path / "missing")


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    folder.add(tmp_path, "clip.mp4", FIRST, [cut()])
    before = folder.read(tmp_path)
    (tmp_path / "Ben").write_text("a file where a folder has to be")
    with pytest.raises(SinkError, match="cannot write"):
        folder.add(tmp_path, "clip.mp4", SECOND, [cut(), cut("fear", "Ben")])
    assert folder.read(tmp_path) == before
    assert len(list(tmp_path.rglob("*.png"))) == 2


def test_an_entry_is_one_of_ours() -> None:
    entry = folder.Entry("A/fear/x.png", "c", FIRST, 0, 0.0, 0, 0, 1, 1, 1, 1.0, "row 2", "fear", "A")
    with pytest.raises(ValueError, match="no expression"):
        replace(entry, label="joy")
    with pytest.raises(ValueError, match="is not B/fear/NAME"):
        replace(entry, person="B")
