"""Sessions as BIDS-like datasets: the rules of BIDS for these files, in our own words, and its own check of names."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from realtime import cli
from realtime.labels import LABELS, UNCERTAIN
from realtime.records import Record
from tests import recordings
from tests.bids_rules import check_rules
from tests.recordings import face

COLUMNS = [*(f"p_{label}" for label in LABELS), "confidence", "quality", "seen", "face_id", "faces", "frame"]


class Exporting:
    """A folder with a session, and the command."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder = folder
        self.dataset = folder / "study"
        self._capsys = capsys

    def record(
        self,
        lines: Sequence[Record],
        *,
        participant: str = "P07",
        task: str = "faces",
        fps: float | None = 10,
        end: bool = True,
    ) -> Path:
        """A session with these lines."""
        session = self.folder / "session"
        session.mkdir(exist_ok=True)
        (session / "session.json").write_text(json.dumps({"participant": participant, "task": task}))
        recordings.write(session / "frames.jsonl", lines, live=True, fps=fps, complete=end)
        return session

    def run(self, *options: str) -> tuple[int, list[str], list[str]]:
        """Exit code, and the lines on stdout and stderr."""
        code = cli.main(["export", str(self.folder / "session"), "--bids", str(self.dataset), *options])
        out, err = self._capsys.readouterr()
        return code, out.splitlines(), err.splitlines()

    def sidecar(self, stem: str = "sub-P07_task-faces") -> dict[str, Any]:
        return dict(json.loads((self.dataset / "sub-P07" / "beh" / f"{stem}_physio.json").read_text()))

    def table(self, stem: str = "sub-P07_task-faces") -> list[dict[str, str]]:
        """The rows of the recording, by the columns that its description names."""
        packed = (self.dataset / "sub-P07" / "beh" / f"{stem}_physio.tsv.gz").read_bytes()
        names = self.sidecar(stem)["Columns"]
        return [dict(zip(names, row.split("\t"), strict=True)) for row in gzip.decompress(packed).decode().splitlines()]


