"""Networks and recipes."""

import dataclasses

import pytest
import torch
from torch import nn

from realtime.errors import ConfigError
from tests import train_data  # noqa: F401  (limits torch to one thread)
from train import models, recipes


def test_resnet50_takes_one_channel_and_gives_logits() -> None:
    network = models.build("resnet50", 8, max_pool=True, seed=0).eval()
    with torch.inference_mode():
        assert network(torch.zeros(3, 1, 48, 48)).shape == (3, 8)
    assert sum(p.numel() for p in network.parameters()) == 23_518_152  # 25,557,032 less 2 stem channels and 992 classes


def test_the_seed_decides_the_weights() -> None:
    first, same, other = (models.build("resnet50", 8, max_pool=True, seed=seed).state_dict() for seed in (1, 1, 2))
    assert all(torch.equal(first[name], same[name]) for name in first)
    assert not torch.equal(first["conv1.weight"], other["conv1.weight"])


def test_without_max_pool_the_weights_keep_their_shapes_and_the_maps_grow() -> None:
    with_pool, without = (models.build("resnet50", 8, max_pool=pool, seed=0) for pool in (True, False))
    without.load_state_dict(with_pool.state_dict())
    sizes = []
    for network in (with_pool, without):
        network.layer1.register_forward_hook(lambda _module, _inputs, out: sizes.append(out.shape[-1]))  # type: ignore[union-attr]
        network.eval()(torch.zeros(1, 1, 48, 48))
    assert sizes == [12, 24]


def test_an_unknown_network_lists_the_known() -> None:
    with pytest.raises(ConfigError, match=r"'vgg99'.*resnet50"):
        models.build("vgg99", 8, max_pool=True, seed=0)


def test_last_layer() -> None:
    network = models.build("resnet50", 5, max_pool=True, seed=0)
    assert models.last_layer(network) is network.fc
    with pytest.raises(TypeError, match="does not end in a linear layer"):
        models.last_layer(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))


def test_recipes_are_found_by_name_and_frozen() -> None:
    recipe = recipes.find("webcam")
    assert recipe.name == "webcam"
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.epochs = 1  # type: ignore[misc]
    with pytest.raises(ConfigError, match=r"'nope'.*smoke.*webcam"):
        recipes.find("nope")
