"""Which recordings are found below folders, under which names, and when one has changed."""

import os
from pathlib import Path

import pytest

from realtime.bulk.recordings import LONGEST_NAME, Recording, find, fingerprint
from realtime.errors import SourceOpenError


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())


def names(*places: Path | str, besides: Path = Path("nowhere"), known: dict[str, str] | None = None) -> list[str]:
    return [recording.name for recording in find([str(place) for place in places], besides, known)]


def test_videos_below_a_folder_and_its_folders_of_images(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "P1/b.MKV", "P1/notes.txt", "2024/x.png", "2024/y.jpg", ".hidden.mp4", ".cache/c.mp4")
    assert names(tmp_path) == ["2024__images", "P1__b.MKV", "a.mp4"]
    assert [recording.video for recording in find([str(tmp_path)], Path("out"))] == [False, True, True]


def test_the_dataset_is_left_out(tmp_path: Path) -> None:
    make(tmp_path, "a.mp4", "out/old.mp4")
    assert names(tmp_path, besides=tmp_path / "out") == ["a.mp4"]


def test_patterns_files_and_the_same_file_twice(tmp_path: Path) -> None:
    make(tmp_path, "P1/a.mp4", "P2/a.mp4", "P2/odd.bin")
    assert names(tmp_path / "**" / "*.mp4") == ["a.mp4", "a.mp4-2"]
    assert names(tmp_path / "P2" / "odd.bin", tmp_path / "P2" / "odd.bin") == ["odd.bin"]


def test_names_are_safe_in_a_path(tmp_path: Path) -> None:
    make(tmp_path, "50 % of=it.mp4", "größe.mp4")
    assert names(tmp_path) == ["50_of_it.mp4", "größe.mp4"]


def test_names_differ_where_a_disk_ignores_case(tmp_path: Path) -> None:
    make(tmp_path, "A/x.mp4", "b/X.mp4")
    assert names(tmp_path / "A" / "x.mp4", tmp_path / "b" / "X.mp4") == ["x.mp4", "X.mp4-2"]


@pytest.mark.parametrize("name", ["CON.mp4", "nul.avi", "Com1.mkv", "aux"])
def test_names_that_windows_keeps_for_devices(name: str, tmp_path: Path) -> None:
    make(tmp_path, name, "console.mp4")
    assert set(names(tmp_path / name, tmp_path / "console.mp4")) == {f"_{name}", "console.mp4"}


def test_an_accent_is_one_character_however_it_is_stored(tmp_path: Path) -> None:
    make(tmp_path, "Zoe\u0308.mp4")
    make(tmp_path, "Zo\u00eb.mp4")
    assert sorted(names(tmp_path)) == ["Zo\u00eb.mp4", "Zo\u00eb.mp4-2"]


def test_long_names_are_cut_and_still_differ(tmp_path: Path) -> None:
    folder = "ä" * 100
    make(tmp_path, f"{folder}/{'x' * 200}1.mp4", f"{folder}/{'x' * 200}2.mp4")
    first, second = names(tmp_path)
    assert first != second
    assert first.startswith("ääää")
    assert first.endswith(".mp4")
    assert len(first.encode()) <= LONGEST_NAME


def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/a\xff.mp4")
    try:
        Path(path).touch()
    except OSError:
        pytest.skip("this disk allows text only")
    assert names(tmp_path) == ["a_.mp4"]


def test_a_path_keeps_its_name_and_nobody_else_gets_it(tmp_path: Path) -> None:
    make(tmp_path, "P1/talk.mp4", "P2/talk.mp4")
    first, second = str(tmp_path / "P1" / "talk.mp4"), str(tmp_path / "P2" / "talk.mp4")
    known = {second: "talk.mp4"}
    assert names(first, known=known) == ["talk.mp4-2"]
    assert names(first, second, known=known) == ["talk.mp4-2", "talk.mp4"]
    assert names(tmp_path, known=known) == ["P1__talk.mp4", "talk.mp4"]
    assert names(first, known={str(tmp_path / "moved" / "talk.mp4"): "talk.mp4"}) == ["talk.mp4"]


def test_links_that_lead_back_are_not_followed(tmp_path: Path) -> None:
    make(tmp_path, "P1/a.mp4")
    for name in ("loop", "P1/back", "P1/again"):
        (tmp_path / name).symlink_to(tmp_path, target_is_directory=True)
    assert names(tmp_path) == ["P1__a.mp4"]
    assert names(tmp_path / "**" / "*.mp4") == ["a.mp4"]


def test_patterns_find_nothing_hidden_and_folders_from_the_top(tmp_path: Path) -> None:
    make(tmp_path, "P1/day/a.mp4", ".trash/b.mp4", "P1/.c.mp4")
    assert names(tmp_path / "**" / "*.mp4") == ["a.mp4"]
    assert names(tmp_path / "*") == ["day__a.mp4"]
    assert names(tmp_path / "**") == ["P1__day__a.mp4"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
def test_a_named_pipe_is_an_error_and_no_endless_wait(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.mp4")
    (recording,) = find([str(tmp_path)], Path("out"))
    with pytest.raises(OSError, match="no regular file"):
        fingerprint(recording)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may list everything")
def test_a_folder_that_cannot_be_listed_is_a_recording_that_cannot_be_read(tmp_path: Path) -> None:
    make(tmp_path, "P1/a.mp4", "P2/b.mp4")
    (tmp_path / "P2").chmod(0)
    try:
        recordings = find([str(tmp_path)], Path("out"))
        assert [recording.name for recording in recordings] == ["P1__a.mp4", "P2__images"]
        with pytest.raises(PermissionError):
            fingerprint(recordings[1])
    finally:
        (tmp_path / "P2").chmod(0o700)


@pytest.mark.parametrize("place", ["gone", "*.mp4", ".", "a**/*.mp4", "x" * 300])
def test_nothing_to_read(place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SourceOpenError, match="give"):
        find([place], Path("out"))


def test_a_fingerprint_follows_the_content(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    recording = Recording("a", str(path), True)
    path.write_bytes(bytes(5 << 20))
    first = fingerprint(recording)
    path.touch()
    assert fingerprint(recording) == first
    for at in (0, 5 << 19, (5 << 20) - 1):  # its beginning, middle and end
        data = bytearray(5 << 20)
        data[at] = 1
        path.write_bytes(data)
        assert fingerprint(recording) != first
    path.write_bytes(bytes((5 << 20) + 1))
    assert fingerprint(recording) != first


def test_a_fingerprint_of_a_folder_follows_its_images(tmp_path: Path) -> None:
    make(tmp_path, "a.png", "notes.txt")
    recording = Recording("images", str(tmp_path), False)
    first = fingerprint(recording)
    make(tmp_path, "more.txt")
    assert fingerprint(recording) == first
    make(tmp_path, "b.png")
    assert fingerprint(recording) != first
