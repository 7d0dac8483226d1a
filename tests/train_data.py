"""Synthetic faces, votes and tiny networks for the tests of `train`."""

import csv
import dataclasses
import hashlib
import lzma
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

import cv2
import numpy as np
import torch
import torchvision
from numpy.typing import NDArray
from torch import nn

from realtime import preprocess
from realtime.crops import folder
from realtime.crops.cutting import Crop, Cut
from realtime.crops.segments import Segment
from realtime.labels import LABELS, PAPER_LABELS
from train.data.datasets import FaceSet
from train.data.fer2013 import VOTE_COLUMNS
from train.recipes import Recipe

torch.set_num_threads(1)  # these networks are too small for two

CFEE_PERSONS, CFEE_CATEGORIES = 40, ("Neutral", "Happy", "Awed", "Happily surprised")

TINY = Recipe("tiny", network="tiny", epochs=2, batch_size=8, learning_rate=0.05, augmentation="webcam", ema_decay=0.5, seed=3)


def tiny(classes: int, *, max_pool: bool = True) -> nn.Module:
    """A residual network of 1.2 million weights that ends in a linear layer, with trained-looking batch norms."""
    network = torchvision.models.ResNet(torchvision.models.resnet.BasicBlock, [1, 1, 1, 1], num_classes=classes)
    network.conv1 = nn.Conv2d(1, 64, kernel_size=7, stride=2, padding=3, bias=False)
    network.layer4 = nn.Identity()
    network.fc = nn.Linear(256, classes)
    return network


def plain(classes: int, *, max_pool: bool = True, dropout: float = 0.0) -> nn.Module:
    """A network of 20 thousand weights without batch norm, so that gradients are means over the images."""
    return nn.Sequential(
        nn.Conv2d(1, 16, kernel_size=8, stride=8),
        nn.ReLU(),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(16 * 6 * 6, classes),
    )


def forgetful(classes: int, *, max_pool: bool = True) -> nn.Module:
    """The same with dropout."""
    return plain(classes, dropout=0.3)


def unsettled(network: nn.Module, seed: int = 0) -> nn.Module:
    """The network with random batch norms, as after training."""
    generator = torch.Generator().manual_seed(seed)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            for tensor, low, high in (
                (module.weight, 0.5, 1.5),
                (module.bias, -0.3, 0.3),
                (module.running_mean, -0.3, 0.3),
                (module.running_var, 0.5, 2.0),
            ):
                assert tensor is not None
                tensor.data.uniform_(low, high, generator=generator)
    return network.eval()


def settled(network: nn.Module, faces: NDArray[np.float32], seed: int = 0) -> nn.Module:
    """The network with batch norms fitted to its features, so that its output depends on the face.

    Their scales are small, so that a deep network does not amplify rounding errors, up to 1e-4 in torch alone.

    Args:
        faces: the network's input, float32 (n,1,48,48).
    """
    unsettled(network, seed).train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.weight.data.mul_(0.4)
            module.momentum = 1.0
    with torch.no_grad():
        network(torch.from_numpy(faces))
    return network.eval()


def noise_image(seed: int) -> NDArray[np.uint8]:
    """Noise, uint8 (48,48), different for each seed."""
    return np.random.default_rng(seed).integers(0, 256, (48, 48), dtype=np.uint8)


def patterns(n: int, labels: tuple[str, ...] = LABELS, seed: int = 0, prefix: str = "face") -> FaceSet:
    """n images with a bright bar at the position of their class, one-hot labels in turn."""
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 80, (n, 48, 48)).astype(np.uint8)
    classes = np.arange(n) % len(labels)
    width = 48 // len(labels)
    for image, index in zip(images, classes, strict=True):
        image[:, index * width : (index + 1) * width] += 150
    targets = np.eye(len(labels), dtype=np.float32)[classes]
    return FaceSet(images, targets, labels, tuple(f"{prefix}/{i}" for i in range(n)))


def save(path: Path, image: NDArray[np.uint8]) -> Path:
    """Writes an image in the format of its suffix; creates its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(encoded(image, path.suffix))
    return path


def encoded(image: NDArray[np.uint8], suffix: str = ".png") -> bytes:
    """The bytes of an image file."""
    return cv2.imencode(suffix, image)[1].tobytes()


def write_zip(path: Path, entries: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> Path:
    """Writes an archive with the entries in order; names with a trailing slash are folders."""
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def as_pixels(image: NDArray[np.uint8]) -> str:
    return " ".join(str(value) for value in image.ravel())


def votes(**counts: int) -> dict[str, int]:
    """FER+ votes, zero by default."""
    return {column: counts.get(column, 0) for column in VOTE_COLUMNS}


def write_fer2013(path: Path, rows: Iterable[tuple[int, NDArray[np.uint8], str]]) -> Path:
    """Writes a fer2013.csv from (emotion, image, usage) rows."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("emotion", "pixels", "Usage"))
        writer.writerows((emotion, as_pixels(image), usage) for emotion, image, usage in rows)
    return path


