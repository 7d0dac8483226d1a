"""The paper's figures: contents and files."""

import errno
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure

from realtime import preprocess
from realtime.errors import SinkError
from realtime.faces import detector
from realtime.lesson import algorithms
from tests.caught import Caught
from tests.demo import demo_frame
from train.data.datasets import FaceSet
from train.network.layers import Stage
from train.paper import figures, layer_figure

LABELS = ("happiness", "anger", "fear")

STAGES = (
    Stage("conv1", "7×7 64, stride 2", 1, (64, 24, 24), 3264, 1_806_336),
    Stage("layer1", "1×1 64 → 3×3 64", 3, (256, 12, 12), 215_808, 30_670_848),
    Stage("avgpool", "global average pool", 1, (256, 1, 1), 0, 0),
    Stage("fc", "fully connected, 256 → 7", 1, (7,), 1799, 1792),
)


def level_of(row: int) -> int:
    return 10 + 5 * row


def face_set(names: tuple[str, ...], classes: tuple[int, ...]) -> FaceSet:
    """Images with the row as their gray level."""
    images = np.stack([np.full((48, 48), level_of(row), np.uint8) for row in range(len(names))])
    return FaceSet(images, np.eye(3, dtype=np.float32)[list(classes)], LABELS, names)


@pytest.fixture
def faces() -> FaceSet:
    """Ten sequences of three images: happiness, anger and happiness again; no fear."""
    names = tuple(f"CK/{s:03}_001_{frame}.png" for s in range(10) for frame in range(3))
    return face_set(names, tuple(int(s in (3, 4)) for s in range(10) for _ in range(3)))


@pytest.fixture
def caught() -> Caught:
    return Caught()


class TestSample:
    def test_the_last_image_of_sequences_spread_over_the_class(self, faces: FaceSet) -> None:
        assert figures.sample(faces, "happiness", 4) == [5, 17, 23, 29]
        assert figures.sample(faces, "happiness", 8) == [2, 5, 8, 17, 20, 23, 26, 29]
        assert figures.sample(faces, "anger", 1) == [14]

    def test_too_few_sequences_give_single_images(self, faces: FaceSet) -> None:
        assert figures.sample(faces, "anger", 3) == [10, 12, 14]
        assert figures.sample(faces, "anger", 20) == [9, 10, 11, 12, 13, 14]

    def test_names_without_sequences(self) -> None:
        tree = face_set(("fear/1.png", "fear/2.png", "fear/3.png", "fear/4.png"), (2, 2, 2, 2))
        assert figures.sample(tree, "fear", 2) == [1, 3]

    def test_a_class_without_images(self, faces: FaceSet) -> None:
        assert figures.sample(faces, "fear", 4) == []


