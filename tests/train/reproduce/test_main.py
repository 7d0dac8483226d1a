"""python -m train.reproduce: every row on synthetic people, end to end; resuming; and errors."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import cv2
import pytest

from tests.conftest import ROOT
from tests.train_data import encoded, patterns, write_zip
from train.data import lineage
from train.data.ckplus import load_ckplus
from train.reproduce import __main__ as program
from train.reproduce import costs, results, rows

LABELS = ("anger", "contempt", "disgust", "fear", "happy", "sadness", "surprise")
WEBCAM = ROOT / "weights" / "fer-resnet50-ferplus.onnx"
PEOPLE = 10


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten invented people, each with a sequence of three images of every class."""
    faces = patterns(PEOPLE * 21, tuple(sorted({"happiness" if label == "happy" else label for label in LABELS})))
    entries = {}
    for row, image in enumerate(faces.images):
        person, rest = divmod(row, 21)
        frame, label = divmod(rest, 7)
        entries[f"CK+48/{LABELS[label]}/S{person:03d}_{label + 1:03d}_{frame:08d}.png"] = encoded(image)
    return write_zip(tmp_path_factory.mktemp("data") / "people.zip", entries)


def reproduce(archive: Path, out: Path, *words: str, **options: Callable[..., None]) -> int:
    return program.main(["--data", str(archive), "--out", str(out), "--webcam", str(WEBCAM), *words], **options)


@pytest.mark.slow
@pytest.mark.timeout(300)  # a minute on a quiet machine
def test_quick_does_everything(archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert reproduce(archive, tmp_path, "--quick") == 0
    out, err = capsys.readouterr()
    quick = tmp_path / "quick"
    found = {path.stem for path in (quick / "results").glob("*.json")}
    wanted = {row.name for row in rows.find([])}
    assert found == wanted | {"algorithms", "trade-off"}
    for name in wanted:
        result = results.read(quick / "results" / f"{name}.json")
        assert len(result.splits) == 1
        assert 20 <= result.splits[0].n <= 28
        assert name in err
    drawn = {path.relative_to(quick).as_posix() for path in quick.rglob("*.png")}
    assert drawn == {f"faces/figure-{n}.png" for n in (2, 3, 4)} | {f"results/figure-{n}.png" for n in (5, 6, 7)} | {
        "results/trade-off.png"
    }
    assert all(cv2.imread(str(quick / name)).std() > 5 for name in drawn)
    page = (quick / "REPRODUCTION.md").read_text(encoding="utf-8")
    assert "trial" in page.splitlines()[0] or "trial" in page[:500]
    assert "99.49" in out
    assert not list(quick.rglob("*.pt"))
    assert not (tmp_path / "results").exists()


def test_one_row_and_going_on(archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ("--quick", "--only", "neighbour-b")
    assert reproduce(archive, tmp_path, *words) == 0
    first = capsys.readouterr()
    assert "neighbour-b  fold 0:" in first.err
    path = tmp_path / "quick" / "results" / "neighbour-b.json"
    before = path.read_bytes()
    assert reproduce(archive, tmp_path, *words) == 0
    assert "fold 0:" not in capsys.readouterr().err
    assert path.read_bytes() == before
    assert [each.stem for each in path.parent.glob("*.json")] == ["neighbour-b"]


def test_ctrl_c_says_how_to_go_on(archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    assert reproduce(archive, tmp_path, "--only", "neighbour-b", run_row=interrupt) == 130
    assert "run the same command again to continue" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (("--only", "nope"), 2, "unknown row 'nope'"),
        (("--data", "none.zip"), 2, "none.zip"),
        (("--only", "zero-shot", "--webcam", "none.onnx"), 4, "none.onnx"),
        (("--only", "neighbour-b", "--out", "/dev/null/x"), 2, "cannot create the folder"),
    ],
)
def test_mistakes_are_one_line(
    archive: Path, tmp_path: Path, words: tuple[str, ...], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert reproduce(archive, tmp_path, *words) == code
    err = capsys.readouterr().err
    assert message in err
    assert "Traceback" not in err
    assert err.count("\n") == 1


def test_a_class_that_is_missing_is_said_at_once(archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(archive) as file:
        six = {name: file.read(name) for name in file.namelist() if "/fear/" not in name}
    assert reproduce(write_zip(tmp_path / "six.zip", six), tmp_path / "out", "--only", "neighbour-a") == 2
    assert "no images of fear" in capsys.readouterr().err


def test_results_of_other_data_are_noticed_before_anything_runs(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with zipfile.ZipFile(archive) as file:
        fewer = {name: file.read(name) for name in file.namelist() if "_00000002" not in name}
    assert reproduce(archive, tmp_path, "--only", "neighbour-a") == 0
    capsys.readouterr()
    assert reproduce(write_zip(tmp_path / "fewer.zip", fewer), tmp_path, "--only", "neighbour-b") == 2
    assert "neighbour-a.json: differs in its data" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "results").glob("*.json")] == ["neighbour-a.json"]


def test_too_few_images_for_a_split(archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with zipfile.ZipFile(archive) as file:
        few = {name: file.read(name) for name in file.namelist() if "S000_" in name and "_00000002" not in name}
    assert reproduce(write_zip(tmp_path / "few.zip", few), tmp_path / "out", "--only", "neighbour-a") == 2
    assert "14 images of 7 classes are too few for an 80/20 split" in capsys.readouterr().err


def test_every_run_leaves_its_manifest(archive: Path, tmp_path: Path) -> None:
    assert reproduce(archive, tmp_path, "--quick", "--only", "neighbour-a", "--only", "neighbour-b") == 0
    found = {path.parent.relative_to(tmp_path / "quick" / "runs").as_posix() for path in tmp_path.rglob("manifest.csv")}
    assert found == {"neighbour-a/seed-0", "neighbour-b/fold-0"}


def test_a_network_that_has_seen_the_test_images_is_refused(
    archive: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = tmp_path / "own.onnx"
    own.write_bytes(WEBCAM.read_bytes())
    lineage.write(own, lineage.images_of(load_ckplus(archive)))
    assert reproduce(archive, tmp_path, "--only", "zero-shot", "--webcam", str(own)) == 2
    assert "own.onnx was trained on 210 of the 210 different test images" in capsys.readouterr().err


def test_the_trade_off_compares_the_networks_of_the_table() -> None:
    assert set(costs.compared()) == {"resnet50", "resnet18", "googlenet", "mobilenetv3", "vgg16"}
    assert {row.protocol for row in costs.compared().values()} == {"B"}
