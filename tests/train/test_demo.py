"""The demo clip: average faces, the portrait around them, the timeline and its truth."""

import csv
import itertools
import zipfile
from dataclasses import replace
from pathlib import Path

import av
import cv2
import cv2.data
import numpy as np
import pytest

import realtime
from realtime.errors import SinkError
from realtime.faces.geometry import iou
from realtime.labels import LABELS, PAPER_LABELS
from tests.train_data import noise_image, votes, write_fer2013, write_votes
from train import demo_clip
from train.data.datasets import FaceSet
from train.demo import average_faces, portrait
from train.demo.average_faces import SIDE, registered_mean, to_gray
from train.demo_clip import HOLD_S, RAMP_S, Actor, Pose, cast, duration_s, render


def drawn_face(mouth: int = 0, shift: tuple[int, int] = (0, 0), seed: int = 0) -> np.ndarray:
    """A drawn face, uint8 (48,48): skin, eyes, brows, nose, and a mouth open by `mouth` pixels."""
    face = np.full((48, 48), 60, np.uint8)
    x, y = 24 + shift[0], 24 + shift[1]
    cv2.ellipse(face, (x, y), (18, 24), 0, 0, 360, 190, cv2.FILLED)
    for side in (-8, 8):
        cv2.line(face, (x + side - 4, y - 9), (x + side + 4, y - 9), 80, 1)
        cv2.ellipse(face, (x + side, y - 5), (3, 2), 0, 0, 360, 40, cv2.FILLED)
    cv2.line(face, (x, y - 3), (x - 1, y + 4), 140, 1)
    cv2.ellipse(face, (x, y + 12), (6, 1 + mouth), 0, 0, 360, 70, cv2.FILLED)
    noise = np.random.default_rng(seed).normal(0, 3, face.shape)
    return np.clip(cv2.GaussianBlur(face, (3, 3), 0) + noise, 0, 255).astype(np.uint8)


def crowd(mouth: int, n: int = 8) -> np.ndarray:
    """The same face n times, shifted by up to 2 px."""
    rng = np.random.default_rng(mouth)
    return np.stack([drawn_face(mouth, tuple(rng.integers(-2, 3, 2)), seed) for seed in range(n)])


@pytest.fixture(scope="module")
def faces() -> dict[str, np.ndarray]:
    return {label: registered_mean(label, crowd(i), (14.0, 8.0)).image for i, label in enumerate(LABELS)}


