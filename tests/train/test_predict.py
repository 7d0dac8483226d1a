"""A single image: read as the live program reads it, and shown as a table."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from rich.console import Console

from realtime import preprocess
from realtime.labels import LABELS, UNCERTAIN
from realtime.lesson.reading import ImageReading
from realtime.model.classifier import Classifier
from realtime.model.session import Session
from realtime.recognizer import Recognizer
from tests.readings import reading_of
from train import predict
from train.paper import single


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
        assert reading.model == "top-bottom.onnx"
        np.testing.assert_array_equal(reading.image, photograph)

    def test_a_crop_is_a_face_as_it_is(self, crop: NDArray[np.uint8], model: Path, classifier: Classifier) -> None:
        reading = single.read(crop, classifier)
        (face,) = reading.faces
        assert reading.note == "the image is only 48x48, the size of a face crop: using all of it as the face"
        np.testing.assert_array_equal(face.box_xyxy, [0, 0, 48, 48])
        np.testing.assert_array_equal(face.small, crop)
        np.testing.assert_allclose(face.probs[None], Recognizer(str(model)).classify([crop]).probs, atol=1e-6)
        assert face.label == "happiness"
        assert single.read(crop[::-1].copy(), classifier).faces[0].label == "sadness"

    def test_without_a_face_the_whole_image_is_taken(self, classifier: Classifier) -> None:
        image = np.full((200, 300), 100, np.uint8)
        image[100:] = 200
        reading = single.read(image, classifier)
        (face,) = reading.faces
        assert reading.note == single.NO_FACE
        np.testing.assert_array_equal(face.box_xyxy, [0, 0, 300, 200])
        assert reading.labels[face.best] == "sadness"

    def test_an_image_that_shows_nothing_is_uncertain(self, classifier: Classifier) -> None:
        (face,) = single.read(np.full((48, 48), 77, np.uint8), classifier).faces
        assert face.label == UNCERTAIN
        assert face.probs.sum() == pytest.approx(1, abs=1e-6)


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
