"""Where outputs go, images, and all outputs of a run as one."""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.config import OutputConfig
from realtime.datatypes import SourceInfo
from realtime.drawing.painter import Painted
from realtime.errors import ConfigError, SinkError
from realtime.sinks import open_outputs
from realtime.sinks.images import ImageSink, save_snapshot
from realtime.sinks.paths import OutputPaths, claim, descriptor, reason, stem
from tests import builders

FILM = builders.source_info("clip.mp4", path="clip.mp4")


def images_of(folder: Path, *names: str) -> SourceInfo:
    for name in names:
        cv2.imwrite(str(folder / name), np.full((48, 64, 3), 90, np.uint8))
    return builders.source_info(folder.name, temporal=False, fps=None, frames=len(names), path=str(folder))


def shot(name: str) -> Painted:
    return Painted(builders.result([builders.face()], of=builders.frame(source=name, size_wh=(64, 48))))


# names


@pytest.mark.parametrize(
    ("source", "name"),
    [
        (builders.source_info("my clip.mp4", path="my clip.mp4"), "my-clip"),
        (builders.camera_info("0"), "camera-0"),
        (builders.source_info("rtsp://host:554/live", live=True), "rtsp-host-554-live"),
        (builders.source_info("demo", path="demo.mp4"), "demo"),
        (builders.source_info("Zoë.2.mov", path="Zoë.2.mov"), "Zoë.2"),
        (builders.source_info("???", live=True), "source"),
    ],
)
def test_outputs_are_called_after_their_source(source: SourceInfo, name: str) -> None:
    assert stem(source) == name


def test_a_folder_keeps_its_whole_name(tmp_path: Path) -> None:
    folder = tmp_path / "trip.2024"
    folder.mkdir()
    assert stem(images_of(folder)) == "trip.2024"


# places


