"""Where outputs go: names, free and taken ones, folders."""

import sys
from pathlib import Path

import pytest

from realtime.datatypes import SourceInfo
from realtime.errors import SinkError
from realtime.sinks.paths import OutputPaths, claim, descriptor, reason, stem
from tests import builders
from tests.builders import images_of

FILM = builders.source_info("clip.mp4", path="clip.mp4")


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
