"""FER2013 and FER+: the join by row, the FER+ rule, packed and damaged files."""

import gzip
import lzma
import re
import zipfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from realtime.errors import ConfigError
from realtime.labels import LABELS
from tests.train_data import as_pixels, noise_image, votes, write_fer2013, write_votes
from train.data.datasets import NoImages
from train.data.fer2013 import FER2013_LABELS, load_fer2013, load_ferplus

HEADER = "emotion,pixels,Usage\n"


@pytest.fixture
def small(tmp_path: Path) -> tuple[Path, Path]:
    """Five rows: one of another usage, one not a face, one without majority."""
    rows = [(6, "Training"), (3, "PublicTest"), (3, "Training"), (0, "Training"), (4, "Training")]
    data = write_fer2013(tmp_path / "fer2013.csv", ((label, noise_image(i), usage) for i, (label, usage) in enumerate(rows)))
    counts = [
        votes(neutral=6, sadness=3, anger=1),
        votes(happiness=10),
        votes(happiness=4, surprise=4, unknown=2),
        votes(anger=4, NF=6),
        votes(sadness=8, unknown=2),
    ]
    return data, write_votes(tmp_path / "fer2013new.csv", counts)


def test_votes_belong_to_the_image_of_the_same_row(small: tuple[Path, Path]) -> None:
    faces = load_ferplus(*small, "Training")
    assert faces.names == ("Training/0", "Training/2", "Training/4")
    np.testing.assert_array_equal(faces.images, np.stack([noise_image(0), noise_image(2), noise_image(4)]))
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


