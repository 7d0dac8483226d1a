"""Counting layers: by hand where they are few, and against the known size of ResNet-50."""

import pytest
import torch
from torch import nn

from tests.train_data import tiny
from train.network import imagenet, layers, models
from train.network.layers import Stage


@pytest.fixture(scope="module")
def resnet() -> nn.Module:
    return models.resnet50(7)


def test_resnet50_at_48_pixels(resnet: nn.Module) -> None:
    found = layers.stages(resnet)
    assert [(stage.name, stage.blocks, stage.output) for stage in found] == [
        ("conv1", 1, (64, 24, 24)),
        ("maxpool", 1, (64, 12, 12)),
        ("layer1", 3, (256, 12, 12)),
        ("layer2", 4, (512, 6, 6)),
        ("layer3", 6, (1024, 3, 3)),
        ("layer4", 3, (2048, 2, 2)),
        ("avgpool", 1, (2048, 1, 1)),
        ("fc", 1, (7,)),
    ]
    # 7*7 weights of one channel for each of 64*24*24 values; with the batch norm's 2 numbers a channel
    assert found[0] == Stage("conv1", "7×7 64, stride 2", 1, (64, 24, 24), 64 * 49 + 2 * 64, 49 * 64 * 24 * 24)
    assert found[1] == Stage("maxpool", "max pool 3×3, stride 2", 1, (64, 12, 12), 0, 0)
    assert found[3].operation == "1×1 128 → 3×3 128, stride 2 → 1×1 512"
    assert found[6].operation == "global average pool"
    assert found[7] == Stage("fc", "fully connected, 2048 → 7", 1, (7,), 2048 * 7 + 7, 2048 * 7)


def test_stages_sum_up_to_the_network(resnet: nn.Module) -> None:
    found = layers.stages(resnet)
    # torchvision's 25,557,032 with 3 channels and 1000 classes, less two channels of the stem and 993 classes
    assert layers.total_parameters(resnet) == 25_557_032 - 2 * 64 * 49 - 993 * (2048 + 1)
    assert sum(stage.parameters for stage in found) == layers.total_parameters(resnet)
    assert sum(stage.macs for stage in found) == layers.total_macs(resnet)
    assert layers.total_macs(resnet) == pytest.approx(0.209e9, rel=0.005)
    # torchvision publishes 4.09 GMAC at 224 pixels; the one-channel stem saves 2 * 64 * 49 * 112 * 112
    assert layers.total_macs(resnet, 224) == pytest.approx(4.09e9 - 0.079e9, rel=0.005)


def test_a_layer_that_does_nothing_is_left_out() -> None:
    found = layers.stages(models.resnet50(8, max_pool=False))
    assert [stage.name for stage in found] == ["conv1", "layer1", "layer2", "layer3", "layer4", "avgpool", "fc"]
    assert found[1].output == (256, 24, 24)
    assert sum(stage.macs for stage in found) == pytest.approx(0.731e9, rel=0.005)


def test_any_network_can_be_counted() -> None:
    network = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.Conv2d(4, 8, 3, stride=2, padding=1, groups=4),
        nn.Flatten(),
        nn.Linear(8 * 5 * 5, 3),
    )
    by_hand = 4 * 10 * 10 * 9 + 8 * 5 * 5 * 9 + 8 * 5 * 5 * 3
    assert layers.total_macs(network, 10) == by_hand


@pytest.mark.parametrize("name", imagenet.WEIGHTS)
def test_parameters_and_macs_are_the_published_ones(name: str) -> None:
    """torchvision publishes both for its networks at 224 pixels; the one-channel stem saves two thirds of its own."""
    facts = imagenet.WEIGHTS[name].meta
    with torch.device("meta"):  # counting needs shapes, no numbers
        network = models.NETWORKS[name](1000)
    stem = network.get_submodule(models.stem_name(network))
    saved = 2 * stem.weight.numel()
    outputs = (models.STOCK_SIDE // stem.stride[0]) ** 2
    assert layers.total_parameters(network) == facts["num_params"] - saved
    assert layers.total_macs(network, models.STOCK_SIDE) == pytest.approx(facts["_ops"] * 1e9 - saved * outputs, abs=1e6)


@pytest.mark.parametrize(
    ("name", "macs"),
    [("googlenet", 69.2e6), ("mobilenetv3", 14.0e6), ("resnet18", 94.3e6), ("resnet50-224", 4.01e9), ("vgg16", 822e6)],
)
def test_macs_of_a_face(name: str, macs: float) -> None:
    with torch.device("meta"):
        network = models.NETWORKS[name](7)
    assert layers.total_macs(network) == pytest.approx(macs, rel=0.005)


def test_unknown_kinds_are_named_by_their_class() -> None:
    network = nn.Sequential()
    network.add_module("first", nn.Conv2d(1, 2, 1))
    network.add_module("second", nn.Hardtanh())
    assert [stage.operation for stage in layers.stages(network, 4)] == ["1×1 2", "Hardtanh"]


def test_the_network_is_left_as_it_was() -> None:
    network = tiny(7)
    network.train()
    network.layer1.eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    modes = {name: module.training for name, module in network.named_modules()}
    layers.total_macs(network)
    assert {name: module.training for name, module in network.named_modules()} == modes
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert not any(module._forward_hooks for module in network.modules())


def test_hooks_are_removed_when_the_network_fails() -> None:
    network = nn.Sequential(nn.Conv2d(3, 4, 3))  # three channels: it can not take a gray face
    network.train()
    with pytest.raises(RuntimeError, match="channels"):
        layers.total_macs(network)
    assert not network[0]._forward_hooks
    assert network.training
