"""Training data: the join by row, the FER+ rule, copies, and damaged files."""

import gzip
import lzma
import zipfile
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.errors import ConfigError
from realtime.labels import LABELS, PAPER_LABELS
from tests.train_data import as_pixels, patterns, picture, votes, write_fer2013, write_votes
from train.datasets import (
    FER2013_LABELS,
    FaceSet,
    NoPictures,
    drop_copies,
    load_ckplus,
    load_fer2013,
    load_ferplus,
    near_copies,
)

HEADER = "emotion,pixels,Usage\n"


@pytest.fixture
def small(tmp_path: Path) -> tuple[Path, Path]:
    """Five rows: one of another usage, one not a face, one without majority."""
    rows = [(6, "Training"), (3, "PublicTest"), (3, "Training"), (0, "Training"), (4, "Training")]
    pictures = write_fer2013(tmp_path / "fer2013.csv", ((label, picture(i), usage) for i, (label, usage) in enumerate(rows)))
    counts = [
        votes(neutral=6, sadness=3, anger=1),
        votes(happiness=10),
        votes(happiness=4, surprise=4, unknown=2),
        votes(anger=4, NF=6),
        votes(sadness=8, unknown=2),
    ]
    return pictures, write_votes(tmp_path / "fer2013new.csv", counts)


def test_votes_belong_to_the_picture_of_the_same_row(small: tuple[Path, Path]) -> None:
    faces = load_ferplus(*small, "Training")
    assert faces.names == ("Training/0", "Training/2", "Training/4")
    np.testing.assert_array_equal(faces.images, np.stack([picture(0), picture(2), picture(4)]))
    assert faces.labels == LABELS


def test_single_votes_are_dropped_and_unknown_stays_in_the_sum(small: tuple[Path, Path]) -> None:
    targets = load_ferplus(*small, "Training").targets
    wanted = np.zeros((3, 8), np.float32)
    wanted[0, LABELS.index("neutral")], wanted[0, LABELS.index("sadness")] = 6 / 9, 3 / 9
    wanted[1, LABELS.index("happiness")] = wanted[1, LABELS.index("surprise")] = 0.4
    wanted[2, LABELS.index("sadness")] = 0.8
    np.testing.assert_allclose(targets, wanted, atol=1e-7)


def test_majority_means_more_than_half(small: tuple[Path, Path]) -> None:
    faces = load_ferplus(*small, "Training").with_majority()
    assert faces.names == ("Training/0", "Training/4")
    assert [LABELS[i] for i in faces.classes()] == ["neutral", "sadness"]
    np.testing.assert_allclose(faces.distributions().sum(axis=1), 1, atol=1e-6)
    assert faces.distributions()[1, LABELS.index("sadness")] == 1


def test_fer2013s_own_labels(small: tuple[Path, Path]) -> None:
    faces = load_fer2013(small[0], "Training")
    assert faces.labels == tuple(label for label in LABELS if label != "contempt")
    assert [faces.labels[i] for i in faces.classes()] == ["neutral", "happiness", "anger", "sadness"]
    np.testing.assert_array_equal(faces.targets.sum(axis=1), 1)
    assert set(FER2013_LABELS) == set(faces.labels)


@pytest.mark.parametrize(("suffix", "opener"), [(".xz", lzma.open), (".gz", gzip.open)])
def test_packed_files_read_the_same(small: tuple[Path, Path], suffix: str, opener: type) -> None:
    packed = small[0].with_name(f"fer2013.csv{suffix}")
    with opener(packed, "wb") as file:
        file.write(small[0].read_bytes())
    assert load_ferplus(packed, small[1], "Training").manifest_sha256() == load_ferplus(*small, "Training").manifest_sha256()


