"""Networks and recipes."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from realtime import preprocess
from realtime.errors import ConfigError
from realtime.model.session import Session
from realtime.model.spec import ModelSpec
from tests.train_data import patterns, settled
from train import recipes
from train.network import models, onnx_graph

FACES = preprocess.normalise([preprocess.prepare(image) for image in patterns(8).images])
SMALLEST_MAPS = {
    "faceres": 3,
    "googlenet": 2,
    "mobilenetv3": 1,  # inside its squeeze-and-excitation blocks, as in any image
    "resnet18": 2,
    "resnet50": 2,
    "resnet50-224": 7,
    "resnet50-plain": 2,
    "vgg16": 3,  # before its last max-pool
}
"""Side of the smallest feature map that a convolution makes of a 48x48 image."""

KINDS = [
    "googlenet",
    "mobilenetv3",
    "resnet18",
    pytest.param("resnet50-224", marks=pytest.mark.slow),
    pytest.param("vgg16", marks=[pytest.mark.slow, pytest.mark.timeout(300)]),  # 134 million weights
]
"""Networks of different layers; resnet50 has resnet50-224's."""


def skeleton(name: str, classes: int = 7) -> nn.Module:
    """A network without memory for its weights."""
    with torch.device("meta"):
        return models.NETWORKS[name](classes)


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


@pytest.mark.parametrize("name", ["googlenet", "mobilenetv3", "vgg16"])
def test_only_resnets_go_without_max_pool(name: str) -> None:
    with pytest.raises(ConfigError, match=f"{name} needs its max-pool"):
        models.build(name, 8, max_pool=False, seed=0)


@pytest.mark.parametrize("name", models.NETWORKS)
def test_every_network_takes_one_channel_and_ends_in_a_layer_of_its_classes(name: str) -> None:
    network = skeleton(name, 5)
    if name != "faceres":  # which repeats the gray channel itself
        assert network.get_submodule(models.stem_name(network)).in_channels == 1
    assert models.last_layer(network).out_features == 5
    assert network.eval()(torch.zeros(2, 1, 48, 48, device="meta")).shape == (2, 5)


def test_last_layer() -> None:
    network = models.build("resnet50", 5, max_pool=True, seed=0)
    assert models.last_layer(network) is network.fc
    with pytest.raises(TypeError, match="does not end in a linear layer"):
        models.last_layer(nn.Sequential(nn.Linear(2, 2), nn.ReLU()))


@pytest.mark.parametrize("name", models.NETWORKS)
def test_no_feature_map_vanishes(name: str) -> None:
    network, sides = skeleton(name), []
    for layer in network.modules():
        if isinstance(layer, nn.Conv2d):
            layer.register_forward_hook(lambda _layer, _inputs, output: sides.append(min(output.shape[2:])))
    network.eval()(torch.zeros(1, 1, 48, 48, device="meta"))
    assert min(sides) == SMALLEST_MAPS[name]


@pytest.mark.parametrize("name", KINDS)
def test_every_network_trains_in_bfloat16_on_eight_faces(name: str) -> None:
    network = models.build(name, 8, max_pool=True, seed=0).to(memory_format=torch.channels_last).train()
    stem = network.get_submodule(models.stem_name(network)).weight
    with torch.autocast("cpu", torch.bfloat16):
        logits = network(torch.from_numpy(FACES).to(memory_format=torch.channels_last))
    loss = F.cross_entropy(logits.float(), torch.arange(8))
    loss.backward()
    assert loss.item() == pytest.approx(np.log(8), abs=0.5)  # a fresh network knows nothing
    assert all(parameter.grad.isfinite().all() for parameter in network.parameters())
    assert stem.grad.abs().max() > 0


@pytest.mark.parametrize("name", KINDS)
def test_torch_and_onnx_agree_on_every_network(name: str, tmp_path: Path) -> None:
    network = settled(models.build(name, 8, max_pool=True, seed=0), FACES)
    path = tmp_path / f"{name}.onnx"
    onnx_graph.to_onnx(network, ModelSpec(name), path)
    session = Session(path, threads=1)
    for batch in (FACES[:1], FACES[:2], FACES[:3]):
        with torch.inference_mode():
            wanted = network(torch.from_numpy(batch)).numpy()
        assert np.abs(session.run(batch) - wanted).max() <= 1e-4 * min(1, np.ptp(wanted))
    assert np.ptp(wanted, axis=0).max() > 0.1 * np.ptp(wanted)  # the output depends on the face
    onnx_graph.load_into(network, path)


def test_resnet50_starts_shallow_and_the_plain_one_does_not() -> None:
    shallow, plain = (models.build(name, 8, max_pool=True, seed=0) for name in ("resnet50", "resnet50-plain"))
    for network, start in ((shallow, 0), (plain, 1)):
        lasts = [module.bn3.weight for module in network.modules() if hasattr(module, "bn3")]
        assert len(lasts) == 16
        assert all((weight == start).all() for weight in lasts)


def test_resnet50_at_224_is_resnet50_on_enlarged_images() -> None:
    stock, enlarging = (models.build(name, 8, max_pool=True, seed=0).eval() for name in ("resnet50", "resnet50-224"))
    enlarging.load_state_dict(stock.state_dict())
    face = torch.from_numpy(FACES[:1])
    with torch.inference_mode():
        enlarged = F.interpolate(face, size=(224, 224), mode="bilinear")
        torch.testing.assert_close(enlarging(face), stock(enlarged))
        assert not torch.allclose(enlarging(face), stock(face), atol=1e-2)


def test_vgg16_keeps_torchvisions_numbers_where_onnx_needs_another_pool() -> None:
    pool = skeleton("vgg16").avgpool
    for side in (1, 7):
        maps = torch.rand(2, 3, side, side)
        torch.testing.assert_close(pool(maps), nn.AdaptiveAvgPool2d(7)(maps), rtol=0, atol=1e-6)


def test_recipes_are_found_by_name_and_frozen() -> None:
    recipe = recipes.find("webcam")
    assert recipe.name == "webcam"
    with pytest.raises(dataclasses.FrozenInstanceError):
        recipe.epochs = 1  # type: ignore[misc]
    with pytest.raises(ConfigError, match=r"'nope'.*smoke.*webcam"):
        recipes.find("nope")