def pack(path: Path, text: bytes) -> Path:
    """Writes a table in the format of its suffix."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("fer2013.csv", text)
    else:
        path.write_bytes({".xz": lzma.compress, ".gz": gzip.compress, ".csv": bytes}[path.suffix](text))
    return path


@pytest.mark.parametrize("name", ["fer2013.csv.xz", "fer2013.csv.gz", "fer2013.zip"])
def test_packed_files_read_the_same(small: tuple[Path, Path], name: str) -> None:
    packed = pack(small[0].with_name(name), small[0].read_bytes())
    assert load_ferplus(packed, small[1], "Training").manifest_sha256() == load_ferplus(*small, "Training").manifest_sha256()


def test_kaggles_second_table_has_spaces_in_its_header_and_excel_marks_the_first_byte(tmp_path: Path) -> None:
    path = tmp_path / "icml_face_data.csv"
    path.write_text(f"\ufeffemotion, Usage, pixels\n3,Training,{as_pixels(noise_image(7))}\n", encoding="utf-8")
    faces = load_fer2013(path, "Training")
    np.testing.assert_array_equal(faces.images, [noise_image(7)])
    assert [faces.labels[i] for i in faces.classes()] == ["happiness"]


class TestZippedTable:
    @staticmethod
    def archive(path: Path, *names: str, content: bytes = b"") -> Path:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(name, content)
        return path

    @pytest.mark.parametrize(
        "names", [["icml_face_data.csv"], ["fer2013/fer2013.csv", "train.csv", "README"], ["a.csv", "__MACOSX/._a.csv"]]
    )
    def test_it_reads_as_the_plain_one(self, small: tuple[Path, Path], names: list[str]) -> None:
        packed = self.archive(small[0].with_suffix(".zip"), *names, content=small[0].read_bytes())
        assert load_fer2013(packed, "Training").manifest_sha256() == load_fer2013(small[0], "Training").manifest_sha256()

    def test_which_table_is_not_guessed(self, tmp_path: Path) -> None:
        packed = self.archive(tmp_path / "x.zip", "train.csv", "test.csv")
        with pytest.raises(ConfigError, match=r"x\.zip: contains 0 files named fer2013\.csv instead of one; unpack it"):
            load_fer2013(packed, "Training")

    def test_no_zip(self, tmp_path: Path) -> None:
        (tmp_path / "x.zip").write_bytes(b"no zip")
        with pytest.raises(ConfigError, match=r"x\.zip: cannot be read \(File is not a zip file\)"):
            load_fer2013(tmp_path / "x.zip", "Training")
        with pytest.raises(ConfigError, match=r"none\.zip: cannot be read \(No such file"):
            load_fer2013(tmp_path / "none.zip", "Training")

    def test_damaged_inside(self, small: tuple[Path, Path]) -> None:
        packed = self.archive(small[0].with_suffix(".zip"), "fer2013.csv", content=small[0].read_bytes())
        data = bytearray(packed.read_bytes())
        middle = len(data) // 2
        data[middle : middle + 200] = bytes(200)
        packed.write_bytes(data)
        with pytest.raises(ConfigError, match=r"fer2013\.zip: row \d: "):
            load_fer2013(packed, "Training")


def test_a_usage_without_images_is_an_error_of_its_own(small: tuple[Path, Path]) -> None:
    with pytest.raises(NoImages, match="has no image of 'PrivateTest'"):
        load_ferplus(*small, "PrivateTest")


class TestDamaged:
    """Each message names the file and the row, rows counted from 0."""

    def broken(self, tmp_path: Path, last_line: str) -> Path:
        path = tmp_path / "broken.csv"
        path.write_text(f"{HEADER}6,{as_pixels(noise_image(0))},Training\n{last_line}")
        return path

    @pytest.mark.parametrize(
        ("last_line", "message"),
        [
            ("3,12 34 56", r"broken.csv: row 1: the last columns are missing"),
            ("3,12 34 56,Training\n", r"broken.csv: row 1: 3 pixel values; expected 2304"),
            ("3,12 99999999999999999999 56,Training\n", r"broken.csv: row 1: a pixel is not an integer"),
            ("3,12 x 56,Training\n", r"broken.csv: row 1: a pixel is not an integer"),
            ("3," + "300 " * 2304 + ",Training\n", r"broken.csv: row 1: 2304 pixel values; expected 2304 from 0 to 255"),
            ("9," + "1 " * 2304 + ",Training\n", r"broken.csv: row 1: emotion '9'"),
            ("happy," + "1 " * 2304 + ",Training\n", r"broken.csv: row 1: emotion 'happy'"),
        ],
    )
    def test_a_bad_row_is_named(self, tmp_path: Path, last_line: str, message: str) -> None:
        with pytest.raises(ConfigError, match=message):
            load_fer2013(self.broken(tmp_path, last_line), "Training")

    def test_a_row_cut_short_is_not_taken_for_another_usage(self, tmp_path: Path) -> None:
        data = self.broken(tmp_path, "3,12 34 56")
        both = write_votes(tmp_path / "votes.csv", [votes(neutral=10), votes(neutral=10)])
        with pytest.raises(ConfigError, match=r"broken.csv: row 1"):
            load_ferplus(data, both, "Training")

    def test_votes_that_end_early(self, small: tuple[Path, Path], tmp_path: Path) -> None:
        short = write_votes(tmp_path / "short.csv", [votes(neutral=10)] * 3)
        with pytest.raises(ConfigError, match=r"short.csv ends before row 3 of fer2013.csv"):
            load_ferplus(small[0], short, "Training")

    def test_images_that_end_early(self, small: tuple[Path, Path], tmp_path: Path) -> None:
        long = write_votes(tmp_path / "long.csv", [votes(neutral=10)] * 6)
        with pytest.raises(ConfigError, match=r"fer2013.csv ends before long.csv"):
            load_ferplus(small[0], long, "Training")

    def test_a_vote_that_is_no_number(self, small: tuple[Path, Path]) -> None:
        text = small[1].read_text()
        for word in ("ten", "9" * 400):
            small[1].write_text(text.replace("10", word, 1))
            with pytest.raises(ConfigError, match=r"fer2013new.csv: row 1: a vote"):
                load_ferplus(*small, "PublicTest")

    @pytest.mark.parametrize("name", ["fer2013.csv", "fer2013.csv.xz", "fer2013.csv.gz", "fer2013.zip"])
    def test_a_table_cut_before_it_was_packed(self, small: tuple[Path, Path], name: str) -> None:
        text = small[0].read_bytes()
        packed = pack(small[0].with_name(name), text[: len(text) * 7 // 10])
        for load in (lambda: load_fer2013(packed, "Training"), lambda: load_ferplus(packed, small[1], "PublicTest")):
            with pytest.raises(ConfigError, match=rf"^{re.escape(name)}: row 3: the last columns are missing \(truncated file"):
                load()

    @pytest.mark.parametrize("name", ["fer2013.csv.xz", "fer2013.csv.gz"])
    def test_a_table_cut_after_it_was_packed(self, small: tuple[Path, Path], name: str) -> None:
        packed = pack(small[0].with_name(name), small[0].read_bytes())
        packed.write_bytes(packed.read_bytes()[: packed.stat().st_size * 7 // 10])
        with pytest.raises(ConfigError, match=rf"^{re.escape(name)}: row \d: cannot be read .* get it again$"):
            load_fer2013(packed, "Training")

    def test_a_zip_cut_short(self, small: tuple[Path, Path]) -> None:
        packed = pack(small[0].with_suffix(".zip"), small[0].read_bytes())
        packed.write_bytes(packed.read_bytes()[:-40])  # a zip's list of contents is at its end: no row can be named
        with pytest.raises(ConfigError, match=r"fer2013\.zip: cannot be read .*; get the file again, or unpack it"):
            load_fer2013(packed, "Training")

    def test_names_in_the_zip_that_are_no_text(self, small: tuple[Path, Path]) -> None:
        packed = pack(small[0].with_suffix(".zip"), small[0].read_bytes())
        data = bytearray(packed.read_bytes())
        listed = data.rindex(b"fer2013.csv")
        data[listed], data[listed - 46 + 9] = 0xFF, 0x08  # the flag that says the name is UTF-8
        packed.write_bytes(data)
        with pytest.raises(ConfigError, match=r"fer2013\.zip: cannot be read \('utf-8' codec"):
            load_fer2013(packed, "Training")

    def test_votes_of_other_images(self, small: tuple[Path, Path], tmp_path: Path) -> None:
        usages = ("Training", "Training", "PublicTest", "Training", "Training")  # the middle rows changed places
        shifted = write_votes(tmp_path / "shifted.csv", [{**votes(neutral=10), "Usage": usage} for usage in usages])
        with pytest.raises(ConfigError, match=r"shifted.csv: row 1: has usage 'Training', but 'PublicTest' in fer2013.csv"):
            load_ferplus(small[0], shifted, "Training")

    def test_files_in_the_wrong_order(self, small: tuple[Path, Path]) -> None:
        with pytest.raises(ConfigError, match=r"column 'pixels' is missing"):
            load_ferplus(small[1], small[0], "Training")

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"none.csv: cannot be read"):
            load_fer2013(tmp_path / "none.csv", "Training")

    def test_no_row_of_that_usage(self, small: tuple[Path, Path]) -> None:
        with pytest.raises(ConfigError, match=r"'PrivateTest'"):
            load_ferplus(*small, "PrivateTest")


@pytest.mark.data
@pytest.mark.slow
def test_the_real_files(data: Path) -> None:
    """Counts by the FER+ rule, and the agreement of the join by row (by image name it is 19 %)."""
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