def test_a_free_name_is_claimed_as_it_is(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    assert OutputPaths(FILM).place(target, ".mp4") == target
    assert target.read_bytes() == b""


def test_a_taken_name_is_numbered_and_its_file_untouched(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    target.write_text("mine")
    assert [OutputPaths(FILM).place(target, ".mp4").name for _ in range(3)] == ["out-2.mp4", "out-3.mp4", "out-4.mp4"]
    assert target.read_text() == "mine"


def test_a_folder_gets_a_name_after_the_source(tmp_path: Path) -> None:
    assert OutputPaths(FILM).place(tmp_path, ".mp4") == tmp_path / "clip_fer.mp4"
    assert OutputPaths(FILM).place(tmp_path, ".mp4") == tmp_path / "clip_fer-2.mp4"
    assert OutputPaths(builders.camera_info()).place(tmp_path, ".mp4") == tmp_path / "camera-0_fer.mp4"


def test_a_name_without_suffix_gets_one(tmp_path: Path) -> None:
    assert OutputPaths(FILM).place(tmp_path / "out", ".mp4") == tmp_path / "out.mp4"


def test_overwriting_takes_the_name_itself(tmp_path: Path) -> None:
    target = tmp_path / "out.mp4"
    target.write_text("old")
    assert OutputPaths(FILM, overwrite=True).place(target, ".mp4") == target
    assert OutputPaths(FILM, overwrite=True).place(tmp_path / "new.mp4", ".mp4") == tmp_path / "new.mp4"


def test_the_source_itself_is_never_overwritten(tmp_path: Path) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_text("film")
    source = builders.source_info("clip.mp4", path=str(clip))
    (tmp_path / "sub").mkdir()
    for target in (clip, tmp_path / "sub" / ".." / "clip.mp4"):
        with pytest.raises(SinkError, match="it is the source itself; give another name"):
            OutputPaths(source, overwrite=True).place(target, ".mp4")
    assert OutputPaths(source).place(clip, ".mp4") == tmp_path / "clip-2.mp4"
    assert clip.read_text() == "film"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no device files")
def test_a_device_is_written_to_as_it_is() -> None:
    assert OutputPaths(FILM).place(Path("/dev/null"), ".csv") == Path("/dev/null")


def test_an_unwritable_output_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "clip_fer.csv").mkdir()
    for target, words in (
        (tmp_path / "missing" / "out.mp4", "the folder does not exist; create it first"),
        (tmp_path / "file" / "out.mp4", "folder"),
    ):
        with pytest.raises(SinkError, match=words) as caught:
            OutputPaths(FILM).place(target, ".mp4")
        assert str(target) in str(caught.value)
        assert "\n" not in str(caught.value)
    with pytest.raises(SinkError, match="it is a folder; give another name"):
        OutputPaths(FILM).place(tmp_path, ".csv")


def test_errors_of_the_system_name_a_remedy() -> None:
    assert reason(PermissionError(13, "Permission denied")) == "permission denied; choose another folder"
    assert reason(OSError(28, "No space left on device")).startswith("no space left on device; free some")
    assert reason(NotADirectoryError(20, "Not a directory")).startswith("part of the path is a file")
    assert reason(OSError("odd")).startswith("odd;")


def test_claiming_gives_up_at_last(tmp_path: Path) -> None:
    for name in ("a.txt", "a-2.txt"):
        assert claim(tmp_path / "a.txt", most=2) == tmp_path / name
    with pytest.raises(SinkError, match="2 files of that name exist"):
        claim(tmp_path / "a.txt", most=2)


@pytest.mark.parametrize("letter", ["l", "é", "日"])
def test_the_longest_name_leaves_room_for_the_suffix(letter: str, tmp_path: Path) -> None:
    long = letter * (251 // len(letter.encode())) + ".mp4"
    source = builders.source_info(long, path=str(tmp_path / long))
    places = OutputPaths(source)
    paths = [places.place(tmp_path, ".jsonl") for _ in range(2)]
    assert paths[0].name.startswith(letter * 70)
    assert [path.name[-10:] for path in paths] == ["_fer.jsonl", "er-2.jsonl"]
    assert all(path.exists() for path in paths)
    given = tmp_path / long
    assert [claim(given).name[-6:] for _ in range(2)] == [long[-6:], "-2.mp4"]


def test_a_name_that_is_too_long_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(SinkError, match="the name is too long; give a shorter one"):
        OutputPaths(FILM).place(tmp_path / ("l" * 300 + ".mp4"), ".mp4")


def test_a_slash_at_the_end_makes_the_folder(tmp_path: Path) -> None:
    places = OutputPaths(FILM)
    folder = places.target(f"{tmp_path / 'study' / 'results'}/")
    assert places.place(folder, ".mp4") == tmp_path / "study" / "results" / "clip_fer.mp4"
    assert places.target(f"{folder}/") == folder
    places.give_back()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_with_somebody_elses_files_is_not_given_back(tmp_path: Path) -> None:
    places = OutputPaths(FILM)
    folder = places.target(f"{tmp_path / 'results'}/")
    (folder / "mine.txt").write_text("mine")
    places.give_back()
    assert (folder / "mine.txt").read_text() == "mine"


def test_a_slash_after_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for text in (f"{tmp_path / 'file'}/", f"{tmp_path / 'file' / 'folder'}/"):
        with pytest.raises(SinkError, match=r"cannot create the folder .* part of the path is a file, not a folder"):
            OutputPaths(FILM).target(text)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such names")
def test_a_file_opened_by_the_shell_is_not_re_opened(tmp_path: Path) -> None:
    (tmp_path / "stdout").symlink_to("/dev/stdout")
    (tmp_path / "out").symlink_to("stdout")
    (tmp_path / "loop").symlink_to("loop")
    assert [descriptor(Path(name)) for name in ("-", "/dev/stdout", "/dev/fd/1", "/dev/stderr", "/dev/fd/63")] == [
        1,
        1,
        1,
        2,
        63,
    ]
    assert descriptor(tmp_path / "out") == 1
    assert [descriptor(tmp_path / name) for name in ("loop", "missing", "1")] == [None] * 3
    with (tmp_path / "log").open("wb") as log:
        path = Path(f"/dev/fd/{log.fileno()}")
        assert OutputPaths(FILM).place(path, ".jsonl") == path


# images


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


# all of them


def test_every_output_asked_for_is_written_and_closed(tmp_path: Path) -> None:
    config = OutputConfig(save=tmp_path, jsonl=str(tmp_path), csv=tmp_path / "table.csv")
    outputs = open_outputs(config, builders.run_info(builders.camera_info()))
    result = builders.result([builders.face()], of=builders.frame(media_time=0.0))
    outputs.write(Painted(result))
    outputs.mark(result)
    for _ in range(2):
        outputs.close(builders.summary(frames=1))
    assert outputs.recording
    assert outputs.notices() == ()
    assert [path.name for path in outputs.paths] == ["camera-0_fer.mp4", "camera-0_fer.jsonl", "table.csv"]
    lines = [json.loads(line)["type"] for line in (tmp_path / "camera-0_fer.jsonl").read_text().splitlines()]
    assert lines == ["header", "frame", "marker", "summary"]
    assert (tmp_path / "table.csv").read_text().count("\n") == 2
    assert (tmp_path / "camera-0_fer.mp4").stat().st_size > 1000


def test_nothing_asked_for_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    outputs = open_outputs(OutputConfig(), builders.run_info())
    outputs.write(Painted(builders.result()))
    outputs.close(builders.summary())
    assert (outputs.paths, outputs.recording, list(tmp_path.iterdir())) == ((), False, [])


@pytest.mark.parametrize(
    ("config", "lines"), [(OutputConfig(jsonl="-"), 2), (OutputConfig(csv="-"), 1), (OutputConfig(csv=Path("-")), 1)]
)
def test_data_on_standard_output_are_no_file(
    config: OutputConfig, lines: int, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outputs = open_outputs(config, builders.run_info())
    outputs.close(builders.summary())
    assert outputs.paths == ()
    assert capsys.readouterr().out.count("\n") == lines
    assert list(tmp_path.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no /dev/stdout")
def test_no_two_outputs_on_standard_output(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/dev/stdout")
    with pytest.raises(ConfigError, match="jsonl and csv would mix on standard output; give one of them a file"):
        open_outputs(OutputConfig(jsonl=str(tmp_path / "link"), csv="-"), builders.run_info())


def test_outputs_in_a_folder_that_is_made_for_them(tmp_path: Path) -> None:
    folder = f"{tmp_path / 'results'}/"
    outputs = open_outputs(OutputConfig(save=folder, jsonl=folder, csv=folder), builders.run_info(FILM))
    outputs.write(Painted(builders.result(of=builders.frame(media_time=0.0))))
    outputs.close(builders.summary(frames=1))
    names = sorted(path.name for path in (tmp_path / "results").iterdir())
    assert names == ["clip_fer.csv", "clip_fer.jsonl", "clip_fer.mp4"]


def test_images_are_saved_as_images(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    source = images_of(tmp_path / "in", "a.png")
    outputs = open_outputs(OutputConfig(save=tmp_path / "out"), builders.run_info(source))
    outputs.write(shot("a.png"))
    outputs.close(builders.summary())
    assert outputs.paths == (tmp_path / "out",)
    assert (tmp_path / "out" / "a_fer.png").exists()


@pytest.mark.parametrize("save", ["clip.avi", "clip.mp4"])
def test_if_one_output_cannot_be_opened_nothing_is_left_of_the_others(save: str, tmp_path: Path) -> None:
    config = OutputConfig(save=tmp_path / save, jsonl=str(tmp_path / "out.jsonl"), csv=tmp_path / "missing" / "out.csv")
    with pytest.raises(SinkError):
        open_outputs(config, builders.run_info())
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_cannot_begin_overwrites_nothing(tmp_path: Path) -> None:
    before = {name: name.encode() for name in ("old.mp4", "old.jsonl")}
    for name, content in before.items():
        (tmp_path / name).write_bytes(content)
    missing = tmp_path / "missing" / "out.csv"
    config = OutputConfig(save=tmp_path / "old.mp4", jsonl=str(tmp_path / "old.jsonl"), csv=missing, overwrite=True)
    with pytest.raises(SinkError, match="the folder does not exist"):
        open_outputs(config, builders.run_info())
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_run_without_frames_leaves_the_video_that_it_was_to_overwrite(tmp_path: Path) -> None:
    (tmp_path / "old.mp4").write_bytes(b"old")
    open_outputs(OutputConfig(save=tmp_path / "old.mp4", overwrite=True), builders.run_info()).close(builders.summary())
    assert (tmp_path / "old.mp4").read_bytes() == b"old"


def test_no_two_outputs_in_one_file(tmp_path: Path) -> None:
    target = tmp_path / "a.txt"
    open_outputs(OutputConfig(jsonl=str(target), csv=target), builders.run_info()).close(builders.summary())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a-2.txt", "a.txt"]
    with pytest.raises(SinkError, match="another output already uses it"):
        open_outputs(OutputConfig(jsonl=str(target), csv=target, overwrite=True), builders.run_info())


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_failing_end_does_not_keep_the_others_from_ending(tmp_path: Path) -> None:
    outputs = open_outputs(OutputConfig(jsonl="/dev/full", csv=tmp_path / "out.csv"), builders.run_info())
    with pytest.raises(SinkError, match="/dev/full"):
        outputs.close(builders.summary())
    outputs.close(builders.summary())
    assert (tmp_path / "out.csv").read_text().startswith("source,frame")
