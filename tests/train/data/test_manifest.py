"""The manifest of a run: parsing of CK+ names, round trip, and broken or unwritable files."""

import dataclasses
import hashlib
import time
from pathlib import Path

import numpy as np
import pytest

from realtime.errors import ConfigError, SinkError
from realtime.labels import PAPER_LABELS
from tests.train_data import patterns
from train.data.datasets import FaceSet
from train.data.manifest import COLUMNS, Manifest, Row, read, sequence_of, subject_of


def ck_faces(*names: str) -> FaceSet:
    return dataclasses.replace(patterns(len(names), PAPER_LABELS), names=names)


@pytest.fixture
def example() -> Manifest:
    return Manifest.of(
        train=ck_faces("happy/S005_001_00000011.png", 'a, "b"/\nü\udcff.png'),
        validation=dataclasses.replace(patterns(1, seed=1), names=("PublicTest/28709",)),
    )


@pytest.mark.parametrize(
    ("name", "subject", "sequence"),
    [
        ("S005_001_00000011.png", "S005", "S005_001"),
        ("CK+48/happy/S999_003_00000055.JPG", "S999", "S999_003"),
        ("happy/S005_001_00000011_flipped.png", "S005", "S005_001"),
        ("Training/5274", "", ""),
        ("train/angry/Training_3908.jpg", "", ""),
        ("S005_001_00000011.png/1.png", "", ""),
        ("happy/XS005_001_00000011.png", "", ""),
        ("happy/S005_001.png", "", ""),
        ("", "", ""),
    ],
)
def test_ckplus_names_tell_person_and_recording(name: str, subject: str, sequence: str) -> None:
    assert (subject_of(name), sequence_of(name)) == (subject, sequence)


def test_a_row_for_every_image_in_order() -> None:
    train = ck_faces("happy/S005_001_00000011.png", "anger/S010_004_00000017.png")
    val = patterns(3, seed=1, prefix="PublicTest")
    manifest = Manifest.of(train=train, validation=val)
    assert [row.path for row in manifest.rows] == [*train.names, *val.names]
    assert [row.split for row in manifest.rows] == ["train"] * 2 + ["validation"] * 3
    assert manifest.rows[1] == Row(
        path="anger/S010_004_00000017.png",
        sha256=hashlib.sha256(train.images[1].tobytes()).hexdigest(),
        label="surprise",
        subject="S010",
        sequence="S010_004",
        split="train",
    )
    assert [row.label for row in manifest.rows[2:]] == ["neutral", "happiness", "surprise"]
    assert {(row.subject, row.sequence) for row in manifest.rows[2:]} == {("", "")}


def test_round_trip(example: Manifest, tmp_path: Path) -> None:
    example.write(tmp_path / "manifest.csv")
    assert read(tmp_path / "manifest.csv") == example
    assert [path.name for path in tmp_path.iterdir()] == ["manifest.csv"]
    header, first = (tmp_path / "manifest.csv").read_text(errors="replace").splitlines()[:2]
    assert header == "path,sha256,label,subject,sequence,split"
    assert first == f"happy/S005_001_00000011.png,{example.rows[0].sha256},happiness,S005,S005_001,train"


def test_an_empty_one_is_one_too(tmp_path: Path) -> None:
    Manifest(()).write(tmp_path / "manifest.csv")
    assert read(tmp_path / "manifest.csv") == Manifest(())


def test_the_size_of_fer2013_is_no_matter(tmp_path: Path) -> None:
    n = 28_000
    images = np.zeros((n, 48, 48), np.uint8)
    targets = np.ones((n, 1), np.float32)
    faces = FaceSet(images, targets, ("neutral",), tuple(f"Training/{i}" for i in range(n)))
    began = time.process_time()
    Manifest.of(train=faces).write(tmp_path / "manifest.csv")
    assert len(read(tmp_path / "manifest.csv").rows) == n
    assert time.process_time() - began < 5  # 0.7 s on a quiet machine


class TestWriting:
    def test_no_such_folder(self, example: Manifest, tmp_path: Path) -> None:
        with pytest.raises(
            SinkError, match=r"manifest\.csv: cannot be written \(No such file or directory\); free some space, or"
        ):
            example.write(tmp_path / "none" / "manifest.csv")
        (tmp_path / "file").write_text("")
        with pytest.raises(SinkError, match=r"cannot be written \(Not a directory\)"):
            example.write(tmp_path / "file" / "manifest.csv")

    def test_a_folder_in_its_place(self, example: Manifest, tmp_path: Path) -> None:
        (tmp_path / "manifest.csv").mkdir()
        with pytest.raises(SinkError, match=r"cannot be written \(Is a directory\)"):
            example.write(tmp_path / "manifest.csv")
        assert [path.name for path in tmp_path.iterdir()] == ["manifest.csv"]

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
    def test_a_full_disk_loses_no_earlier_one(self, example: Manifest, tmp_path: Path) -> None:
        example.write(tmp_path / "manifest.csv")
        (tmp_path / "manifest.csv.tmp").symlink_to("/dev/full")
        with pytest.raises(SinkError, match=r"cannot be written \(No space left on device\)"):
            Manifest(()).write(tmp_path / "manifest.csv")
        assert read(tmp_path / "manifest.csv") == example
        assert [path.name for path in tmp_path.iterdir()] == ["manifest.csv"]


class TestBroken:
    @pytest.mark.parametrize(
        ("old", "new", "message"),
        [
            ("S005,S005_001,train", "S005", r"row 0: 4 values instead of 6; the file is damaged"),
            (",train\nPublic", "\nPublic", r"row 1: 5 values instead of 6"),
            ("validation", "", r"row 2: split is empty"),
            ("PublicTest/28709", "", r"row 2: path is empty"),
            (",neutral,", ",bored,", r"row 2: 'bored' is no class"),
            (",neutral,", "0,neutral,", r"row 2: sha256 is 64 hex digits, not '[0-9a-f]{64}0'"),
            ("PublicTest", '"Public"Test', r"row 2: "),
            (",sha256", "", r"manifest\.csv: its columns are not path, sha256, label, subject, sequence, split"),
        ],
    )
    def test_the_row_is_named(self, example: Manifest, tmp_path: Path, old: str, new: str, message: str) -> None:
        path = tmp_path / "manifest.csv"
        plain = Manifest((example.rows[0], dataclasses.replace(example.rows[1], path="b.png"), example.rows[2]))
        plain.write(path)
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new, 1))
        with pytest.raises(ConfigError, match=message):
            read(path)

    @pytest.mark.parametrize("lost", [1, 5, 20, 60])
    def test_cut_short(self, example: Manifest, tmp_path: Path, lost: int) -> None:
        path = tmp_path / "manifest.csv"
        example.write(path)
        path.write_bytes(path.read_bytes()[:-lost])
        with pytest.raises(ConfigError, match=r"manifest\.csv: row 2: .*; the file is damaged"):
            read(path)

    @pytest.mark.parametrize("content", [b"", b"\xff\x00", b"epoch,loss\n1,2\n"])
    def test_no_manifest(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "manifest.csv"
        path.write_bytes(content)
        with pytest.raises(ConfigError, match=r"manifest\.csv: .*; "):
            read(path)

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"none\.csv: cannot be read \(No such file or directory\)"):
            read(tmp_path / "none.csv")


def test_rows_are_frozen(example: Manifest) -> None:
    assert tuple(field.name for field in dataclasses.fields(Row)) == COLUMNS
    with pytest.raises(dataclasses.FrozenInstanceError):
        example.rows[0].label = "fear"  # type: ignore[misc]
