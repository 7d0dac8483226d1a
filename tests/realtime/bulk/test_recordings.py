"""Which recordings are found below folders, under which names, and when one has changed."""

from pathlib import Path

import pytest

from realtime.bulk.recordings import Recording, find, fingerprint
from realtime.errors import SourceOpenError


def make(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(name.encode())


def names(*places: Path | str, besides: Path = Path("nowhere")) -> list[str]:
    return [recording.name for recording in find([str(place) for place in places], besides)]


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


@pytest.mark.parametrize("place", ["gone", "*.mp4", "."])
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
