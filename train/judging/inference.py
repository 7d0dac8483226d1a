"""Probabilities of a torch network, and the statistics of its batch norms that it is judged with."""

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from realtime import preprocess
from train.images.inputs import INPUTS
from train.recipes import Recipe


@torch.inference_mode()
def predict(
    network: nn.Module,
    images: NDArray[np.uint8],
    device: torch.device | None = None,
    picture: str = "equalized",
    batch_size: int = 256,
) -> NDArray[np.float32]:
    """Probabilities, float32 (n,k), of raw faces, uint8 (n,48,48), in full precision."""
    network.eval()
    parts = [network(batch).float().softmax(dim=1).cpu().numpy() for batch in _batches(images, device, picture, batch_size)]
    return np.concatenate(parts)


@torch.inference_mode()
def take_statistics(network: nn.Module, images: NDArray[np.uint8], device: torch.device, picture: str) -> None:
    """Means and variances of every batch norm over all images, in place of the running ones of training."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over the batches
        norm.train()
    for batch in _batches(images, device, picture, batch_size=256):
        network(batch)


def settle(network: nn.Module, images: NDArray[np.uint8], recipe: Recipe, device: torch.device) -> None:
    """Means and variances of every batch norm as the recipe asks for.

    The running statistics were averaged over other weights, and over augmented images; taken anew they belong to these
    weights and to unchanged images.
    """
    if recipe.population_statistics:
        take_statistics(network, images, device, recipe.picture)
    elif recipe.statistics_pictures:
        rows = np.random.default_rng(recipe.seed).permutation(len(images))[: recipe.statistics_pictures]
        take_statistics(network, images[rows], device, recipe.picture)


def _batches(images: NDArray[np.uint8], device: torch.device | None, picture: str, batch_size: int) -> Iterator[torch.Tensor]:
    """Faces as the network takes them, float32 (up to batch_size,1,48,48)."""
    for start in range(0, len(images), batch_size):
        faces = [INPUTS[picture](image) for image in images[start : start + batch_size]]
        batch = torch.from_numpy(preprocess.normalise(faces))
        yield batch.to(device or "cpu", memory_format=torch.channels_last)
