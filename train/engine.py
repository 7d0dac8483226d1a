"""The training loop: one recipe, one training set, one validation set, one folder."""

import copy
import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional as F
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from realtime import preprocess
from realtime.errors import ConfigError
from realtime.version import current_commit
from train import augment, balance, checkpoint, imagenet, metrics, models, onnx_graph
from train.datasets import FaceSet
from train.inputs import INPUTS
from train.recipes import IMAGENET, Recipe

METRICS = "metrics.csv"

CHANNELS_LAST_FROM = 32
"""Batches of this size and up are laid out channels last: on two cores a step of 128 faces takes 0.87 of the time, one of 8
1.5 times as long (bf16, ResNet-50 at 48 pixels)."""


@dataclass(frozen=True)
class Epoch:
    """One finished epoch: the row of metrics.csv."""

    epoch: int
    learning_rate: float
    train_loss: float
    train_accuracy: float
    val_loss: float
    val_accuracy: float
    val_balanced_accuracy: float
    val_macro_f1: float


class Trainer:
    """Trains by a recipe; every epoch leaves a checkpoint from which the same weights follow (bit-equal on one CPU).

    Args:
        recipe: what to do.
        train, val: faces; `val` is only ever looked at, never learned from.
        folder: where checkpoints and metrics.csv go.
        init: a full-precision ONNX file of the same network to begin with, named by `recipe.start`; None begins at random, or
            with torchvision's weights where the recipe says "imagenet".
        device: a torch device; the CPU computes in bfloat16 where that is exact enough (autocast).
        on_step: called with (epoch, step, steps, loss) after every step.
    """

    def __init__(
        self,
        recipe: Recipe,
        train: FaceSet,
        val: FaceSet,
        folder: Path,
        init: Path | None = None,
        device: str = "cpu",
        on_step: Callable[[int, int, int, float], None] = lambda *_: None,
    ) -> None:
        self.recipe, self.train, self.val, self.folder = recipe, train, val, folder
        self.device = torch.device(device)
        self.on_step = on_step
        self.manifest = train.manifest_sha256()
        self.steps = max(1, len(train) // recipe.batch_size)
        network = models.build(recipe.network, len(train.labels), max_pool=recipe.max_pool, seed=recipe.seed)
        if recipe.start == IMAGENET:
            imagenet.load_imagenet(recipe.network, network)
        elif init is not None:
            onnx_graph.load_into(network, init, new_classes=onnx_graph.load_labels(init) != train.labels)
        self.layout = torch.channels_last if recipe.batch_size >= CHANNELS_LAST_FROM else torch.contiguous_format
        self.model: nn.Module = network.to(self.device, memory_format=self.layout)  # type: ignore[call-overload]
        self.average: AveragedModel | None = None
        if recipe.ema_decay:
            self.average = AveragedModel(self.model, multi_avg_fn=get_ema_multi_avg_fn(recipe.ema_decay), use_buffers=True)
        self.optimizer = _optimizer(self.model, recipe)
        self.schedule = _schedule(self.optimizer, recipe, self.steps)
        self.epoch = 0

    def resume(self) -> None:
        """Continues from the folder's checkpoint.

        Raises:
            ConfigError: none there, or it belongs to another recipe or other data.
        """
        saved = checkpoint.load(self.folder)
        if saved.recipe != self.recipe:
            raise ConfigError(f"{self.folder}: was trained by recipe {saved.recipe}, not {self.recipe}")
        if saved.manifest_sha256 != self.manifest:
            raise ConfigError(f"{self.folder}: was trained on other data (manifest {saved.manifest_sha256[:12]})")
        self.model.load_state_dict(saved.model)
        if self.average is not None:
            self.average.load_state_dict(saved.average)
        self.optimizer.load_state_dict(saved.optimizer)
        self.schedule.load_state_dict(saved.schedule)
        torch.set_rng_state(saved.random_state)
        self.epoch = saved.epoch

    def run(self) -> Iterator[Epoch]:
        """Trains the epochs that are left, yielding each when its checkpoint is safely on disk."""
        while self.epoch < self.recipe.epochs:
            loss, accuracy = self._train_epoch()
            self.epoch += 1
            judged = metrics.score(self.predict(self.val), self.val.classes(), self.val.labels)
            done = Epoch(
                self.epoch,
                float(self.schedule.get_last_lr()[0]),
                loss,
                accuracy,
                judged.nll,
                judged.accuracy,
                judged.balanced_accuracy,
                judged.macro_f1,
            )
            self.save()
            _append(self.folder / METRICS, done)
            yield done

    def save(self) -> None:
        """Writes the checkpoint of the epochs done so far."""
        checkpoint.Checkpoint(
            recipe=self.recipe,
            labels=self.train.labels,
            manifest_sha256=self.manifest,
            commit=current_commit(),
            epoch=self.epoch,
            model=self.model.state_dict(),
            average=self.average.state_dict() if self.average is not None else {},
            optimizer=self.optimizer.state_dict(),
            schedule=self.schedule.state_dict(),
            random_state=torch.get_rng_state(),
        ).save(self.folder)

    def predict(self, faces: FaceSet) -> NDArray[np.float32]:
        """Probabilities of the network, averaged where the recipe says so, float32 (n,k)."""
        if not self.recipe.population_statistics:
            return predict(self.average or self.model, faces.images, self.device, self.recipe.picture)
        # on a copy, so that training goes on with the statistics it had
        settled = copy.deepcopy(self.average or self.model)
        _take_statistics(settled, self.train.images, self.device, self.recipe.picture)
        return predict(settled, faces.images, self.device, self.recipe.picture)

    def curve(self) -> tuple[Epoch, ...]:
        """All epochs so far, from metrics.csv: those of an interrupted run too.

        Raises:
            ConfigError: the file cannot be read.
        """
        path = self.folder / METRICS
        try:
            with path.open(newline="", encoding="utf-8") as file:
                return tuple(
                    Epoch(**{name: int(text) if name == "epoch" else float(text) for name, text in row.items()})  # type: ignore[arg-type]
                    for row in csv.DictReader(file)
                )
        except (OSError, ValueError, TypeError) as error:
            raise ConfigError(f"{path}: cannot be read ({error}); remove the run's folder, and it starts anew") from error

    def _train_epoch(self) -> tuple[float, float]:
        """Mean loss and accuracy over the epoch's batches, as they were when each was learned from."""
        self.model.train()
        # order and augmentation follow from seed and epoch alone, so a resumed run sees the same pictures
        rng = np.random.default_rng([self.recipe.seed, self.epoch])
        change = augment.AUGMENTATIONS[self.recipe.augmentation]
        show = INPUTS[self.recipe.picture]
        targets = self.train.distributions()
        weights = torch.from_numpy(balance.class_weights(self.recipe.balance, self.train)).to(self.device)
        order = balance.order(self.recipe.balance, self.train, rng)
        total, right = 0.0, 0
        for step in range(self.steps):
            rows = order[step * self.recipe.batch_size : (step + 1) * self.recipe.batch_size]
            faces = [show(change(self.train.images[row], rng)) for row in rows]
            inputs = self._to_tensor(preprocess.normalise(faces))
            wanted = torch.from_numpy(targets[rows]).to(self.device)
            with torch.autocast(self.device.type, torch.bfloat16):
                logits = self.model(inputs)
            loss = F.cross_entropy(logits.float(), wanted, weight=weights)
            self.optimizer.zero_grad(set_to_none=True)
            loss.backward()
            self.optimizer.step()
            self.schedule.step()
            if self.average is not None:
                self.average.update_parameters(self.model)
            total += loss.item()
            right += int((logits.argmax(dim=1) == wanted.argmax(dim=1)).sum())
            self.on_step(self.epoch + 1, step + 1, self.steps, loss.item())
        return total / self.steps, right / (self.steps * len(rows))

    def _to_tensor(self, batch: NDArray[np.float32]) -> torch.Tensor:
        return torch.from_numpy(batch).to(self.device, memory_format=self.layout)


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
def _take_statistics(network: nn.Module, images: NDArray[np.uint8], device: torch.device, picture: str) -> None:
    """Means and variances of every batch norm over all pictures, in place of what training left."""
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    network.eval()
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # a plain mean over the batches
        norm.train()
    for batch in _batches(images, device, picture, batch_size=256):
        network(batch)


def _batches(images: NDArray[np.uint8], device: torch.device | None, picture: str, batch_size: int) -> Iterator[torch.Tensor]:
    """Faces as the network takes them, float32 (up to batch_size,1,48,48)."""
    for start in range(0, len(images), batch_size):
        faces = [INPUTS[picture](image) for image in images[start : start + batch_size]]
        batch = torch.from_numpy(preprocess.normalise(faces))
        yield batch.to(device or "cpu", memory_format=torch.channels_last)


def _optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    decayed = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    groups = [{"params": decayed, "weight_decay": recipe.weight_decay}, {"params": plain, "weight_decay": 0.0}]
    # fused: one pass over the weights instead of a dozen; Adam's part of a step of 8 faces falls from 98 to 26 ms
    if recipe.optimizer == "adam":
        return torch.optim.Adam(groups, lr=recipe.learning_rate, fused=True)
    if recipe.optimizer == "sgd":
        return torch.optim.SGD(groups, lr=recipe.learning_rate, momentum=0.9, nesterov=True, fused=True)
    raise ConfigError(f"no optimizer {recipe.optimizer!r}; there are: adam, sgd")


def _schedule(optimizer: torch.optim.Optimizer, recipe: Recipe, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
    if recipe.schedule == "constant":
        return torch.optim.lr_scheduler.ConstantLR(optimizer, factor=1.0)
    if recipe.schedule == "onecycle":
        return torch.optim.lr_scheduler.OneCycleLR(
            optimizer,
            max_lr=recipe.learning_rate,
            total_steps=recipe.epochs * steps,
            pct_start=0.2,
            cycle_momentum=False,
        )
    raise ConfigError(f"no schedule {recipe.schedule!r}; there are: constant, onecycle")


def _append(path: Path, done: Epoch) -> None:
    fields = done.__dict__
    new = not path.exists()
    try:
        with path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fields)
            if new:
                writer.writeheader()
            writer.writerow(fields)
    except OSError as error:
        raise ConfigError(f"{path}: cannot be written ({error.strerror})") from error
