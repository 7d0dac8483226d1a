"""CK+48: zip and folder give the same data; errors of other archives."""

import shutil
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime import preprocess
from realtime.errors import ConfigError
from realtime.labels import PAPER_LABELS
from tests.train_data import encoded, noise_image, write_zip
from train.data import ckplus
from train.data.ckplus import load_ckplus

HAPPY, ANGER = "happy/S010_006_00000015.png", "anger/S010_004_00000017.png"


def ck48(folder: Path, wrap: str = "CK+48/", **more: bytes) -> Path:
    """A zip with two images, and more entries; folders in no order."""
    images = {HAPPY: encoded(noise_image(1)), ANGER: encoded(noise_image(0)), **more}
    return write_zip(folder / "ckplus48.zip", {wrap + name: content for name, content in images.items()})


def message(path: Path) -> str:
    """The error message for a file."""
    with pytest.raises(ConfigError) as caught:
        load_ckplus(path)
    text = str(caught.value)
    assert "\n" not in text
    return text


class TestLoading:
    def test_folders_are_classes(self, tmp_path: Path) -> None:
        faces = load_ckplus(ck48(tmp_path))
        assert faces.labels == PAPER_LABELS
        assert faces.names == (ANGER, HAPPY)
        assert [faces.labels[i] for i in faces.classes()] == ["anger", "happiness"]
        np.testing.assert_array_equal(faces.images, [noise_image(0), noise_image(1)])

    @pytest.mark.parametrize("wrap", ["CK+48/", "", "archive/CK+48/"])
    def test_zip_and_folder_are_the_same_whatever_is_around_them(self, tmp_path: Path, wrap: str) -> None:
        junk = {".DS_Store": b"x", "readme.txt": b"x", "happy/Thumbs.db": b"x", "happy/._S010_006_00000015.png": b"x"}
        path = ck48(tmp_path, wrap, **junk)
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("__MACOSX/CK+48/happy/S010_006_00000015.png", b"no image")
            archive.extractall(tmp_path / "unpacked")
        wanted = load_ckplus(ck48(tmp_path)).manifest_sha256()
        assert load_ckplus(tmp_path / "unpacked").manifest_sha256() == wanted
        assert load_ckplus(tmp_path / "unpacked" / wrap).manifest_sha256() == wanted
        shutil.rmtree(tmp_path / "unpacked")
        assert load_ckplus(path).manifest_sha256() == wanted

    def test_other_images_are_made_gray_and_48x48(self, tmp_path: Path) -> None:
        large = np.random.default_rng(5).integers(0, 256, (96, 120, 3), dtype=np.uint8)
        colour = np.dstack([noise_image(2)] * 3)
        faces = load_ckplus(ck48(tmp_path, **{"sad/a.png": encoded(large), "fear/a.png": encoded(colour)}))
        assert faces.names[1:4:2] == ("fear/a.png", "sad/a.png")
        np.testing.assert_array_equal(faces.images[[1, 3]], [noise_image(2), preprocess.shrink(preprocess.to_gray(large))])

    def test_a_truncated_list_of_classes_is_no_other_order(self, tmp_path: Path) -> None:
        one = load_ckplus(write_zip(tmp_path / "one.zip", {HAPPY: encoded(noise_image(1))}))
        assert (one.labels, one.classes().tolist()) == (PAPER_LABELS, [0])


class TestWrongLabels:
    def test_an_unknown_class(self, tmp_path: Path) -> None:
        path = ck48(tmp_path, **{"bored/S010_004_00000001.png": encoded(noise_image(0))})
        assert f"{path}/CK+48/bored: 'bored' is no class; name the folder as one of" in message(path)

    def test_neutral_is_no_class_of_ckplus(self, tmp_path: Path) -> None:
        path = ck48(tmp_path, **{"neutral/S010_004_00000001.png": encoded(noise_image(0))})
        assert message(path).startswith(f"{path}: neutral/S010_004_00000001.png: CK+ has no class neutral; remove it")

    def test_an_empty_class(self, tmp_path: Path) -> None:
        path = ck48(tmp_path, **{"fear/": b""})
        assert f"{path}/CK+48/fear: the class has no image" in message(path)

    def test_two_sets_in_one_archive(self, tmp_path: Path) -> None:
        path = ck48(tmp_path, **{"FER/happy/1.png": encoded(noise_image(0))})
        assert f"{path}/CK+48/FER: 'FER' is no class" in message(path)

    @pytest.mark.parametrize(
        "entries", [{}, {"README": b""}, {"CK+48/": b""}, {"S010_004_00000017.png": encoded(noise_image(0))}]
    )
    def test_no_class_folder(self, tmp_path: Path, entries: dict[str, bytes]) -> None:
        path = write_zip(tmp_path / "ckplus48.zip", entries)
        assert message(path).startswith(f"{path}: no class folder, ")


