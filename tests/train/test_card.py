"""python -m train.card: the model card has the figures of the result files, and no others."""

from pathlib import Path

import pytest

from realtime.errors import ConfigError
from tests.conftest import ROOT
from tests.tiny_models import write_always
from tests.train_data import write_sets
from train import card
from train.judging import floors

SHIPPED = ROOT / "weights" / "fer-resnet50-int8.onnx"


def test_the_shipped_card_has_the_figures_of_its_result_files(tmp_path: Path) -> None:
    shipped = (SHIPPED.parent / card.CARD).read_text(encoding="utf-8")
    copy = tmp_path / card.CARD
    copy.write_text(shipped, encoding="utf-8")
    card.fill(copy, card.text(SHIPPED))
    assert copy.read_text(encoding="utf-8") == shipped, "run python -m train.card weights/fer-resnet50-int8.onnx"


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A network that always says happiness, in a folder like `weights`, with floors beside it."""
    (tmp_path / "weights" / "results").mkdir(parents=True)
    (tmp_path / "weights" / card.CARD).write_text(f"# Card\n\n{card.BEGIN}\nold\n{card.END}\n\nThe end.\n")
    golden = tmp_path / card.FLOORS
    golden.parent.mkdir(parents=True)
    golden.write_text('{"networks": {}}')
    return write_always(tmp_path / "weights" / "happy.onnx")


def test_one_command_measures_and_fills(model: Path, tmp_path: Path) -> None:
    (tmp_path / "sets").mkdir()
    assert card.main([str(model), "--data", str(write_sets(tmp_path / "sets"))]) == 0
    written = (model.parent / card.CARD).read_text()
    assert written.startswith("# Card\n")
    assert written.endswith("\n\nThe end.\n")
    assert "\nold\n" not in written
    assert "| PublicTest (FER+) | 8 | 12.5 % (2.2-47.1) | 12.5 % |" in written
    assert "100.0 % (" in written.partition("False positives of the cascade")[2]
    assert "RAF-DB: the file does not say" in written
    assert "The worst row: resting faces of" in written
    assert {path.name for path in (model.parent / "results").iterdir()} == {
        "happy--validation.json",
        "happy--validation-mirrored.json",
        "happy--groups.json",
        "happy--risk-by-set.png",
    }
    assert list(floors.read(tmp_path / card.FLOORS)["networks"]) == ["happy.onnx"]
    assert card.main([str(model)]) == 0
    assert (model.parent / card.CARD).read_text() == written


def test_what_is_missing_is_named(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert card.main([str(model)]) == 2
    assert "happy--validation.json: cannot be read" in capsys.readouterr().err
    bare = model.with_name("bare.md")
    bare.write_text("# Card\n")
    with pytest.raises(ConfigError, match=r"lines .* are missing"):
        card.fill(bare, "figures")