class TestFacesOfEachClass:
    def test_class_samples(self, faces: FaceSet, caught: Caught) -> None:
        figures.class_samples(faces, "CK+48, all", Path("f.png"), caught)
        assert caught.title() == "CK+48, all: samples of each class (n = 30)"
        headings = [axes.get_title() for axes in caught.figures[0].axes if axes.get_title()]
        assert headings == ["happiness\n24 images", "anger\n6 images", "fear\n0 images"]
        # row by row: four of happiness, and four single images of anger, which has two sequences only
        levels = [int(image[0, 0]) for image in caught.images()]
        assert levels[0::2] == [level_of(row) for row in figures.sample(faces, "happiness", 4)]
        assert levels[1::2] == [level_of(row) for row in figures.sample(faces, "anger", 4)]
        assert caught.paths == [Path("f.png")]

    def test_edges_step_by_step(self, caught: Caught) -> None:
        gray = preprocess.shrink(preprocess.to_gray(demo_frame(45).image))
        one = FaceSet(gray[None], np.eye(3, dtype=np.float32)[[1]], LABELS, ("a.png",))
        figures.edges(one, "demo", Path("f.png"), caught)
        original, equalized, edges = caught.images()
        np.testing.assert_array_equal(original, gray)
        np.testing.assert_array_equal(equalized, preprocess.equalize(gray))
        np.testing.assert_array_equal(edges, algorithms.edges(gray))
        rows = [axes.get_ylabel() for axes in caught.figures[0].axes if axes.get_ylabel()]
        assert rows == ["original", "equalized", "Canny edges"]
        assert caught.title() == "demo: edges of each class (Algorithm 1)"

    def test_regions_with_detections(self, caught: Caught) -> None:
        gray = preprocess.to_gray(demo_frame(45).image)
        face = preprocess.shrink(preprocess.crop(gray, detector.HaarDetector().detect(gray).boxes_xyxy[0]))
        images = np.stack([face, np.full((48, 48), 7, np.uint8), face[:, ::-1]])
        three = FaceSet(images, np.eye(3, dtype=np.float32)[[0, 1, 0]], LABELS, ("a.png", "b.png", "c.png"))
        figures.regions(three, "demo", Path("f.png"), caught)
        words = {(n // 3, n % 3): axes.get_xlabel() for n, axes in enumerate(caught.figures[0].axes)}
        assert words == {
            (0, 0): "Faces detected: 1",
            (0, 1): "No faces detected.",
            (0, 2): "",
            (1, 0): "Faces detected: 1",
            (1, 1): "",
            (1, 2): "",
        }
        first = caught.images()[0]
        np.testing.assert_array_equal(first, algorithms.RegionDetector().detect(face).annotated[:, :, ::-1])
        (legend,) = caught.figures[0].legends
        assert [text.get_text() for text in legend.get_texts()] == ["face", "eyes", "mouth"]

    def test_the_legend_has_the_colours_of_the_boxes(self) -> None:
        face, eyes, mouth = (patch.get_edgecolor() for patch in figures.region_legend())
        assert face == (1, 0, 0, 1)
        assert eyes == pytest.approx((240 / 255, 228 / 255, 66 / 255, 1))
        assert mouth == pytest.approx((86 / 255, 180 / 255, 233 / 255, 1))


class TestSave:
    def test_a_png_of_the_figure_and_nothing_else(self, faces: FaceSet, tmp_path: Path) -> None:
        path = tmp_path / "samples.png"
        path.write_text("an older one")
        figures.class_samples(faces, "CK+48", path)
        image = cv2.imread(str(path))
        assert image is not None
        assert min(image.shape[:2]) > 600
        # matplotlib's gray scale may miss a level by one
        shares = [(np.abs(image.astype(int) - level_of(row)) <= 1).mean() for row in range(len(faces))]
        shown = {row for row, share in enumerate(shares) if share > 0.02}
        assert shown == {row for label in LABELS for row in figures.sample(faces, label, figures.SAMPLES)}
        assert list(tmp_path.iterdir()) == [path]

    def test_a_missing_folder_is_one_line(self, tmp_path: Path) -> None:
        with pytest.raises(SinkError, match=r"cannot write .*f\.png: the folder does not exist; create it first"):
            figures.save(Figure(), tmp_path / "nowhere" / "f.png")

    def test_a_full_disk_leaves_no_half_figure(self, tmp_path: Path) -> None:
        class FullDisk(type(Path())):  # type: ignore[misc]  # PosixPath or WindowsPath
            def write_bytes(self, data: bytes) -> int:
                super().write_bytes(data[: len(data) // 2])
                raise OSError(errno.ENOSPC, "No space left on device")

        with pytest.raises(SinkError, match="no space left on device"):
            figures.save(Figure(), FullDisk(tmp_path / "f.png"))
        assert list(tmp_path.iterdir()) == []


class TestLayers:
    def test_the_table_says_what_was_counted(self, caught: Caught) -> None:
        layer_figure.layers(STAGES, "ResNet, 7 classes", 48, Path("f.png"), caught)
        assert caught.title() == "ResNet, 7 classes: layers for one 48×48×1 face"
        (table,) = caught.figures[0].axes[1].tables
        cells = table.get_celld()
        texts = [[cells[row, column].get_text().get_text() for column in range(7)] for row in range(6)]
        assert texts == [
            ["stage", "layers (of the first block)", "residual blocks", "output", "parameters", "MACs", "share of MACs"],
            ["conv1", "7×7 64, stride 2", "–", "24×24×64", "3.26 k", "1.81 M", "5.6 %"],
            ["layer1", "1×1 64 → 3×3 64", "3", "12×12×256", "216 k", "30.7 M", "94.4 %"],
            ["avgpool", "global average pool", "–", "1×1×256", "–", "–", "–"],
            ["fc", "fully connected, 256 → 7", "–", "7", "1.80 k", "1.79 k", "0.0 %"],
            ["total", "", "3", "", "221 k", "32.5 M", ""],
        ]

    def test_the_drawing_has_a_bar_a_block(self, caught: Caught) -> None:
        layer_figure.layers(STAGES, "ResNet", 48, Path("f.png"), caught)
        drawing = caught.figures[0].axes[0]
        heights = [round(patch.get_extents().height) for patch in drawing.patches]
        assert len(heights) == 1 + 1 + 3 + 1 + 1  # the input, and every block of the four stages
        assert heights == sorted(heights, reverse=True)
        assert heights[2] == heights[3] == heights[4] < heights[1] < heights[0]
        names = [text.get_text() for text in drawing.texts if text.get_weight() == "bold"]
        assert names == ["input", "conv1", "layer1", "avgpool", "fc"]

    def test_it_becomes_a_png(self, tmp_path: Path) -> None:
        layer_figure.layers(STAGES, "ResNet", 48, tmp_path / "layers.png")
        image = cv2.imread(str(tmp_path / "layers.png"))
        assert image is not None
        blue = (image == (0xB2, 0x72, 0x00)).all(axis=2)  # residual blocks, BGR
        assert blue.mean() > 0.01

    @pytest.mark.parametrize(
        ("number", "words"),
        [
            (0, "–"),
            (7, "7"),
            (999, "999"),
            (1000, "1.00 k"),
            (14_343, "14.3 k"),
            (7_098_368, "7.10 M"),
            (4_010_000_000, "4,010 M"),
        ],
    )
    def test_counts_have_three_digits(self, number: int, words: str) -> None:
        assert layer_figure.compact(number) == words
