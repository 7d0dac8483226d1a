"""The lesson view, its panels and the banner in a run, as a viewer asks for them."""

from pathlib import Path

import cv2
import pytest

from realtime.config import Config
from realtime.errors import ConfigError
from realtime.lesson.reading import ImageReading
from realtime.model.classifier import Classifier
from realtime.recognizer import Recognizer
from realtime.run import Openers, run
from realtime.sinks.panels import Panels
from realtime.sources.capture import LiveFeed
from realtime.views.base import Action
from tests import builders, demo
from tests.fakes import FakeSource
from tests.studio import FakeWindow, Studio, film, never
from tests.tiny_models import write_always

pytestmark = [pytest.mark.timeout(60), pytest.mark.usefixtures("nothing_left_behind")]


class Unpaced(FakeWindow):
    """Takes every frame as it comes."""

    paced = False


def test_the_key_shows_and_hides_it(studio: Studio) -> None:
    studio.window.keys = {0: [Action.LESSON], 2: [Action.LESSON]}
    studio.run(film(1, 2, 3, 4), display=True)
    shown = [hud.lesson for hud in studio.window.huds]
    assert shown[0] is False
    assert True in shown
    assert shown[-1] is False


def test_a_run_can_begin_with_it(studio: Studio) -> None:
    studio.run(film(1, 2), display=True, lesson=True)
    assert all(hud.lesson for hud in studio.window.huds)


def test_hidden_faces_are_not_explained(studio: Studio) -> None:
    studio.window.keys = {0: [Action.LESSON], 1: [Action.PANEL]}
    studio.run(film(1, 2), display=True, blur=True)
    assert not any(hud.lesson for hud in studio.window.huds)
    assert studio.window.notices[:2] == [
        "no lesson while faces are hidden: it would show them",
        "no panel while faces are hidden: it would show them",
    ]


def test_hiding_faces_ends_it(studio: Studio) -> None:
    studio.window.keys = {0: [Action.BLUR]}
    studio.run(film(1, 2), display=True, lesson=True)
    assert studio.window.huds[0].lesson
    assert not studio.window.huds[-1].lesson


def test_blur_and_lesson_exclude_each_other() -> None:
    with pytest.raises(ConfigError, match="exclude each other") as caught:
        Config.of(lesson=True, blur=True)
    assert caught.value.settings == ("lesson", "blur")


def test_the_next_face_is_explained_and_after_the_last_the_first(tmp_path: Path) -> None:
    clip = demo.write_clip(tmp_path / "two.mp4", first=420, count=12)
    window = Unpaced({frame: [Action.NEXT_FACE] for frame in (8, 9, 10)})
    model = str(write_always(tmp_path / "tiny.onnx"))
    assert run(Config.of(source=str(clip), model=model, display=True), Openers(window=window.open)) == 0
    chosen = list(dict.fromkeys(hud.chosen for hud in window.huds))
    assert len(chosen) == 3  # nobody in particular, the other face, the closest one
    assert chosen[0] is None
    assert window.huds[-1].chosen == chosen[1]


def test_numbers_only_keeps_panels_inside(studio: Studio) -> None:
    studio.window.keys = {0: [Action.PANEL]}
    studio.run(film(1), display=True, numbers_only=True)
    assert "no panel: --numbers-only keeps every image inside" in studio.window.notices


@pytest.mark.parametrize(("name", "stores"), [(None, False), ("run.jsonl", True)])
def test_people_in_front_of_a_camera_are_told(name: str | None, stores: bool, studio: Studio) -> None:
    feed = LiveFeed(FakeSource((1, 2)), never)
    studio.run(feed, display=True, jsonl=None if name is None else str(studio.folder / name))
    banner = studio.window.huds[0].banner
    assert banner is not None
    assert banner.stores is stores
    assert banner.text == f"expressions are read, {'nothing is stored' if name is None else 'stored in run.jsonl'}"


def test_a_file_has_no_banner(studio: Studio) -> None:
    studio.run(film(1), display=True)
    assert studio.window.huds[0].banner is None


# panels


def test_a_panel_is_written_in_the_background(tmp_path: Path, classifier: Classifier) -> None:
    pytest.importorskip("matplotlib")
    with Recognizer("int8") as recognizer:
        result = recognizer.process(demo.demo_frame(100).image)
    panels = Panels(tmp_path / "new", classifier.prepare, classifier.name)
    assert panels.save(result, "demo") == "drawing a panel"
    assert panels.save(result, "demo") == "drawing a panel"
    panels.finish()
    written = [tmp_path / "new" / "demo_panel.png", tmp_path / "new" / "demo_panel-2.png"]
    assert panels.notices() == tuple(f"wrote {path}" for path in written)
    assert all(cv2.imread(str(path)).shape[1] > 1000 for path in written)
    panels.close()


def test_a_frame_without_a_face_has_no_panel(tmp_path: Path, classifier: Classifier) -> None:
    panels = Panels(tmp_path, classifier.prepare, classifier.name)
    assert panels.save(builders.result(), "demo") == "no panel: there is no face in this frame"
    assert list(tmp_path.iterdir()) == []
    panels.close()


def test_a_folder_that_cannot_be_made_is_a_notice(tmp_path: Path, classifier: Classifier) -> None:
    (tmp_path / "file").touch()
    panels = Panels(tmp_path / "file" / "sub", classifier.prepare, classifier.name)
    panels.save(builders.result([builders.face()]), "demo")
    panels.finish()
    (notice,) = panels.notices()
    assert notice.startswith("no panel: ")
    panels.close()


def test_a_reading_has_what_the_viewer_saw_largest_first(classifier: Classifier) -> None:
    small, large = builders.face(1, box=(0, 0, 10, 10)), builders.face(2, box=(10, 8, 40, 38), label="fear")
    reading = ImageReading.of(builders.result([small, large]), classifier.prepare, "net.onnx")
    assert [face.label for face in reading.faces] == ["fear", "happiness"]
    assert reading.faces[0].small.shape == (48, 48)
    assert (reading.model, reading.note) == ("net.onnx", "")
