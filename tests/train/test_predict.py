"""A single image: read as the live program reads it, shown as a table and as a panel."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray
from rich.console import Console

from realtime import preprocess
from realtime.datatypes import SourceInfo
from realtime.errors import SinkError
from realtime.faces.detector import HaarDetector
from realtime.labels import LABELS, UNCERTAIN
from realtime.lesson import algorithms
from realtime.lesson.reading import FaceReading, ImageReading
from realtime.model.classifier import Classifier
from realtime.model.session import Session
from realtime.recognizer import Recognizer
from realtime.sinks import panel
from tests.builders import probs, source_info
from tests.demo import demo_frame
from tests.tiny_models import write_left_right
from train import predict
from train.paper import single

TWO_FACES = 318


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Says happiness when the left half of a face is brighter, sadness when the right half is."""
    return write_left_right(tmp_path_factory.mktemp("model") / "left-right.onnx")


@pytest.fixture(scope="module")
def classifier(model: Path) -> Classifier:
    return Classifier(Session(model, threads=1))


@pytest.fixture(scope="module")
def photograph() -> NDArray[np.uint8]:
    """480x640, BGR, with two people."""
    return demo_frame(TWO_FACES).image


@pytest.fixture(scope="module")
def crop(photograph: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """One of the faces as in data sets: 48x48, gray, with a bright left half."""
    gray = preprocess.to_gray(photograph)
    small = preprocess.shrink(preprocess.crop(gray, HaarDetector().detect(gray).boxes_xyxy[0]))
    lit = small.astype(np.int16)
    lit[:, :24] += 40
    lit[:, 24:] -= 60
    return np.clip(lit, 0, 255).astype(np.uint8)


class TestReading:
    def test_the_same_as_the_live_program(self, photograph: NDArray[np.uint8], model: Path, classifier: Classifier) -> None:
        reading = single.read(photograph, classifier)
        live = sorted(Recognizer(str(model)).process(photograph).faces, key=lambda face: face.box_xyxy[0] - face.box_xyxy[2])
        assert len(reading.faces) == len(live) == 2
        for ours, theirs in zip(reading.faces, live, strict=True):
            np.testing.assert_array_equal(ours.box_xyxy, theirs.box_xyxy)
            np.testing.assert_allclose(ours.probs, theirs.probs, atol=1e-6)
            assert ours.label == theirs.label
            assert ours.best == theirs.probs.argmax()
        assert reading.note == ""
        assert reading.labels == LABELS
        assert reading.model == "left-right.onnx"
        np.testing.assert_array_equal(reading.image, photograph)

    def test_a_crop_is_a_face_as_it_is(self, crop: NDArray[np.uint8], model: Path, classifier: Classifier) -> None:
        reading = single.read(crop, classifier)
        (face,) = reading.faces
        assert reading.note == "the image is only 48x48, the size of a face crop: using all of it as the face"
        np.testing.assert_array_equal(face.box_xyxy, [0, 0, 48, 48])
        np.testing.assert_array_equal(face.small, crop)
        np.testing.assert_allclose(face.probs[None], Recognizer(str(model)).classify([crop]).probs, atol=1e-6)
        assert face.label == "happiness"
        assert single.read(crop[:, ::-1].copy(), classifier).faces[0].label == "sadness"

    def test_without_a_face_the_whole_image_is_taken(self, classifier: Classifier) -> None:
        image = np.full((200, 300), 100, np.uint8)
        image[:, 150:] = 200
        reading = single.read(image, classifier)
        (face,) = reading.faces
        assert reading.note == single.NO_FACE
        np.testing.assert_array_equal(face.box_xyxy, [0, 0, 300, 200])
        assert reading.labels[face.best] == "sadness"

    def test_an_image_that_shows_nothing_is_uncertain(self, classifier: Classifier) -> None:
        (face,) = single.read(np.full((48, 48), 77, np.uint8), classifier).faces
        assert face.label == UNCERTAIN
        assert face.probs.sum() == pytest.approx(1, abs=1e-6)


def reading_of(*labels: str, note: str = "", side: int = 100) -> ImageReading:
    """A synthetic photograph with faces of `side` pixels in a row."""
    image = np.full((240, 400, 3), 120, np.uint8)
    small = np.arange(48 * 48, dtype=np.uint16).reshape(48, 48).astype(np.uint8)
    faces = tuple(
        FaceReading(np.array([60 * n, 50, 60 * n + side, 50 + side], np.float32), small, probs(label, 0.6), label)
        for n, label in enumerate(labels)
    )
    return ImageReading(image, faces, LABELS, "net.onnx", note)


class TestTable:
    def lines(self, reading: ImageReading) -> list[str]:
        console = Console(record=True, width=80, force_terminal=False)
        predict.show(reading, "photo.jpg", console)
        return [" ".join(line.replace("│", " ").split()) for line in console.export_text().splitlines()]

    def test_every_expression_in_percent_the_likeliest_first(self) -> None:
        lines = self.lines(reading_of("fear"))
        assert lines[0] == "photo.jpg: face 1 of 1, 100 px wide at (0, 50)"
        rows = [line for line in lines if line.split(" ")[0] in LABELS]
        assert rows[0] == "fear 60.0 " + 18 * "█"
        assert sorted(row.split()[0] for row in rows) == sorted(LABELS)
        assert {" ".join(row.split()[1:]) for row in rows[1:]} == {"5.7 ██"}
        assert "shown as: fear (net.onnx)" in lines

    def test_a_table_a_face(self) -> None:
        lines = self.lines(reading_of("fear", "anger"))
        assert [line for line in lines if line.startswith("photo")] == [
            "photo.jpg: face 1 of 2, 100 px wide at (0, 50)",
            "photo.jpg: face 2 of 2, 100 px wide at (60, 50)",
        ]
        assert [line for line in lines if line.startswith("shown")] == [
            "shown as: fear (net.onnx)",
            "shown as: anger (net.onnx)",
        ]

    def test_a_terminal_that_knows_few_letters(self) -> None:
        file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
        predict.show(reading_of("fear"), "Grüße.png", Console(file=file, width=80))
        file.seek(0)
        text = file.read()
        assert text.startswith("Gr??e.png: face 1 of 1")
        assert 18 * "#" + " " in text

    def test_the_whole_image_has_no_place(self) -> None:
        assert self.lines(reading_of("fear", note=single.NO_FACE))[0] == "photo.jpg: the whole image"


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
        assert caught.title() == ["photo.jpg   (left-right.onnx)"]
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
        assert caught.title() == ["face.png   (left-right.onnx)", reading.note]
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


class TestCommand:
    @pytest.fixture
    def face(self, crop: NDArray[np.uint8], tmp_path: Path) -> Path:
        path = tmp_path / "face.png"
        cv2.imwrite(str(path), crop)
        return path

    def test_a_table_on_stdout_words_on_stderr_a_panel_in_the_folder(
        self, face: Path, model: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert predict.main([str(face), "--model", str(model), "--out", str(face.parent)]) == 0
        out, err = capsys.readouterr()
        assert "face.png: the whole image" in out
        assert "shown as: happiness" in out
        first, second = err.splitlines()
        assert first == "train.predict: the image is only 48x48, the size of a face crop: using all of it as the face"
        assert second == f"train.predict: panel saved as {face.parent / 'face_fer.png'}"
        assert cv2.imread(str(face.parent / "face_fer.png")) is not None

    def test_without_out_nothing_is_written(
        self, photograph: NDArray[np.uint8], model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        path = tmp_path / "photo.png"
        cv2.imwrite(str(path), photograph)
        assert predict.main([str(path), "--model", str(model)]) == 0
        assert list(tmp_path.iterdir()) == [path]
        out, err = capsys.readouterr()
        assert "face 2 of 2" in out
        assert err == ""

    @pytest.mark.parametrize("kind", ["gray", "gray16", "colour16", "alpha"])
    def test_other_kinds_of_pixels_are_the_same_image(
        self, kind: str, crop: NDArray[np.uint8], model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        image = {
            "gray": crop,
            "gray16": crop.astype(np.uint16) * 257,
            "colour16": preprocess.to_bgr(crop).astype(np.uint16) * 257,
            "alpha": np.dstack([crop, crop, crop, np.full_like(crop, 9)]),
        }[kind]
        path = tmp_path / "face.png"
        cv2.imwrite(str(path), image)
        assert predict.main([str(path), "--model", str(model)]) == 0
        printed = capsys.readouterr().out
        expected = Console(record=True, width=80)
        predict.show(single.read(crop, Classifier(Session(model))), "face.png", expected)
        assert "".join(printed.split()) == "".join(expected.export_text().split())

    @pytest.mark.parametrize(
        ("content", "words", "code", "message"),
        [
            (None, [], 3, "not found"),
            (b"", [], 3, "face.png cannot be read"),
            (b"hello", [], 3, "face.png cannot be read"),
            ("image", ["--model", "none.onnx"], 4, "none.onnx: no such weights file"),
            ("image", ["--model", "IMAGE"], 4, "cannot be loaded"),
            ("image", ["--out", "panel.jpg"], 2, "--out panel.jpg: the panel is a PNG"),
            ("image", ["--out", "IMAGE/panel.png"], 5, "part of the path is a file"),
            ("image", ["--out", "FOLDER/nowhere/panel.png"], 5, "the folder does not exist"),
        ],
    )
    def test_mistakes_are_one_line(
        self,
        content: bytes | str | None,
        words: list[str],
        code: int,
        message: str,
        face: Path,
        photograph: NDArray[np.uint8],
        model: Path,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        face.unlink()
        if content == "image":
            cv2.imwrite(str(face), photograph)
        elif isinstance(content, bytes):
            face.write_bytes(content)
        more = [word.replace("IMAGE", str(face)).replace("FOLDER", str(face.parent)) for word in words]
        assert predict.main([str(face), "--model", str(model), *more]) == code
        err = capsys.readouterr().err
        assert message in err
        assert err.count("\n") == 1

    def test_a_folder_is_not_an_image(self, face: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert predict.main([str(face.parent)]) == 2
        assert capsys.readouterr().err == f"train.predict: {face.parent} is a folder; give one image\n"

    def test_ctrl_c(self, face: Path, model: Path) -> None:
        def interrupt(image: NDArray[np.uint8], classifier: Classifier) -> ImageReading:
            raise KeyboardInterrupt

        assert predict.main([str(face), "--model", str(model)], interrupt) == predict.INTERRUPTED == 130


@pytest.mark.clips
def test_a_smile_on_a_real_clip(clips: Path) -> None:
    """The shipped network on a frame in which a woman smiles, if it is there."""
    from realtime.errors import WeightsNotFound
    from realtime.model.session import locate

    try:
        classifier = Classifier(Session(locate("auto")))
    except WeightsNotFound as error:
        pytest.skip(str(error))
    capture = cv2.VideoCapture(str(clips / "sad_then_happy.mp4"))
    for _ in range(301):
        _, image = capture.read()
    capture.release()
    reading = single.read(np.asarray(image, dtype=np.uint8), classifier)
    assert reading.note == ""
    assert reading.faces[0].label == "happiness"
