"""Annotated images and snapshots."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.errors import SinkError
from realtime.sinks.images import ImageSink, save_snapshot
from realtime.sinks.paths import OutputPaths
from tests import builders
from tests.builders import images_of, shot


def test_a_folder_of_images_becomes_a_folder_of_annotated_images(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    source = images_of(tmp_path / "in", "a.png", "b.JPG")
    sink = ImageSink(tmp_path / "out", builders.run_info(source), OutputPaths(source))
    for name in ("a.png", "b.JPG", "a.png"):
        sink.write(shot(name))
    sink.close(builders.summary())
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a_fer-2.png", "a_fer.png", "b_fer.jpg"]
    assert (tmp_path / "out" / "b_fer.jpg").read_bytes()[:2] == b"\xff\xd8"
    saved = cv2.imread(str(tmp_path / "out" / "a_fer.png"))
    assert saved is not None
    assert saved.shape == (48, 64, 3)
    assert (saved != 90).any(), "nothing was drawn"


def test_annotated_images_replace_older_ones_only_if_asked_and_never_the_source(tmp_path: Path) -> None:
    source = images_of(tmp_path, "a.png", "a_fer.png")
    before = (tmp_path / "a_fer.png").read_bytes()
    ImageSink(tmp_path, builders.run_info(source), OutputPaths(source, overwrite=True)).write(shot("a.png"))
    assert (tmp_path / "a_fer.png").read_bytes() == before
    assert (tmp_path / "a_fer-2.png").exists()
    elsewhere = ImageSink(tmp_path / "out", builders.run_info(source), OutputPaths(source, overwrite=True))
    elsewhere.write(shot("a.png"))
    again = ImageSink(tmp_path / "out", builders.run_info(source), OutputPaths(source, overwrite=True))
    again.write(shot("a.png"))
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["a_fer.png"]
    again.write(shot("a.bmp"))  # another image of this run is not lost
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["a_fer-2.png", "a_fer.png"]


def test_a_single_image_goes_to_the_file_given(tmp_path: Path) -> None:
    source = builders.source_info("me.jpeg", temporal=False, path=str(tmp_path / "me.jpeg"))
    sink = ImageSink(tmp_path / "out.png", builders.run_info(source), OutputPaths(source))
    sink.write(shot("me.jpeg"))
    assert (tmp_path / "out.png").read_bytes()[1:4] == b"PNG"
    assert ImageSink(tmp_path, builders.run_info(source), OutputPaths(source)).path == tmp_path / "me_fer.jpg"


def test_an_image_of_no_known_kind_is_one_line_and_leaves_no_file(tmp_path: Path) -> None:
    source = builders.source_info("me.png", temporal=False, path=str(tmp_path / "me.png"))
    sink = ImageSink(tmp_path / "out.xyz", builders.run_info(source), OutputPaths(source))
    with pytest.raises(SinkError, match=r"give a name that ends in \.png or \.jpg"):
        sink.write(shot("me.png"))
    assert not (tmp_path / "out.xyz").exists()


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    source = images_of(tmp_path, "a.png")
    with pytest.raises(SinkError, match=r"cannot create the folder .* create it first"):
        ImageSink(tmp_path / "no" / "such", builders.run_info(source), OutputPaths(source))
    with pytest.raises(SinkError, match="a file, not a folder"):
        ImageSink(tmp_path / "a.png", builders.run_info(source), OutputPaths(source))


def test_snapshots_are_numbered(tmp_path: Path) -> None:
    image = np.arange(48, dtype=np.uint8).reshape(4, 4, 3)
    paths = [save_snapshot(image, tmp_path, "camera-0") for _ in range(2)]
    assert [p.name for p in paths] == ["camera-0_snapshot.png", "camera-0_snapshot-2.png"]
    saved = cv2.imread(str(paths[1]))
    assert saved is not None
    assert np.array_equal(saved, image)
    with pytest.raises(SinkError, match="the folder does not exist"):
        save_snapshot(image, tmp_path / "missing", "camera-0")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_an_image_that_does_not_fit_on_the_disk_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "full.png").symlink_to("/dev/full")
    source = builders.source_info("me.png", temporal=False, path=str(tmp_path / "me.png"))
    with pytest.raises(SinkError, match="no space left on device"):
        ImageSink(tmp_path / "full.png", builders.run_info(source), OutputPaths(source)).write(shot("me.png"))