class TestZippedTable:
    @staticmethod
    def pack(path: Path, *names: str, content: bytes = b"") -> Path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(name, content)
        return path

    @pytest.mark.parametrize(
        "names", [["icml_face_data.csv"], ["fer2013/fer2013.csv", "train.csv", "README"], ["a.csv", "__MACOSX/._a.csv"]]
    )
    def test_it_reads_as_the_plain_one(self, small: tuple[Path, Path], names: list[str]) -> None:
        packed = self.pack(small[0].with_suffix(".zip"), *names, content=small[0].read_bytes())
        assert load_fer2013(packed, "Training").manifest_sha256() == load_fer2013(small[0], "Training").manifest_sha256()

    def test_which_table_is_not_guessed(self, tmp_path: Path) -> None:
        packed = self.pack(tmp_path / "x.zip", "train.csv", "test.csv")
        with pytest.raises(ConfigError, match=r"x\.zip: has not one fer2013\.csv but 0; unpack it"):
            load_fer2013(packed, "Training")

    def test_no_zip(self, tmp_path: Path) -> None:
        (tmp_path / "x.zip").write_bytes(b"no zip")
        with pytest.raises(ConfigError, match=r"x\.zip: cannot be read \(File is not a zip file\)"):
            load_fer2013(tmp_path / "x.zip", "Training")
        with pytest.raises(ConfigError, match=r"none\.zip: cannot be read \(No such file"):
            load_fer2013(tmp_path / "none.zip", "Training")

    def test_damaged_inside(self, small: tuple[Path, Path]) -> None:
        packed = self.pack(small[0].with_suffix(".zip"), "fer2013.csv", content=small[0].read_bytes())
        data = bytearray(packed.read_bytes())
        middle = len(data) // 2
        data[middle : middle + 200] = bytes(200)
        packed.write_bytes(data)
        with pytest.raises(ConfigError, match=r"fer2013\.zip: row \d: "):
            load_fer2013(packed, "Training")


def test_a_usage_without_pictures_is_an_error_of_its_own(small: tuple[Path, Path]) -> None:
    with pytest.raises(NoPictures, match="has no picture of 'PrivateTest'"):
        load_ferplus(*small, "PrivateTest")


def test_near_copies_are_named_and_nothing_else() -> None:
    faces = patterns(5)
    images = faces.images.copy()
    images[1] = images[0]  # a copy inside is no copy of the others
    images[3] = np.clip(patterns(8, seed=1).images[7] * 0.8 + 20, 0, 255).astype(np.uint8)
    ours = FaceSet(images, faces.targets, faces.labels, faces.names)
    others = patterns(8, seed=1)
    assert near_copies(ours, of=others).tolist() == [False, False, False, True, False]


def test_the_manifest_follows_names_pixels_targets_and_labels() -> None:
    faces = patterns(4)
    same = patterns(4)
    assert faces.manifest_sha256() == same.manifest_sha256()
    images = faces.images.copy()
    images[2, 5, 5] ^= 1
    others = [
        FaceSet(images, faces.targets, faces.labels, faces.names),
        FaceSet(faces.images, faces.targets[::-1].copy(), faces.labels, faces.names),
        FaceSet(faces.images, faces.targets, faces.labels[::-1], faces.names),
        FaceSet(faces.images, faces.targets, faces.labels, ("a", *faces.names[1:])),
    ]
    assert len({faces.manifest_sha256(), *(other.manifest_sha256() for other in others)}) == 5


def test_shapes_are_checked() -> None:
    faces = patterns(4)
    with pytest.raises(ValueError, match=r"uint8 \(4,48,48\)"):
        FaceSet(faces.images.astype(np.float32), faces.targets, faces.labels, faces.names)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"targets are \(4,8\)"):
        FaceSet(faces.images, faces.targets[:, :7], faces.labels, faces.names)


