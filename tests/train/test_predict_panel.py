"""The panel of a single image: every step from the photograph to the probabilities."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray

from realtime import preprocess
from realtime.datatypes import SourceInfo
from realtime.errors import SinkError
from realtime.labels import LABELS
from realtime.lesson import algorithms
from realtime.lesson.reading import ImageReading
from realtime.model.classifier import Classifier
from realtime.sinks import panel
from tests.builders import source_info
from tests.readings import reading_of
from train import predict
from train.paper import single


class Caught:
    """A `figures.save` that keeps the figure."""

    def __init__(self) -> None:
        self.figure = Figure()

    def __call__(self, figure: Figure, path: Path) -> None:
        figure.draw_without_rendering()
        self.figure = figure

    def title(self) -> list[str]:
        return self.figure.get_suptitle().splitlines()


@pytest.fixture
def caught() -> Caught:
    return Caught()


class TestPanel:
    def test_five_steps_of_a_face(self, photograph: NDArray[np.uint8], classifier: Classifier, caught: Caught) -> None:
        reading = single.read(photograph, classifier)
        panel.panel(reading, "photo.jpg", Path("p.png"), caught)
        axes = caught.figure.axes
        assert caught.title() == ["photo.jpg   (top-bottom.onnx)"]
        assert [each.get_title() for each in axes[:5]] == [
            "original",
            "equalized, 48×48",
            "edges (Algorithm 1)",
            "regions (Algorithm 2)",
            "probability (%)",
        ]
        assert [each.get_ylabel() for each in axes[::5]] == ["#1", "#2"]
        assert axes[-2].get_xlabel() == "Faces detected: 2"
        for face, cells in zip(reading.faces, (axes[:5], axes[5:]), strict=True):
            original, equalized, edges, regions = (np.asarray(cell.images[0].get_array()) for cell in cells[:4])
            x1, y1, x2, y2 = face.box_xyxy.round().astype(int)
            changed = (original[:, :, ::-1] != photograph).any(axis=2)
            assert changed[y1 - 2 : y2 + 2, x1 - 2 : x2 + 2].any()
            changed[y1 - 2 : y2 + 2, x1 - 2 : x2 + 2] = False
            assert not changed.any(), "only the face of this row is marked"
            np.testing.assert_array_equal(equalized, preprocess.equalize(face.small))
            np.testing.assert_array_equal(edges, algorithms.edges(face.small))
            assert regions.shape[0] == regions.shape[1] == pytest.approx((x2 - x1) * 1.5, abs=2)
            assert (regions == algorithms.FACE_COLOUR[::-1]).all(axis=2).any()
            widths = [bar.get_width() for bar in cells[4].patches]
            np.testing.assert_allclose(widths, face.probs * 100, rtol=1e-5)
            assert [label.get_text() for label in cells[4].get_yticklabels()] == list(LABELS)
            assert cells[4].get_xlabel() == f"shown as: {face.label}"
            bold = [text.get_text() for text in cells[4].texts if text.get_weight() == "bold"]
            assert bold == [f"{100 * face.probs.max():.1f}"]

    def test_a_crop_is_shown_unmarked(self, crop: NDArray[np.uint8], classifier: Classifier, caught: Caught) -> None:
        reading = single.read(crop, classifier)
        panel.panel(reading, "face.png", Path("p.png"), caught)
        axes = caught.figure.axes
        assert len(axes) == 5
        assert caught.title() == ["face.png   (top-bottom.onnx)", reading.note]
        np.testing.assert_array_equal(np.asarray(axes[0].images[0].get_array()), preprocess.to_bgr(crop))
        assert np.asarray(axes[3].images[0].get_array()).shape == (192, 192, 3)

    def test_a_crowd_is_cut_to_the_largest(self, caught: Caught) -> None:
        panel.panel(reading_of("fear", "anger", "fear", "disgust", "neutral"), "crowd.jpg", Path("p.png"), caught)
        assert len(caught.figure.axes) == 4 * 5
        assert caught.title() == ["crowd.jpg   (net.onnx)", "the 4 largest of 5 faces"]

    def test_a_face_as_high_as_the_image_keeps_its_region_square(self, caught: Caught) -> None:
        panel.panel(reading_of("fear", side=220), "near.jpg", Path("p.png"), caught)
        assert np.asarray(caught.figure.axes[3].images[0].get_array()).shape == (240, 240, 3)

    def test_a_large_photograph_is_made_smaller(self, caught: Caught) -> None:
        small = reading_of("fear")
        large = ImageReading(np.repeat(np.repeat(small.image, 5, 0), 5, 1), small.faces, LABELS, "net.onnx", "")
        panel.panel(large, "large.jpg", Path("p.png"), caught)
        assert np.asarray(caught.figure.axes[0].images[0].get_array()).shape == (600, 1000, 3)


class TestSavingThePanel:
    @pytest.fixture
    def source(self) -> SourceInfo:
        return source_info("face.png", path="face.png")

    def test_nothing_is_overwritten(self, source: SourceInfo, tmp_path: Path) -> None:
        out = tmp_path / "panel.png"
        out.write_text("the user's")
        path = predict.save_panel(reading_of("fear"), source, out)
        assert path == tmp_path / "panel-2.png"
        assert out.read_text() == "the user's"
        image = cv2.imread(str(path))
        assert image is not None
        assert image.shape[1] > 1200

    @pytest.mark.parametrize("error", [SinkError("full"), KeyboardInterrupt()])
    def test_a_panel_that_fails_leaves_no_empty_file(self, error: BaseException, source: SourceInfo, tmp_path: Path) -> None:
        def fail(reading: ImageReading, title: str, path: Path) -> None:
            assert path.exists()
            raise error

        with pytest.raises(type(error)):
            predict.save_panel(reading_of("fear"), source, tmp_path / "panel.png", fail)
        assert list(tmp_path.iterdir()) == []

    def test_a_panel_whose_file_was_removed_meanwhile_fails_as_itself(self, source: SourceInfo, tmp_path: Path) -> None:
        def fail(reading: ImageReading, title: str, path: Path) -> None:
            path.unlink()
            raise SinkError("gone")

        with pytest.raises(SinkError, match="gone"):
            predict.save_panel(reading_of("fear"), source, tmp_path / "panel.png", fail)
