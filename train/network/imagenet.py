"""torchvision's ImageNet weights for the gray networks of train.network.models: `--init imagenet`."""

import contextlib
import hashlib
import http.client
import pickle
import socket
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlparse

import torch
from torch import Tensor, nn
from torchvision import models as published

from realtime import preprocess
from realtime.errors import ConfigError, ModelError, WeightsCorrupt
from train.network import models

GOOGLENET = published.GoogLeNet_Weights.IMAGENET1K_V1
RESNET50 = published.ResNet50_Weights.IMAGENET1K_V2

WEIGHTS: dict[str, Any] = {
    "googlenet": GOOGLENET,
    "mobilenetv3": published.MobileNet_V3_Large_Weights.IMAGENET1K_V2,
    "resnet18": published.ResNet18_Weights.IMAGENET1K_V1,
    "resnet50": RESNET50,
    "resnet50-224": RESNET50,
    "resnet50-plain": RESNET50,
    "vgg16": published.VGG16_Weights.IMAGENET1K_V1,
}
"""torchvision's weights for each of train.network.models.NETWORKS: its defaults, which are its best."""

TIMEOUT_S = 20.0
"""Network timeout of the download; torch.hub has none and would wait forever."""

TRUSTED_DIGITS = 8
"""Digits of the SHA-256 in torchvision's file names."""

_UNREADABLE = (EOFError, RuntimeError, KeyError, ValueError, pickle.UnpicklingError, zipfile.BadZipFile)


def load_imagenet(name: str, network: nn.Module, timeout_s: float = TIMEOUT_S) -> str:
    """Loads torchvision's ImageNet weights into a network, except the classification layer.

    The file comes from torch.hub's cache or torchvision's server and must match the checksum in its name.

    Args:
        name: the network's key in `train.network.models.NETWORKS`.
        network: the result of `train.network.models.build`.
        timeout_s: how long the server may be silent, seconds.

    Returns:
        The file name of the weights, which includes the first digits of its SHA-256.

    Raises:
        ConfigError: torchvision has no weights for this network.
        ModelError: the download failed.
        WeightsCorrupt: wrong checksum, or the file does not fit the network.
    """
    if name not in WEIGHTS:
        raise ConfigError(f"no ImageNet weights for {name!r}; available for: {', '.join(sorted(WEIGHTS))}")
    weights = WEIGHTS[name]
    path = cached(weights)
    adopt(network, _read(weights, path, timeout_s), *normalisation(weights), path.name)
    return path.name


def cached(weights: Any) -> Path:
    """The path in torch.hub's cache; the file may not exist."""
    return Path(torch.hub.get_dir()) / "checkpoints" / PurePosixPath(urlparse(weights.url).path).name


def normalisation(weights: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation per colour in the weights' training, in units of full scale."""
    if weights is GOOGLENET:
        # from another framework: torchvision's network undoes the usual normalisation (transform_input)
        return (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
    preset = weights.transforms()
    return tuple(preset.mean), tuple(preset.std)


def adopt(
    network: nn.Module, state: dict[str, Tensor], mean: tuple[float, ...], std: tuple[float, ...], source: str = "the file"
) -> None:
    """Copies a three-channel network's weights into the same network with one channel.

    A gray image has three equal colours, so the stem's three channels are summed into one, each scaled from its colour's
    normalisation to ours; the difference of the means goes into the bias, or into the mean of the next batch norm. The
    output then equals the original's for the gray image in RGB, except at the border, where the original pads with its mean
    colour and ours with middle gray. The classification layer and auxiliary heads are not copied.

    Args:
        state: the state_dict of torchvision's network.
        mean, std: its normalisation per colour, in units of full scale.
        source: name of the weights in messages.

    Raises:
        WeightsCorrupt: a weight is missing or of another shape.
    """
    own = network.state_dict()
    last = next(name for name, layer in network.named_modules() if layer is models.last_layer(network))
    state = {name: value for name, value in state.items() if name in own and not name.startswith(f"{last}.")}
    stem = models.stem_name(network)
    with contextlib.suppress(KeyError, RuntimeError):  # mismatches are reported below
        _to_gray(network, stem, state, mean, std)
    wanted = {name: value.shape for name, value in own.items() if not name.startswith(f"{last}.")}
    # old files lack batch norm's counter, which is unused
    wrong = [
        name
        for name, shape in wanted.items()
        if not name.endswith("num_batches_tracked") and (name not in state or state[name].shape != shape)
    ]
    if wrong:
        raise WeightsCorrupt(
            f"{source} does not fit: {wrong[0]} is missing or of another shape, like {len(wrong) - 1} more; "
            "delete it to download it again"
        )
    network.load_state_dict(state, strict=False)


def _to_gray(network: nn.Module, stem: str, state: dict[str, Tensor], mean: tuple[float, ...], std: tuple[float, ...]) -> None:
    """Replaces the stem's weights (out,3,k,k) in `state` by their gray equivalent (out,1,k,k)."""
    colours = state[f"{stem}.weight"].double()
    # ours is (gray - MEAN) / STD, theirs (gray - mean) / std: theirs = ours * STD / std + (MEAN - mean) / std
    theirs_mean, theirs_std = (torch.tensor(values, dtype=torch.float64).view(1, -1, 1, 1) for values in (mean, std))
    scaled = colours * (preprocess.STD / theirs_std)
    offset = (colours * ((preprocess.MEAN - theirs_mean) / theirs_std)).sum(dim=(1, 2, 3))
    state[f"{stem}.weight"] = scaled.sum(dim=1, keepdim=True).float()
    if f"{stem}.bias" in state:
        state[f"{stem}.bias"] = (state[f"{stem}.bias"] + offset).float()
        return
    norm = next(name for name, layer in network.named_modules() if isinstance(layer, nn.BatchNorm2d))
    state[f"{norm}.running_mean"] = (state[f"{norm}.running_mean"] - offset).float()


def _read(weights: Any, path: Path, timeout_s: float) -> dict[str, Tensor]:
    """The state_dict, downloaded if it is not in torch.hub's cache."""
    try:
        if path.exists():
            _check(path)
        with _socket_timeout(timeout_s), contextlib.redirect_stdout(sys.stderr):  # torch.hub prints to stdout
            state: dict[str, Tensor] = weights.get_state_dict(
                progress=sys.stderr.isatty(), check_hash=True, map_location="cpu", weights_only=True
            )
    except (OSError, http.client.HTTPException) as error:
        raise ModelError(
            f"{path.name} cannot be downloaded ({getattr(error, 'reason', None) or error}); "
            f"get {weights.url} on another machine and put it into {path.parent}"
        ) from error
    except _UNREADABLE as error:  # torch.hub raises RuntimeError for a wrong checksum and discards the file
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise WeightsCorrupt(f"{path.name} is damaged ({reason}); download it again into {path.parent}") from error
    return state


def _check(path: Path) -> None:
    """Checks a cached file's checksum; torch.hub checks downloads only.

    Raises:
        WeightsCorrupt: the checksum does not match the file's name.
    """
    wanted = path.stem.rpartition("-")[2][:TRUSTED_DIGITS]
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if not found.startswith(wanted):
        raise WeightsCorrupt(f"{path} is damaged: its SHA-256 begins with {found[:TRUSTED_DIGITS]}; delete it and try again")


@contextlib.contextmanager
def _socket_timeout(seconds: float) -> Iterator[None]:
    """Sets the default socket timeout."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