class TestDamagedArchive:
    @pytest.mark.parametrize("content", [b"", b"no zip", encoded(noise_image(0))])
    def test_no_zip(self, tmp_path: Path, content: bytes) -> None:
        path = tmp_path / "ckplus48.zip"
        path.write_bytes(content)
        text = message(path)
        assert text == f"{path}: cannot be read (File is not a zip file); give the path of ckplus48.zip or its folder"

    def test_no_file(self, tmp_path: Path) -> None:
        assert message(tmp_path / "none.zip").startswith(f"{tmp_path / 'none.zip'}: cannot be read (No such file or directory)")

    def test_cut_short(self, tmp_path: Path) -> None:
        path = ck48(tmp_path)
        path.write_bytes(path.read_bytes()[:-30])
        assert f"{path}: cannot be read" in message(path)

    @pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
    def test_one_changed_byte_of_an_image(self, tmp_path: Path, compression: int) -> None:
        content = encoded(noise_image(1))
        path = write_zip(tmp_path / "ckplus48.zip", {f"CK+48/{HAPPY}": content, f"CK+48/{ANGER}": content}, compression)
        data = bytearray(path.read_bytes())
        data[len(content) // 2] ^= 0xFF
        path.write_bytes(data)
        assert f"{path}/CK+48/{HAPPY}: cannot be read (" in (text := message(path))
        assert "the archive is damaged" in text

    @pytest.mark.parametrize("content", [b"", b"no image", encoded(noise_image(0))[:1000]])
    def test_a_broken_image(self, tmp_path: Path, content: bytes) -> None:
        path = ck48(tmp_path, **{HAPPY: content})
        assert f"{path}/CK+48/{HAPPY}: cannot be read as an image; it is damaged" in message(path)


class TestUnsafeArchive:
    @pytest.mark.parametrize("name", ["../x.png", "CK+48/happy/../../../x.png", "/tmp/x.png", "C:/x.png", "..\\x.png", "\\x"])
    def test_names_that_lead_out(self, tmp_path: Path, name: str) -> None:
        path = write_zip(tmp_path / "ckplus48.zip", {f"CK+48/{HAPPY}": encoded(noise_image(1)), name: encoded(noise_image(0))})
        assert message(path).startswith(f"{path}: {name!r} leads out of the archive; do not unpack it")

    def test_a_password(self, tmp_path: Path) -> None:
        path = ck48(tmp_path)
        data = bytearray(path.read_bytes())
        data[data.index(b"PK\x01\x02") + 8] |= 1  # the flag in the list of contents
        path.write_bytes(data)
        assert message(path) == f"{path}: CK+48/{HAPPY} has a password; unpack it yourself and give the folder"

    def test_a_name_twice(self, tmp_path: Path) -> None:
        path = ck48(tmp_path)
        path.write_bytes(path.read_bytes().replace(b"happy/S010_006_00000015", b"anger/S010_004_00000017"))
        assert message(path) == f"{path}: CK+48/{ANGER} is in it 2 times; get CK+48 again"

    def test_an_image_that_unpacks_to_far_too_much(self, tmp_path: Path) -> None:
        path = ck48(tmp_path, **{HAPPY: bytes(ckplus.LARGEST + 1), "notes.txt": bytes(ckplus.LARGEST + 1)})
        assert path.stat().st_size < 200_000
        assert f"{path}/CK+48/{HAPPY}: unpacks to more than 64 MB, too large for a face" in message(path)


@pytest.mark.data
def test_the_real_one(data: Path, tmp_path: Path) -> None:
    faces = load_ckplus(data / "ckplus48.zip")
    counts = dict(zip(faces.labels, faces.targets.sum(axis=0).astype(int).tolist(), strict=True))
    assert counts == {
        "happiness": 207, "surprise": 249, "sadness": 84, "anger": 135, "disgust": 177, "fear": 75, "contempt": 54,
    }  # fmt: skip
    with zipfile.ZipFile(data / "ckplus48.zip") as archive:
        archive.extractall(tmp_path)
    assert load_ckplus(tmp_path).manifest_sha256() == faces.manifest_sha256()
    plain = [cv2.imread(str(tmp_path / "CK+48" / name), cv2.IMREAD_UNCHANGED) for name in faces.names]
    np.testing.assert_array_equal(faces.images, plain)  # they are gray and 48x48 already: nothing is changed