def test_copies_go_by_value() -> None:
    """Rows: a, b, a again, nearly c, d; of: c."""
    a, b, c, d = (cv2.GaussianBlur(picture(i), (5, 5), 0).astype(np.uint8) for i in range(4))
    brighter = np.clip(c.astype(int) * 0.9 + 20, 0, 255).astype(np.uint8)
    images = np.stack([a, b, a, brighter, d])
    targets = np.eye(8, dtype=np.float32)[:5]
    faces = FaceSet(images, targets, LABELS, ("a", "b", "a2", "c2", "d"))
    kept = drop_copies(faces, of=FaceSet(c[None], targets[:1], LABELS, ("c",)))
    assert kept.names == ("a", "b", "d")
    np.testing.assert_array_equal(kept.images, images[[0, 1, 4]])
    np.testing.assert_array_equal(kept.targets, targets[[0, 1, 4]])


class TestDamaged:
    """Each message names the file and the row, rows counted from 0."""

    def broken(self, tmp_path: Path, last_line: str) -> Path:
        path = tmp_path / "broken.csv"
        path.write_text(f"{HEADER}6,{as_pixels(picture(0))},Training\n{last_line}")
        return path

    @pytest.mark.parametrize(
        ("last_line", "message"),
        [
            ("3,12 34 56", r"broken.csv: row 1: its last columns are missing"),
            ("3,12 34 56,Training\n", r"broken.csv: row 1: 3 pixels where 2304"),
            ("3,12 x 56,Training\n", r"broken.csv: row 1: a pixel is no whole number"),
            ("3," + "300 " * 2304 + ",Training\n", r"broken.csv: row 1: 2304 pixels where 2304 values of 0 to 255"),
            ("9," + "1 " * 2304 + ",Training\n", r"broken.csv: row 1: emotion '9'"),
            ("happy," + "1 " * 2304 + ",Training\n", r"broken.csv: row 1: emotion 'happy'"),
        ],
    )
    def test_a_bad_row_is_named(self, tmp_path: Path, last_line: str, message: str) -> None:
        with pytest.raises(ConfigError, match=message):
            load_fer2013(self.broken(tmp_path, last_line), "Training")

    def test_a_row_cut_short_is_not_taken_for_another_usage(self, tmp_path: Path) -> None:
        pictures = self.broken(tmp_path, "3,12 34 56")
        both = write_votes(tmp_path / "votes.csv", [votes(neutral=10), votes(neutral=10)])
        with pytest.raises(ConfigError, match=r"broken.csv: row 1"):
            load_ferplus(pictures, both, "Training")

    def test_votes_that_end_early(self, small: tuple[Path, Path], tmp_path: Path) -> None:
        short = write_votes(tmp_path / "short.csv", [votes(neutral=10)] * 3)
        with pytest.raises(ConfigError, match=r"short.csv ends before row 3 of fer2013.csv"):
            load_ferplus(small[0], short, "Training")

    def test_pictures_that_end_early(self, small: tuple[Path, Path], tmp_path: Path) -> None:
        long = write_votes(tmp_path / "long.csv", [votes(neutral=10)] * 6)
        with pytest.raises(ConfigError, match=r"fer2013.csv ends before long.csv"):
            load_ferplus(small[0], long, "Training")

    def test_a_vote_that_is_no_number(self, small: tuple[Path, Path]) -> None:
        text = small[1].read_text().replace("10", "ten", 1)
        small[1].write_text(text)
        with pytest.raises(ConfigError, match=r"fer2013new.csv: row 1: a vote"):
            load_ferplus(*small, "PublicTest")

    def test_a_truncated_archive(self, small: tuple[Path, Path]) -> None:
        packed = small[0].with_name("fer2013.csv.xz")
        packed.write_bytes(lzma.compress(small[0].read_bytes())[:-40])
        with pytest.raises(ConfigError, match=r"fer2013.csv.xz: row \d+: cannot be read"):
            load_fer2013(packed, "Training")

    def test_files_in_the_wrong_order(self, small: tuple[Path, Path]) -> None:
        with pytest.raises(ConfigError, match=r"column 'pixels' is missing"):
            load_ferplus(small[1], small[0], "Training")

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"none.csv: cannot be read"):
            load_fer2013(tmp_path / "none.csv", "Training")

    def test_no_row_of_that_usage(self, small: tuple[Path, Path]) -> None:
        with pytest.raises(ConfigError, match=r"'PrivateTest'"):
            load_ferplus(*small, "PrivateTest")


