"""Recall, precision, ids, delays and jitter by hand-computed values; the command on small clips."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks import cells, detection, matching, record, scenes, truth
from benchmarks.matching import Sight
from benchmarks.payloads import Detection
from benchmarks.scenes import Scene
from benchmarks.suite import Size
from benchmarks.truth import TrueFaces
from realtime.config import Config
from realtime.datatypes import SourceInfo
from realtime.errors import ConfigError
from realtime.labels import UNCERTAIN
from tests.tiny_models import write_always

LEFT, RIGHT, FAR = (0, 0, 10, 10), (20, 0, 30, 10), (80, 80, 90, 90)
Box = tuple[float, float, float, float]


def true(*faces: tuple[int, Box]) -> TrueFaces:
    return TrueFaces(tuple(i for i, _ in faces), np.array([box for _, box in faces], np.float32).reshape(-1, 4))


def sight(time_s: float, *faces: tuple[int, Box], label: str = "neutral") -> Sight:
    boxes = np.array([box for _, box in faces], np.float32).reshape(-1, 4)
    return Sight(time_s, tuple(i for i, _ in faces), boxes, (label,) * len(faces))


def info(path: Path) -> SourceInfo:
    return SourceInfo(path.name, False, True, 1, 1, None, None, str(path))


# against the truth


def test_recall_and_precision() -> None:
    truths = [true((1, LEFT), (2, RIGHT)), true((1, LEFT), (2, RIGHT)), true()]
    sights = [sight(0.0, (7, LEFT), (8, RIGHT)), sight(0.1, (7, LEFT), (9, FAR)), sight(0.2, (9, FAR))]
    score = matching.score(truths, sights)
    assert (score.matched, score.true, score.shown) == (3, 4, 5)
    assert (score.recall, score.precision) == (0.75, 0.6)
    assert score.false_tracks == 1


@pytest.mark.parametrize(("shift", "matched"), [(3, 1), (4, 0)])  # IoU 7/13 and 6/14
def test_half_an_overlap_is_a_match(shift: float, matched: int) -> None:
    assert matching.score([true((1, LEFT))], [sight(0.0, (1, (shift, 0, 10 + shift, 10)))]).matched == matched


def test_a_box_is_matched_once() -> None:
    score = matching.score([true((1, LEFT))], [sight(0.0, (1, LEFT), (2, (1, 0, 11, 10)))])
    assert (score.matched, score.shown, score.false_tracks) == (1, 2, 1)


def test_nothing_to_find_and_nothing_shown() -> None:
    score = matching.score([true(), true()], [sight(0.0), sight(0.1)])
    assert (score.recall, score.precision, score.false_tracks) == (1.0, 1.0, 0)


def test_an_id_that_changes_is_a_switch() -> None:
    truths = [true((1, LEFT))] * 4
    assert matching.score(truths, [sight(0.1 * n, (7, LEFT)) for n in range(4)]).id_switches == 0
    ids = (7, 8, 8, 7)
    assert matching.score(truths, [sight(0.1 * n, (i, LEFT)) for n, i in enumerate(ids)]).id_switches == 2


def test_two_faces_that_swap_ids_are_two_switches() -> None:
    truths = [true((1, LEFT), (2, RIGHT))] * 2
    score = matching.score(truths, [sight(0.0, (7, LEFT), (8, RIGHT)), sight(0.1, (8, LEFT), (7, RIGHT))])
    assert score.id_switches == 2


def test_a_pair_stays_a_pair_while_it_overlaps() -> None:
    """A better second box does not replace the match."""
    score = matching.score([true((1, LEFT))] * 2, [sight(0.0, (7, LEFT)), sight(0.1, (7, (2, 0, 12, 10)), (8, LEFT))])
    assert score.id_switches == 0


def test_time_until_a_new_face_has_a_label() -> None:
    truths = [true((1, LEFT))] * 4
    sights = [sight(0.0), sight(0.1, (7, LEFT), label=UNCERTAIN), sight(0.2, (7, LEFT)), sight(0.3, (7, LEFT))]
    score = matching.score(truths, sights)
    assert (score.delays_s, score.unlabelled) == ((0.2,), 0)


def test_a_face_that_comes_back_is_new_and_one_without_a_label_is_counted() -> None:
    truths = [true((1, LEFT)), true(), true((1, LEFT)), true((1, LEFT)), true((2, RIGHT))]
    sights = [sight(0.0, (7, LEFT)), sight(0.5), sight(1.0), sight(1.25, (8, LEFT)), sight(1.5)]
    score = matching.score(truths, sights)
    assert (score.delays_s, score.unlabelled) == ((0.0, 0.25), 1)


# stability


def test_boxes_without_ids_are_linked_by_overlap() -> None:
    linked = matching.link([sight(0.0, (0, LEFT), (0, RIGHT)), sight(0.1, (0, RIGHT), (0, LEFT)), sight(0.2, (0, FAR))])
    assert [one.ids for one in linked] == [(1, 2), (2, 1), (3,)]


def test_label_changes_a_minute() -> None:
    labels = ["anger", "anger", "neutral", "anger"]
    sights = [sight(0.25 * n, (1, LEFT), label=label) for n, label in enumerate(labels)]
    assert matching.label_changes_per_minute(sights) == pytest.approx(2 / 0.75 * 60)
    assert matching.label_changes_per_minute([sight(0.0), sight(0.1)]) is None


def moving(wander: float, speed: float) -> list[Sight]:
    """Two seconds of a 100 px face with sideways jitter of +-wander px and a constant speed in px per second."""
    return [sight(n / 30, (1, (x := wander * (-1) ** n + speed * n / 30, 0.0, x + 100.0, 100.0))) for n in range(60)]


def test_jitter_excludes_motion() -> None:
    assert matching.jitter(moving(0.5, 0.0)).px == pytest.approx(0.5, rel=0.02)
    trembling = matching.jitter(moving(0.5, 5.0))
    assert trembling.px == pytest.approx(0.5, rel=0.02)
    assert trembling.percent == pytest.approx(0.5, rel=0.02)
    assert matching.jitter(moving(0.0, 5.0)).px == pytest.approx(0.0, abs=1e-4)


def test_a_face_that_moves_has_no_jitter() -> None:
    assert matching.jitter(moving(0.5, 50.0)).px is None
    assert matching.jitter([sight(0.0)]).px is None


def test_agreement_of_labels() -> None:
    mine = [sight(0.0, (1, LEFT), (2, RIGHT), label="anger"), sight(0.1, (1, LEFT), label="fear")]
    other = [sight(0.0, (5, RIGHT), (6, FAR), label="anger"), sight(0.1, (5, LEFT), label="anger")]
    assert matching.agreement(mine, other) == 0.5
    assert matching.agreement(mine[:1], [sight(0.0)]) is None


# the truth


def test_the_truth_of_the_demo_clip() -> None:
    known = truth.find(detection.ours.info_of(Config.of(source="demo")))
    assert known is not None
    assert known.faces == 907
    assert known.at("0").ids == (1,)
    assert known.at("0").boxes_xyxy.tolist() == [pytest.approx([222.0, 126.52, 418.0, 322.52], abs=1e-4)]
    assert known.at("400").ids == (1, 2)


def test_the_truth_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "boxes.csv").write_text("file,x,y,w,h\na.png,1,2,3,4\na.png,10,20,30,40\nb.png,,,,\n")
    known = truth.find(info(tmp_path))
    assert known is not None
    assert known.at("a.png").boxes_xyxy.tolist() == [[1, 2, 4, 6], [10, 20, 40, 60]]
    assert known.at("b.png").ids == known.at("c.png").ids == ()
    assert known.faces == 2


@pytest.mark.parametrize("text", ["name,x\n", "file,x,y,w,h\na.png,1,2,3\n", "file,x,y,w,h\na.png,1,2,3,wide\n"])
def test_a_truth_that_cannot_be_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "boxes.csv").write_text(text)
    with pytest.raises(ConfigError, match=r"boxes\.csv"):
        truth.find(info(tmp_path))


def test_a_table_about_something_else_is_no_truth(tmp_path: Path) -> None:
    (tmp_path / "clip.csv").write_text("t,label\n0,anger\n")
    assert truth.find(info(tmp_path / "clip.mp4")) is None


# the command


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    path = str(write_always(tmp_path_factory.mktemp("model") / "tiny.onnx"))
    return ["--model", path, "--full-precision", path]


def test_a_clip_with_its_truth_and_a_folder_with_boxes(tmp_path: Path, tiny: list[str]) -> None:
    scene = Scene(Size(320, 180), 1, 12, 60)
    actor = cells.actor(Config.of(source="demo"))
    clip = scenes.write_video(scene, actor, tmp_path / "clip.mp4")
    rows = [f"{n},1,{','.join(f'{v:.2f}' for v in scene.boxes(n)[0])}" for n in range(12)]
    clip.with_suffix(".csv").write_text("\n".join(["frame,id,x1,y1,x2,y2", *rows]) + "\n")
    folder = tmp_path / "images"
    folder.mkdir()
    image = next(scenes.compose(scene, actor))
    cv2.imwrite(str(folder / "face.png"), image)
    x1, y1, x2, y2 = (float(v) for v in scene.boxes(0)[0])
    (folder / "boxes.csv").write_text(f"file,x,y,w,h\nface.png,{x1},{y1},{x2 - x1},{y2 - y1}\n")

    arguments = ["--on", str(clip), str(folder), "--alone", *tiny, "--out", str(tmp_path), "--name", "try"]
    assert detection.main(arguments) == 0
    result = record.read(tmp_path / "try.json", Detection).result
    film, album = result.clips
    assert (film.clip.frames, film.true_faces) == (12, 12)
    mine, other = film.sides
    assert mine.id_switches == 0
    assert mine.precision == other.precision == 1.0
    assert other.recall is not None
    assert other.recall > 0.8
    assert mine.label_delay_ms is not None
    assert (mine.label_delay_ms.n, mine.unlabelled, mine.agreement) == (1, 0, 1.0)
    assert other.ids is other.id_switches is None
    assert (album.clip.frames, album.true_faces, album.seconds) == (1, 1, None)
    assert [side.recall for side in album.sides] == [1.0, 1.0]
    assert (tmp_path / "try.png").is_file()
