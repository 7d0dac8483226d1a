"""Trees of class folders: contents, order and errors."""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from realtime import preprocess
from realtime.datatypes import Faces
from realtime.errors import ConfigError
from realtime.faces.detector import HaarDetector
from realtime.labels import LABELS
from tests.demo import demo_frame
from tests.train_data import noise_image, save
from train.data.folders import detect_faces, find_images, load_folder, read_gray


def noise(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """A colour image, uint8 (height,width,3)."""
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Kaggle's FER2013: train/ and test/, here with three and two images."""
    root = tmp_path / "fer"
    for seed, name in enumerate(("train/happy/b.png", "train/happy/a.png", "train/angry/c.png")):
        save(root / name, noise_image(seed))
    save(root / "test/sad/1.png", noise_image(3))
    save(root / "test/neutral/2.png", noise_image(4))
    return root


class TestLoading:
    def test_a_split_in_order_with_names_relative_to_the_root(self, tree: Path) -> None:
        faces = load_folder(tree, "train")
        assert faces.names == ("train/angry/c.png", "train/happy/a.png", "train/happy/b.png")
        np.testing.assert_array_equal(faces.images, [noise_image(2), noise_image(1), noise_image(0)])
        assert faces.labels == ("happiness", "anger")
        np.testing.assert_array_equal(faces.targets, [[0, 1], [1, 0], [1, 0]])

    def test_splits_are_separate_whatever_their_case(self, tree: Path) -> None:
        (tree / "test").rename(tree / "Val")
        assert load_folder(tree, "validation").names == ("Val/neutral/2.png", "Val/sad/1.png")
        assert load_folder(tree, "VAL").manifest_sha256() == load_folder(tree, "validation").manifest_sha256()

    def test_ck_plus_as_a_folder(self, tmp_path: Path) -> None:
        for label in ("surprise", "contempt", "Happy"):
            for frame in (2, 1):
                save(tmp_path / label / f"S010_004_0000000{frame}.png", noise_image(frame))
        faces = load_folder(tmp_path)
        assert faces.labels == ("happiness", "surprise", "contempt")
        assert faces.names[:3] == (
            "Happy/S010_004_00000001.png",
            "Happy/S010_004_00000002.png",
            "contempt/S010_004_00000001.png",
        )
        assert faces.classes().tolist() == [0, 0, 2, 2, 1, 1]
        np.testing.assert_array_equal(faces.images[::2], [noise_image(1)] * 3)

    def test_kaggles_names_are_mapped_onto_the_one_list(self, tmp_path: Path) -> None:
        folders = ("angry", "Contempt", "disgusted", "FEAR", "happy", "natural", "sad", "surprised")
        for seed, folder in enumerate(folders):
            save(tmp_path / folder / "1.jpg", noise_image(seed))
        faces = load_folder(tmp_path)
        assert faces.labels == LABELS
        of_folder = {name: faces.labels[i] for name, i in zip(faces.names, faces.classes(), strict=True)}
        wanted = ("anger", "contempt", "disgust", "fear", "happiness", "neutral", "sadness", "surprise")
        assert of_folder == {f"{folder}/1.jpg": label for folder, label in zip(folders, wanted, strict=True)}

    def test_a_folder_around_it_all_is_no_part_of_the_names(self, tree: Path, tmp_path: Path) -> None:
        plain = load_folder(tree, "train")
        wrapped = tmp_path / "archive" / "images"  # jonathanoheix's face-expression-recognition-dataset
        wrapped.parent.mkdir()
        tree.rename(wrapped)
        (wrapped.parent / "__MACOSX").mkdir()
        for root in (wrapped.parent, tmp_path):
            assert load_folder(root, "train").manifest_sha256() == plain.manifest_sha256()
            assert load_folder(root, "train").names == plain.names
        with pytest.raises(ConfigError, match=re.escape(f"{wrapped}: has the splits test, train; choose one with --split")):
            load_folder(tmp_path)

    @pytest.mark.parametrize(("height", "width"), [(96, 96), (100, 60), (20, 30), (48, 48)])
    def test_any_size_and_colour_becomes_gray_48x48_as_in_the_live_program(
        self, tmp_path: Path, height: int, width: int
    ) -> None:
        image = noise(height, width)
        save(tmp_path / "fear/x.PNG", image)
        wanted = preprocess.shrink(preprocess.to_gray(image))
        np.testing.assert_array_equal(load_folder(tmp_path).images, wanted[np.newaxis])

    def test_two_names_of_one_class_are_one_class(self, tmp_path: Path) -> None:
        save(tmp_path / "sad/1.png", noise_image(1))
        save(tmp_path / "sadness/2.png", noise_image(2))
        faces = load_folder(tmp_path)
        assert (faces.labels, faces.classes().tolist()) == (("sadness",), [0, 0])

    def test_system_files_are_ignored(self, tmp_path: Path) -> None:
        save(tmp_path / "sad/1.png", noise_image(1))
        for junk in (".DS_Store", "__MACOSX/sad/1.png", ".git/x", "sad/._1.png", "sad/Thumbs.db", "readme.txt"):
            (tmp_path / junk).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / junk).write_bytes(b"junk")
        assert load_folder(tmp_path).names == ("sad/1.png",)