class TestCkplus:
    def archive(self, tmp_path: Path, entries: dict[str, bytes]) -> Path:
        path = tmp_path / "ckplus48.zip"
        with zipfile.ZipFile(path, "w") as file:
            for name, data in entries.items():
                file.writestr(name, data)
        return path

    def png(self, seed: int) -> bytes:
        return cv2.imencode(".png", picture(seed))[1].tobytes()

    def test_folders_are_classes(self, tmp_path: Path) -> None:
        entries = {"CK+48/happy/S010_006_01.png": self.png(1), "CK+48/anger/S010_004_01.png": self.png(0), "README": b""}
        faces = load_ckplus(self.archive(tmp_path, entries))
        assert faces.labels == PAPER_LABELS
        assert faces.names == ("anger/S010_004_01.png", "happy/S010_006_01.png")
        assert [faces.labels[i] for i in faces.classes()] == ["anger", "happiness"]
        np.testing.assert_array_equal(faces.images, np.stack([picture(0), picture(1)]))

    def test_an_unknown_class(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"'bored' is no class"):
            load_ckplus(self.archive(tmp_path, {"CK+48/bored/S010_004_01.png": self.png(0)}))

    def test_a_broken_picture(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"ckplus48.zip: CK\+48/happy/a.png: not a 48x48 picture"):
            load_ckplus(self.archive(tmp_path, {"CK+48/happy/a.png": self.png(0)[:50]}))

    def test_a_picture_of_another_size(self, tmp_path: Path) -> None:
        wide = cv2.imencode(".png", np.zeros((48, 64), np.uint8))[1].tobytes()
        with pytest.raises(ConfigError, match=r"not a 48x48 picture"):
            load_ckplus(self.archive(tmp_path, {"CK+48/happy/a.png": wide}))

    @pytest.mark.parametrize("content", [b"no zip", None])
    def test_no_archive(self, tmp_path: Path, content: bytes | None) -> None:
        path = tmp_path / "ckplus48.zip"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(ConfigError, match=r"ckplus48.zip: cannot be read"):
            load_ckplus(path)

    def test_an_empty_archive(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"has no picture"):
            load_ckplus(self.archive(tmp_path, {"README": b""}))


@pytest.mark.data
@pytest.mark.slow
def test_the_real_files(data: Path) -> None:
    """Counts by the FER+ rule, and the agreement that only the join by row gives (by image name it is 19 %)."""
    files = data / "fer2013.csv.xz", data / "fer2013new.csv"
    training = load_ferplus(*files, "Training")
    assert (len(training), len(training.with_majority())) == (28388, 25059)
    public = load_ferplus(*files, "PublicTest")
    assert (len(public), len(public.with_majority())) == (3553, 3199)
    own = load_fer2013(files[0], "PublicTest")
    own_label = {name: own.labels[i] for name, i in zip(own.names, own.classes(), strict=True)}
    majority = public.with_majority()
    pairs = [(majority.labels[i], own_label[name]) for name, i in zip(majority.names, majority.classes(), strict=True)]
    assert np.mean([ours == theirs for ours, theirs in pairs if ours != "contempt"]) == pytest.approx(0.67, abs=0.01)
    assert np.mean([ours == theirs for (ours, _), (_, theirs) in pairwise(pairs)]) < 0.3


@pytest.mark.data
def test_the_real_ckplus(data: Path) -> None:
    faces = load_ckplus(data / "ckplus48.zip")
    counts = dict(zip(faces.labels, faces.targets.sum(axis=0).astype(int).tolist(), strict=True))
    assert counts == {
        "happiness": 207, "surprise": 249, "sadness": 84, "anger": 135, "disgust": 177, "fear": 75, "contempt": 54,
    }  # fmt: skip
