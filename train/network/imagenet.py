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
"""Which of torchvision's weights a network of train.network.models.NETWORKS begins with: its best, which are its defaults."""

TIMEOUT_S = 20.0
"""How long a server may be silent before the download is given up; torch.hub alone would wait for ever."""

TRUSTED_DIGITS = 8
"""Of the SHA-256 that torchvision writes into its file names."""

_UNREADABLE = (EOFError, RuntimeError, KeyError, ValueError, pickle.UnpicklingError, zipfile.BadZipFile)


def load_imagenet(name: str, network: nn.Module) -> str:
    """Gives a network torchvision's ImageNet weights, all but its classifying layer, which stays as it is.

    The file comes from torch.hub's cache, or from torchvision's server, and must have the checksum in its name.

    Args:
        name: the network's key in `train.network.models.NETWORKS`.
        network: what `train.network.models.build` made of it.

    Returns:
        The name of the weights' file, which holds the first digits of its SHA-256.

    Raises:
        ConfigError: torchvision has no weights for a network of that name.
        ModelError: the file cannot be fetched.
        WeightsCorrupt: its checksum is wrong, or it does not fit the network.
    """
    if name not in WEIGHTS:
        raise ConfigError(f"no ImageNet weights for {name!r}; there are some for: {', '.join(sorted(WEIGHTS))}")
    weights = WEIGHTS[name]
    path = cached(weights)
    adopt(network, _read(weights, path), *normalisation(weights), path.name)
    return path.name


def cached(weights: Any) -> Path:
    """Where torch.hub keeps the file of some weights, whether it is there or not."""
    return Path(torch.hub.get_dir()) / "checkpoints" / PurePosixPath(urlparse(weights.url).path).name


def normalisation(weights: Any) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """Mean and standard deviation of each colour, in units of full scale, with which the weights were trained."""
    if weights is GOOGLENET:
        # they come from another framework, and torchvision's network undoes the usual normalisation (its transform_input)
        return (0.5, 0.5, 0.5), (0.5, 0.5, 0.5)
    preset = weights.transforms()
    return tuple(preset.mean), tuple(preset.std)


def adopt(
    network: nn.Module, state: dict[str, Tensor], mean: tuple[float, ...], std: tuple[float, ...], source: str = "the file"
) -> None:
    """Copies a three-channel network's weights into the same network with one channel.

    A gray image is one whose three colours are alike, so the stem's three channels are summed into one, each scaled from
    its colour's normalisation to ours; the difference of the means goes into the bias, or into the mean of the batch norm
    behind the stem. The stem then gives what the original gives for the gray image in RGB, except along the edge, where
    the original's padding is its mean colour and ours is middle gray. The classifying layer and auxiliary heads are left out.

    Args:
        state: the state_dict of torchvision's network.
        mean, std: of its normalisation, a number for each colour, in units of full scale.
        source: what to call the weights in messages.

    Raises:
        WeightsCorrupt: a weight is missing or of another shape.
    """
    own = network.state_dict()
    last = next(name for name, layer in network.named_modules() if layer is models.last_layer(network))
    state = {name: value for name, value in state.items() if name in own and not name.startswith(f"{last}.")}
    stem = models.stem_name(network)
    with contextlib.suppress(KeyError, RuntimeError):  # what does not fit is found below
        _to_gray(network, stem, state, mean, std)
    wanted = {name: value.shape for name, value in own.items() if not name.startswith(f"{last}.")}
    # files older than batch norm's counter lack it; nothing uses it
    wrong = [
        name
        for name, shape in wanted.items()
        if not name.endswith("num_batches_tracked") and (name not in state or state[name].shape != shape)
    ]
    if wrong:
        raise WeightsCorrupt(
            f"{source} does not fit: {wrong[0]} is missing or of another shape, like {len(wrong) - 1} more; "
            "delete it to have it fetched again"
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


def _read(weights: Any, path: Path) -> dict[str, Tensor]:
    """The state_dict, fetched if torch.hub has not kept it."""
    try:
        if path.exists():
            _check(path)
        with _patience(TIMEOUT_S), contextlib.redirect_stdout(sys.stderr):  # torch.hub announces itself where data go
            state: dict[str, Tensor] = weights.get_state_dict(
                progress=sys.stderr.isatty(), check_hash=True, map_location="cpu", weights_only=True
            )
    except (OSError, http.client.HTTPException) as error:
        raise ModelError(
            f"{path.name} cannot be fetched ({getattr(error, 'reason', None) or error}); "
            f"get {weights.url} on another machine and put it into {path.parent}"
        ) from error
    except _UNREADABLE as error:  # torch.hub raises RuntimeError for a wrong checksum, and keeps no such file
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        raise WeightsCorrupt(f"{path.name} is damaged ({reason}); fetch it again into {path.parent}") from error
    return state


def _check(path: Path) -> None:
    """torch.hub checks what it fetches, but not what somebody put into its cache.

    Raises:
        WeightsCorrupt: the file is not the one that its name says.
    """
    wanted = path.stem.rpartition("-")[2][:TRUSTED_DIGITS]
    with path.open("rb") as file:
        found = hashlib.file_digest(file, "sha256").hexdigest()
    if not found.startswith(wanted):
        raise WeightsCorrupt(f"{path} is damaged: its SHA-256 begins with {found[:TRUSTED_DIGITS]}; delete it and try again")


@contextlib.contextmanager
def _patience(seconds: float) -> Iterator[None]:
    """Gives up on silent servers after some seconds."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(seconds)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)