@pytest.fixture
def exporting(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Exporting:
    return Exporting(tmp_path, capsys)


def files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_files_follow_the_rules_of_bids(exporting: Exporting) -> None:
    script = [[face("happiness")], [face(UNCERTAIN)], [face(state="coasting")], [], [face(), face("anger", 2, width=200)]]
    markers = [recordings.marker(0.15, "face on"), recordings.marker(0.2)]
    exporting.record([*recordings.frames(script), *markers])
    code, out, err = exporting.run()
    assert (code, err) == (0, [])
    stem = "sub-P07/beh/sub-P07_task-faces"
    assert files(exporting.dataset) == sorted(
        [
            *("README", "dataset_description.json", "participants.tsv"),
            *(f"{stem}_{end}" for end in ("events.json", "events.tsv", "physio.json", "physio.tsv.gz")),
        ]
    )
    assert sorted(out) == sorted(f"wrote {exporting.dataset / name}" for name in files(exporting.dataset))
    check_rules(exporting.dataset)
    sidecar = exporting.sidecar()
    assert (sidecar["SamplingFrequency"], sidecar["StartTime"], sidecar["Columns"]) == (10, 0, COLUMNS)
    assert "BIDS has no place for facial expressions" in sidecar["Description"]
    events = (exporting.dataset / f"{stem}_events.tsv").read_text().splitlines()
    assert events[1:] == ["0.150000\t0\tface on\t1\tkey", "0.200000\t0\tmarker\t2\tkey"]


def test_bids_own_validator_accepts_the_names(exporting: Exporting) -> None:
    validator = pytest.importorskip("bids_validator").BIDSValidator()
    exporting.record(recordings.one_face("neutral", "happiness"))
    exporting.run()
    exporting.run("--run", "2")
    every = files(exporting.dataset)
    assert len(every) == 11
    assert [name for name in every if not validator.is_bids(f"/{name}")] == []
    assert not validator.is_bids("/sub-P-07/beh/sub-P-07_task-faces_physio.json")


def test_each_sample_is_the_newest_frame(exporting: Exporting) -> None:
    script = [[face("happiness")], [face(UNCERTAIN)], [face(state="coasting")], [], [face(), face("anger", 2, width=200)]]
    exporting.record(recordings.frames(script))
    exporting.run()
    rows = exporting.table()
    assert [row["frame"] for row in rows] == ["0", "1", "2", "3", "4"]
    assert rows[0]["p_happiness"] == rows[0]["confidence"] == "0.86"
    assert rows[1]["confidence"] == "n/a"
    assert [row["seen"] for row in rows] == ["1", "1", "0", "n/a", "1"]
    assert {rows[3][name] for name in COLUMNS[:-2]} == {"n/a"}
    assert [row["faces"] for row in rows] == ["1", "1", "1", "0", "2"]
    assert (rows[4]["face_id"], rows[4]["p_anger"]) == ("2", "0.86"), "the largest face stands for the frame"


def test_frames_that_come_when_they_come_are_held_but_not_for_long(exporting: Exporting) -> None:
    """At 10 samples a second: one frame late, two in one step, then a gap of a second and a half."""
    times = (0.0, 0.12, 0.2, 0.25, 0.4, 1.9)
    exporting.record([recordings.frame(i, [face()], t) for i, t in enumerate(times)])
    exporting.run()
    rows = exporting.table()
    assert [row["frame"] for row in rows] == [
        *("0", "0", "2", "3", "4", "4", "4"),  # the frame of 0.12 s is in no sample
        *["n/a"] * 12,  # older than the limit of a report: 0.25 s
        "5",
    ]
    assert exporting.sidecar()["Resampling"] | {"Description": ""} == {
        "Description": "",
        "MaximumAge": 0.25,
        "Frames": 6,
        "FramesInNoSample": 1,
        "Samples": 20,
        "SamplesWithoutFrame": 12,
    }


@pytest.mark.parametrize(
    ("fps", "options", "rate", "samples"), [(None, (), 10, 21), (30, (), 30, 61), (30, ("--rate", "4"), 4, 9)]
)
def test_the_rate(exporting: Exporting, fps: float | None, options: tuple[str, ...], rate: float, samples: int) -> None:
    """That of the source; if it is unknown, that of the recording; or the one that is asked for."""
    exporting.record(recordings.one_face(*["neutral"] * 21), fps=fps)
    assert exporting.run(*options)[0] == 0
    assert exporting.sidecar()["SamplingFrequency"] == rate
    assert len(exporting.table()) == samples


def test_the_time_of_a_sample_follows_from_its_row(exporting: Exporting) -> None:
    """At 29.97 frames a second, whose times are rounded to a microsecond, every frame is in exactly one sample."""
    fps = 30000 / 1001
    exporting.record([recordings.frame(i, [face()], round(5 + i / fps, 6)) for i in range(900)], fps=fps)
    exporting.run()
    assert [int(row["frame"]) for row in exporting.table()] == list(range(900))
    sidecar = exporting.sidecar()
    assert sidecar["StartTime"] == 5.0
    assert sidecar["StartTime"] + 899 / sidecar["SamplingFrequency"] == pytest.approx(5 + 899 / fps, abs=1e-4)


def test_nothing_is_overwritten_unasked(exporting: Exporting) -> None:
    exporting.record(recordings.one_face("neutral"))
    assert exporting.run()[0] == 0
    (exporting.dataset / "README").write_text("our study")
    (exporting.dataset / "dataset_description.json").write_text("{}")
    (exporting.dataset / "participants.tsv").write_text("participant_id\tage\nsub-P06\t31\nsub-P07\t44\n")
    exporting.record(recordings.one_face("happiness"))
    before = exporting.table()
    code, _, err = exporting.run()
    path = exporting.dataset / "sub-P07" / "beh" / "sub-P07_task-faces_physio.tsv.gz"
    assert (code, err) == (
        5,
        [f"fer-cam: {path} exists; --run 2 adds this session as another run, --overwrite replaces the files"],
    )
    assert exporting.table() == before
    assert exporting.run("--run", "2")[0] == 0
    assert "--run 3 adds" in exporting.run()[2][0]
    assert exporting.table("sub-P07_task-faces_run-2")[0]["p_happiness"] == "0.86"
    assert exporting.table() == before
    assert exporting.run("--overwrite")[0] == 0
    assert exporting.table() == exporting.table("sub-P07_task-faces_run-2")
    assert (exporting.dataset / "README").read_text() == "our study"
    assert (exporting.dataset / "dataset_description.json").read_text() == "{}"
    exporting.run("--participant", "P08")
    assert (exporting.dataset / "participants.tsv").read_text().splitlines() == [
        *("participant_id\tage", "sub-P06\t31", "sub-P07\t44", "sub-P08\tn/a")
    ]


def test_the_session_of_a_killed_run_is_exported_up_to_its_end(exporting: Exporting) -> None:
    session = exporting.record(recordings.one_face(*["neutral"] * 5), end=False)
    with (session / "frames.jsonl").open("a") as file:
        file.write('{"type":"frame","fra')
    code, _, err = exporting.run()
    assert code == 0
    assert err == ["fer-cam: the run of this session was killed, or still goes on; exported is what there is"]
    assert len(exporting.table()) == 5
    assert exporting.sidecar()["SessionEnded"] == "killed, or still running"


@pytest.mark.parametrize(
    ("options", "code", "line"),
    [
        (("--participant", "P-07"), 2, "--participant 'P-07': BIDS allows letters and digits only; give another one, such as "),
        (("--task", "happy faces"), 2, "--task 'happy faces': BIDS allows letters and digits only; give another one, such as "),
        (("--participant", ""), 2, "--participant is not named by this session; give it here"),
        (("--run", "0"), 2, "--run 0: give a number from 1"),
        (("--rate", "0"), 2, "--rate 0: give samples a second above 0, 1000 at most"),
        (("--rate", "nan"), 2, "--rate nan: give samples a second above 0, 1000 at most"),
        (("--bids", "/dev/null/x"), 5, "cannot write /dev/null/x/"),
    ],
)
def test_a_mistake_is_one_line(exporting: Exporting, options: tuple[str, ...], code: int, line: str) -> None:
    exporting.record(recordings.one_face("neutral"))
    got, out, err = exporting.run(*options)
    assert (got, out, len(err)) == (code, [], 1)
    assert err[0].startswith(f"fer-cam: {line}")
    assert not exporting.dataset.exists()


def test_a_session_without_a_name_for_its_participant_asks_for_one(exporting: Exporting) -> None:
    exporting.record(recordings.one_face("neutral"), participant="", task="")
    assert exporting.run()[::2] == (2, ["fer-cam: --participant is not named by this session; give it here"])
    assert exporting.run("--participant", "P07", "--task", "faces")[0] == 0


def test_what_is_no_session_is_one_line(exporting: Exporting) -> None:
    code, _, err = exporting.run()
    assert (code, len(err)) == (3, 1)
    assert "is no session: cannot read" in err[0]
    assert "give a folder that --session made" in err[0]


def test_images_have_no_time(exporting: Exporting) -> None:
    image = recordings.frame(0, [face()], 0.0)
    exporting.record([type(image)(**(vars(image) | {"t": None}))])
    code, _, err = exporting.run()
    assert code == 3
    assert "give a session of a video or a camera" in err[0]


def test_reading_it_as_the_study_guide_says(exporting: Exporting) -> None:
    pandas = pytest.importorskip("pandas")
    exporting.record(recordings.one_face(*["happiness"] * 10))
    exporting.run()
    stem = exporting.dataset / "sub-P07" / "beh" / "sub-P07_task-faces_physio"
    about = json.loads(stem.with_suffix(".json").read_text())
    table = pandas.read_csv(f"{stem}.tsv.gz", sep="\t", names=about["Columns"])
    assert np.allclose(table.p_happiness, 0.86)