def write_votes(path: Path, rows: Iterable[Mapping[str, int | str]]) -> Path:
    """Writes a fer2013new.csv; a row may have a "Usage"."""
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, ("Usage", "Image name", *VOTE_COLUMNS))
        writer.writeheader()
        writer.writerows({"Usage": "", "Image name": "", **row} for row in rows)
    return path


def write_ferplus(folder: Path, train: FaceSet, val: FaceSet) -> tuple[Path, Path]:
    """Writes both csv files for face sets with one-hot labels; FER2013's own labels are all 6."""
    usages = [("Training", i) for i in range(len(train))] + [("PublicTest", i) for i in range(len(val))]
    sets = {"Training": train, "PublicTest": val}
    data = write_fer2013(folder / "fer2013.csv", ((6, sets[usage].images[i], usage) for usage, i in usages))
    named = ({sets[usage].labels[sets[usage].classes()[i]]: 10} for usage, i in usages)
    return data, write_votes(folder / "fer2013new.csv", (votes(**row) for row in named))


def recipe(**changes: object) -> Recipe:
    """TINY with changes."""
    return dataclasses.replace(TINY, **changes)  # type: ignore[arg-type]


def write_sets(folder: Path) -> Path:
    """Every joined set in small; RAF-DB has one image that PublicTest has too, and one that FER+ Training has."""
    train, val = patterns(24), patterns(8, seed=1)
    pictures, _ = write_ferplus(folder, train, val)
    (folder / "fer2013.csv.xz").write_bytes(lzma.compress(pictures.read_bytes()))
    persons = {f"CK+48/{PAPER_LABELS[i % 7]}/S{i:03}_001_00000001.png": encoded(noise_image(1000 + i)) for i in range(10)}
    write_zip(folder / "ckplus48.zip", persons)
    raf = _noise(2000, 60)
    raf[0], raf[1] = val.images[3], train.images[5]
    np.savez(
        folder / "rafdb_train48.npz",
        images=raf,
        labels=np.array([LABELS[i % 7] for i in range(60)]),
        names=np.array([f"train_{i:05}.jpg" for i in range(60)]),
    )
    several = [(person, category) for person in range(CFEE_PERSONS) for category in CFEE_CATEGORIES]
    targets = np.zeros((len(several), 8), np.float32)
    targets[:, 1] = 1
    np.savez(
        folder / "cfee48.npz",
        images=_noise(3000, len(several)),
        targets=targets,
        categories=np.array([category for _, category in several]),
        persons=np.array([person for person, _ in several]),
    )
    np.savez(
        folder / "not_faces48.npz",
        images=_noise(4000, 50),
        sources=np.array([f"photo {i // 2}" for i in range(50)]),
        kinds=np.array(["indoor"] * 50),
    )
    n = 30
    np.savez(
        folder / "utkface48.npz",
        images=_noise(5000, n),
        names=np.array([f"{i}.jpg" for i in range(n)]),
        age=np.arange(n, dtype=np.int16) * 4,
        sex=(np.arange(n) % 2).astype(np.int8),
        race=(np.arange(n) % 5).astype(np.int8),
        haar=np.arange(n) % 10 != 0,
        smiling=np.arange(n) % 3 == 0,
        resting=np.arange(n) % 3 == 1,
    )
    return folder


def _noise(first: int, count: int) -> NDArray[np.uint8]:
    return np.stack([noise_image(seed) for seed in range(first, first + count)])


def write_faces(path: Path, persons: str = "ABC", recordings: int = 2) -> Path:
    """A folder of `fer-cam faces`: per person and recording, 4 segments of two expressions; 16 faces a person."""
    each = 4 // recordings
    for number, person in enumerate(persons):
        for recording in range(recordings):
            digest = hashlib.sha256(f"{person}{recording}".encode()).hexdigest()
            cuts = []
            for segment in range(4):
                label = ("neutral", "happiness")[segment % 2]
                seed = 100 * number + 20 * recording + 4 * segment
                images = [_half_bright(segment % 2, seed + shot) for shot in range(each)]
                box = np.array([0, 0, 48, 48], np.float32)
                crops = tuple(Crop(image, 10 * segment + i, segment + i / 10, box, 1, 1.0) for i, image in enumerate(images))
                cuts.append(Cut(Segment(f"row {segment + 2}", segment, segment + 1, label, person), crops, 30, (1,), 30))
            folder.add(path, f"{person}.mp4", digest, cuts)
    return path


def _half_bright(index: int, seed: int) -> NDArray[np.uint8]:
    """Noise with a bright half at the place of the class."""
    image = np.random.default_rng(seed).integers(0, 120, (48, 48)).astype(np.uint8)
    image[:, 24 * index : 24 * index + 24] += 100
    return image


def faces(n: int, seed: int = 0) -> NDArray[np.float32]:
    """What a network is given of synthetic faces; float32 (n,1,48,48)."""
    return preprocess.normalise([preprocess.prepare(image) for image in patterns(n, seed=seed).images])


def logits(network: nn.Module, batch: NDArray[np.float32]) -> NDArray[np.float32]:
    """A network's answers without training it."""
    with torch.inference_mode():
        return np.asarray(network.eval()(torch.from_numpy(batch)).numpy())
