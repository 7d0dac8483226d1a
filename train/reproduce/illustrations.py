"""The paper's Figures 2 to 5, and the detections of its two algorithms in the data."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from realtime.errors import ConfigError, SinkError
from realtime.lesson import algorithms
from realtime.lesson.algorithms import RegionDetector
from realtime.preprocess import SIZE
from train.data.datasets import FaceSet
from train.network import layers, models
from train.paper import figures, layer_figure

ALGORITHMS = "algorithms.json"
"""The file of the counts."""


@dataclass(frozen=True)
class Found:
    """Detections of Algorithms 1 and 2 in the images of one class.

    Attributes:
        label: the class.
        pictures: number of images.
        edge_share: mean share of edge pixels (Algorithm 1).
        one_face, no_face: images with exactly one face, and with none (Algorithm 2).
        both_eyes, mouth: images with two detected eyes, and with a detected mouth.
    """

    label: str
    pictures: int
    edge_share: float
    one_face: int
    no_face: int
    both_eyes: int
    mouth: int


def draw_faces(faces: FaceSet, title: str, folder: Path) -> None:
    """Writes Figures 2 (samples), 3 (edges) and 4 (regions). They show faces: never commit them.

    Raises:
        SinkError: they cannot be written.
    """
    _make(folder)
    figures.class_samples(faces, title, folder / "figure-2.png")
    figures.edges(faces, title, folder / "figure-3.png")
    figures.regions(faces, title, folder / "figure-4.png")


def draw_layers(classes: int, folder: Path) -> None:
    """Writes Figure 5: the layers of the ResNet-50 for that many classes.

    Raises:
        SinkError: it cannot be written.
    """
    _make(folder)
    network = models.build("resnet50", classes, max_pool=True, seed=0)
    layer_figure.layers(layers.stages(network), f"ResNet-50, {classes} classes", SIZE, folder / "figure-5.png")


def search(faces: FaceSet) -> tuple[Found, ...]:
    """Runs both algorithms on every image; one row per class."""
    detector = RegionDetector()
    found = []
    for index, label in enumerate(faces.labels):
        images = faces.images[faces.classes() == index]
        regions = [detector.detect(image) for image in images]
        found.append(
            Found(
                label=label,
                pictures=len(images),
                edge_share=float(np.mean([(algorithms.edges(image) > 0).mean() for image in images])) if len(images) else 0.0,
                one_face=sum(len(each.faces) == 1 for each in regions),
                no_face=sum(len(each.faces) == 0 for each in regions),
                both_eyes=sum(len(each.eyes_xyxy) == 2 for each in regions),
                mouth=sum(len(each.mouths_xyxy) == 1 for each in regions),
            )
        )
    return tuple(found)


def write(found: tuple[Found, ...], folder: Path) -> Path:
    """Writes the counts to folder/algorithms.json.

    Raises:
        SinkError: it cannot be written.
    """
    _make(folder)
    path = folder / ALGORITHMS
    try:
        path.write_text(json.dumps([asdict(row) for row in found], indent=1) + "\n", encoding="utf-8")
    except OSError as error:
        raise SinkError(f"{path}: cannot be written ({error.strerror}); give another --out") from error
    return path


def read(folder: Path) -> tuple[Found, ...]:
    """Reads the counts; empty without a file.

    Raises:
        ConfigError: it is damaged.
    """
    path = folder / ALGORITHMS
    try:
        return tuple(Found(**row) for row in json.loads(path.read_text(encoding="utf-8"))) if path.exists() else ()
    except (OSError, ValueError, TypeError) as error:
        raise ConfigError(f"{path}: cannot be read ({error}); remove it to count again") from error


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SinkError(f"{folder}: cannot create the folder ({error.strerror}); give another --out") from error
