"""The plots of the reproduction, read back from the figures."""

from pathlib import Path

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.container import ErrorbarContainer

from realtime.errors import SinkError
from tests.caught import Caught
from tests.train_results import costs, result
from train.judging.intervals import wilson
from train.reproduce import plots


@pytest.fixture
def caught() -> Caught:
    return Caught()


def texts(axes: Axes) -> list[str]:
    return [text.get_text() for text in axes.texts]


class TestCurves:
    def test_mean_as_line_and_extremes_as_band(self, caught: Caught) -> None:
        plots.curves(result("transfer-a", (196, 98), epochs=4), result("scratch-a", (98,), epochs=4), Path("-"), caught)
        accuracy, _, loss, _ = caught.axes
        training, validation, published = accuracy.get_lines()
        # split("seed k", right, 196, epochs=4): validation right / 196 - 0.1 / epoch
        np.testing.assert_allclose(validation.get_ydata(), [75 - 10 / e for e in (1, 2, 3, 4)])
        np.testing.assert_allclose(training.get_ydata(), [100 - 50 / e for e in (1, 2, 3, 4)])
        np.testing.assert_allclose(published.get_ydata(), 99.49)
        band = accuracy.collections[1].get_paths()[0].vertices
        assert (band[:, 1].min(), band[:, 1].max()) == pytest.approx((40, 97.5))
        np.testing.assert_allclose(loss.get_lines()[0].get_ydata(), [2 / e for e in (1, 2, 3, 4)])

    def test_titles_and_units(self, caught: Caught) -> None:
        plots.curves(result("transfer-a", (196, 98), epochs=2), result("scratch-a", (98,), epochs=2), Path("-"), caught)
        assert "CK+48, 80/20 by image (leaky); 785 training and 196 test images per split" in caught.title()
        assert caught.axes[0].get_title() == "(a) with transfer learning, seeds 0 and 1"
        assert caught.axes[1].get_title() == "(b) from scratch, seed 0"
        assert caught.axes[0].get_ylabel() == "accuracy (%)"
        assert caught.axes[2].get_ylabel() == "loss (cross-entropy, nats)"
        assert caught.axes[2].get_xlabel() == "epoch"

    def test_a_result_without_curves_leaves_its_half_empty(self, caught: Caught) -> None:
        plots.curves(result("transfer-a", (196,), epochs=2), result("scratch-a", (98,)), Path("-"), caught)
        assert [len(axes.get_lines()) for axes in caught.axes] == [3, 1, 2, 0]


class TestConfusions:
    def test_counts_and_shares_of_both(self, caught: Caught) -> None:
        plots.confusions(result("transfer-a", (14, 13), n=14), result("scratch-a", (14,), n=14), Path("-"), caught)
        left, right = caught.axes
        # two splits of two images a class; one contempt was named happiness
        assert texts(left) == [*["4", "100 %"] * 6, "1", "25.0 %", "3", "75.0 %"]
        assert texts(right) == ["2", "100 %"] * 7
        assert left.get_title() == "(a) with transfer learning, seeds 0 and 1: 27 of 28 right (96.43 %)"
        assert left.get_yticklabels()[0].get_text() == "happiness (4)"
        np.testing.assert_allclose(np.asarray(left.images[0].get_array())[6], [0.25, 0, 0, 0, 0, 0, 0.75])
        assert "all splits added up" in caught.title()


class TestTradeOff:
    def test_marks_and_intervals(self, caught: Caught) -> None:
        results = {"scratch-b": result("scratch-b", (80, 70), n=98), "vgg16-b": result("vgg16-b", (90,), n=98)}
        plots.trade_off(costs("scratch-b", "vgg16-b", "edges-b"), results, Path("-"), caught)
        (axes,) = caught.axes
        # edges-b has no result; only fold 0 is shared; the best comes first
        scattered = [marks for marks in axes.collections if isinstance(marks, PathCollection)]
        marks = sorted(tuple(np.asarray(mark.get_offsets())[0]) for mark in scattered)
        low, high = 100 * 80 / 98, 100 * 90 / 98
        np.testing.assert_allclose(marks, [(1, low), (2, low), (2, high), (3, high)])
        bars = [bar for bar in axes.containers if isinstance(bar, ErrorbarContainer)]
        assert len(bars) == 4
        ends = bars[0].lines[2][0].get_segments()[0][:, 1]
        interval = wilson(90, 98)
        np.testing.assert_allclose(ends, [100 * interval.low, 100 * interval.high])
        assert "folds" not in caught.title().replace("10 folds", "")
        assert "fold 0, n = 98 test images" in caught.title()
        (legend,) = caught.figures[-1].legends
        names = [text.get_text() for text in legend.get_texts()]
        assert names[:2] == [
            "VGG-16 from scratch\n91.8 %, 2.0 M parameters",
            "ResNet-50 from scratch\n81.6 %, 1.0 M parameters",
        ]
        assert axes.get_xlabel() == "time per face (ms, logarithmic)"

    def test_no_fold_in_common(self) -> None:
        with pytest.raises(ValueError, match="no fold in common"):
            plots.trade_off(costs("scratch-b"), {}, Path("-"))


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    some = result("transfer-a", (196,), epochs=1)
    with pytest.raises(SinkError, match="cannot write"):
        plots.curves(some, some, tmp_path / "none" / "6.png")