class TestAverage:
    def test_bending_makes_the_mean_crisper(self) -> None:
        images = crowd(2)
        bent = registered_mean("x", images, (20.0, 10.0, 8.0)).image
        flat = registered_mean("x", images, ()).image
        detail = [np.abs(cv2.Laplacian(cv2.GaussianBlur(face, (0, 0), 2), cv2.CV_32F)).mean() for face in (flat, bent)]
        assert detail[1] > 1.2 * detail[0]

    def test_without_rounds_it_is_the_plain_mean(self) -> None:
        face = registered_mean("x", crowd(1), ())
        assert face.count == 8
        plain = np.mean([cv2.resize(i, (SIDE, SIDE), interpolation=cv2.INTER_CUBIC) for i in crowd(1)], axis=0)
        assert np.corrcoef(face.image.ravel(), plain.ravel())[0, 1] > 0.999
        assert (face.image.mean(), face.image.std()) == pytest.approx((0, 1), abs=1e-4)

    def test_only_the_most_typical_are_kept(self) -> None:
        odd = np.stack([noise_image(seed) for seed in range(4)])
        both = registered_mean("x", np.concatenate([crowd(1), odd]), (10.0,), kept=(8 / 12,))
        assert both.count == 8
        alone = registered_mean("x", crowd(1), (10.0,))
        assert np.corrcoef(both.image.ravel(), alone.image.ravel())[0, 1] > 0.9

    def test_every_expression_is_the_mean_of_its_own_class(self) -> None:
        images = np.concatenate([crowd(i, 3) for i in range(7)])
        targets = np.repeat(np.eye(7, dtype=np.float32), 3, axis=0)
        order = np.random.default_rng(0).permutation(21)
        names = tuple(str(i) for i in order)
        found = average_faces.expressions(FaceSet(images[order], targets[order], PAPER_LABELS, names))
        assert [(face.label, face.count) for face in found] == [(label, 3) for label in PAPER_LABELS]
        # the mouth of the last class is open by 6 px: a dark patch where the first has skin
        below = np.s_[SIDE * 37 // 48 : SIDE * 41 // 48, SIDE * 22 // 48 : SIDE * 26 // 48]
        assert to_gray(found[6].image)[below].mean() < to_gray(found[0].image)[below].mean() - 40

    def test_neutral_uses_only_unanimous_images(self) -> None:
        images = np.concatenate([crowd(0, 4), crowd(6, 4)])
        targets = np.zeros((8, 8), np.float32)
        targets[:4, 0], targets[4:, 0], targets[4:, 1] = 1, 0.9, 0.1
        face = average_faces.neutral(FaceSet(images, targets, LABELS, tuple("abcdefgh")))
        assert face.label == "neutral"
        assert face.count <= 4
        alone = registered_mean("neutral", images[:4], average_faces.NEUTRAL_SMOOTHING_PX, average_faces.NEUTRAL_KEPT)
        np.testing.assert_array_equal(face.image, alone.image)

    def test_flow_is_the_displacement(self) -> None:
        still = registered_mean("x", drawn_face()[None], ()).image
        moved = np.roll(still, 6, axis=1)
        inner = np.s_[40:150, 50:140]
        found = average_faces.flow(still, moved, 5.0)
        assert np.median(found[inner][..., 0]) == pytest.approx(6, abs=1)
        back = average_faces.warp(moved, found)
        assert np.abs(back - still)[inner].mean() < 0.3 * np.abs(moved - still)[inner].mean()


class TestPortrait:
    LOOK = portrait.Look(skin=(0.8, 0.95, 1.175), hair=(38, 46, 62), shirt=(122, 104, 58))

    def test_a_morph_begins_and_ends_with_its_faces(self, faces: dict[str, np.ndarray]) -> None:
        morph = portrait.Morph(faces["neutral"], faces["contempt"])
        mouth = np.s_[SIDE * 38 // 48 : SIDE * 41 // 48, SIDE * 22 // 48 : SIDE * 26 // 48]
        levels = [float(morph.at(share)[0][mouth].mean()) for share in (0.0, 0.25, 0.5, 0.75, 1.0)]
        assert levels == sorted(levels, reverse=True)
        assert levels[0] - levels[-1] > 40

    def test_gray_levels_survive_the_colouring(self, faces: dict[str, np.ndarray]) -> None:
        for look in (actor.look for actor in cast()):
            assert sum(np.array(look.skin) * (0.114, 0.587, 0.299)) == pytest.approx(1, abs=0.01)
        gray, skin = portrait.Morph(faces["neutral"], faces["happiness"]).at(0.0)
        colour, opacity = portrait.draw(gray, skin, self.LOOK)
        square = np.s_[portrait.TOP : portrait.TOP + SIDE, portrait.LEFT : portrait.LEFT + SIDE]
        seen = cv2.cvtColor(np.rint(colour).clip(0, 255).astype(np.uint8), cv2.COLOR_BGR2GRAY)[square]
        inside = skin > 0.99
        assert inside.mean() > 0.3
        assert np.abs(seen[inside] - gray[inside]).mean() < 3
        assert opacity[square][inside].min() > 0.99
        assert opacity[0].max() == 0

    def test_mirrored_is_mirrored(self, faces: dict[str, np.ndarray]) -> None:
        gray = np.tile(np.linspace(100, 200, SIDE, dtype=np.float32), (SIDE, 1))
        skin = np.ones((SIDE, SIDE), np.float32)
        mirrored = portrait.Look(self.LOOK.skin, self.LOOK.hair, self.LOOK.shirt, mirrored=True)
        square = np.s_[portrait.TOP : portrait.TOP + SIDE, portrait.LEFT : portrait.LEFT + SIDE]
        one, other = (portrait.draw(gray, skin, look)[0][square] for look in (self.LOOK, mirrored))
        np.testing.assert_allclose(one, other[:, ::-1], atol=1e-3)


class TestTimeline:
    def test_a_pose_builds_up_holds_and_goes(self) -> None:
        pose = Pose("happiness", 2.0, 1.0)
        times = (1.9, 2.0, 2 + RAMP_S / 2, 2 + RAMP_S, 2.9 + RAMP_S, 3 + 1.5 * RAMP_S, 3 + 2 * RAMP_S, 9)
        assert [pose.intensity(t) for t in times] == pytest.approx([0, 0, 0.5, 1, 1, 0.5, 0, 0], abs=1e-6)

    def test_all_seven_expressions_come_one_after_the_other(self) -> None:
        first, second = cast()
        assert {pose.expression for pose in first.poses} == set(PAPER_LABELS)
        for before, after in itertools.pairwise(first.poses):
            assert after.start_s >= before.start_s + 2 * RAMP_S + before.hold_s
        assert all(pose.hold_s == HOLD_S for pose in first.poses)
        assert 20 <= duration_s((first, second)) <= 30

    def test_motion_is_continuous(self) -> None:
        for actor in cast():
            places = np.array([actor.placement(i / 30) for i in range(round(duration_s(cast()) * 30))])
            assert (np.abs(np.diff(places, axis=0)).max(axis=0) <= (16, 2, 2, 1)).all()
            assert np.abs(places[:, 3]).max() <= 8

    def test_the_second_one_comes_and_goes(self) -> None:
        _, second = cast()
        assert [second.placement(t)[0] > 720 for t in (0, 9, 12, 15, 19)] == [True, True, False, False, True]
        assert second.pose(13.5) is not None
        assert second.pose(5) is None


@pytest.fixture(scope="module")
def frames(faces: dict[str, np.ndarray]) -> list:
    """Two seconds: one person who smiles from 0.2 s on, another who is half outside."""
    look = cast()[0].look
    steady = {"centre_y": ((0, 240), (1, 240)), "side_px": ((0, 200), (1, 200)), "sway": (0.0, 1.0, 0.0)}
    inside = Actor(1, look, (Pose("happiness", 0.2, 0.2),), centre_x=((0, 300), (1, 300)), **steady)
    outside = Actor(2, look, (), centre_x=((0, 600), (1, 600)), **steady)
    return list(render(faces, (inside, outside), 2.0))


class TestClip:
    def test_truth_matches_the_drawing(self, frames: list) -> None:
        assert len(frames) == 60
        assert all(image.shape == (480, 640, 3) and image.dtype == np.uint8 for image, _ in frames)
        rows = [row for _, truths in frames for row in truths]
        assert [(row.frame, row.id) for row in rows] == [(i, 1) for i in range(60)]  # who is cut off is not in it
        assert {(row.x1, row.y1, row.x2, row.y2) for row in rows} == {(200, 140, 400, 340)}
        by_frame = {row.frame: row for row in rows}
        assert (by_frame[0].expression, by_frame[0].intensity, by_frame[0].apex) == ("neutral", 0, 1)
        apex = by_frame[round((0.2 + RAMP_S + 0.1) * 30)]
        assert (apex.expression, apex.intensity, apex.apex) == ("happiness", 1, 1)
        rising = by_frame[12]
        assert (rising.expression, rising.apex) == ("happiness", 0)
        assert 0 < rising.intensity < 1

    def test_only_the_face_changes_without_motion(self, frames: list) -> None:
        change = np.abs(frames[31][0].astype(int) - frames[0][0].astype(int)).max(axis=2)
        assert change[140:340, 200:400].max() > 30
        change[130:350, 190:410] = 0
        assert change.max() <= 2

    def test_files(self, frames: list, tmp_path: Path) -> None:
        demo_clip.write(iter(frames), tmp_path / "assets")
        with av.open(str(tmp_path / "assets" / "demo.mp4")) as container:
            stream = container.streams.video[0]
            assert (stream.codec_context.name, stream.average_rate, stream.width, stream.height) == ("h264", 30, 640, 480)
            images = [frame.to_ndarray(format="bgr24") for frame in container.decode(stream)]
        assert len(images) == 60
        assert np.abs(images[31].astype(int) - frames[31][0].astype(int)).mean() < 4
        with (tmp_path / "assets" / "demo.csv").open(newline="") as file:
            rows = list(csv.DictReader(file))
        assert list(rows[0]) == ["frame", "id", "x1", "y1", "x2", "y2", "expression", "intensity", "apex"]
        assert rows[0] == {
            "frame": "0", "id": "1", "x1": "200.00", "y1": "140.00", "x2": "400.00", "y2": "340.00",
            "expression": "neutral", "intensity": "0.00", "apex": "1",
        }  # fmt: skip
        assert [int(row["frame"]) for row in rows] == list(range(60))

    def test_a_folder_that_cannot_be_made(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("")
        with pytest.raises(SinkError, match="give another --out"):
            demo_clip.write(iter(()), tmp_path / "file" / "assets")

    def test_the_command(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        data = write_fer2013(tmp_path / "fer2013.csv", ((6, face, "Training") for face in crowd(0, 3)))
        counts = write_votes(tmp_path / "votes.csv", [votes(neutral=10)] * 3)
        with zipfile.ZipFile(tmp_path / "ck.zip", "w") as archive:
            for i, label in enumerate(PAPER_LABELS):
                archive.writestr(f"CK+48/{label}/S001_001_01.png", cv2.imencode(".png", drawn_face(i))[1].tobytes())
        pose = Pose("happiness", start_s=-0.8 - 2 * RAMP_S, hold_s=0.0)  # over, so that the clip lasts 0.2 s
        actors = (replace(cast()[0], poses=(pose,)),)
        words = ["--data", str(tmp_path / "ck.zip"), "--pictures", str(data), "--votes", str(counts)]
        assert demo_clip.main([*words, "--out", str(tmp_path / "out")], actors) == 0
        assert (tmp_path / "out" / "demo.csv").read_text().count("\n") == 7
        assert "surprise: mean of 1 images" in capsys.readouterr().err
        words[1] = str(tmp_path / "none.zip")
        assert demo_clip.main([*words, "--out", str(tmp_path / "out")]) == 2
        assert "none.zip: cannot be read" in capsys.readouterr().err


def test_the_shipped_clip_and_its_truth_belong_together() -> None:
    """Haar finds every true face at its true box (every tenth frame; all were checked once)."""
    assets = Path(realtime.__file__).parent / "assets"
    assert (assets / "demo.mp4").stat().st_size < 1_500_000
    truth: dict[int, list[np.ndarray]] = {}
    with (assets / "demo.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        box = np.array([float(row[name]) for name in ("x1", "y1", "x2", "y2")], np.float32)
        truth.setdefault(int(row["frame"]), []).append(box)
    assert {row["expression"] for row in rows if row["apex"] == "1"} == set(LABELS)
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    overlaps: list[float] = []
    with av.open(str(assets / "demo.mp4")) as container:
        for index, frame in enumerate(container.decode(video=0)):
            if index % 10:
                continue
            found = cascade.detectMultiScale(frame.to_ndarray(format="gray"), 1.1, 5, minSize=(60, 60))
            boxes = np.array([(x, y, x + w, y + h) for x, y, w, h in found], np.float32).reshape(-1, 4)
            overlaps += iou(np.stack(truth[index]), boxes).max(axis=1, initial=0).tolist()
    assert sorted(truth) == list(range(index + 1))
    assert 20 * demo_clip.FPS <= len(truth) <= 30 * demo_clip.FPS
    assert min(overlaps) > 0.7