class TestMistakes:
    """Each message is one line that names the file or folder."""

    @staticmethod
    def message(root: Path, split: str | None = None) -> str:
        with pytest.raises(ConfigError) as caught:
            load_folder(root, split)
        text = str(caught.value)
        assert "\n" not in text
        return text

    @pytest.mark.parametrize("content", [b"", b"no image", cv2.imencode(".png", noise_image(0))[1].tobytes()[:1000]])
    def test_broken_image(self, tree: Path, content: bytes) -> None:
        (tree / "train/happy/a.png").write_bytes(content)
        assert f"{Path('train/happy/a.png')}: cannot be read as an image; it is damaged" in self.message(tree, "train")
        assert len(load_folder(tree, "test")) == 2

    def test_image_that_goes_away(self, tree: Path) -> None:
        lost = find_images(tree, "test")[0]
        (tree / lost.name).unlink()
        with pytest.raises(ConfigError, match=r"2\.png: cannot be read \(No such file"):
            read_gray(lost)

    def test_unknown_class(self, tree: Path) -> None:
        save(tree / "train/bored/a.png", noise_image(0))
        text = self.message(tree, "train")
        assert f"{Path('train/bored')}: 'bored' is no class; name the folder as one of neutral, happiness" in text

    def test_empty_class(self, tree: Path) -> None:
        (tree / "test/fear").mkdir()
        (tree / "test/fear/notes.txt").write_text("none yet")
        assert f"{Path('test/fear')}: the class has no image" in self.message(tree, "test")

    def test_no_class_folder(self, tmp_path: Path) -> None:
        assert f"{tmp_path}: no class folder, no folder at all; give the folder that holds" in self.message(tmp_path)
        save(tmp_path / "one/anger/a.png", noise_image(0))
        save(tmp_path / "two/anger/a.png", noise_image(0))
        assert f"{tmp_path}: no class folder, only one, two; give the folder that holds" in self.message(tmp_path)
        save(tmp_path / "faces/0001/a.png", noise_image(0))
        assert f"{tmp_path / 'faces'}: no class folder, only 0001; give" in self.message(tmp_path / "faces")

    def test_no_folder(self, tmp_path: Path) -> None:
        assert f"{tmp_path / 'none'}: cannot be read as a folder" in self.message(tmp_path / "none")
        file = save(tmp_path / "a.png", noise_image(0))
        assert f"{file}: cannot be read as a folder" in self.message(file)

    def test_missing_split(self, tree: Path) -> None:
        assert self.message(tree, "validation") == f"{tree}: has no split 'validation'; its splits are test, train"
        assert self.message(tree, "PublicTest") == f"{tree}: has no split 'PublicTest'; its splits are test, train"
        assert self.message(tree) == f"{tree}: has the splits test, train; choose one with --split, or give its folder"
        assert "has no split folders" in self.message(tree / "train", "test")

    def test_ambiguous_splits(self, tree: Path) -> None:
        save(tree / "val/sad/1.png", noise_image(1))
        save(tree / "validation/sad/1.png", noise_image(2))
        assert "has the split 'val' twice; its splits are test, train, val, validation" in self.message(tree, "val")
        assert len(load_folder(tree, "test")) == 2

    def test_folder_beside_the_splits(self, tree: Path) -> None:
        save(tree / "happy/1.png", noise_image(1))
        assert f"{tree / 'happy'}: is not a split, but lies beside the splits test, train" in self.message(tree, "test")


class Boxes:
    """A fake detector: two faces, the second one larger, in every bright image."""

    def detect(self, gray: NDArray[np.uint8]) -> Faces:
        if gray.mean() < 50:
            return Faces.empty()
        return Faces(np.array([[0, 0, 10, 10], [20, 10, 80, 70]], np.float32), np.array([9, 1], np.float32))


class TestDetecting:
    def test_the_largest_face_is_used_and_faceless_images_are_reported(self, tmp_path: Path) -> None:
        photograph, dark = noise(120, 160), np.zeros((120, 160), np.uint8)
        save(tmp_path / "happy/a.png", dark)
        save(tmp_path / "happy/b.png", photograph)
        save(tmp_path / "fear/c.png", dark)
        found = detect_faces(tmp_path, None, Boxes())
        assert found.faces.names == ("happy/b.png",)
        assert found.faceless == ("fear/c.png", "happy/a.png")
        assert found.pictures == 3
        assert found.faces.labels == ("happiness", "fear"), "a class whose faces are not found is still one of the data's"
        wanted = preprocess.shrink(preprocess.to_gray(photograph)[10:70, 20:80])
        np.testing.assert_array_equal(found.faces.images, wanted[np.newaxis])

    def test_no_face_anywhere(self, tmp_path: Path) -> None:
        save(tmp_path / "happy/a.png", np.zeros((120, 160), np.uint8))
        with pytest.raises(ConfigError, match="no face found in any of 1 images; if they are face crops, omit --detect"):
            detect_faces(tmp_path, None, Boxes())

    def test_the_cascade_finds_the_drawn_face(self, tmp_path: Path) -> None:
        shot = demo_frame(345)  # two faces, the larger one angry
        save(tmp_path / "angry/frame.png", shot.image)
        found = detect_faces(tmp_path, None, HaarDetector())
        sides = shot.boxes_xyxy[:, 2] - shot.boxes_xyxy[:, 0]
        gray = preprocess.to_gray(shot.image)
        likeness = [
            np.corrcoef(preprocess.shrink(preprocess.crop(gray, box)).ravel(), found.faces.images[0].ravel())[0, 1]
            for box in shot.boxes_xyxy
        ]
        assert len(likeness) == 2
        assert int(np.argmax(likeness)) == int(np.argmax(sides))
        assert max(likeness) > 0.8
