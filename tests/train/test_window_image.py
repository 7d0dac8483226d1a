"""The image of the window: one moment of a real run of the demo."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from realtime.config import Config
from realtime.errors import ConfigError
from tests.demo import demo_frame
from train import window_image


def test_it_shows_the_moment_as_the_window_does(tmp_path: Path) -> None:
    path = tmp_path / "window.png"
    assert window_image.main(["--out", str(path), "--at", "0.1"]) == 0
    image = cv2.imread(str(path))
    assert image is not None
    assert image.shape == (720, 960, 3)
    plain = cv2.resize(demo_frame(3).image, window_image.SIZE_WH, interpolation=cv2.INTER_LINEAR)
    changed = (np.abs(image.astype(int) - plain).max(axis=2) > 8).mean()
    assert 0.02 < changed < 0.3  # box, label, bars and status, on that very frame


def test_a_moment_behind_the_end_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "window.jpg"
    with pytest.raises(ConfigError, match="--at 9: the clip ended before"):
        window_image.save(path, 9.0, Config.of(source="demo", max_frames=5, verbosity=-1))
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "says"), [("window", "give a name that ends in .jpg or .png"), ("missing/window.jpg", "the folder does not exist")]
)
def test_an_image_that_cannot_be_written_is_one_line(
    name: str, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert window_image.main(["--out", str(tmp_path / name), "--at", "0"]) == 5
    err = capsys.readouterr().err
    assert err.startswith("train.window_image: cannot write ")
    assert says in err
    assert err.count("\n") == 1
