"""metrics.csv and TensorBoard's curves: every epoch once."""

import sys
from dataclasses import replace
from pathlib import Path

import pytest

from realtime.errors import ConfigError
from train.learning.curves import Board, Epoch, write

ONE = Epoch(1, 0.1, 1.5, 0.5, 1.25, 0.625, 0.5, 0.375)
TWO, THREE = replace(ONE, epoch=2, train_loss=1.0), replace(ONE, epoch=3, train_loss=0.5)


def points(folder: Path, tag: str) -> list[tuple[int, float]]:
    """The points of one curve in TensorBoard."""
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    events = reader.EventAccumulator(str(folder))
    events.Reload()
    return [(point.step, point.value) for point in events.Scalars(tag)]


def test_metrics_are_written_whole(tmp_path: Path) -> None:
    write(tmp_path, (ONE, TWO))
    write(tmp_path, (ONE,))
    assert (tmp_path / "metrics.csv").read_text().splitlines() == [
        "epoch,learning_rate,train_loss,train_accuracy,val_loss,val_accuracy,val_balanced_accuracy,val_macro_f1",
        "1,0.1,1.5,0.5,1.25,0.625,0.5,0.375",
    ]
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.csv"]


def test_training_and_validation_share_their_charts(tmp_path: Path) -> None:
    with Board(tmp_path) as board:
        board.add(ONE)
        board.add(TWO)
    folder = tmp_path / "tensorboard"
    assert points(folder / "train", "loss") == [(1, 1.5), (2, 1.0)]
    assert points(folder / "val", "loss") == [(1, 1.25), (2, 1.25)]
    assert points(folder / "val", "accuracy") == [(1, 0.625), (2, 0.625)]
    assert points(folder / "train", "learning rate") == [(1, pytest.approx(0.1)), (2, pytest.approx(0.1))]


@pytest.mark.parametrize("written", [0, 1, 2])
def test_a_resumed_run_has_every_point_once(tmp_path: Path, written: int) -> None:
    """The interrupted run has more or fewer epochs than its checkpoint."""
    with Board(tmp_path) as board:
        for epoch in (ONE, replace(TWO, train_loss=9.0))[:written]:
            board.add(epoch)
    with Board(tmp_path, known=(ONE,)) as board:
        board.add(TWO)
        board.add(THREE)
    assert points(tmp_path / "tensorboard" / "train", "loss") == [(1, 1.5), (2, 1.0), (3, 0.5)]


def test_an_open_tensorboard_drops_points_of_the_interrupted_run(tmp_path: Path) -> None:
    reader = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    with Board(tmp_path, known=(ONE, replace(TWO, train_loss=9.0))):
        pass
    folder = tmp_path / "tensorboard" / "train"
    (earlier,) = folder.iterdir()
    content = earlier.read_bytes()
    with Board(tmp_path, known=(ONE, TWO)):
        pass
    (folder / "events.out.tfevents.0").write_bytes(content)  # what it read before
    events = reader.EventAccumulator(str(folder))
    events.Reload()
    assert [(point.step, point.value) for point in events.Scalars("loss")] == [(1, 1.5), (2, 1.0)]


def test_without_tensorboard_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with Board(tmp_path, known=(ONE,)) as board:
        board.add(TWO)
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_does_not_speak_writes_nothing(tmp_path: Path) -> None:
    with Board(tmp_path, known=(ONE,), wanted=False) as board:
        board.add(TWO)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    (tmp_path / "tensorboard").write_text("")
    with pytest.raises(ConfigError, match="cannot be written"):
        Board(tmp_path)
