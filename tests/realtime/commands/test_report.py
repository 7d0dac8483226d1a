"""`fer-cam report`: pages and what they say; bad input."""

import subprocess
import sys
from pathlib import Path

import pytest

from realtime import cli
from realtime.labels import LABELS
from realtime.report.figures import find
from tests import datasets, recordings
from tests.conftest import ROOT
from tests.recordings import face


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Two faces, with markers."""
    script = [[face("neutral" if i % 40 < 20 else "happiness"), face("uncertain", 2, reason="dark")] for i in range(200)]
    lines = [*recordings.frames(script), *(recordings.marker(1.0 + 4 * i, "stimulus") for i in range(4))]
    return recordings.write(tmp_path / "run.jsonl", lines)


def page(*words: str | Path) -> int:
    return cli.main(["report", *map(str, words)])


def test_the_page_lies_beside_the_recording(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert page(run) == 0
    written = run.with_name("run_report.html")
    assert capsys.readouterr().out == f"wrote {written}\n"
    text = written.read_text(encoding="utf-8")
    for words in (
        "Facial expressions were recorded with fer-cam",
        "dark",
        "stimulus",
        "Shares of the labelled time",
        "Art. 5(1)(f)",
    ):
        assert words in text, words
    assert "The accuracy is unknown" in text


def test_the_error_rates_are_those_of_the_network(run: Path) -> None:
    lines = (ROOT / "weights" / "SHA256SUMS").read_text(encoding="utf-8").split()
    checksum = lines[lines.index("fer-resnet50-int8.onnx") - 1]
    run.write_text(run.read_text(encoding="utf-8").replace("ab" * 32, checksum), encoding="utf-8")
    assert page(run) == 0
    known, text = find(checksum), run.with_name("run_report.html").read_text(encoding="utf-8")
    assert known is not None
    assert known.command in text
    assert f"<td>{100 * known.classes[LABELS.index('sadness')].recall:.0f}\u00a0%</td>" in text


def test_nothing_is_overwritten_unasked(run: Path) -> None:
    first = run.with_name("run_report.html")
    first.write_text("mine", encoding="utf-8")
    assert page(run) == 0
    assert first.read_text(encoding="utf-8") == "mine"
    assert run.with_name("run_report-2.html").stat().st_size > 10_000
    assert page(run, "--overwrite") == 0
    assert first.stat().st_size > 10_000


def test_a_session_is_its_folder(run: Path, tmp_path: Path) -> None:
    session = tmp_path / "P07"
    session.mkdir()
    run.rename(session / "frames.jsonl")
    assert page(session) == 0
    assert [path.name for path in sorted(session.iterdir())] == ["frames.jsonl", "report.html"]


def test_out_is_a_file_or_a_folder(run: Path, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    assert page(run, "--out", tmp_path / "pages") == 0
    assert page(run, "--out", tmp_path / "mine.html") == 0
    assert (tmp_path / "pages" / "run_report.html").exists()
    assert (tmp_path / "mine.html").exists()


def test_names_cannot_write_into_the_page(tmp_path: Path) -> None:
    evil = "</script><script>alert(1)</script>"
    lines = [*recordings.one_face("neutral", "neutral"), recordings.marker(0.1, evil)]
    assert page(recordings.write(tmp_path / "run.jsonl", lines, source=evil)) == 0
    assert "<script>alert" not in (tmp_path / "run_report.html").read_text(encoding="utf-8")


def test_a_recording_without_faces_has_a_page(tmp_path: Path) -> None:
    assert page(recordings.write(tmp_path / "run.jsonl", recordings.one_face("", "", ""))) == 0
    assert "No face was found." in (tmp_path / "run_report.html").read_text(encoding="utf-8")


def test_one_frame_has_a_page(tmp_path: Path) -> None:
    assert page(recordings.write(tmp_path / "run.jsonl", recordings.one_face("fear"), fps=None, live=True)) == 0


def test_recordings_stand_side_by_side(run: Path, tmp_path: Path) -> None:
    other = recordings.write(tmp_path / "other.jsonl", recordings.one_face(*["sadness"] * 10))
    assert page("--compare", run, other) == 0
    text = (tmp_path / "run_compared.html").read_text(encoding="utf-8")
    assert '<th scope="col">run.jsonl</th><th scope="col">other.jsonl</th>' in text


def test_a_dataset_has_an_overview(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = datasets.study(tmp_path / "study.parquet")
    assert page(folder) == 0
    assert capsys.readouterr().out == f"wrote {folder / 'report.html'}\n"
    text = (folder / "report.html").read_text(encoding="utf-8")
    for words in ("3 done", "the file is empty", "fer-cam 0.1.0", "resnet50-test", "Art. 5(1)(f)"):
        assert words in text, words
    assert page(folder, "--out", tmp_path / "mine.html") == 0
    assert (tmp_path / "mine.html").exists()


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["missing.jsonl"], 3, "cannot read missing.jsonl"),
        (["notes.txt"], 3, "was it edited?"),
        (["run.jsonl", "--window", "0"], 2, "--window 0: give seconds above 0"),
        (["run.jsonl", "--window", "nan"], 2, "--window nan"),
        (["run.jsonl", "--out", "nowhere/page.html"], 5, "the folder does not exist"),
        (["run.jsonl", "--out", "run.jsonl", "--overwrite"], 5, "it is the recording itself"),
        (["--compare", "run.jsonl"], 2, "--compare: give two recordings or more"),
    ],
)
def test_bad_input_is_one_line_and_an_exit_code(
    run: Path, words: list[str], code: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(run.parent)
    Path("notes.txt").write_text("notes\n", encoding="utf-8")
    before = run.read_bytes()
    assert page(*words) == code
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert run.read_bytes() == before
    assert sorted(path.name for path in run.parent.iterdir()) == ["notes.txt", "run.jsonl"]


def test_without_jinja2_one_line_names_the_extra(run: Path) -> None:
    code = "import sys; sys.modules['jinja2'] = None; from realtime import cli; sys.exit(cli.main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, "report", str(run)], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "fer-cam: a report needs jinja2, which is not installed; pip install 'fer-cam[report]'\n"
