"""Layer table of a network: output sizes, parameters and multiply-accumulates, counted while it runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from realtime.preprocess import SIZE


@dataclass(frozen=True)
class Stage:
    """One top-level part of a network, with the batch norm and activation after it.

    Attributes:
        name: its attribute in the network.
        operation: description: convolutions with kernel and channels, or the kind of layer.
        blocks: number of residual blocks; 1 for a single layer.
        output: (channels, height, width), or (outputs,) of a linear layer.
        parameters: number of trainable parameters.
        macs: multiply-accumulates of convolutions and linear layers per image (batch norm folds into convolutions).
    """

    name: str
    operation: str
    blocks: int
    output: tuple[int, ...]
    parameters: int
    macs: int


@dataclass(frozen=True)
class _Call:
    """One call of one layer."""

    name: str
    layer: nn.Module
    output: tuple[int, ...]
    macs: int


def stages(network: nn.Module, side: int = SIZE) -> tuple[Stage, ...]:
    """The stages of a one-channel torchvision ResNet, in the order they run on one image of `side` pixels.

    Batch norms and activations count with the stage before them; identity layers are left out.
    """
    calls = _run(network, side)
    found: list[Stage] = []
    for name, part in network.named_children():
        inside = [call for call in calls if call.name.split(".")[0] == name]
        parameters = sum(parameter.numel() for parameter in part.parameters())
        if isinstance(part, nn.Identity) or not inside:
            continue
        if isinstance(part, nn.BatchNorm2d | nn.ReLU):
            found[-1] = _joined(found[-1], parameters)
            continue
        blocks = len(part) if isinstance(part, nn.Sequential) else 1
        macs = sum(call.macs for call in inside)
        found.append(Stage(name, _operation(part, inside), blocks, inside[-1].output, parameters, macs))
    return tuple(found)


def total_parameters(network: nn.Module) -> int:
    """Number of trainable parameters of a network."""
    return sum(parameter.numel() for parameter in network.parameters())


def total_macs(network: nn.Module, side: int = SIZE) -> int:
    """Multiply-accumulates of all convolutions and linear layers for one gray image of `side` pixels, for any network."""
    return sum(call.macs for call in _run(network, side))


def _run(network: nn.Module, side: int) -> list[_Call]:
    """Runs one image through the network in evaluation mode and records its layers; leaves the network unchanged."""
    with _recorded(network) as calls, torch.inference_mode():
        parameter = next(network.parameters())
        network(torch.zeros(1, 1, side, side, dtype=parameter.dtype, device=parameter.device))
    return calls


@contextmanager
def _recorded(network: nn.Module) -> Iterator[list[_Call]]:
    calls: list[_Call] = []
    names = {module: name for name, module in network.named_modules()}

    def record(layer: nn.Module, _: tuple[Tensor, ...], output: Tensor) -> None:
        calls.append(_Call(names[layer], layer, tuple(output.shape[1:]), _macs(layer, output)))

    leaves = [module for module in network.modules() if not list(module.children())]
    handles = [leaf.register_forward_hook(record) for leaf in leaves]
    modes = {module: module.training for module in network.modules()}
    network.eval()  # a batch of one has no batch norm statistics
    try:
        yield calls
    finally:
        for handle in handles:
            handle.remove()
        for module, training in modes.items():
            module.training = training


def _macs(layer: nn.Module, output: Tensor) -> int:
    """One multiplication per output value and weight that contributes to it."""
    if isinstance(layer, nn.Conv2d | nn.Linear):
        return output[0].numel() * layer.weight[0].numel()
    return 0


def _joined(stage: Stage, parameters: int) -> Stage:
    return Stage(stage.name, stage.operation, stage.blocks, stage.output, stage.parameters + parameters, stage.macs)


def _operation(part: nn.Module, inside: list[_Call]) -> str:
    if isinstance(part, nn.Sequential):
        first = [child for _, child in part[0].named_children() if isinstance(child, nn.Conv2d)]
        return " → ".join(_convolution(layer) for layer in first)
    if isinstance(part, nn.Conv2d):
        return _convolution(part)
    if isinstance(part, nn.MaxPool2d):
        return f"max pool {part.kernel_size}×{part.kernel_size}, stride {part.stride}"
    if isinstance(part, nn.AdaptiveAvgPool2d):
        return "global average pool"
    if isinstance(part, nn.Linear):
        return f"fully connected, {part.in_features} → {part.out_features}"
    return type(part).__name__


def _convolution(layer: nn.Conv2d) -> str:
    stride = f", stride {layer.stride[0]}" if layer.stride[0] > 1 else ""
    return f"{layer.kernel_size[0]}×{layer.kernel_size[1]} {layer.out_channels}{stride}"
